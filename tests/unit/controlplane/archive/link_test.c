// A link is good for one file, until one moment, with one key.
#include "test.h"

#include "archive/link.h"
#include "store/recordings.h"

#include <string.h>

static uint8_t key[HISTORY_LINK_KEY_SIZE];
static const struct link good = {
        .account_id = 7,
        .recording_id = UINT64_MAX,
        .name = "tracks/1-audio.webm",
        .expires_s = 2000000000,
};

static bool holds(struct link l, const char *signature)
{
	return link_is_signed(&l, key, signature);
}

static void a_signature_is_of_one_link_alone(void **)
{
	char signature[LINK_SIGNATURE_SIZE], other[LINK_SIGNATURE_SIZE + 1];
	struct link l;

	memset(key, 5, sizeof(key));
	link_sign(signature, key, &good);
	assert_int_equal(strlen(signature), LINK_SIGNATURE_SIZE - 1);
	assert_true(holds(good, signature));
	l = good, l.account_id = 8;
	assert_false(holds(l, signature));
	l = good, l.recording_id = 1;
	assert_false(holds(l, signature));
	l = good, l.expires_s++;
	assert_false(holds(l, signature));
	l = good, l.name = "tracks/1-audio.web";
	assert_false(holds(l, signature));
	assert_false(holds(good, ""));
	for (size_t i = 0; i < strlen(signature); i++) {
		strcpy(other, signature);
		other[i] = other[i] == 'A' ? 'B' : 'A';
		assert_false(holds(good, other));
		strcpy(other, signature);
		other[i] = '\0';
		assert_false(holds(good, other));
	}
	strcat(strcpy(other, signature), "A");
	assert_false(holds(good, other));
	key[31]++;
	assert_false(holds(good, signature));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_signature_is_of_one_link_alone)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
