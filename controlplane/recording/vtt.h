// The chat and the speakers of a recording as WebVTT (W3C): a player shows the one as captions, the
// other as chapters. Pure.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define VTT_CHAT_MS 6000 // for which a message is shown

// text: chat.txt of the recorder. Each line is a time in milliseconds, a blank, and a message in
// its envelope, in which \\, \n and \r stand for a backslash and line breaks. Lines that are
// anything else are left out. Returns text to free, and its length; NULL: no memory.
[[nodiscard]] char *vtt_chat(const char *text, size_t len, int64_t duration_ms, size_t *out_len);

struct vtt_speaker {
	int64_t time_ms; // from when on; not less than that of the one before
	const char *name; // NULL: nobody leads any more
};

// A chapter for each stretch in which somebody leads.
[[nodiscard]] char *vtt_speakers(
        const struct vtt_speaker *speakers, size_t count, int64_t duration_ms, size_t *out_len
);
