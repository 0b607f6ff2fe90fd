#include "recorder/voice.h"

#include "media/level.h"

#include <math.h>
#include <opus/opus.h>
#include <stdlib.h>
#include <string.h>

#define CHANNELS     2
#define PACKET_MAX   5760 // samples: 120 ms
#define UNIT         120 // samples: 2.5 ms, in which Opus counts what is missing
#define SEAM         240 // samples: one sound turns into another
#define SHIFT_MIN    120 // samples by which a seam shifts sound
#define SHIFT_MAX    480
#define TAIL         480 // samples: sound fades before a gap
#define FADE_IN      120 // samples: after one
#define RAMP         (1.0f / 480) // of the voice's gain, each sample
#define TOLERANCE    720 // samples that a packet may be off; less than DTX leaves out at a time
#define DRIFT_QUIET  144 // samples: put right in a quiet place
#define DRIFT_MAX    384 // samples: put right anywhere
#define DRIFT_WEIGHT (1.0f / 32) // of one packet
#define QUIET        0.003f // RMS: −50 dBFS
#define LOST_MAX     64 // packets in a row; more: the sender counts anew
#define DTX_LEN      2 // bytes at most of a packet without sound
#define ALONE        4800 // samples without a packet after one that describes noise
#define PEAK_MAX     4.0f // whatever a hostile packet decodes to

struct voice_packet {
	TAILQ_ENTRY(voice_packet) link;
	int64_t at;
	int duration; // samples
	int level;
	uint64_t seq;
	size_t len;
	uint8_t opus[];
};

struct playout {
	OpusDecoder *decoder;
	float gain; // 0 to 1
	float drift; // samples that packets are late, on average
	bool sounds; // the last samples are no silence
	bool counts; // seq is known
	uint64_t seq; // of the last packet
	int64_t begin; // time of pcm's first sample
	int count; // samples
	float pcm[CHANNELS * (VOICE_BLOCK + PACKET_MAX + SHIFT_MAX)];
};

void voice_init(struct voice *v)
{
	*v = (struct voice){0};
	TAILQ_INIT(&v->packets);
}

static void playout_destroy(struct voice *v)
{
	if (v->playout == NULL)
		return;
	opus_decoder_destroy(v->playout->decoder);
	free(v->playout);
	v->playout = NULL;
}

// --- packets ---

static void packet_free(struct voice *v, struct voice_packet *p)
{
	TAILQ_REMOVE(&v->packets, p, link);
	v->count--;
	v->bytes -= p->len;
	free(p);
}

void voice_fini(struct voice *v)
{
	playout_destroy(v);
	while (!TAILQ_EMPTY(&v->packets))
		packet_free(v, TAILQ_FIRST(&v->packets));
}

void voice_packet(
        struct voice *v, int64_t at, uint64_t seq, int level, const uint8_t *opus, size_t len
)
{
	if (len == 0 || v->count >= VOICE_PACKETS || len > VOICE_BYTES - v->bytes)
		return;
	int duration = opus_packet_get_nb_samples(opus, (opus_int32)len, VOICE_RATE);
	if (duration <= 0 || duration > PACKET_MAX)
		return;

	struct voice_packet *before = TAILQ_LAST(&v->packets, voice_packets);
	while (before != NULL && before->at > at)
		before = TAILQ_PREV(before, voice_packets, link);
	if (before != NULL && before->at == at && before->seq == seq)
		return;
	struct voice_packet *p = malloc(sizeof(*p) + len);
	if (p == NULL)
		return;
	*p = (struct voice_packet
	){.at = at, .duration = duration, .level = level, .seq = seq, .len = len};
	memcpy(p->opus, opus, len);
	if (before != NULL)
		TAILQ_INSERT_AFTER(&v->packets, before, p, link);
	else
		TAILQ_INSERT_HEAD(&v->packets, p, link);
	v->count++;
	v->bytes += len;
}

int voice_loudness(const struct voice *v, int64_t from, int64_t to)
{
	const struct voice_packet *p;
	int loudest = -1;

	TAILQ_FOREACH (p, &v->packets, link) {
		if (p->at >= to)
			break;
		if (p->at + p->duration <= from)
			continue;
		int loudness = p->level < 0 ? VOICE_LOUD_ANY : level_loudness((uint8_t)p->level);
		if (loudness > loudest)
			loudest = loudness;
	}
	return loudest;
}

static void forget(struct voice *v, int64_t before)
{
	struct voice_packet *p;

	while ((p = TAILQ_FIRST(&v->packets)) != NULL && p->at + p->duration <= before)
		packet_free(v, p);
}

void voice_skip(struct voice *v, int64_t at)
{
	forget(v, at + VOICE_BLOCK - VOICE_PREROLL);
}

// --- drift ---

// How alike two pieces are, from −1 to 1.
static float likeness(const float *a, const float *b, int count)
{
	float both = 0, one = 1e-9f, other = 1e-9f;

	for (int i = 0; i < CHANNELS * count; i++) {
		both += a[i] * b[i];
		one += a[i] * a[i];
		other += b[i] * b[i];
	}
	return both / sqrtf(one * other);
}

// A shift after which the sound is most like itself: some periods of a voice.
static int shift_best(const float *pcm, int seam, int shift_max)
{
	int best = shift_max;
	float best_likeness = -2;

	for (int shift = SHIFT_MIN < shift_max ? SHIFT_MIN : shift_max; shift <= shift_max;
	     shift++) {
		float l = likeness(pcm, pcm + CHANNELS * shift, seam);
		if (l > best_likeness) {
			best_likeness = l;
			best = shift;
		}
	}
	return best;
}

static void turn(float *to, const float *from, const float *into, int count)
{
	for (int i = 0; i < CHANNELS * count; i++) {
		float share = (float)(i / CHANNELS + 1) / (float)(count + 1);
		to[i] = from[i] + (into[i] - from[i]) * share;
	}
}

static void shorten(float *pcm, int count, int shift, int seam)
{
	turn(pcm, pcm, pcm + CHANNELS * shift, seam);
	memmove(pcm + CHANNELS * seam, pcm + CHANNELS * (seam + shift),
	        sizeof(float) * CHANNELS * (size_t)(count - shift - seam));
}

// Plays the first samples twice.
static void lengthen(float *pcm, int count, int shift, int seam)
{
	float *second = pcm + CHANNELS * shift;

	memmove(second + CHANNELS * seam, pcm + CHANNELS * seam,
	        sizeof(float) * CHANNELS * (size_t)(count - seam));
	float again[CHANNELS * SEAM]; // the seam may reach into it
	memcpy(again, pcm, sizeof(float) * CHANNELS * (size_t)seam);
	turn(second, second, again, seam);
}

static float rms(const float *pcm, int count)
{
	float sum = 0;

	for (int i = 0; i < CHANNELS * count; i++)
		sum += pcm[i] * pcm[i];
	return sqrtf(sum / (float)(CHANNELS * count));
}

// Puts the drift right in a packet that has just been decoded, if this is the place. Returns its
// new number of samples.
static int straighten(struct playout *o, float *pcm, int count)
{
	float drift = fabsf(o->drift);
	if (drift < DRIFT_QUIET)
		return count;
	bool quiet = rms(pcm, count) < QUIET;
	if (!quiet && drift < DRIFT_MAX)
		return count;
	int seam = count / 4 < SEAM ? count / 4 : SEAM;
	int shift = count - seam < SHIFT_MAX ? count - seam : SHIFT_MAX;
	if (!quiet)
		shift = shift_best(pcm, seam, shift);
	else if (shift > (int)drift)
		shift = (int)drift;

	if (o->drift > 0) {
		lengthen(pcm, count, shift, seam);
		o->drift -= (float)shift;
		return count + shift;
	}
	shorten(pcm, count, shift, seam);
	o->drift += (float)shift;
	return count - shift;
}

// --- decoding ---

static float *pcm_end(struct playout *o)
{
	return o->pcm + CHANNELS * o->count;
}

static void fade(float *pcm, int count, float from, float to)
{
	for (int i = 0; i < CHANNELS * count; i++)
		pcm[i] *= from + (to - from) * ((float)(i / CHANNELS) + 0.5f) / (float)count;
}

// What is missing before packet p (NULL: nothing follows), guessed from what was before, and from
// what p repeats of it (in-band FEC, RFC 6716 2.1.7).
static int conceal(struct playout *o, const struct voice_packet *p, int count)
{
	int n = opus_decode_float(
	        o->decoder, p != NULL ? p->opus : NULL, p != NULL ? (opus_int32)p->len : 0,
	        pcm_end(o), count, p != NULL
	);
	if (n != count)
		memset(pcm_end(o), 0, sizeof(float) * CHANNELS * (size_t)count);
	return count;
}

// Until then, or until next, when something sounds again.
static void silence(struct playout *o, int64_t until, int64_t next)
{
	if (o->sounds) {
		int64_t room = next - o->begin - o->count;
		int tail = room < TAIL ? (int)(room / UNIT * UNIT) : TAIL;
		if (tail > 0) {
			o->count += conceal(o, NULL, tail);
			fade(pcm_end(o) - CHANNELS * tail, tail, 1, 0);
		}
	}
	int64_t count = (next < until ? next : until) - o->begin - o->count;
	if (count > 0) {
		memset(pcm_end(o), 0, sizeof(float) * CHANNELS * (size_t)count);
		o->count += (int)count;
	}
	o->sounds = false;
	o->drift = 0;
}

// late: samples by which the packet is late.
static void decode(struct voice *v, struct playout *o, struct voice_packet *p, int late)
{
	float *pcm = pcm_end(o);
	int count = opus_decode_float(o->decoder, p->opus, (opus_int32)p->len, pcm, PACKET_MAX, 0);
	o->counts = true;
	o->seq = p->seq;
	packet_free(v, p);
	if (count <= 0)
		return;

	// What should have sounded already is left out.
	int cut = late > TOLERANCE || (late > 0 && !o->sounds) ? late : 0;
	if (cut >= count)
		return;
	count -= cut;
	if (cut > 0)
		memmove(pcm, pcm + CHANNELS * cut, sizeof(float) * CHANNELS * (size_t)count);
	if (cut > 0 || !o->sounds) {
		int begin = count < FADE_IN ? count : FADE_IN;
		fade(pcm, begin, 0, 1);
		o->drift = 0;
	} else {
		o->drift += DRIFT_WEIGHT * ((float)-late - o->drift);
		count = straighten(o, pcm, count);
	}
	o->sounds = true;
	o->count += count;
}

// True if a packet before p got lost, rather than never sent.
static bool is_loss(const struct playout *o, const struct voice_packet *p, int64_t missing)
{
	if (!o->sounds || !o->counts || p->seq <= o->seq + 1 || p->seq - o->seq > LOST_MAX)
		return false;
	return missing <= PACKET_MAX;
}

// True if p follows a pause and is no sound. With DTX, a sender describes its noise every 400 ms,
// and then says once more that it is silent: played on their own, these packets would tick.
static bool is_pause(const struct playout *o, const struct voice_packet *p)
{
	const struct voice_packet *next = TAILQ_NEXT(p, link);

	if (o->sounds)
		return false;
	return p->len <= DTX_LEN || next == NULL || next->len <= DTX_LEN ||
	       next->at - p->at - p->duration > ALONE;
}

// The next samples, at least one, PACKET_MAX and a shift at most.
static void advance(struct voice *v, struct playout *o, int64_t until)
{
	struct voice_packet *p = TAILQ_FIRST(&v->packets);
	int64_t end = o->begin + o->count;

	if (p == NULL) {
		silence(o, until, INT64_MAX);
		return;
	}
	int64_t missing = p->at - end;
	int64_t units = (missing + UNIT / 2) / UNIT * UNIT;
	if (units >= UNIT && is_loss(o, p, units)) {
		o->count += conceal(o, p, (int)units);
		o->seq = p->seq - 1;
		o->drift = 0;
	} else if (missing > TOLERANCE || (missing > 0 && !o->sounds)) {
		silence(o, until, p->at);
	} else if (is_pause(o, p)) {
		o->counts = true;
		o->seq = p->seq;
		int64_t over = p->at + p->duration;
		packet_free(v, p);
		if (over > end)
			silence(o, until, over);
	} else if (missing < -TOLERANCE && -missing > p->duration / 2) {
		packet_free(v, p); // bounds decoding to twice what is played
	} else {
		decode(v, o, p, (int)-missing);
	}
}

static void fill(struct voice *v, struct playout *o, int64_t until)
{
	while (o->begin + o->count < until)
		advance(v, o, until);
}

static void consume(struct playout *o, int count)
{
	o->begin += count;
	o->count -= count;
	memmove(o->pcm, o->pcm + CHANNELS * count, sizeof(float) * CHANNELS * (size_t)o->count);
}

// --- playing ---

// Begins with packets of the past: they are decoded, but not heard.
static struct playout *playout_create(struct voice *v, int64_t at)
{
	struct playout *o = calloc(1, sizeof(*o));
	int error = OPUS_ALLOC_FAIL;

	if (o == NULL)
		return NULL;
	o->decoder = opus_decoder_create(VOICE_RATE, CHANNELS, &error);
	if (error != OPUS_OK) {
		free(o);
		return NULL;
	}
	forget(v, at - VOICE_PREROLL);
	struct voice_packet *p = TAILQ_FIRST(&v->packets);
	o->begin = p != NULL && p->at < at ? p->at : at;
	while (o->begin < at) {
		int count = at - o->begin < VOICE_BLOCK ? (int)(at - o->begin) : VOICE_BLOCK;
		fill(v, o, o->begin + count);
		consume(o, count);
	}
	return o;
}

static float clean(float sample)
{
	if (sample >= -PEAK_MAX && sample <= PEAK_MAX)
		return sample;
	return sample > PEAK_MAX ? PEAK_MAX : sample < -PEAK_MAX ? -PEAK_MAX : 0; // not a number
}

void voice_play(struct voice *v, int64_t at, bool heard, float *sum)
{
	struct playout *o = v->playout;

	if (o == NULL) {
		o = v->playout = playout_create(v, at);
		if (o == NULL) {
			voice_skip(v, at);
			return;
		}
	}
	fill(v, o, at + VOICE_BLOCK);
	for (int i = 0; i < VOICE_BLOCK; i++) {
		if (heard)
			o->gain = fminf(o->gain + RAMP, 1);
		else
			o->gain = fmaxf(o->gain - RAMP, 0);
		sum[CHANNELS * i] += o->gain * clean(o->pcm[CHANNELS * i]);
		sum[CHANNELS * i + 1] += o->gain * clean(o->pcm[CHANNELS * i + 1]);
	}
	consume(o, VOICE_BLOCK);
	if (!heard && o->gain <= 0)
		playout_destroy(v);
}
