#include "crypto/profile.h"

#include "test.h"

static void profiles_are_found_by_number_and_name(void **)
{
	const struct srtp_profile *gcm = srtp_profile_find(7), *cm = srtp_profile_find(1);

	assert_string_equal(gcm->name, "AEAD_AES_128_GCM");
	assert_string_equal(cm->name, "AES_CM_128_HMAC_SHA1_80");
	assert_ptr_equal(srtp_profile_named("AEAD_AES_128_GCM"), gcm);
	assert_ptr_equal(srtp_profile_named("AES_CM_128_HMAC_SHA1_80"), cm);
	assert_string_equal(gcm->openssl_name, "SRTP_AEAD_AES_128_GCM");
	assert_string_equal(cm->openssl_name, "SRTP_AES128_CM_SHA1_80");
	assert_int_equal(srtp_salt_len(SRTP_PROFILE_AEAD_AES_128_GCM), 12);
	assert_int_equal(srtp_salt_len(SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80), 14);
}

static void other_profiles_are_not_found(void **)
{
	const uint8_t others[] = {0, 2, 5, 6, 8, 255}; // 2: a tag of 32 bits; 8: a key of 256

	for (size_t i = 0; i < sizeof(others); i++) {
		assert_null(srtp_profile_find(others[i]));
		assert_int_equal(srtp_salt_len(others[i]), 0);
	}
	assert_null(srtp_profile_named(""));
	assert_null(srtp_profile_named("AEAD_AES_128_GCM "));
	assert_null(srtp_profile_named("SRTP_AEAD_AES_128_GCM"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(profiles_are_found_by_number_and_name),
	        cmocka_unit_test(other_profiles_are_not_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
