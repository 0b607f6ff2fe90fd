#include "archive/addition.h"

#include "archive/inquiry.h"
#include "archive/tree.h"
#include "base/map.h"
#include "base/memory.h"
#include "store/recordings.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE  64
#define TEXT_COUNT 4

struct addition {
	struct inquiry inquiry;
	addition_done *done;
	void *owner;
	bool found;
	struct recording_row row; // its texts are `texts`
	char *texts[TEXT_COUNT];
	struct recording_file_row file;
	uint64_t replaced_bytes; // of the file that has had the name
	const char *directory;
	char from[NAME_SIZE], name[NAME_SIZE];
};

static void addition_recording(struct history_recordings *q, const struct recording_row *r)
{
	struct addition *a = container_of(q, struct addition, inquiry.query);
	const char *const texts[TEXT_COUNT] = {r->room, r->directory, r->by_id, r->by_name};

	for (int i = 0; i < TEXT_COUNT; i++)
		a->texts[i] = memory_copy_string(texts[i] ? texts[i] : "");
	a->found = true;
	a->row = *r;
	a->row.room = a->texts[0];
	a->row.directory = a->texts[1];
	a->row.by_id = a->texts[2];
	a->row.by_name = a->texts[3];
}

static void addition_file(struct history_recordings *q, const struct recording_file_row *f)
{
	struct addition *a = container_of(q, struct addition, inquiry.query);

	if (strcmp(f->name, a->name) == 0)
		a->replaced_bytes = f->bytes;
}

static int addition_next(struct inquiry *i)
{
	return container_of(i, struct addition, inquiry)->found ? 0 : -ENOENT;
}

static int addition_work(struct inquiry *i)
{
	struct addition *a = container_of(i, struct addition, inquiry);
	char to[TREE_DIRECTORY_MAX + 1 + NAME_SIZE];

	snprintf(to, sizeof(to), "%.*s/%s", TREE_DIRECTORY_MAX, a->row.directory, a->name);
	return tree_move(a->directory, a->from, to, &a->file.bytes);
}

static void addition_end(struct inquiry *i, int result)
{
	struct addition *a = container_of(i, struct addition, inquiry);

	if (result < 0) {
		a->done(a->owner, result, NULL, NULL);
		return;
	}
	a->file.duration_ms = a->row.duration_ms;
	a->row.bytes += a->file.bytes - a->replaced_bytes;
	a->done(a->owner, 0, &a->row, &a->file);
}

static void addition_destroy(struct inquiry *i)
{
	struct addition *a = container_of(i, struct addition, inquiry);

	for (int n = 0; n < TEXT_COUNT; n++)
		free(a->texts[n]);
	free(a);
}

static const struct inquiry_kind addition_kind = {
        .next = addition_next,
        .work = addition_work,
        .end = addition_end,
        .destroy = addition_destroy,
};

void addition_ask(
        struct inquiries *all, const struct addition_request *q, addition_done *done, void *owner
)
{
	struct addition *a = memory_new(1, sizeof(*a));

	*a = (struct addition){
	        .inquiry =
	                {
	                        .kind = &addition_kind,
	                        .query =
	                                {
	                                        .account_id = q->account_id,
	                                        .id = q->id,
	                                        .limit = 1,
	                                        .recording = addition_recording,
	                                        .file = addition_file,
	                                },
	                },
	        .done = done,
	        .owner = owner,
	        .file =
	                {
	                        .recording_id = q->id,
	                        .name = a->name,
	                        .kind = q->kind,
	                        .codec = q->codec,
	                },
	        .directory = q->directory,
	};
	snprintf(a->from, sizeof(a->from), "%s", q->from);
	snprintf(a->name, sizeof(a->name), "%s", q->name);
	inquiry_ask(&a->inquiry, all);
}
