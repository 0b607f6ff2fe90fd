// clip-sound > FILE.wav: the clip's audio, mono at 48 kHz. The loop is the SCORE_SECONDS after the
// first LEAD_SECONDS; the tune goes on before and after it, so that an encoder is warmed up at both
// ends. clip-sound levels: prints the loudness of each 20 ms of the loop, two hexadecimal digits
// each.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "score.h"

#define RATE         48000
#define LOOP         (SCORE_SECONDS * RATE)
#define LEAD_SECONDS 1
#define TAIL_SECONDS 1
#define PACKET       (RATE / 50)
#define CHIME_TAIL   6 // seconds after which a note is no longer audible
#define PAD_ATTACK   1.2
#define PAD_RELEASE  2.0
#define RMS_TARGET   0.09 // of full scale: -21 dBov, the usual level of speech

static double frequency(int pitch)
{
	return 440 * pow(2, (pitch - 69) / 12.0);
}

// Notes that outlast the loop continue at its beginning.
static void add(double *loop, double at, double seconds, double value)
{
	size_t i = (size_t)((at + seconds) * RATE + 0.5);
	loop[i % LOOP] += value;
}

// A struck tine, whose overtones fade sooner than its fundamental.
static void chime_add(double *loop, const struct note *n)
{
	static const struct {
		double ratio, strength, decay;
	} partials[] = {{1, 1, 1.1}, {2, 0.22, 2.2}, {3.01, 0.10, 4}, {5.4, 0.06, 14}};
	double f = frequency(n->pitch);

	for (int i = 0; i < CHIME_TAIL * RATE; i++) {
		double t = (double)i / RATE, value = 0;
		for (size_t p = 0; p < sizeof(partials) / sizeof(partials[0]); p++)
			value += partials[p].strength * exp(-t * partials[p].decay) *
			         sin(2 * M_PI * f * partials[p].ratio * t);
		double strike = t < 0.004 ? t / 0.004 : 1;
		add(loop, n->at, t, 0.30 * n->loudness * strike * value);
	}
}

static double pad_envelope(double t)
{
	double rise = t < PAD_ATTACK ? t / PAD_ATTACK : 1;
	double rest = SCORE_CHORD_SECONDS + PAD_RELEASE - t;
	double fall = rest < PAD_RELEASE ? rest / PAD_RELEASE : 1;
	return 0.5 - 0.5 * cos(M_PI * rise * fall);
}

// Two slightly detuned voices, which beat slowly.
static void pad_add(double *loop, double at, int pitch)
{
	double f = frequency(pitch);

	for (int i = 0; i < (SCORE_CHORD_SECONDS + PAD_RELEASE) * RATE; i++) {
		double t = (double)i / RATE;
		double value = sin(2 * M_PI * (f - 0.4) * t) + sin(2 * M_PI * (f + 0.4) * t) +
		               0.25 * sin(2 * M_PI * 2 * f * t);
		add(loop, at, t, 0.05 * pad_envelope(t) * value);
	}
}

// The loop at its final loudness.
static double *compose(void)
{
	double *loop = calloc(LOOP, sizeof(*loop)), square = 0;

	if (!loop)
		return NULL;
	for (size_t i = 0; i < SCORE_NOTES; i++)
		chime_add(loop, &score_melody[i]);
	for (int c = 0; c < SCORE_CHORDS; c++) {
		for (int v = 0; v < SCORE_CHORD_VOICES; v++)
			pad_add(loop, c * SCORE_CHORD_SECONDS, score_chords[c][v]);
	}
	for (int i = 0; i < LOOP; i++)
		square += loop[i] * loop[i];
	double gain = RMS_TARGET / sqrt(square / LOOP);
	for (int i = 0; i < LOOP; i++)
		loop[i] = fmax(-1, fmin(1, loop[i] * gain));
	return loop;
}

static void put(uint32_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		putchar((int)(value >> (8 * i) & 0xff));
}

static void wav_write(const double *loop)
{
	const int samples = (LEAD_SECONDS + SCORE_SECONDS + TAIL_SECONDS) * RATE;

	fputs("RIFF", stdout);
	put(36 + 2 * (uint32_t)samples, 4);
	fputs("WAVEfmt ", stdout);
	put(16, 4);
	put(1, 2); // PCM
	put(1, 2); // mono
	put(RATE, 4);
	put(2 * RATE, 4);
	put(2, 2);
	put(16, 2);
	fputs("data", stdout);
	put(2 * (uint32_t)samples, 4);
	for (int i = 0; i < samples; i++) {
		double value = loop[(i + LOOP - LEAD_SECONDS * RATE) % LOOP];
		put((uint32_t)(int32_t)lrint(value * 32767), 2);
	}
}

// RFC 6464 4: -dBov of the samples' mean square.
static void levels_write(const double *loop)
{
	for (int packet = 0; packet < LOOP / PACKET; packet++) {
		double square = 0;
		for (int i = 0; i < PACKET; i++)
			square += loop[packet * PACKET + i] * loop[packet * PACKET + i];
		double db = square > 0 ? -10 * log10(square / PACKET) : 127;
		printf("%02x", (unsigned)fmax(0, fmin(127, db + 0.5)));
	}
}

int main(int argc, char **argv)
{
	double *loop = compose();

	if (!loop)
		return EXIT_FAILURE;
	if (argc > 1 && strcmp(argv[1], "levels") == 0)
		levels_write(loop);
	else
		wav_write(loop);
	free(loop);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
