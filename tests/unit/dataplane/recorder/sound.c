#include "sound.h"

#include "test.h"

#include <opus.h>

#define DURATION_MAX 5760

static unsigned noise_seed = 1;

static double tone_at(const struct tone *t, double time_s)
{
	double at = time_s - t->begin_s, length = t->end_s - t->begin_s;
	double noise = 0;

	if (t->noise > 0)
		noise = t->noise * (2.0 * rand_r(&noise_seed) / RAND_MAX - 1);
	if (t->every_s > 0 && at > 0)
		at = fmod(at, t->every_s);
	if (at < 0 || at > length)
		return noise;
	double edge = fmin(fmin(at, length - at) / 0.002, 1);
	double sum = sin(2 * M_PI * t->hz * time_s);
	for (int h = 2; h < t->harmonics + 2; h++)
		sum += sin(2 * M_PI * t->hz * h * time_s) / h;
	if (t->harmonics > 0)
		edge *= 0.55 - 0.45 * cos(2 * M_PI * 3.1 * time_s); // syllables
	return t->amplitude * edge * sum + noise;
}

// --- speaking ---

void speaker_init(
        struct speaker *s, const struct tone *tone, double begin_s, int channels, int duration
)
{
	int error;
	*s = (struct speaker){
	        .tone = tone,
	        .channels = channels,
	        .duration = duration,
	        .time_s = begin_s,
	        .clock = 1,
	        .seq = 1000,
	};
	s->encoder = opus_encoder_create(SOUND_RATE, channels, OPUS_APPLICATION_VOIP, &error);
	assert_int_equal(error, OPUS_OK);
	// Packets of 2.5 ms require more for a clean tone.
	opus_encoder_ctl(s->encoder, OPUS_SET_BITRATE(duration < 240 ? 256000 : 64000));
	opus_encoder_ctl(s->encoder, OPUS_SET_COMPLEXITY(3));
	opus_encoder_ctl(s->encoder, OPUS_GET_LOOKAHEAD(&s->delay));
}

void speaker_fini(struct speaker *s)
{
	opus_encoder_destroy(s->encoder);
}

void speaker_dtx(struct speaker *s)
{
	opus_encoder_ctl(s->encoder, OPUS_SET_DTX(1));
}

void speaker_fec(struct speaker *s)
{
	opus_encoder_ctl(s->encoder, OPUS_SET_BITRATE(24000));
	opus_encoder_ctl(s->encoder, OPUS_SET_MAX_BANDWIDTH(OPUS_BANDWIDTH_WIDEBAND));
	opus_encoder_ctl(s->encoder, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
	opus_encoder_ctl(s->encoder, OPUS_SET_INBAND_FEC(1));
	opus_encoder_ctl(s->encoder, OPUS_SET_PACKET_LOSS_PERC(20));
}

int64_t speaker_next(struct speaker *s)
{
	float pcm[2 * DURATION_MAX];
	double begin_s = s->time_s;

	for (int i = 0; i < s->duration; i++) {
		double at = begin_s + (i + s->delay) * s->clock / SOUND_RATE;
		float sample = (float)tone_at(s->tone, at);
		for (int c = 0; c < s->channels; c++)
			pcm[i * s->channels + c] = sample;
	}
	s->len = opus_encode_float(s->encoder, pcm, s->duration, s->opus, sizeof(s->opus));
	assert_true(s->len > 0);
	s->time_s += s->duration * s->clock / SOUND_RATE;
	s->seq++;
	return llround(begin_s * SECOND);
}

void speaker_say(struct speaker *s, struct mix_voice *v, int level, int64_t until_us)
{
	while (llround(s->time_s * SECOND) < until_us) {
		int64_t time_us = speaker_next(s);
		mix_packet(v, time_us, s->seq, level, s->opus, (size_t)s->len);
	}
}

// --- hearing ---

void ear_init(struct ear *e)
{
	int error;
	*e = (struct ear){.digest = 1469598103934665603u};
	e->decoder = opus_decoder_create(SOUND_RATE, 2, &error);
	assert_int_equal(error, OPUS_OK);
}

void ear_fini(struct ear *e)
{
	opus_decoder_destroy(e->decoder);
	free(e->pcm);
}

void ear_sink(void *owner, int64_t time_us, const uint8_t *opus, size_t len)
{
	struct ear *e = owner;
	float pcm[2 * DURATION_MAX];

	if (e->packets == 0)
		e->begin_us = time_us;
	if (time_us != e->begin_us + (int64_t)e->packets * MIX_FRAME_MS * 1000)
		e->gaps++;
	int n = opus_decode_float(e->decoder, opus, (opus_int32)len, pcm, DURATION_MAX, 0);
	assert_int_equal(n, SOUND_RATE * MIX_FRAME_MS / 1000);
	e->packets++;
	e->bytes += len;
	for (size_t i = 0; i < len; i++)
		e->digest = (e->digest ^ opus[i]) * 1099511628211u;
	if (e->samples % ((size_t)SOUND_RATE * 10) == 0) {
		e->pcm = realloc(e->pcm, (e->samples + (size_t)SOUND_RATE * 10) * sizeof(*e->pcm));
		assert_non_null(e->pcm);
	}
	for (int i = 0; i < n; i++) {
		e->peak = fmaxf(e->peak, fmaxf(fabsf(pcm[2 * i]), fabsf(pcm[2 * i + 1])));
		float middle = fmaxf(fminf((pcm[2 * i] + pcm[2 * i + 1]) / 2, 1), -1);
		e->pcm[e->samples++] = (int16_t)lrintf(middle * INT16_MAX);
	}
}

static size_t sample_at(const struct ear *e, double time_s)
{
	double at = (time_s - (double)e->begin_us / SECOND) * SOUND_RATE;
	assert_true(at >= 0 && at <= (double)e->samples);
	return (size_t)at;
}

double ear_tone(const struct ear *e, double hz, double from_s, double to_s)
{
	size_t from = sample_at(e, from_s), to = sample_at(e, to_s);
	double cosine = 0, sine = 0, step = 2 * M_PI * hz / SOUND_RATE;

	for (size_t i = from; i < to; i++) {
		cosine += e->pcm[i] * cos(step * (double)i);
		sine += e->pcm[i] * sin(step * (double)i);
	}
	return 2 * hypot(cosine, sine) / (double)(to - from) / INT16_MAX;
}

double ear_rms(const struct ear *e, double from_s, double to_s)
{
	size_t from = sample_at(e, from_s), to = sample_at(e, to_s);
	double sum = 0;

	for (size_t i = from; i < to; i++)
		sum += (double)e->pcm[i] * e->pcm[i];
	return sqrt(sum / (double)(to - from)) / INT16_MAX;
}

double ear_difference(const struct ear *a, const struct ear *b, double from_s, double to_s)
{
	size_t to = sample_at(a, to_s);
	double sum = 0, difference = 0;

	for (size_t i = sample_at(a, from_s); i < to; i++) {
		sum += (double)a->pcm[i] * a->pcm[i];
		difference += pow(a->pcm[i] - b->pcm[i], 2);
	}
	return 10 * log10((difference + 1) / (sum + 1));
}

double ear_begin(const struct ear *e, double amplitude, double from_s, double to_s)
{
	size_t to = sample_at(e, to_s);

	for (size_t i = sample_at(e, from_s); i < to; i++) {
		if (abs(e->pcm[i]) > amplitude * INT16_MAX)
			return (double)e->begin_us / SECOND + (double)i / SOUND_RATE;
	}
	return -1;
}

double ear_roughness(const struct ear *e, double from_s, double to_s)
{
	size_t to = sample_at(e, to_s);
	double most = 0;

	for (size_t i = sample_at(e, from_s) + 1; i + 1 < to; i++)
		most = fmax(most, abs(e->pcm[i + 1] - 2 * e->pcm[i] + e->pcm[i - 1]));
	return most / INT16_MAX;
}

// --- a mix of some, and an ear ---

double decibel(double factor)
{
	return 20 * log10(fmax(factor, 1e-9));
}

void room_init(struct room *r, int64_t begin_us)
{
	ear_init(&r->ear);
	r->mix = mix_create(begin_us, ear_sink, &r->ear);
	assert_non_null(r->mix);
}

void room_fini(struct room *r)
{
	mix_destroy(r->mix);
	ear_fini(&r->ear);
}

struct mix_voice *room_voice(struct room *r)
{
	struct mix_voice *v = mix_voice_add(r->mix);
	assert_non_null(v);
	return v;
}

void room_hear(struct room *r, struct speaker *s, struct mix_voice *v, int level, int64_t until_us)
{
	for (int64_t now = llround(s->time_s * SECOND); now <= until_us; now += SECOND / 100) {
		speaker_say(s, v, level, now);
		mix_run(r->mix, now);
	}
}
