// Sound and picture of one publisher over two hours of virtual time, through assembly and timeline:
// how far apart they end up in a recording, against when they were captured.
#include "media/assembly.h"
#include "media/timeline.h"

#include "hostile.h"

#include <stdio.h>

#define SECOND   INT64_C(1000000)
#define BEGIN    (1000 * SECOND)
#define END      (BEGIN + 7200 * SECOND)
#define SKEW_MAX 40000 // µs, of 99 in 100 pictures
#define NTP_ERA  (UINT64_C(3900000000) * SECOND) // the sender's clock at BEGIN, about

#define SOUND_US   20000
#define PICTURE_US 50000
#define ENCODINGS  3
#define SOUND      ENCODINGS // index of its stream
#define STREAMS    (ENCODINGS + 1)

// The sender's clock is slow, the sound card's fast.
#define SENDER_PPM (-30)
#define SOUND_PPM  100

enum event_kind {
	EVENT_CAPTURE, // the stream's next frame
	EVENT_REPORT, // is sent
	EVENT_PACKET, // arrives
	EVENT_REPORTED, // a report arrives
	EVENT_TICK,
	EVENT_TROUBLE, // mutes, stalls, encodings that pause
};

struct event {
	int64_t at_us;
	enum event_kind kind;
	uint8_t stream;
	bool marker;
	uint64_t seq;
	uint64_t ntp;
	uint32_t timestamp;
	uint8_t len;
	uint8_t payload[40];
};

struct stream {
	uint64_t seq;
	uint32_t timestamp; // of the last frame
	int64_t captured_us; // true time of the last frame
	int64_t quiet_until_us; // muted, or an encoding that is off
	bool continues; // its timestamps do so after the silence
	bool key; // is due
	uint16_t picture;
	int64_t sent_us; // the pacer keeps the order
	struct timeline_track time;
};

#define HEAP_MAX 8192
#define BUCKETS  ((END - BEGIN) / SOUND_US + 100)
#define NOTHING  INT32_MIN

static struct event heap[HEAP_MAX];
static size_t heap_count;
static struct stream streams[STREAMS];
static struct timeline_publisher publisher;
static struct assembly *pictures, *sounds;
static int32_t sound_errors[BUCKETS], picture_errors[BUCKETS]; // by time of capture
static uint64_t seed;
static int64_t now_us, queue_us, key_asked_us;
static unsigned mutes, stalls, switches, key_frames, handed_over;
static uint8_t last_encoding;

static int64_t chance(int64_t below)
{
	return (int64_t)(hostile_random(&seed) % (uint64_t)below);
}

static void heap_push(const struct event *e)
{
	assert_true(heap_count < HEAP_MAX);
	size_t i = heap_count++;
	for (; i > 0 && heap[(i - 1) / 2].at_us > e->at_us; i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = *e;
}

static struct event heap_pop(void)
{
	struct event top = heap[0], last = heap[--heap_count];
	size_t i = 0;
	for (size_t child; (child = 2 * i + 1) < heap_count; i = child) {
		if (child + 1 < heap_count && heap[child + 1].at_us < heap[child].at_us)
			child++;
		if (last.at_us <= heap[child].at_us)
			break;
		heap[i] = heap[child];
	}
	heap[i] = last;
	return top;
}

static int64_t sender_us(int64_t true_us)
{
	return (int64_t)NTP_ERA + (true_us - BEGIN) + (true_us - BEGIN) * SENDER_PPM / 1000000;
}

static uint64_t sender_ntp(int64_t true_us)
{
	uint64_t us = (uint64_t)sender_us(true_us);
	return us / 1000000 << 32 | (us % 1000000 << 32) / 1000000;
}

static uint32_t rate_of(unsigned stream)
{
	return stream == SOUND ? 48000 : 90000;
}

// How many ticks of the stream's own clock this time takes.
static uint32_t ticks(unsigned stream, int64_t us)
{
	int64_t ppm = SENDER_PPM + (stream == SOUND ? SOUND_PPM : 0);
	return (uint32_t)((us + us * ppm / 1000000) * rate_of(stream) / 1000000);
}

static void schedule(enum event_kind kind, unsigned stream, int64_t at_us)
{
	heap_push(&(struct event){.kind = kind, .stream = (uint8_t)stream, .at_us = at_us});
}

// Through the network: 5 % are lost, of pictures nine in ten of these repaired; 25 % come late.
static void send_packet(unsigned stream, struct event *e, int64_t sent_us)
{
	e->kind = EVENT_PACKET;
	e->stream = (uint8_t)stream;
	e->at_us = sent_us + 30000 + queue_us + chance(10000);
	if (chance(100) < 25)
		e->at_us += 5000 + chance(50000);
	if (chance(100) < 5) {
		if (stream == SOUND || chance(10) == 0)
			return;
		e->at_us += 60000 + chance(440000);
	}
	heap_push(e);
}

static uint8_t write_numbers(uint8_t *p, int64_t captured_us, int64_t sent_us)
{
	memcpy(p, &captured_us, sizeof(captured_us));
	memcpy(p + sizeof(captured_us), &sent_us, sizeof(sent_us));
	return 2 * sizeof(captured_us);
}

static void send_sound(struct stream *s, int64_t captured_us)
{
	// Sent when its 20 ms are over. abs-send-time has steps of 2^-18 s, on the sender's clock.
	int64_t sent_us = captured_us + SOUND_US + 2000 + chance(3000);
	struct event e = {.seq = s->seq++, .timestamp = s->timestamp};
	e.len = write_numbers(e.payload, captured_us, sender_us(sent_us) >> 2 << 2);
	send_packet(SOUND, &e, sent_us);
}

static void send_picture(unsigned stream, struct stream *s, int64_t captured_us)
{
	static const uint8_t key_header[] = {0x10, 0, 0, 0x9D, 1, 0x2A, 64, 1, 180, 0};
	unsigned count = s->key ? 6 : 1 + stream;
	int64_t sent_us = captured_us + 8000 + 4000 * (int64_t)stream + chance(10000);
	for (unsigned i = 0; i < count; i++) {
		struct event e = {
		        .seq = s->seq++, .timestamp = s->timestamp, .marker = i + 1 == count};
		uint8_t *p = e.payload;
		*p++ = 0x80 | (i == 0 ? 0x10 : 0);
		*p++ = 0x80;
		*p++ = 0x80 | (uint8_t)(s->picture >> 8);
		*p++ = (uint8_t)s->picture;
		if (i == 0) {
			memcpy(p, key_header, sizeof(key_header));
			*p |= !s->key;
			p += sizeof(key_header);
			p += write_numbers(p, captured_us, 0);
		} else {
			*p++ = (uint8_t)i;
		}
		e.len = (uint8_t)(p - e.payload);
		send_packet(stream, &e, sent_us + 1500 * (int64_t)i);
	}
	key_frames += s->key;
	s->picture = (s->picture + 1) & 0x7FFF;
	s->key = false;
}

static void capture(unsigned stream)
{
	struct stream *s = &streams[stream];
	int64_t period_us = stream == SOUND ? SOUND_US : PICTURE_US;
	int64_t elapsed_us = now_us - s->captured_us;
	bool silent = s->quiet_until_us > now_us;
	if (silent) {
		schedule(EVENT_CAPTURE, stream, s->quiet_until_us);
		return;
	}
	if (s->quiet_until_us > 0) {
		s->quiet_until_us = 0;
		s->key = stream != SOUND;
		if (s->continues)
			elapsed_us = period_us;
	}
	s->timestamp +=
	        stream == SOUND && elapsed_us < 2 * period_us ? 960 : ticks(stream, elapsed_us);
	s->captured_us = now_us;
	if (stream == SOUND)
		send_sound(s, now_us);
	else
		send_picture(stream, s, now_us);
	// The sound card says when it has 960 samples.
	int64_t ppm = stream == SOUND ? SENDER_PPM + SOUND_PPM : 0;
	schedule(EVENT_CAPTURE, stream, now_us + period_us - period_us * ppm / 1000000);
}

// What the sender says of now: its stream's timestamp, more or less.
static void send_report(unsigned stream)
{
	struct stream *s = &streams[stream];
	int64_t interval_us = stream == SOUND ? 5 * SECOND : SECOND;
	schedule(EVENT_REPORT, stream, now_us + interval_us / 2 + chance(interval_us));
	if (s->quiet_until_us > now_us || s->captured_us == 0)
		return;
	int64_t noise_us = chance(6000) - 3000;
	struct event e = {
	        .kind = EVENT_REPORTED,
	        .stream = (uint8_t)stream,
	        .at_us = now_us + 30000 + queue_us + chance(10000),
	        .ntp = sender_ntp(now_us),
	        .timestamp = s->timestamp + ticks(stream, now_us - s->captured_us + noise_us),
	};
	if (chance(100) >= 5)
		heap_push(&e);
}

// Where the stream's clock says that sound of now was captured later than it was: samples are
// missing, timestamps go on.
static void stall(void)
{
	for (size_t i = 0; i < heap_count; i++) {
		if (heap[i].kind == EVENT_CAPTURE && heap[i].stream == SOUND) {
			struct event e = heap[i];
			e.at_us += 50000 + chance(350000);
			streams[SOUND].captured_us = e.at_us - SOUND_US;
			heap[i].kind = EVENT_TICK;
			heap_push(&e);
			stalls++;
			return;
		}
	}
}

static void trouble(void)
{
	schedule(EVENT_TROUBLE, 0, now_us + 5 * SECOND + chance(40 * SECOND));
	queue_us = chance(4) == 0 ? chance(80000) : queue_us;
	struct stream *s = &streams[chance(STREAMS)];
	if (s->quiet_until_us != 0)
		return;
	if (s != &streams[SOUND]) {
		s->quiet_until_us = now_us + 3 * SECOND + chance(30 * SECOND);
	} else if (chance(2) == 0) {
		s->quiet_until_us = now_us + 2 * SECOND + chance(60 * SECOND);
		s->continues = chance(2) == 0;
		mutes++;
	} else {
		stall();
	}
}

static int64_t bucket_of(int64_t captured_us)
{
	int64_t bucket = (captured_us - BEGIN) / SOUND_US;
	assert_in_range(bucket, 0, BUCKETS - 1);
	return bucket;
}

static void take_sound(void *, const struct assembly_frame *f)
{
	int64_t captured_us, sent_us;
	memcpy(&captured_us, f->data, sizeof(captured_us));
	memcpy(&sent_us, f->data + sizeof(captured_us), sizeof(sent_us));
	int64_t time_us = timeline_time(&streams[SOUND].time, f->timestamp, f->arrival_us, sent_us);
	sound_errors[bucket_of(captured_us)] = (int32_t)(time_us - captured_us);
}

static void take_picture(void *, const struct assembly_frame *f)
{
	int64_t captured_us;
	memcpy(&captured_us, f->data + 10, sizeof(captured_us));
	int64_t time_us =
	        timeline_time(&streams[f->encoding].time, f->timestamp, f->arrival_us, INT64_MIN);
	picture_errors[bucket_of(captured_us)] = (int32_t)(time_us - captured_us);
	switches += f->encoding != last_encoding;
	last_encoding = f->encoding;
	handed_over++;
}

static void arrive(const struct event *e)
{
	struct assembly_packet p = {
	        .seq = e->seq,
	        .arrival_us = e->at_us,
	        .timestamp = e->timestamp,
	        .encoding = e->stream == SOUND ? 0 : e->stream,
	        .marker = e->marker,
	        .payload = e->payload,
	        .len = e->len,
	};
	assembly_packet(e->stream == SOUND ? sounds : pictures, &p);
}

static void tick(void)
{
	schedule(EVENT_TICK, 0, now_us + 50000);
	assembly_tick(sounds, now_us);
	assembly_tick(pictures, now_us);
	if (assembly_needs_key_frame(pictures) && now_us - key_asked_us >= SECOND) {
		key_asked_us = now_us;
		for (unsigned i = 0; i < ENCODINGS; i++)
			streams[i].key = true;
	}
}

static void handle(const struct event *e)
{
	switch (e->kind) {
	case EVENT_CAPTURE: capture(e->stream); break;
	case EVENT_REPORT: send_report(e->stream); break;
	case EVENT_PACKET: arrive(e); break;
	case EVENT_REPORTED:
		timeline_report(&streams[e->stream].time, e->ntp, e->timestamp, e->at_us);
		break;
	case EVENT_TICK: tick(); break;
	case EVENT_TROUBLE: trouble(); break;
	}
}

static void begin(void)
{
	seed = hostile_seed();
	pictures = assembly_create(CODEC_VP8, ENCODINGS, take_picture, NULL);
	sounds = assembly_create(CODEC_OPUS, 1, take_sound, NULL);
	assert_non_null(pictures);
	assert_non_null(sounds);
	timeline_publisher_init(&publisher);
	for (int64_t i = 0; i < BUCKETS; i++)
		sound_errors[i] = picture_errors[i] = NOTHING;
	for (unsigned i = 0; i < STREAMS; i++) {
		struct stream *s = &streams[i];
		*s = (struct stream){.seq = 70000, .key = true, .timestamp = hostile_random(&seed)};
		timeline_track_init(&s->time, &publisher, rate_of(i));
		int64_t first_us = BEGIN + 1000 + chance(PICTURE_US);
		s->captured_us = first_us;
		schedule(EVENT_CAPTURE, i, first_us);
		schedule(EVENT_REPORT, i, first_us + chance(SECOND));
	}
	schedule(EVENT_TICK, 0, BEGIN);
	schedule(EVENT_TROUBLE, 0, BEGIN + 20 * SECOND);
}

static int compare(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
	return (x > y) - (x < y);
}

// Of each picture, against the sound captured within 100 ms of it.
static size_t measure(int32_t *skews)
{
	size_t count = 0;
	for (int64_t i = 5; i < BUCKETS - 5; i++) {
		if (picture_errors[i] == NOTHING)
			continue;
		for (int64_t d = 0; d < 10; d++) {
			int64_t near = d % 2 == 0 ? i + d / 2 : i - 1 - d / 2;
			if (sound_errors[near] != NOTHING) {
				skews[count++] = abs(picture_errors[i] - sound_errors[near]);
				break;
			}
		}
	}
	qsort(skews, count, sizeof(*skews), compare);
	return count;
}

static void sound_and_picture_stay_together_for_two_hours(void **)
{
	static int32_t skews[BUCKETS];
	begin();
	for (;;) {
		struct event e = heap_pop();
		if (e.at_us >= END)
			break;
		now_us = e.at_us;
		handle(&e);
	}
	size_t count = measure(skews);
	assert_true(count > 60000);
	printf("skew in ms: median %.1f, p99 %.1f, most %.1f; %zu of %u pictures beside sound; %u "
	       "mutes, "
	       "%u stalls, %u changes of encoding, %u key frames\n",
	       skews[count / 2] / 1e3, skews[count * 99 / 100] / 1e3, skews[count - 1] / 1e3, count,
	       handed_over, mutes, stalls, switches, key_frames);
	assert_true(skews[count * 99 / 100] <= SKEW_MAX);
	assert_true(mutes > 5 && stalls > 5 && switches > 20);
	assembly_destroy(pictures);
	assembly_destroy(sounds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(sound_and_picture_stay_together_for_two_hours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
