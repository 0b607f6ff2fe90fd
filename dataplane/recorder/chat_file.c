#include "recorder/chat_file.h"

#include "am_log.h"
#include "am_tap.h"
#include "recorder/disk.h"
#include "recorder/line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char name[] = "chat.txt";

static struct disk_file *open_file(const struct folder *folder, bool existing)
{
	char path[FOLDER_PATH_MAX];

	folder_path(folder, name, path);
	return existing ? disk_open_existing(folder->disk, path) : disk_begin(folder->disk, path);
}

// Where the last whole line ends: what follows was begun only.
static uint64_t lines_end(struct chat_file *f, uint64_t size)
{
	static char bytes[CHAT_LINE_MAX];
	uint64_t from = size > sizeof(bytes) ? size - sizeof(bytes) : 0;
	ssize_t n = disk_read(f->file, from, bytes, (size_t)(size - from));

	for (; n > 0; n--) {
		if (bytes[n - 1] == '\n')
			return from + (uint64_t)n;
	}
	return from;
}

// The last message that the file has, as far as the state knows.
static const struct state_chat *message_at(const struct state_head *head, uint64_t end)
{
	uint64_t count = head->chat_count < STATE_CHAT ? head->chat_count : STATE_CHAT;

	for (uint64_t i = 1; i <= count; i++) {
		const struct state_chat *c = &head->chats[(head->chat_count - i) % STATE_CHAT];
		if (c->end <= end)
			return c;
	}
	return NULL;
}

static void resume(struct chat_file *f, const struct state_head *head)
{
	uint64_t size = disk_size(f->file);

	f->end = lines_end(f, size);
	const struct state_chat *last = message_at(head, f->end);
	if (last)
		f->after_us = last->arrival_us;
	if (f->end < size && disk_truncate(f->file, f->end) < 0)
		f->end = size; // half a line is better than one on top of another
}

void chat_file_init(struct chat_file *f, struct folder *folder)
{
	const struct state_head *head = folder->state->head;

	*f = (struct chat_file){.folder = folder, .after_us = -1};
	if (head->chat == 0)
		return;
	f->file = open_file(folder, true);
	if (f->file)
		resume(f, head);
	else if (errno != ENOENT)
		am_error("recording: the chat cannot be continued; error=%s", strerror(errno));
}

size_t chat_line(char *line, int64_t time_us, const uint8_t *message, size_t len)
{
	size_t n = (size_t)sprintf(line, "%lld ", (long long)(time_us / 1000));

	for (size_t i = 0; i < len; i++) {
		char c = (char)message[i];
		char escape = c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\\' ? '\\' : '\0';
		if (escape)
			line[n++] = '\\';
		line[n++] = escape ? escape : c;
	}
	line[n++] = '\n';
	return n;
}

static bool begin(struct chat_file *f)
{
	struct state_head *head = f->folder->state->head;
	struct am_record_file report = {.kind = AM_RECORD_CHAT};

	f->file = open_file(f->folder, false);
	if (!f->file)
		return false;
	f->end = 0;
	if (head->chat != 0)
		return true;
	memcpy(report.name, name, sizeof(name));
	head->chat = folder_add(f->folder, &report) + 1; // FOLDER_NONE: 0
	if (head->chat != 0)
		folder_begun(f->folder, head->chat - 1);
	return head->chat != 0;
}

static void write_message(struct chat_file *f, int64_t time_us, int64_t arrival_us)
{
	static char line[CHAT_LINE_MAX];
	struct state_head *head = f->folder->state->head;

	if (!f->file && !begin(f))
		return;
	size_t n = chat_line(line, time_us, f->message, f->len);
	int ret = disk_write(f->file, f->end, line, n);
	if (ret < 0) {
		if (ret != -EAGAIN && f->folder->error == 0)
			f->folder->error = ret;
		return;
	}
	f->end += n;
	head->chats[head->chat_count % STATE_CHAT] = (struct state_chat){f->end, arrival_us};
	__atomic_store_n(&head->chat_count, head->chat_count + 1, __ATOMIC_RELEASE);
	if (head->chat != 0)
		folder_update(f->folder, head->chat - 1, time_us / 1000, f->end, false);
}

void chat_file_part(struct chat_file *f, const struct am_tap_entry *e, int64_t time_us)
{
	if (e->flags & AM_TAP_FIRST) {
		f->len = 0;
		f->skips = false;
	}
	if (f->skips || e->len > sizeof(f->message) - f->len) {
		f->skips = true;
		return;
	}
	memcpy(f->message + f->len, e->payload, e->len);
	f->len += e->len;
	if (!(e->flags & AM_TAP_LAST))
		return;
	f->skips = true; // until the next one's beginning
	if (time_us != LINE_NONE && e->arrival_us > f->after_us)
		write_message(f, time_us, e->arrival_us);
}

void chat_file_cut(struct chat_file *f, int64_t since_us)
{
	struct state_head *head = f->folder->state->head;
	uint64_t keep = head->chat_count;

	while (keep > 0 && head->chat_count - keep < STATE_CHAT - 1 &&
	       head->chats[(keep - 1) % STATE_CHAT].arrival_us >= since_us)
		keep--;
	if (!f->file || keep == head->chat_count)
		return;
	uint64_t end = keep > 0 ? head->chats[(keep - 1) % STATE_CHAT].end : 0;
	if (disk_cut(f->file, end) < 0)
		return; // players leave out what is behind the recording's end
	f->end = end;
	head->chat_count = keep;
}

void chat_file_close(struct chat_file *f, int64_t end_us, bool complete)
{
	if (!f->file)
		return;
	uint32_t place = f->folder->state->head->chat;
	if (place != 0 && complete)
		folder_update(f->folder, place - 1, end_us / 1000, f->end, true);
	disk_close(f->file);
	f->file = NULL;
}
