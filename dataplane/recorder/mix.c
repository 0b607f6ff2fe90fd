#include "recorder/mix.h"

#include "media/level.h"
#include "recorder/limiter.h"
#include "recorder/voice.h"

#include <assert.h>
#include <errno.h>
#include <opus/opus.h>
#include <stdlib.h>
#include <string.h>

#define CHANNELS    2
#define FRAME       VOICE_BLOCK // samples
#define FRAME_US    (MIX_FRAME_MS * 1000)
#define SECOND      1000000
#define COMPLEXITY  5 // of 10: half of what 10 costs; at this bit rate nobody hears it
#define PACKET_MAX  1275 // bytes
#define EARLIER_US  SECOND // before what has been mixed: late packets
#define AHEAD_US    (VOICE_AHEAD * (int64_t)SECOND / VOICE_RATE)
#define LOUD_MIN    (LEVEL_MAX - 60.0f) // −60 dBov
#define LOUD_STEP   6.0f // dB: a voice that is heard counts so much more, so equals take no turns
#define LOUD_FALL   0.8f // dB each frame: from speech to LOUD_MIN in about a second
#define LOUD_PAUSE  15.0f // dB below its peaks, a voice pauses between words
#define FORESIGHT   9600 // samples: a voice is heard from so long before its first word
#define OVER_MAX    2 // voices more that finish their word
#define OVER_FRAMES 50 // for so long at most

static_assert(FRAME * 1000 == MIX_FRAME_MS * VOICE_RATE);

struct mix_voice {
	TAILQ_ENTRY(mix_voice) link;
	struct mix *mix;
	struct voice voice;
	float loudness; // its recent peak, in dB above silence
	bool leads; // it is one of the loudest
	bool heard;
	bool removed;
	int over; // frames for which it has been heard without leading
};

struct mix {
	int64_t begin_us;
	mix_sink *sink;
	void *owner;
	OpusEncoder *encoder;
	int delay; // of the encoder, in samples
	TAILQ_HEAD(, mix_voice) voices;
	size_t count;
	struct limiter limiter;
	uint64_t frames; // emitted
	int64_t at; // samples mixed
	int filled; // samples in sum
	int limited;
	float sum[CHANNELS * 2 * FRAME]; // from the beginning of the next frame on
};

struct mix *mix_create(int64_t begin_us, mix_sink *sink, void *owner)
{
	struct mix *m = calloc(1, sizeof(*m));
	int error = OPUS_OK;

	if (m == NULL)
		return NULL;
	m->begin_us = begin_us;
	m->sink = sink;
	m->owner = owner;
	TAILQ_INIT(&m->voices);
	limiter_init(&m->limiter);
	m->encoder = opus_encoder_create(VOICE_RATE, CHANNELS, OPUS_APPLICATION_AUDIO, &error);
	if (error != OPUS_OK) {
		free(m);
		errno = ENOMEM;
		return NULL;
	}
	opus_encoder_ctl(m->encoder, OPUS_SET_BITRATE(MIX_BITRATE));
	opus_encoder_ctl(m->encoder, OPUS_SET_COMPLEXITY(COMPLEXITY));
	opus_encoder_ctl(m->encoder, OPUS_GET_LOOKAHEAD(&m->delay));
	assert(m->delay + LIMITER_STEP <= FRAME);
	return m;
}

static void voice_free(struct mix_voice *v)
{
	TAILQ_REMOVE(&v->mix->voices, v, link);
	v->mix->count--;
	voice_fini(&v->voice);
	free(v);
}

void mix_destroy(struct mix *m)
{
	if (m == NULL)
		return;
	while (!TAILQ_EMPTY(&m->voices))
		voice_free(TAILQ_FIRST(&m->voices));
	opus_encoder_destroy(m->encoder);
	free(m);
}

// --- voices ---

struct mix_voice *mix_voice_add(struct mix *m)
{
	struct mix_voice *v = NULL;

	errno = ENOSPC;
	if (m->count < MIX_TRACKS)
		v = calloc(1, sizeof(*v));
	if (v == NULL)
		return NULL;
	v->mix = m;
	voice_init(&v->voice);
	TAILQ_INSERT_TAIL(&m->voices, v, link);
	m->count++;
	return v;
}

void mix_voice_remove(struct mix_voice *v)
{
	v->removed = true;
}

void mix_packet(
        struct mix_voice *v, int64_t time_us, uint64_t seq, int level, const uint8_t *opus,
        size_t len
)
{
	const struct mix *m = v->mix;
	int64_t mixed_us = m->begin_us + m->at * 1000 / (VOICE_RATE / 1000);

	if (v->removed || time_us < mixed_us - EARLIER_US || time_us > mixed_us + AHEAD_US)
		return;
	// Rounded down; the time may lie before the beginning.
	int64_t at = ((time_us - m->begin_us + SECOND) * (VOICE_RATE / 1000)) / 1000 - VOICE_RATE;
	voice_packet(&v->voice, at, seq, level, opus, len);
}

// --- the choice ---

static void listen(struct mix *m, struct mix_voice *v)
{
	float loudness = (float)voice_loudness(&v->voice, m->at, m->at + FRAME + FORESIGHT);

	v->leads = false;
	v->loudness -= LOUD_FALL;
	if (v->loudness < loudness)
		v->loudness = loudness;
	if (v->loudness < 0)
		v->loudness = 0;
}

static float weight(const struct mix_voice *v)
{
	return v->loudness + (v->heard ? LOUD_STEP : 0);
}

// The loudest that does not lead yet, or NULL.
static struct mix_voice *loudest(struct mix *m)
{
	struct mix_voice *v, *best = NULL;

	TAILQ_FOREACH (v, &m->voices, link) {
		if (!v->leads && weight(v) > LOUD_MIN && (best == NULL || weight(v) > weight(best)))
			best = v;
	}
	return best;
}

static bool pauses(const struct mix *m, const struct mix_voice *v)
{
	int now = voice_loudness(&v->voice, m->at - FRAME / 2, m->at + FRAME + FRAME / 2);
	return (float)now <= LOUD_MIN || (float)now < v->loudness - LOUD_PAUSE;
}

// A voice that no longer leads finishes its word, and the one in its place is heard at once.
static void choose(struct mix *m)
{
	struct mix_voice *v;
	int over = 0;

	TAILQ_FOREACH (v, &m->voices, link)
		listen(m, v);
	for (int i = 0; i < MIX_VOICES && (v = loudest(m)) != NULL; i++)
		v->leads = true;
	TAILQ_FOREACH (v, &m->voices, link) {
		if (v->leads) {
			v->heard = true;
			v->over = 0;
		} else if (v->heard) {
			v->heard = weight(v) > LOUD_MIN && over < OVER_MAX &&
			           ++v->over < OVER_FRAMES && !pauses(m, v);
			over += v->heard;
		}
	}
}

// --- emitting ---

// 20 ms of silence (RFC 6716 3.1: CELT, full band, two channels, one frame), should encoding fail.
static const uint8_t silent[] = {0xFC, 0xFF, 0xFE};

static void emit(struct mix *m)
{
	uint8_t opus[PACKET_MAX];
	const float *samples = m->sum + CHANNELS * m->delay;
	int64_t time_us = m->begin_us + (int64_t)m->frames * FRAME_US;

	int len = opus_encode_float(m->encoder, samples, FRAME, opus, sizeof(opus));
	if (len > 0)
		m->sink(m->owner, time_us, opus, (size_t)len);
	else
		m->sink(m->owner, time_us, silent, sizeof(silent));
	m->frames++;
	m->filled -= FRAME;
	m->limited -= FRAME;
	memmove(m->sum, m->sum + CHANNELS * FRAME, sizeof(float) * CHANNELS * (size_t)m->filled);
}

// Mixes one frame ahead of what it emits, for the limiter's and the encoder's sake.
static void step(struct mix *m)
{
	float *sum = m->sum + CHANNELS * m->filled;
	struct mix_voice *v, *next;

	memset(sum, 0, sizeof(float) * CHANNELS * FRAME);
	choose(m);
	for (v = TAILQ_FIRST(&m->voices); v != NULL; v = next) {
		next = TAILQ_NEXT(v, link);
		if (v->heard || v->voice.playout != NULL)
			voice_play(&v->voice, m->at, v->heard, sum);
		else
			voice_skip(&v->voice, m->at);
		if (v->removed && v->voice.count == 0 && v->voice.playout == NULL)
			voice_free(v);
	}
	m->at += FRAME;
	m->filled += FRAME;
	for (; m->limited + 2 * LIMITER_STEP <= m->filled; m->limited += LIMITER_STEP) {
		float *samples = m->sum + CHANNELS * m->limited;
		limiter_step(&m->limiter, samples, samples + CHANNELS * LIMITER_STEP);
	}
	if (m->limited >= m->delay + FRAME)
		emit(m);
}

static void run_until(struct mix *m, uint64_t frames)
{
	while (m->frames < frames)
		step(m);
}

void mix_run(struct mix *m, int64_t now_us)
{
	if (now_us - MIX_WAIT_US > m->begin_us)
		run_until(m, (uint64_t)(now_us - MIX_WAIT_US - m->begin_us) / FRAME_US);
}

void mix_finish(struct mix *m, int64_t end_us)
{
	if (end_us > m->begin_us)
		run_until(m, (uint64_t)(end_us - m->begin_us + FRAME_US - 1) / FRAME_US);
}
