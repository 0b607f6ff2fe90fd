#include "recorder/programme.h"

#include "media/codec.h"
#include "test.h"

#include <stdio.h>
#include <unistd.h>

#define LEN_MAX 16384 // one each second: little beside sound

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

// Decodes the card as if it were a file's only frame. Returns the picture, in planes.
static uint8_t *decode(enum codec codec, size_t size)
{
	char path[] = "/tmp/amphi-card-XXXXXX", command[200];
	uint8_t header[44] = "DKIF", *picture = malloc(size + 1);
	uint16_t width, height;
	size_t len;
	const uint8_t *card = programme_card(codec, &len, &width, &height);

	assert_non_null(picture);
	header[6] = 32; // of the file; then the frame's
	memcpy(header + 8, codec == CODEC_VP8 ? "VP80" : "VP90", 4);
	put32(header + 12, width | (uint32_t)height << 16);
	put32(header + 16, 1);
	put32(header + 20, 1);
	put32(header + 24, 1);
	put32(header + 32, (uint32_t)len);
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, header, sizeof(header)), sizeof(header));
	assert_int_equal(write(fd, card, len), len);
	close(fd);
	snprintf(command, sizeof(command), "vpxdec --i420 -o - %s 2>/dev/null", path);
	FILE *decoder = popen(command, "r");
	assert_non_null(decoder);
	assert_int_equal(fread(picture, 1, size + 1, decoder), size);
	assert_int_equal(pclose(decoder), 0);
	unlink(path);
	return picture;
}

static void a_card_is_a_small_key_frame_that_decodes(void **)
{
	static const enum codec codecs[] = {CODEC_VP8, CODEC_VP9};
	for (size_t i = 0; i < COUNT(codecs); i++) {
		uint16_t width, height;
		size_t len;
		const uint8_t *card = programme_card(codecs[i], &len, &width, &height);
		assert_non_null(card);
		assert_in_range(len, 500, LEN_MAX);
		// RFC 6386 9.1: P is 0; VP9: frame marker, profile 0, no repeat, FRAME_TYPE is 0.
		assert_int_equal(
		        codecs[i] == CODEC_VP8 ? card[0] & 1 : card[0] & 0xFC,
		        codecs[i] == CODEC_VP8 ? 0 : 0x80
		);
		assert_int_equal(width, 1280);
		assert_int_equal(height, 720);

		size_t luma = (size_t)width * height;
		uint8_t *picture = decode(codecs[i], luma * 3 / 2);
		assert_in_range(picture[0], 16, 50);
		assert_in_range(picture[luma - 1], 16, 50);
		assert_in_range(
		        picture[(size_t)width * (height / 2 + 20) + width / 2 - 70], 80, 140
		);
		free(picture);
	}
}

static void other_codecs_have_none(void **)
{
	static const enum codec codecs[] = {CODEC_OPUS, CODEC_H264, CODEC_AV1};
	for (size_t i = 0; i < COUNT(codecs); i++) {
		uint16_t width, height;
		size_t len;
		assert_null(programme_card(codecs[i], &len, &width, &height));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_card_is_a_small_key_frame_that_decodes),
	        cmocka_unit_test(other_codecs_have_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
