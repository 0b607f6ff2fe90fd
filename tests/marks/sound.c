// marks-sound > FILE.wav: silence with a beep at the beginning of each second, mono at 48 kHz. The
// loop is the MARKS_SECONDS after the first LEAD_SECONDS. marks-sound levels: prints the loudness
// of each 20 ms of the loop, two hexadecimal digits each (RFC 6464).
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marks.h"

#define RATE         48000
#define LEAD_SECONDS 1
#define TAIL_SECONDS 1
#define PACKET       (RATE / 50)
#define BEEP_HZ      1000
#define BEEP_SECONDS 0.06
#define EDGE_SECONDS 0.001
#define LOUDNESS     0.25 // of full scale
#define LEVEL_SILENT 127

static double sample(long index)
{
	double t = (double)(index % RATE) / RATE, edge = fmin(t, BEEP_SECONDS - t) / EDGE_SECONDS;

	if (edge <= 0)
		return 0;
	return LOUDNESS * fmin(1, edge) * sin(2 * M_PI * BEEP_HZ * t);
}

static void put(uint32_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		putchar((int)(value >> (8 * i) & 0xff));
}

static void wav_write(void)
{
	const int samples = (LEAD_SECONDS + MARKS_SECONDS + TAIL_SECONDS) * RATE;

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
	for (long i = 0; i < samples; i++)
		put((uint32_t)(int32_t)lrint(sample(i) * 32767), 2);
}

static void levels_write(void)
{
	for (long packet = 0; packet < MARKS_SECONDS * RATE / PACKET; packet++) {
		double square = 0;
		for (long i = packet * PACKET; i < (packet + 1) * PACKET; i++)
			square += sample(i) * sample(i);
		double db = square > 0 ? -10 * log10(square / PACKET) : LEVEL_SILENT;
		printf("%02x", (unsigned)fmax(0, fmin(LEVEL_SILENT, db + 0.5)));
	}
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "levels") == 0)
		levels_write();
	else
		wav_write();
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
