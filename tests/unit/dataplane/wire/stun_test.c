#include "wire/stun.h"

#include "hostile.h"

#include <errno.h>

#define PASSWORD     "VOkJxbRl1RmTxUk/WvJxBt" // RFC 5769 2
#define PASSWORD_LEN (sizeof(PASSWORD) - 1)

static const uint8_t transaction[STUN_TRANSACTION_LEN] = "123456789ab";

static const struct stun_request request = {
        .transaction = transaction,
        .username = "server:client",
        .username_len = 13,
        .password = PASSWORD,
        .password_len = PASSWORD_LEN,
        .tie_breaker = 0x0123456789ABCDEF,
        .priority = 0x6E0001FF,
        .nomination = 7,
        .has_nomination = true,
        .use_candidate = true,
};

// Hex text with comment lines; see tests/vectors.
static size_t load(const char *name, uint8_t *bytes, size_t size)
{
	char path[512], line[256];
	size_t len = 0;
	snprintf(path, sizeof(path), VECTORS_DIR "/rfc5769/%s.hex", name);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		unsigned int byte;
		for (char *p = line; *p != '#' && sscanf(p, "%2x", &byte) == 1; p += 2) {
			assert_true(len < size);
			bytes[len++] = (uint8_t)byte;
		}
	}
	fclose(file);
	return len;
}

static struct stun_message parsed(const uint8_t *bytes, size_t len)
{
	struct stun_message m;
	assert_int_equal(stun_parse(bytes, len, &m), 0);
	return m;
}

static bool verified(const uint8_t *bytes, size_t len, const char *password)
{
	struct stun_message m = parsed(bytes, len);
	return stun_verify(bytes, len, &m, password, strlen(password));
}

static void the_sample_request_is_understood(void **)
{
	uint8_t bytes[256];
	size_t len = load("request", bytes, sizeof(bytes));
	struct stun_message m = parsed(bytes, len);
	assert_int_equal(m.type, STUN_BINDING_REQUEST);
	assert_int_equal(m.username_len, 9);
	assert_memory_equal(m.username, "evtj:h6vY", 9);
	assert_true(m.has_priority && m.priority == 0x6E0001FF);
	assert_true(m.controlled && !m.controlling && m.tie_breaker == 0x932FF9B151263B36);
	assert_true(m.has_fingerprint && !m.use_candidate && m.unknown_count == 0);
	assert_true(verified(bytes, len, PASSWORD));
	assert_false(verified(bytes, len, "VOkJxbRl1RmTxUk/WvJxBT"));
	assert_false(verified(bytes, len, ""));
	size_t ufrag_len;
	assert_ptr_equal(stun_local_ufrag(&m, &ufrag_len), m.username);
	assert_int_equal(ufrag_len, 4);
}

static void the_sample_responses_are_understood(void **)
{
	static const uint8_t ip4[] = {192, 0, 2, 1};
	static const uint8_t ip6[] = {0x20, 0x01, 0x0d, 0xb8, 0x12, 0x34, 0x56, 0x78,
	                              0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77};
	uint8_t bytes[256];
	size_t len = load("response-ipv4", bytes, sizeof(bytes));
	struct stun_message m = parsed(bytes, len);
	assert_int_equal(m.type, STUN_BINDING_SUCCESS);
	assert_int_equal(m.mapped.ip_len, 4);
	assert_int_equal(m.mapped.port, 32853);
	assert_memory_equal(m.mapped.ip, ip4, 4);
	assert_true(verified(bytes, len, PASSWORD));

	len = load("response-ipv6", bytes, sizeof(bytes));
	m = parsed(bytes, len);
	assert_int_equal(m.mapped.ip_len, 16);
	assert_int_equal(m.mapped.port, 32853);
	assert_memory_equal(m.mapped.ip, ip6, 16);
	assert_true(verified(bytes, len, PASSWORD));
}

static void a_built_request_reads_back(void **)
{
	uint8_t bytes[256];
	size_t len = stun_build_request(bytes, sizeof(bytes), &request);
	struct stun_message m = parsed(bytes, len);
	assert_memory_equal(m.transaction, transaction, sizeof(transaction));
	assert_int_equal(m.username_len, 13);
	assert_memory_equal(m.username, "server:client", 13);
	assert_true(m.controlling && m.tie_breaker == request.tie_breaker);
	assert_true(m.use_candidate && m.has_nomination && m.nomination == 7);
	assert_true(m.has_priority && m.priority == request.priority && m.has_fingerprint);
	assert_true(verified(bytes, len, PASSWORD));
}

static void a_built_success_reads_back_for_both_families(void **)
{
	struct stun_address address = {.port = 65535, .ip = {10, 1, 2, 3, 9, 9, 9, 9, 0xFF}};
	for (address.ip_len = 4; address.ip_len <= 16; address.ip_len += 12) {
		uint8_t bytes[128];
		size_t len = stun_build_success(
		        bytes, sizeof(bytes), transaction, &address, PASSWORD, PASSWORD_LEN
		);
		struct stun_message m = parsed(bytes, len);
		assert_int_equal(m.type, STUN_BINDING_SUCCESS);
		assert_int_equal(m.mapped.port, 65535);
		assert_int_equal(m.mapped.ip_len, address.ip_len);
		assert_memory_equal(m.mapped.ip, address.ip, address.ip_len);
		assert_true(verified(bytes, len, PASSWORD));
	}
	address.ip_len = 5;
	uint8_t bytes[128];
	assert_int_equal(stun_build_success(bytes, 128, transaction, &address, PASSWORD, 1), 0);
}

static void errors_carry_code_integrity_and_unknown_attributes(void **)
{
	struct stun_message q = {
	        .transaction = transaction, .unknown = {0x7001, 3, 9}, .unknown_count = 3};
	uint8_t bytes[128];
	size_t len = stun_build_error(
	        bytes, sizeof(bytes), &q, STUN_UNKNOWN_ATTRIBUTE, PASSWORD, PASSWORD_LEN
	);
	struct stun_message m = parsed(bytes, len);
	assert_int_equal(m.type, STUN_BINDING_ERROR);
	assert_int_equal(m.error_code, 420);
	assert_true(verified(bytes, len, PASSWORD));
	assert_memory_equal(bytes + 28, "\x00\x0A\x00\x06\x70\x01\x00\x03\x00\x09\x00\x00", 12);

	len = stun_build_error(
	        bytes, sizeof(bytes), &q, STUN_ROLE_CONFLICT, PASSWORD, PASSWORD_LEN
	);
	assert_int_equal(parsed(bytes, len).error_code, 487);
	len = stun_build_error(bytes, sizeof(bytes), &q, STUN_BAD_REQUEST, NULL, 0);
	m = parsed(bytes, len);
	assert_int_equal(m.error_code, 400);
	assert_int_equal(m.integrity_offset, 0);
	assert_false(stun_verify(bytes, len, &m, PASSWORD, PASSWORD_LEN));
}

// proves A04
static void no_old_byte_of_the_buffer_is_sent(void **)
{
	uint8_t painted[2][256];
	size_t len[2];
	struct stun_message q = {
	        .transaction = transaction, .unknown = {1, 2, 3}, .unknown_count = 3};
	for (int i = 0; i < 2; i++) {
		memset(painted[i], i == 0 ? 0xA5 : 0x5A, sizeof(painted[i]));
		len[i] = stun_build_request(painted[i], sizeof(painted[i]), &request);
	}
	assert_memory_equal(painted[0], painted[1], len[0]);
	assert_memory_equal(painted[0] + 20 + 4 + 13, "\0\0\0", 3); // after USERNAME
	for (int i = 0; i < 2; i++) {
		memset(painted[i], i == 0 ? 0xA5 : 0x5A, sizeof(painted[i]));
		len[i] = stun_build_error(
		        painted[i], sizeof(painted[i]), &q, STUN_UNKNOWN_ATTRIBUTE, PASSWORD,
		        PASSWORD_LEN
		);
	}
	assert_memory_equal(painted[0], painted[1], len[0]);
}

static void builders_refuse_every_buffer_that_is_too_small(void **)
{
	static const struct stun_address address = {.port = 1, .ip_len = 16};
	uint8_t whole[256];
	struct stun_message q = {.transaction = transaction};
	size_t request_len = stun_build_request(whole, sizeof(whole), &request);
	size_t success_len =
	        stun_build_success(whole, sizeof(whole), transaction, &address, "p", 1);
	size_t error_len = stun_build_error(whole, sizeof(whole), &q, STUN_BAD_REQUEST, "p", 1);
	for (size_t size = 0; size <= request_len; size++) {
		uint8_t *exact = malloc(size > 0 ? size : 1);
		assert_non_null(exact);
		assert_int_equal(
		        stun_build_request(exact, size, &request),
		        size < request_len ? 0 : request_len
		);
		size_t got = stun_build_success(exact, size, transaction, &address, "p", 1);
		assert_int_equal(got, size < success_len ? 0 : success_len);
		got = stun_build_error(exact, size, &q, STUN_BAD_REQUEST, "p", 1);
		assert_int_equal(got, size < error_len ? 0 : error_len);
		free(exact);
	}
}

// Even for the smallest request of a client, the answer has no more bytes than the request.
// proves A03
static void answers_are_not_longer_than_the_smallest_authentic_request(void **)
{
	struct stun_request small = request;
	struct stun_address address = {.port = 1, .ip_len = 16};
	uint8_t bytes[256];
	small.username = "abcdefgh:abcd"; // our ufrags have 8 characters, theirs at least 4
	small.has_nomination = small.use_candidate = false;
	size_t request_len = stun_build_request(bytes, sizeof(bytes), &small);
	assert_true(
	        stun_build_success(bytes, sizeof(bytes), transaction, &address, "p", 1) <=
	        request_len
	);
}

// Parses attributes after a header with the correct length, without integrity and fingerprint.
static int parse_attributes(const char *attributes, size_t len, struct stun_message *m)
{
	static uint8_t bytes[1600]; // *m points into it
	const uint8_t header[] = {0, 1, (uint8_t)(len >> 8), (uint8_t)len, 0x21, 0x12, 0xA4, 0x42};

	memcpy(bytes, header, sizeof(header));
	memcpy(bytes + STUN_HEADER_LEN, attributes, len);
	return stun_parse(bytes, STUN_HEADER_LEN + len, m);
}

#define ATTRIBUTES(bytes, m) parse_attributes(bytes, sizeof(bytes) - 1, m)

static void attributes_of_wrong_size_are_refused(void **)
{
	struct stun_message m;
	assert_int_equal(ATTRIBUTES("\x00\x06\x00\x00", &m), -EBADMSG); // empty USERNAME
	assert_int_equal(ATTRIBUTES("\x00\x24\x00\x03\x01\x02\x03\x00", &m), -EBADMSG); // PRIORITY
	assert_int_equal(
	        ATTRIBUTES("\x00\x25\x00\x04\x01\x02\x03\x04", &m), -EBADMSG
	); // USE-CANDIDATE
	assert_int_equal(
	        ATTRIBUTES("\x80\x29\x00\x04\x01\x02\x03\x04", &m), -EBADMSG
	); // CONTROLLED
	assert_int_equal(
	        ATTRIBUTES("\xC0\x01\x00\x02\x01\x02\x00\x00", &m), -EBADMSG
	); // NOMINATION
	assert_int_equal(ATTRIBUTES("\x00\x08\x00\x04\x01\x02\x03\x04", &m), -EBADMSG); // integrity
	assert_int_equal(
	        ATTRIBUTES("\x80\x28\x00\x04\x01\x02\x03\x04", &m), -EBADMSG
	); // fingerprint
	assert_int_equal(
	        ATTRIBUTES("\x00\x20\x00\x04\x00\x01\x00\x01", &m), -EBADMSG
	); // no address
	assert_int_equal(ATTRIBUTES("\x00\x06\x00\x05\x01\x02\x03\x04", &m), -EBADMSG); // overruns
}

// proves A02
static void usernames_are_bounded(void **)
{
	static const size_t lens[] = {1, 508, 512, 513, 1024};
	for (size_t i = 0; i < COUNT(lens); i++) {
		char attribute[1100] = {0, 6, (char)(lens[i] >> 8), (char)lens[i]};
		struct stun_message m;
		int ret = parse_attributes(attribute, 4 + ((lens[i] + 3) & ~(size_t)3), &m);
		assert_int_equal(ret, lens[i] <= STUN_USERNAME_LEN_MAX ? 0 : -EBADMSG);
	}
	char attribute[1484] = {(char)0x80, 0x22, 5, (char)0xC8}; // SOFTWARE makes it 1504 bytes
	struct stun_message m;
	assert_int_equal(parse_attributes(attribute, 1484, &m), -EBADMSG);
}

static void unknown_attributes_that_must_be_understood_are_reported(void **)
{
	struct stun_message m;
	assert_int_equal(
	        ATTRIBUTES("\x7F\xFF\x00\x00\x80\x00\x00\x00\x00\x1A\x00\x01\x01\x00\x00\x00", &m),
	        0
	);
	assert_int_equal(m.unknown_count, 2);
	assert_int_equal(m.unknown[0], 0x7FFF);
	assert_int_equal(m.unknown[1], 0x001A);
}

static void the_first_of_repeated_attributes_counts(void **)
{
	struct stun_message m;
	assert_int_equal(
	        ATTRIBUTES(
	                "\x00\x06\x00\x01"
	                "a\0\0\0"
	                "\x00\x06\x00\x01"
	                "b\0\0\0"
	                "\x00\x24\x00\x04\0\0\0\1\x00\x24\x00\x04\0\0\0\2",
	                &m
	        ),
	        0
	);
	assert_int_equal(m.username[0], 'a');
	assert_int_equal(m.priority, 1);
	size_t len;
	assert_null(stun_local_ufrag(&m, &len)); // no colon
	assert_int_equal(
	        ATTRIBUTES("\x80\x29\x00\x08\0\0\0\0\0\0\0\1\x80\x2A\x00\x08\0\0\0\0\0\0\0\1", &m),
	        -EBADMSG
	);
}

// RFC 8489 14.5: what follows MESSAGE-INTEGRITY is not protected by it.
static void attributes_behind_the_integrity_are_ignored(void **)
{
	uint8_t bytes[256];
	struct stun_request plain = request;
	plain.use_candidate = false;
	size_t len = stun_build_request(bytes, sizeof(bytes), &plain) - 8; // without FINGERPRINT
	memcpy(bytes + len, "\x00\x25\x00\x00\x7F\xFF\x00\x00", 8);
	struct stun_message m = parsed(bytes, len + 8);
	assert_false(m.use_candidate);
	assert_int_equal(m.unknown_count, 0);
	assert_true(stun_verify(bytes, len + 8, &m, PASSWORD, PASSWORD_LEN));
}

// Bit by bit, unlike the code under test.
static uint32_t crc_of(const uint8_t *bytes, size_t len)
{
	uint32_t crc = 0xFFFFFFFF;
	for (size_t i = 0; i < len * 8; i++) {
		crc ^= bytes[i / 8] >> (i % 8) & 1;
		crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
	}
	return ~crc;
}

static void nothing_may_follow_the_fingerprint(void **)
{
	uint8_t bytes[256];
	struct stun_message m;
	size_t len = stun_build_request(bytes, sizeof(bytes), &request);
	memcpy(bytes + len, "\x80\x22\x00\x00", 4);
	bytes[3] += 4;
	uint32_t crc = crc_of(bytes, len - 8) ^ 0x5354554E; // correct for the longer message
	for (size_t i = 0; i < 4; i++)
		bytes[len - 4 + i] = (uint8_t)(crc >> (24 - 8 * i));
	assert_int_equal(stun_parse(bytes, len + 4, &m), -EBADMSG);
}

static bool any_verified;

static void parse_everything(const uint8_t *bytes, size_t len)
{
	struct stun_message m;
	size_t ufrag_len;
	if (stun_parse(bytes, len, &m) < 0)
		return;
	stun_local_ufrag(&m, &ufrag_len);
	any_verified |= m.has_fingerprint && stun_verify(bytes, len, &m, PASSWORD, PASSWORD_LEN);
}

// A single changed or missing byte makes the message invalid.
// proves A02
static void no_changed_byte_verifies(void **)
{
	uint8_t bytes[256], changed[256];
	size_t len = load("request", bytes, sizeof(bytes));
	for (size_t at = 0; at < len; at++) {
		for (int value = 0; value < 256; value++) {
			memcpy(changed, bytes, len);
			changed[at] = (uint8_t)value;
			any_verified = false;
			hostile_feed(parse_everything, changed, len);
			assert_int_equal(any_verified, value == bytes[at]);
		}
		any_verified = false;
		hostile_feed(parse_everything, bytes, at);
		assert_false(any_verified);
	}
}

static void hostile_messages_are_never_read_past_their_end(void **)
{
	uint8_t bytes[256];
	hostile_bytes(parse_everything, bytes, load("response-ipv6", bytes, sizeof(bytes)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_sample_request_is_understood),
	        cmocka_unit_test(the_sample_responses_are_understood),
	        cmocka_unit_test(a_built_request_reads_back),
	        cmocka_unit_test(a_built_success_reads_back_for_both_families),
	        cmocka_unit_test(errors_carry_code_integrity_and_unknown_attributes),
	        cmocka_unit_test(no_old_byte_of_the_buffer_is_sent),
	        cmocka_unit_test(builders_refuse_every_buffer_that_is_too_small),
	        cmocka_unit_test(answers_are_not_longer_than_the_smallest_authentic_request),
	        cmocka_unit_test(attributes_of_wrong_size_are_refused),
	        cmocka_unit_test(usernames_are_bounded),
	        cmocka_unit_test(unknown_attributes_that_must_be_understood_are_reported),
	        cmocka_unit_test(the_first_of_repeated_attributes_counts),
	        cmocka_unit_test(attributes_behind_the_integrity_are_ignored),
	        cmocka_unit_test(nothing_may_follow_the_fingerprint),
	        cmocka_unit_test(no_changed_byte_verifies),
	        cmocka_unit_test(hostile_messages_are_never_read_past_their_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
