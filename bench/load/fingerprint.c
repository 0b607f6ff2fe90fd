#include "fingerprint.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

bool fingerprint_read(const struct json *dtls_parameters, uint8_t out[32])
{
	const struct json *first = json_first(json_array(dtls_parameters, "fingerprints"));
	const char *text = json_string(first, "value", FINGERPRINT_TEXT);
	unsigned byte;

	if (!text || strlen(text) != FINGERPRINT_TEXT)
		return false;
	for (int i = 0; i < 32; i++) {
		if (sscanf(text + 3 * i, "%2x", &byte) != 1)
			return false;
		out[i] = (uint8_t)byte;
	}
	return true;
}
