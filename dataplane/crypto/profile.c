#include "crypto/profile.h"

#include <stddef.h>
#include <string.h>

static const struct srtp_profile profiles[] = {
#define SRTP_PROFILE_ROW(profile, number, openssl, salt, tag)                                      \
	{.id = (number),                                                                           \
	 .salt_len = (salt),                                                                       \
	 .tag_len = (tag),                                                                         \
	 .name = #profile,                                                                         \
	 .openssl_name = (openssl)},
        SRTP_PROFILES(SRTP_PROFILE_ROW)
#undef SRTP_PROFILE_ROW
};

const struct srtp_profile *srtp_profile_find(uint8_t id)
{
	for (int i = 0; i < SRTP_PROFILE_COUNT; i++) {
		if (profiles[i].id == id)
			return &profiles[i];
	}
	return NULL;
}

const struct srtp_profile *srtp_profile_named(const char *name)
{
	for (int i = 0; i < SRTP_PROFILE_COUNT; i++) {
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	}
	return NULL;
}

uint8_t srtp_salt_len(uint8_t profile)
{
	const struct srtp_profile *p = srtp_profile_find(profile);
	return p != NULL ? p->salt_len : 0;
}
