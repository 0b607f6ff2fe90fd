// The card that the programme shows while there is no picture: a key frame of each codec, drawn by
// card/picture.c and encoded when the project is built.
#include "recorder/programme.h"

#define IVF_HEADER 44 // bytes: of the file 32, of its only frame 12

// clang-format off
#define EMBED(name, file)                                                                          \
	__asm__(".pushsection .rodata\n"                                                           \
	        #name ": .incbin \"" file "\", " STRING(IVF_HEADER) "\n"                           \
	        #name "_end: .byte 0\n"                                                            \
	        ".popsection\n");                                                                  \
	extern const uint8_t name[], name##_end[]
#define STRING(number)  STRING_(number)
#define STRING_(number) #number
// clang-format on

EMBED(card_vp8, CARD_VP8);
EMBED(card_vp9, CARD_VP9);

const uint8_t *programme_card(enum codec codec, size_t *len, uint16_t *width, uint16_t *height)
{
	if (codec != CODEC_VP8 && codec != CODEC_VP9)
		return NULL;
	*width = CARD_WIDTH;
	*height = CARD_HEIGHT;
	*len = codec == CODEC_VP8 ? (size_t)(card_vp8_end - card_vp8)
	                          : (size_t)(card_vp9_end - card_vp9);
	return codec == CODEC_VP8 ? card_vp8 : card_vp9;
}
