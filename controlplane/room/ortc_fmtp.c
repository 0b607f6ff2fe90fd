#include "room/ortc.h"

#include "base/json.h"
#include "base/text.h"

#include <string.h>

#define DIGITS_MAX  10
#define PROFILE_LEN 6 // hexadecimal digits of a profile-level-id (RFC 6184 8.1)
#define PROFILE     "profile-level-id"

// The receiver's and the sender's parameters of each codec: RFC 7587 6.1, 7741 6.1, 6184 8.1, 9628
// 7, and the AV1 RTP payload format 7.2.1. All are whole numbers, except PROFILE.
static const char *const known[AM_CODEC_COUNT][13] = {
        [AM_CODEC_OPUS] =
                {"minptime", "maxptime", "ptime", "useinbandfec", "usedtx", "stereo",
                 "sprop-stereo", "cbr", "maxplaybackrate", "sprop-maxcapturerate",
                 "maxaveragebitrate"},
        [AM_CODEC_VP8] = {"max-fs", "max-fr"},
        [AM_CODEC_H264] =
                {"packetization-mode", PROFILE, "level-asymmetry-allowed", "max-mbps", "max-smbps",
                 "max-fs", "max-cpb", "max-dpb", "max-br", "max-rcmd-nalu-size"},
        [AM_CODEC_VP9] = {"profile-id"},
        [AM_CODEC_AV1] = {"profile", "level-idx", "tier"},
};

// Reads a value, which is a number or a string of digits.
static bool number_read(const struct json *parameters, const char *name, int64_t *value)
{
	const char *text = json_string(parameters, name, DIGITS_MAX);

	return text ? text_number(text, 0, INT32_MAX, value)
	            : json_int(parameters, name, 0, INT32_MAX, value);
}

struct json *ortc_fmtp(enum am_codec codec, const struct json *given)
{
	struct json *out = json_new_object();
	int64_t value;

	for (const char *const *name = known[codec]; *name; name++) {
		if (strcmp(*name, PROFILE) != 0) {
			if (number_read(given, *name, &value))
				json_add_int(out, *name, value);
			continue;
		}
		const char *profile = json_string(given, PROFILE, PROFILE_LEN);
		if (profile && strspn(profile, "0123456789abcdefABCDEF") == PROFILE_LEN)
			json_add_string(out, PROFILE, profile);
	}
	return out;
}
