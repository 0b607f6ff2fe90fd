#include "talker.h"

#include "test.h"

#define PAYLOAD_MAX 1100
#define PACKETS_MAX 256 // on their way out of turn
#define REPAIRS     3
#define SENDER_US   77000000000 // the sender's clock is so far ahead of ours
#define SECOND_US   1000000

struct road {
	struct talker *talker;
	talker_sink *sink;
	void *owner;
	int64_t us; // of the film, through all rounds
};

void talker_init(
        struct talker *t, const struct film *film, int number, int64_t begin_us, int64_t phase_ms
)
{
	*t = (struct talker){
	        .film = film,
	        .begin_us = begin_us - phase_ms * 1000,
	        .next = film_at(film, phase_ms),
	        .camera = am_id_make((uint32_t)(10 + 2 * number), 1),
	        .voice = am_id_make((uint32_t)(11 + 2 * number), 1),
	        .publisher = (uint64_t)(500 + number),
	        .reported = (uint64_t)phase_ms / 1000,
	        .random = 0x9e3779b9u * (uint32_t)(number + 1),
	};
}

void talker_fini(struct talker *t)
{
	free(t->packets);
	t->packets = NULL;
	t->packet_count = 0;
}

// --- the link ---

// A number below that, from xorshift32: the same ones in each run.
static uint32_t chance(struct talker *t, uint32_t below)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 17;
	t->random ^= t->random << 5;
	return t->random % below;
}

// When the clock, on which the film's time drifts, shows this time of the film.
static int64_t clock_of(const struct talker *t, int64_t us)
{
	return t->begin_us + us + us * t->link.drift_ppm / SECOND_US;
}

static bool is_lost(struct talker *t)
{
	return t->link.lost_permille > 0 && chance(t, 1000) < t->link.lost_permille;
}

// When the packet arrives after all; -1: never.
static int64_t arrival_of(struct talker *t, int64_t us, bool sent_again)
{
	int64_t arrival_us = clock_of(t, us) + TALKER_DELAY_US;

	for (int i = 0; is_lost(t); i++, arrival_us += t->link.repair_us) {
		if (!sent_again || t->link.repair_us == 0 || i == REPAIRS)
			return -1;
	}
	if (t->link.late_permille > 0 && chance(t, 1000) < t->link.late_permille)
		arrival_us += chance(t, (uint32_t)t->link.late_us);
	return arrival_us;
}

static void arrive(const struct road *r, int64_t until_us)
{
	struct talker *t = r->talker;
	size_t n = 0;

	while (n < t->packet_count && t->packets[n].arrival_us <= until_us)
		r->sink(r->owner, &t->packets[n++]);
	if (n == 0)
		return;
	t->packet_count -= n;
	memmove(t->packets, t->packets + n, t->packet_count * sizeof(*t->packets));
}

static void keep(struct talker *t, const struct am_tap_entry *e)
{
	size_t i = t->packet_count++;

	if (!t->packets)
		t->packets = calloc(PACKETS_MAX, sizeof(*t->packets));
	assert_non_null(t->packets);
	assert_true(i < PACKETS_MAX);
	for (; i > 0 && t->packets[i - 1].arrival_us > e->arrival_us; i--)
		t->packets[i] = t->packets[i - 1];
	t->packets[i] = *e;
}

static void send(const struct road *r, struct am_tap_entry *e, bool sent_again)
{
	struct talker *t = r->talker;
	int64_t arrival_us = arrival_of(t, r->us, sent_again);

	if (arrival_us < 0) {
		t->lost++;
		return;
	}
	bool late = arrival_us > e->arrival_us;
	e->arrival_us = arrival_us;
	if (late)
		keep(t, e);
	else
		r->sink(r->owner, e);
}

// --- what is sent ---

static uint32_t timestamp_of(int64_t us, uint8_t track)
{
	return (uint32_t)(us * (track ? 48 : 90) / 1000 + 12345);
}

static struct am_tap_entry entry_begin(const struct road *r, uint8_t kind, uint8_t track)
{
	const struct talker *t = r->talker;

	return (struct am_tap_entry){
	        .kind = kind,
	        .id = track ? t->voice : t->camera,
	        .codec = track ? AM_CODEC_OPUS : AM_CODEC_VP8,
	        .arrival_us = clock_of(t, r->us) + TALKER_DELAY_US,
	        .timestamp = timestamp_of(r->us, track),
	};
}

static void send_report(const struct road *r, uint8_t track)
{
	struct am_tap_entry e = entry_begin(r, AM_TAP_REPORT, track);
	uint64_t sender_us = (uint64_t)(r->talker->begin_us + r->us + SENDER_US);

	e.ntp = (sender_us / SECOND_US) << 32 | ((sender_us % SECOND_US) << 32) / SECOND_US;
	r->sink(r->owner, &e);
}

// RFC 7741 4.2: extended, with a picture id of 15 bits.
static void send_picture(const struct road *r, const struct film_frame *f)
{
	struct talker *t = r->talker;
	uint16_t id = (uint16_t)(t->next & 0x7fff);

	for (size_t at = 0; at < f->len; at += PAYLOAD_MAX) {
		size_t n = f->len - at < PAYLOAD_MAX ? f->len - at : PAYLOAD_MAX;
		const uint8_t head[] = {
		        at == 0 ? 0x90 : 0x80, 0x80, (uint8_t)(0x80 | id >> 8), (uint8_t)id};
		struct am_tap_entry e = entry_begin(r, AM_TAP_PACKET, 0);
		e.seq = 100 + t->seq[0]++;
		e.len = (uint16_t)(sizeof(head) + n);
		e.flags = at + n == f->len ? AM_TAP_MARKER : 0;
		memcpy(e.payload, head, sizeof(head));
		memcpy(e.payload + sizeof(head), f->data + at, n);
		send(r, &e, true);
	}
}

static void send_sound(const struct road *r, const struct film_frame *f)
{
	struct am_tap_entry e = entry_begin(r, AM_TAP_PACKET, 1);

	e.seq = 100 + r->talker->seq[1]++;
	e.flags = AM_TAP_LEVEL;
	e.level = 0x80 | f->level;
	e.len = (uint16_t)f->len;
	memcpy(e.payload, f->data, f->len);
	send(r, &e, false);
}

static void send_frame(const struct road *r, const struct film_frame *f)
{
	struct talker *t = r->talker;

	if (t->quiet)
		return;
	if ((uint64_t)(r->us / SECOND_US) >= t->reported) {
		t->reported = (uint64_t)(r->us / SECOND_US) + 1;
		send_report(r, 0);
		send_report(r, 1);
	}
	if (f->track == 0)
		send_picture(r, f);
	else if (!t->muted)
		send_sound(r, f);
}

static int64_t film_us(const struct film *f)
{
	return (f->frames[f->frame_count - 1].time_ms / 1000 + 1) * SECOND_US;
}

void talker_run(struct talker *t, int64_t now_us, talker_sink *sink, void *owner)
{
	struct road r = {.talker = t, .sink = sink, .owner = owner};

	for (;; t->next++) {
		const struct film_frame *f = &t->film->frames[t->next % t->film->frame_count];
		int64_t round = (int64_t)(t->next / t->film->frame_count);
		r.us = round * film_us(t->film) + f->time_ms * 1000;
		int64_t arrival_us = clock_of(t, r.us) + TALKER_DELAY_US;
		if (arrival_us > now_us)
			break;
		arrive(&r, arrival_us);
		send_frame(&r, f);
	}
	arrive(&r, now_us);
}
