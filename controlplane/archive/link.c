#include "archive/link.h"

#include "base/base64url.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/recordings.h"

#include <assert.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS_SIZE 128 // of the text before the name

static_assert(LINK_SIGNATURE_SIZE == BASE64URL_SIZE(32));

// The name comes last, so no two links have the same text.
void link_sign(char out[LINK_SIGNATURE_SIZE], const uint8_t *key, const struct link *l)
{
	size_t size = NUMBERS_SIZE + strlen(l->name) + 1;
	unsigned char digest[EVP_MAX_MD_SIZE];
	char *text = memory_new(size, 1);
	unsigned digest_len = 0;

	int len = snprintf(
	        text, size,
	        "link to a file of a recording\n%" PRIu64 "\n%016" PRIx64 "\n%" PRId64 "\n%s",
	        l->account_id, l->recording_id, l->expires_s, l->name
	);
	HMAC(EVP_sha256(), key, HISTORY_LINK_KEY_SIZE, (const unsigned char *)text, (size_t)len,
	     digest, &digest_len);
	base64url_encode(out, digest, 32);
	free(text);
}

bool link_is_signed(const struct link *l, const uint8_t *key, const char *signature)
{
	char good[LINK_SIGNATURE_SIZE];

	link_sign(good, key, l);
	return text_equals_secret(signature, good);
}
