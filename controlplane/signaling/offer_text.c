#include "signaling/offer_text.h"

#include "base/json.h"
#include "base/memory.h"
#include "room/peer.h"
#include "room/subscription.h"
#include "room/track.h"
#include "terms/id.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCORE_BEST 10

// A hole in the text, in place of a value: this byte, and a letter that names the value. The byte
// does not occur elsewhere, since JSON escapes it in strings.
#define HOLE     '\1'
#define HOLE_MAX 24 // bytes that are written into one hole

struct offer_text {
	uint64_t viewers; // the viewers' class
	char *text;
	size_t len;
	uint32_t holes;
	LIST_ENTRY(offer_text) next;
};

enum hole {
	HOLE_ID = 'i',
	HOLE_MID = 'm',
	HOLE_PAUSED = 'p',
	HOLE_RTX_SSRC = 'x',
	HOLE_SSRC = 's',
	HOLE_TRANSPORT = 't',
};

static struct json *hole_new(enum hole hole)
{
	const char text[] = {HOLE, (char)hole, '\0'};
	return json_new_raw(text);
}

static struct json *score_json(void)
{
	struct json *score = json_new_object(), *list = json_new_array();

	json_add_int(score, "score", SCORE_BEST);
	json_add_int(score, "producerScore", SCORE_BEST);
	json_add(score, "producerScores", list);
	return score;
}

// The name in the newer vocabulary of signaling.
static const char *source_name(enum track_kind kind)
{
	return kind == TRACK_SHARE ? "screensharing" : track_kind_name(kind);
}

static struct json *app_data_json(const struct track *t)
{
	struct json *j = json_parse(t->app_data, strlen(t->app_data));

	if (!j)
		j = json_new_object();
	json_set_string(j, "peerId", t->owner->id);
	json_set_string(j, "source", source_name(t->kind));
	if (t->kind == TRACK_SHARE && !json_has(j, "share"))
		json_add_bool(j, "share", true);
	return j;
}

static struct json *data_json(const struct subscription *s)
{
	const struct track *t = s->track;
	struct json *j = json_new_object();

	json_add_string(j, "peerId", t->owner->id);
	json_add_id(j, "producerId", t->id);
	json_add(j, "id", hole_new(HOLE_ID));
	json_add(j, "consumerId", hole_new(HOLE_ID));
	json_add(j, "transportId", hole_new(HOLE_TRANSPORT));
	json_add_string(j, "kind", ortc_kind_name(t->media.kind));
	json_add(
	        j, "rtpParameters",
	        ortc_consumer_parameters(
	                &t->media, &s->viewer->caps, hole_new(HOLE_MID), hole_new(HOLE_SSRC),
	                s->rtx_ssrc ? hole_new(HOLE_RTX_SSRC) : NULL
	        )
	);
	json_add_string(j, "type", ortc_type_name(t->media.type));
	json_add(j, "appData", app_data_json(t));
	json_add(j, "producerPaused", hole_new(HOLE_PAUSED));
	json_add(j, "consumerScore", score_json());
	return j;
}

static struct offer_text *offer_text_make(const struct subscription *s, uint64_t viewers)
{
	struct offer_text *o = memory_new(1, sizeof(*o));
	struct json *data = data_json(s);

	o->viewers = viewers;
	o->text = json_print(data);
	o->len = strlen(o->text);
	for (const char *p = o->text; (p = strchr(p, HOLE)); p++)
		o->holes++;
	json_free(data);
	return o;
}

static void offer_text_destroy(struct offer_text *o)
{
	LIST_REMOVE(o, next);
	free(o->text);
	free(o);
}

void offer_texts_forget(struct track *t)
{
	while (!LIST_EMPTY(&t->offer_texts))
		offer_text_destroy(LIST_FIRST(&t->offer_texts));
}

uint32_t offer_texts_count(const struct track *t)
{
	const struct offer_text *o;
	uint32_t n = 0;

	LIST_FOREACH (o, &t->offer_texts, next)
		n++;
	return n;
}

// Finds or makes the text for a viewer. The newest comes first; one too many replaces the oldest.
static const struct offer_text *offer_text_of(const struct subscription *s)
{
	struct offer_texts *list = &s->track->offer_texts;
	uint64_t class = ortc_consumer_class(&s->track->media, &s->viewer->caps);
	uint64_t viewers = class << 1 | (s->rtx_ssrc != 0);
	struct offer_text *o, *last = NULL;

	LIST_FOREACH (o, list, next) {
		if (o->viewers == viewers)
			return o;
		last = o;
	}
	if (offer_texts_count(s->track) == OFFER_CLASSES_MAX)
		offer_text_destroy(last);
	o = offer_text_make(s, viewers);
	LIST_INSERT_HEAD(list, o, next);
	return o;
}

static size_t number_print(char *out, uint32_t n)
{
	char digits[10];
	size_t len = 0, at = 0;

	do
		digits[len++] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	while (len > 0)
		out[at++] = digits[--len];
	return at;
}

static size_t quoted_print(char *out, const char *text)
{
	size_t len = strlen(text);

	out[0] = '"';
	memcpy(out + 1, text, len);
	out[len + 1] = '"';
	return len + 2;
}

static size_t hole_print(const struct subscription *s, enum hole hole, char out[HOLE_MAX])
{
	char text[ID_TEXT_SIZE];

	static_assert(sizeof(text) > AM_SUBSCRIPTION_MID_MAX && ID_TEXT_SIZE + 2 <= HOLE_MAX);
	switch (hole) {
	case HOLE_ID: id_print(s->id, text); return quoted_print(out, text);
	case HOLE_TRANSPORT: id_print(s->transport->id, text); return quoted_print(out, text);
	case HOLE_MID: subscription_mid_text(s, text); return quoted_print(out, text);
	case HOLE_PAUSED: strcpy(out, s->track->paused ? "true" : "false"); return strlen(out);
	case HOLE_RTX_SSRC: return number_print(out, s->rtx_ssrc);
	case HOLE_SSRC: return number_print(out, s->ssrc);
	}
	return 0;
}

size_t offer_text_len_max(const struct subscription *s)
{
	const struct offer_text *o = offer_text_of(s);
	return o->len + o->holes * HOLE_MAX;
}

size_t offer_text_print(const struct subscription *s, char *out)
{
	const struct offer_text *o = offer_text_of(s);
	const char *from = o->text, *end = o->text + o->len, *hole;
	char *to = out;

	while ((hole = memchr(from, HOLE, (size_t)(end - from)))) {
		memcpy(to, from, (size_t)(hole - from));
		to += hole - from;
		to += hole_print(s, (enum hole)hole[1], to);
		from = hole + 2;
	}
	memcpy(to, from, (size_t)(end - from));
	return (size_t)(to - out) + (size_t)(end - from);
}
