// marks-picture WIDTH HEIGHT SENDER > FILE.y4m: MARKS_SECONDS of pictures that say which they are.
// A picture is 8 × 4 blocks, black or white, each a bit, the most significant first: the number of
// the frame (16 bits), the sender (8), and a checksum of the three bytes (8), which a picture torn
// from two frames does not have. tests/marks/marks.py reads them back.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marks.h"

#define COLUMNS 8
#define ROWS    4
#define BLACK   32 // of luma: within the range that encoders keep
#define WHITE   220
#define GREY    128 // of chroma

// CRC-8 with the polynomial 0x07.
static uint8_t checksum(const uint8_t *bytes, size_t len)
{
	uint8_t crc = 0;

	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (uint8_t)(crc & 0x80 ? crc << 1 ^ 0x07 : crc << 1);
	}
	return crc;
}

static void draw(uint8_t *luma, int width, int height, const uint8_t bytes[ROWS])
{
	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++) {
			int column = x * COLUMNS / width, row = y * ROWS / height;
			luma[y * width + x] = bytes[row] & (0x80 >> column) ? WHITE : BLACK;
		}
	}
}

int main(int argc, char **argv)
{
	int width = argc == 4 ? atoi(argv[1]) : 0, height = argc == 4 ? atoi(argv[2]) : 0;

	if (width < COLUMNS || height < ROWS || width > 4096 || height > 4096 || width % 2 ||
	    height % 2) {
		fputs("usage: marks-picture WIDTH HEIGHT SENDER (1 to 255)\n", stderr);
		return 2;
	}
	size_t pixels = (size_t)width * (size_t)height;
	uint8_t *picture = malloc(pixels * 3 / 2);
	if (!picture)
		return EXIT_FAILURE;
	memset(picture + pixels, GREY, pixels / 2);
	printf("YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n", width, height, MARKS_FRAME_RATE);
	for (int frame = 0; frame < MARKS_SECONDS * MARKS_FRAME_RATE; frame++) {
		uint8_t bytes[ROWS] = {
		        (uint8_t)(frame >> 8), (uint8_t)frame, (uint8_t)atoi(argv[3])};
		bytes[ROWS - 1] = checksum(bytes, ROWS - 1);
		draw(picture, width, height, bytes);
		puts("FRAME");
		fwrite(picture, 1, pixels * 3 / 2, stdout);
	}
	free(picture);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
