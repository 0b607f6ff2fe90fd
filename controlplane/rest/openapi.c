#include "rest/openapi.h"

// The bytes of the file, and a NUL.
__asm__(".section .rodata\n"
        "openapi_begin: .incbin \"" OPENAPI_FILE "\"\n"
        ".byte 0\n"
        ".previous\n");

const char *openapi_text(void)
{
	extern const char openapi_begin[];
	return openapi_begin;
}
