#include "service/channel.h"

#include "am_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENVELOPE_MAX 64 // its first line

struct channel *channel_create(uint64_t room_id, const struct channel_time *t)
{
	struct channel *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->room_id = room_id;
	c->opened_ms = t->now_ms;
	c->first = c->next = 1;
	c->bucket = (struct bucket){t->now_us, CHANNEL_BURST};
	TAILQ_INIT(&c->readers);
	return c;
}

static struct channel_message **slot(struct channel *c, uint64_t sequence)
{
	return &c->log[sequence % CHANNEL_MESSAGES];
}

static void drop_oldest(struct channel *c)
{
	struct channel_message **m = slot(c, c->first++);

	c->bytes -= (*m)->len;
	free(*m);
	*m = NULL;
}

void channel_destroy(struct channel *c)
{
	while (c->first != c->next)
		drop_oldest(c);
	free(c);
}

void channel_sender_init(struct channel_sender *s, const struct channel_time *t)
{
	*s = (struct channel_sender){
	        .messages = {t->now_us, CHANNEL_SENDER_BURST},
	        .bytes = {t->now_us, CHANNEL_SENDER_BYTES_BURST},
	};
}

void channel_join(struct channel *c, struct channel_reader *r)
{
	r->channel = c;
	r->next = c->first;
	TAILQ_INSERT_TAIL(&c->readers, r, entry);
}

void channel_join_late(struct channel *c, struct channel_reader *r)
{
	channel_join(c, r);
	r->next = c->next;
}

void channel_leave(struct channel_reader *r)
{
	TAILQ_REMOVE(&r->channel->readers, r, entry);
	r->channel = NULL;
}

static struct channel_message *message_create(
        const struct channel *c, const struct channel_sender *s, const uint8_t *text, size_t len,
        int64_t now_ms
)
{
	char line[ENVELOPE_MAX];
	size_t line_len = (size_t)snprintf(
	        line, sizeof(line), "%llu %lld %lld\n", (unsigned long long)c->next,
	        (long long)now_ms, (long long)c->opened_ms
	);
	struct channel_message *m = malloc(sizeof(*m) + line_len + s->tag_len + 1 + len);

	if (!m)
		return NULL;
	uint8_t *to = m->bytes;
	memcpy(to, line, line_len);
	to += line_len;
	memcpy(to, s->tag, s->tag_len);
	to += s->tag_len;
	*to++ = '\n';
	memcpy(to, text, len);
	m->sender = s->id;
	m->text = (size_t)(to - m->bytes);
	m->len = m->text + len;
	return m;
}

static bool
may_say(struct channel *c, struct channel_sender *s, size_t len, int64_t now_us, enum drop *why)
{
	bucket_fill(&s->messages, now_us, CHANNEL_SENDER_PER_S, CHANNEL_SENDER_BURST);
	bucket_fill(&s->bytes, now_us, CHANNEL_SENDER_BYTES_PER_S, CHANNEL_SENDER_BYTES_BURST);
	bucket_fill(&c->bucket, now_us, CHANNEL_PER_S, CHANNEL_BURST);
	if (s->messages.tokens == 0 || s->bytes.tokens < len) {
		*why = DROP_data_rate;
		return false;
	}
	if (c->bucket.tokens == 0) {
		*why = DROP_data_room_rate;
		return false;
	}
	return true;
}

bool channel_say(
        struct channel *c, struct channel_sender *s, const uint8_t *text, size_t len,
        const struct channel_time *t, enum drop *why
)
{
	if (!may_say(c, s, len, t->now_us, why))
		return false;
	struct channel_message *m = message_create(c, s, text, len, t->now_ms);
	if (!m) {
		*why = DROP_no_buffers;
		return false;
	}
	s->messages.tokens--;
	s->bytes.tokens -= (uint32_t)len;
	c->bucket.tokens--;
	while (c->next - c->first == CHANNEL_MESSAGES ||
	       (c->first != c->next && c->bytes + m->len > CHANNEL_BYTES))
		drop_oldest(c);
	*slot(c, c->next++) = m;
	c->bytes += m->len;
	return true;
}

const struct channel_message *channel_last(const struct channel *c)
{
	return c->log[(c->next - 1) % CHANNEL_MESSAGES];
}

const struct channel_message *channel_peek(struct channel_reader *r, uint64_t *lost)
{
	struct channel *c = r->channel;

	*lost = 0;
	if (r->next < c->first) {
		*lost = c->first - r->next;
		r->next = c->first;
	}
	return r->next == c->next ? NULL : *slot(c, r->next);
}

void channel_advance(struct channel_reader *r)
{
	r->next++;
}

bool channel_is_text(const uint8_t *bytes, size_t len)
{
	uint32_t code;

	for (size_t n; len > 0; bytes += n, len -= n) {
		n = am_text_decode(bytes, len, &code);
		if (n == 0)
			return false;
	}
	return true;
}
