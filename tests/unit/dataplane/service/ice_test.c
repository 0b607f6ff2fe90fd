#include "service/ice.h"

#include "wire/stun.h"

#include "am_reader.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000000000ull

static const char ufrag[AM_UFRAG_LEN + 1] = "0000002aABCDefgh";
static const char pwd[AM_PWD_LEN + 1] = "passwordpasswordpassword";
static const char new_ufrag[AM_UFRAG_LEN + 1] = "0000002aIJKLmnop";
static const char new_pwd[AM_PWD_LEN + 1] = "PASSWORDpasswordPASSWORD";
static const uint8_t transaction[STUN_TRANSACTION_LEN] = "transaction!";

// What the next check carries; reset by setup.
static struct stun_request request;
static struct ice ice;
static uint64_t now_ns;
static uint8_t response[ICE_RESPONSE_LEN_MAX];
static struct ice_outcome outcome;

static struct ice_tuple tuple(uint8_t host, uint16_t port)
{
	return (struct ice_tuple){.ip = {198, 51, 100, host}, .port = port, .family = 4};
}

static void set_username(const char *text)
{
	request.username = text;
	request.username_len = strlen(text);
}

static void set_credentials(const char *server_ufrag, const char *password)
{
	static char username[64];
	snprintf(username, sizeof(username), "%s:client", server_ufrag);
	set_username(username);
	request.password = password;
	request.password_len = AM_PWD_LEN;
}

static int setup(void **)
{
	ice_init(&ice, ufrag, pwd);
	now_ns = 100 * SECOND;
	request = (struct stun_request){.transaction = transaction, .priority = 1000};
	set_credentials(ufrag, pwd);
	return 0;
}

static size_t build(uint8_t *msg, size_t size)
{
	size_t len = stun_build_request(msg, size, &request);
	assert_true(len > 0);
	return len;
}

// Offer bytes in memory of exactly their length.
static uint32_t offer(const struct ice_tuple *from, const uint8_t *msg, size_t len)
{
	uint8_t *copy = malloc(len + 1);
	memcpy(copy, msg, len);
	memset(response, 0xaa, sizeof(response));
	outcome = ice_handle_request(&ice, from, copy, len, now_ns, response);
	free(copy);
	assert_true((outcome.response_len > 0) == ((outcome.events & ICE_RESPOND) != 0));
	for (size_t i = outcome.response_len; i < sizeof(response); i++)
		assert_int_equal(response[i], 0xaa);
	return outcome.events;
}

static uint32_t check(struct ice_tuple from)
{
	uint8_t msg[STUN_LEN_MAX];
	return offer(&from, msg, build(msg, sizeof(msg)));
}

static void assert_selected(struct ice_tuple t)
{
	assert_non_null(ice_selected(&ice));
	assert_memory_equal(ice_selected(&ice), &t, sizeof(t));
}

// Whether a valid check has come from there.
static bool is_validated(const struct ice_tuple *from)
{
	for (uint8_t i = 0; i < ice.path_count; i++) {
		if (memcmp(&ice.paths[i].tuple, from, sizeof(*from)) == 0)
			return true;
	}
	return false;
}

// Asserts that there is no answer and no change of state.
static void assert_ignored(const struct ice_tuple *from, const uint8_t *msg, size_t len)
{
	struct ice before = ice;
	assert_int_equal(offer(from, msg, len), 0);
	assert_memory_equal(&ice, &before, sizeof(ice));
}

static void the_first_valid_check_connects(void **)
{
	struct ice_tuple from = tuple(1, 5000);
	assert_int_equal(ice.state, AM_ICE_NEW);
	assert_null(ice_selected(&ice));
	assert_false(is_validated(&from));
	assert_int_equal(
	        check(from), ICE_RESPOND | ICE_CHECKED | ICE_CONNECTED | ICE_ADDED | ICE_SELECTED
	);
	assert_int_equal(ice.state, AM_ICE_CONNECTED);
	assert_int_equal(ice.checked_ns, now_ns);
	assert_selected(from);
	assert_true(is_validated(&from));
	assert_int_equal(check(from), ICE_RESPOND | ICE_CHECKED);

	// Tuples differ if any part of them differs.
	struct ice_tuple other = from;
	other.port++;
	assert_false(is_validated(&other));
	other = from;
	other.local = 1;
	assert_false(is_validated(&other));
	other = from;
	other.family = 6;
	assert_false(is_validated(&other));
}

static void the_answer_tells_the_mapped_address(void **)
{
	struct ice_tuple from[] = {
	        tuple(1, 5000),
	        {.family = 6, .port = 65535, .ip = {0x20, 1, 0xd, 0xb8, [15] = 9}},
	};
	for (int i = 0; i < 2; i++) {
		struct stun_message m;
		check(from[i]);
		assert_int_equal(stun_parse(response, outcome.response_len, &m), 0);
		assert_int_equal(m.type, STUN_BINDING_SUCCESS);
		assert_memory_equal(m.transaction, transaction, sizeof(transaction));
		assert_int_equal(m.mapped.port, from[i].port);
		assert_int_equal(m.mapped.ip_len, from[i].family == 4 ? 4 : 16);
		assert_memory_equal(m.mapped.ip, from[i].ip, m.mapped.ip_len);
		assert_true(m.has_fingerprint);
		assert_true(stun_verify(response, outcome.response_len, &m, pwd, AM_PWD_LEN));
	}
}

// proves A03
static void strangers_meet_silence(void **)
{
	static const char *const usernames[] = {
	        "0000002aABCDefgi:client", // last character
	        "0000002bABCDefgh:client",
	        "0000002aABCDefg:client", // shorter
	        "0000002aABCDefghi:client", // longer
	        "0000002aABCDefgh", // no colon
	        ":0000002aABCDefgh",
	        "client:0000002aABCDefgh",
	        "0000002aabcdefgh:client", // case
	        "",
	};
	struct ice_tuple victim = tuple(1, 5000), stranger = tuple(66, 6666);
	uint8_t msg[STUN_LEN_MAX];
	for (int connected = 0; connected < 2; connected++) {
		for (size_t i = 0; i < sizeof(usernames) / sizeof(usernames[0]); i++) {
			set_username(usernames[i]);
			size_t len = build(msg, sizeof(msg));
			assert_ignored(&stranger, msg, len);
			assert_ignored(&victim, msg, len);
		}
		set_credentials(ufrag, new_pwd); // wrong MESSAGE-INTEGRITY
		request.use_candidate = true;
		assert_ignored(&stranger, msg, build(msg, sizeof(msg)));
		request.controlled = true; // a stranger gets no error response either
		assert_ignored(&stranger, msg, build(msg, sizeof(msg)));
		request.controlled = request.use_candidate = false;
		set_credentials(ufrag, pwd);
		check(victim);
	}
}

// proves A02
static void long_usernames_meet_silence(void **)
{
	static const size_t lens[] = {508, 512, 513, 600, 1400, 2000, 16000, 65535 - 40};
	static char username[65536];
	static uint8_t msg[70000];
	struct ice_tuple from = tuple(1, 5000);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		// Built by hand, since a builder may refuse it. Requests that do fit are built
		// correctly: without integrity they would be ignored anyway.
		memset(username, 'x', sizeof(username));
		memcpy(username, ufrag, AM_UFRAG_LEN);
		username[AM_UFRAG_LEN] = ':';
		request.username = username;
		request.username_len = lens[i];
		size_t len = stun_build_request(msg, sizeof(msg), &request);
		if (len > 0 && lens[i] <= STUN_USERNAME_LEN_MAX) {
			assert_true(offer(&from, msg, len) & ICE_CHECKED);
			continue;
		}
		memset(msg, 'x', sizeof(msg));
		memcpy(msg, (uint8_t[]){0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, 8);
		len = 20 + 4 + (lens[i] + 3) / 4 * 4;
		msg[2] = (uint8_t)((len - 20) >> 8);
		msg[3] = (uint8_t)(len - 20);
		msg[20] = 0;
		msg[21] = 6;
		msg[22] = (uint8_t)(lens[i] >> 8);
		msg[23] = (uint8_t)lens[i];
		memcpy(msg + 24, username, AM_UFRAG_LEN + 1);
		assert_ignored(&from, msg, len);
	}
}

// proves A02
static void damaged_checks_meet_silence(void **)
{
	uint8_t msg[STUN_LEN_MAX], bad[STUN_LEN_MAX];
	struct ice_tuple from = tuple(1, 5000);
	size_t len = build(msg, sizeof(msg));
	for (size_t n = 0; n < len; n++)
		assert_ignored(&from, msg, n);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		memcpy(bad, msg, len);
		bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_ignored(&from, bad, len);
	}
	memcpy(bad, msg, len);
	memset(bad + len, 0, 4);
	assert_ignored(&from, bad, len + 4); // an attribute after FINGERPRINT

	// Without FINGERPRINT (the last 8 bytes). MESSAGE-INTEGRITY would be correct.
	memcpy(bad, msg, len);
	bad[2] = (uint8_t)((len - 28) >> 8);
	bad[3] = (uint8_t)(len - 28);
	assert_ignored(&from, bad, len - 8);
	// Without MESSAGE-INTEGRITY either.
	bad[2] = (uint8_t)((len - 52) >> 8);
	bad[3] = (uint8_t)(len - 52);
	assert_ignored(&from, bad, len - 32);
	assert_true(offer(&from, msg, len) & ICE_CHECKED);
}

// A message that no builder makes: USERNAME, another attribute of 4 bytes (0: none), correct
// MESSAGE-INTEGRITY and FINGERPRINT (RFC 8489 14.5 and 14.7).
static size_t build_raw(uint8_t *msg, uint16_t type, uint16_t attribute)
{
	size_t len = 20;
	memset(msg, 0, STUN_LEN_MAX);
	am_put_u16(msg, type);
	am_put_u32(msg + 4, STUN_COOKIE);
	memcpy(msg + 8, transaction, sizeof(transaction));
	am_put_u32(msg + len, 0x0006 << 16 | (AM_UFRAG_LEN + 4));
	memcpy(msg + len + 4, ufrag, AM_UFRAG_LEN);
	memcpy(msg + len + 4 + AM_UFRAG_LEN, ":abc", 4);
	len += 8 + AM_UFRAG_LEN;
	if (attribute != 0) {
		am_put_u32(msg + len, (uint32_t)attribute << 16 | 4);
		len += 8;
	}

	unsigned int digest_len = 20;
	am_put_u16(msg + 2, (uint16_t)(len + 24 - 20));
	am_put_u32(msg + len, 0x0008 << 16 | 20);
	HMAC(EVP_sha1(), pwd, AM_PWD_LEN, msg, len, msg + len + 4, &digest_len);
	len += 24;

	uint32_t crc = UINT32_MAX;
	am_put_u16(msg + 2, (uint16_t)(len + 8 - 20));
	for (size_t bit = 0; bit < 8 * len; bit++) {
		crc ^= msg[bit / 8] >> bit % 8 & 1;
		crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	am_put_u32(msg + len, 0x8028u << 16 | 4);
	am_put_u32(msg + len + 4, ~crc ^ 0x5354554e);
	return len + 8;
}

static void unknown_attributes_are_told(void **)
{
	struct ice_tuple from = tuple(1, 5000);
	uint8_t msg[STUN_LEN_MAX];
	struct stun_message m;
	assert_int_equal(
	        offer(&from, msg, build_raw(msg, STUN_BINDING_REQUEST, 0x7ffe)), ICE_RESPOND
	);
	assert_int_equal(stun_parse(response, outcome.response_len, &m), 0);
	assert_int_equal(m.type, STUN_BINDING_ERROR);
	assert_int_equal(m.error_code, STUN_UNKNOWN_ATTRIBUTE);
	assert_true(stun_verify(response, outcome.response_len, &m, pwd, AM_PWD_LEN));
	assert_int_equal(ice.path_count, 0);

	// Optional attributes are ignored.
	assert_true(offer(&from, msg, build_raw(msg, STUN_BINDING_REQUEST, 0xc057)) & ICE_CHECKED);
}

static void a_check_without_priority_is_no_rebinding(void **)
{
	struct ice_tuple a = tuple(1, 1), b = tuple(1, 2);
	uint8_t msg[STUN_LEN_MAX];
	size_t len = build_raw(msg, STUN_BINDING_REQUEST, 0);
	assert_true(offer(&a, msg, len) & ICE_SELECTED);
	assert_int_equal(offer(&b, msg, len), ICE_RESPOND | ICE_CHECKED | ICE_ADDED);
}

static void only_requests_are_answered(void **)
{
	struct ice_tuple from = tuple(1, 5000);
	uint8_t msg[STUN_LEN_MAX];
	static const uint16_t types[] = {STUN_BINDING_INDICATION,
	                                 STUN_BINDING_SUCCESS,
	                                 STUN_BINDING_ERROR,
	                                 0x0003,
	                                 0x0004,
	                                 0x3eef};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		assert_ignored(&from, msg, build_raw(msg, types[i], 0));
	struct stun_address mapped = {.port = 1, .ip_len = 4};
	size_t len = stun_build_success(msg, sizeof(msg), transaction, &mapped, pwd, AM_PWD_LEN);
	assert_ignored(&from, msg, len);
	struct stun_message m;
	len = build(msg, sizeof(msg));
	assert_int_equal(stun_parse(msg, len, &m), 0);
	uint8_t error[STUN_LEN_MAX];
	len = stun_build_error(error, sizeof(error), &m, STUN_ROLE_CONFLICT, pwd, AM_PWD_LEN);
	assert_ignored(&from, error, len);
}

static void a_controlled_client_is_told_of_the_conflict(void **)
{
	struct stun_message m;
	request.controlled = true;
	request.use_candidate = true;
	assert_int_equal(check(tuple(1, 5000)), ICE_RESPOND);
	assert_int_equal(stun_parse(response, outcome.response_len, &m), 0);
	assert_int_equal(m.type, STUN_BINDING_ERROR);
	assert_int_equal(m.error_code, STUN_ROLE_CONFLICT);
	assert_true(stun_verify(response, outcome.response_len, &m, pwd, AM_PWD_LEN));
	assert_int_equal(ice.state, AM_ICE_NEW);
	assert_int_equal(ice.path_count, 0);
}

static void nomination_moves_the_selection(void **)
{
	struct ice_tuple a = tuple(1, 1), b = tuple(2, 2);
	check(a);
	now_ns += SECOND;
	request.priority = 999;
	assert_int_equal(check(b), ICE_RESPOND | ICE_CHECKED | ICE_ADDED); // valid, not selected
	assert_selected(a);

	request.use_candidate = true;
	assert_int_equal(check(b), ICE_RESPOND | ICE_CHECKED | ICE_SELECTED);
	assert_selected(b);
	assert_int_equal(check(b), ICE_RESPOND | ICE_CHECKED); // b is already selected
	assert_true(check(a) & ICE_SELECTED);

	request.use_candidate = false;
	assert_false(check(b) & ICE_SELECTED);
}

static void the_higher_nomination_wins(void **)
{
	static const struct {
		uint8_t host;
		uint32_t value;
		bool use_candidate;
		uint8_t selected;
	} rows[] = {
	        {1, 5, false, 1},          {2, 5, false, 1}, // equal
	        {2, 4, true, 1}, // lower, and USE-CANDIDATE does not help
	        {2, 6, false, 2},          {1, 6, false, 2}, {1, 0x80000000, false, 1}, // unsigned
	        {2, UINT32_MAX, false, 2}, {1, 0, true, 2}, // does not wrap
	};
	check(tuple(1, 1));
	request.has_nomination = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		request.nomination = rows[i].value;
		request.priority = 1000 + rows[i].host;
		request.use_candidate = rows[i].use_candidate;
		assert_true(check(tuple(rows[i].host, rows[i].host)) & ICE_CHECKED);
		assert_selected(tuple(rows[i].selected, rows[i].selected));
	}
	// Value 0 counts as the first.
	setup(NULL);
	check(tuple(1, 1));
	request = (struct stun_request
	){.transaction = transaction, .has_nomination = true, .priority = 7};
	set_credentials(ufrag, pwd);
	assert_true(check(tuple(2, 2)) & ICE_SELECTED);
}

// proves F14
static void a_rebound_client_is_followed_at_once(void **)
{
	struct ice_tuple a = tuple(1, 1), b = tuple(1, 2);
	check(a);
	now_ns += SECOND;
	assert_int_equal(check(b), ICE_RESPOND | ICE_CHECKED | ICE_ADDED | ICE_SELECTED);
	assert_selected(b);
	// A late check from the old mapping does not turn it back.
	assert_int_equal(check(a), ICE_RESPOND | ICE_CHECKED);
	assert_selected(b);

	// Another socket of the client, another address of ours: not a rebinding.
	struct ice_tuple c = tuple(1, 3);
	request.priority++;
	assert_false(check(c) & ICE_SELECTED);
	request.priority--;
	struct ice_tuple d = tuple(1, 4);
	d.local = 1;
	assert_false(check(d) & ICE_SELECTED);
}

// RFC 9000 8.1 and 9.3: a check from a new address does not yet prove that the client is there.
static void a_new_address_is_selected_once_it_is_proven(void **)
{
	struct ice_tuple a = tuple(1, 1), b = tuple(2, 2), c = tuple(3, 3);
	check(a);
	ice_guard(&ice);
	request.use_candidate = true;
	assert_int_equal(check(b), ICE_RESPOND | ICE_ADDED | ICE_AWAITED);
	assert_selected(a);
	assert_false(ice_prove(&ice, &c, now_ns)); // never seen
	assert_false(ice_prove(&ice, &a, now_ns)); // a is already selected
	assert_selected(a);
	assert_true(ice_prove(&ice, &b, now_ns));
	assert_selected(b);
	assert_false(ice_prove(&ice, &b, now_ns));
	// A proven address is followed at once.
	assert_true(check(a) & ICE_SELECTED);
	assert_true(check(b) & ICE_SELECTED);
}

static void another_port_of_a_proven_address_needs_no_proof(void **)
{
	struct ice_tuple a = tuple(1, 1), b = tuple(1, 2), c = tuple(2, 2), d = tuple(2, 3);
	check(a);
	ice_guard(&ice);
	assert_true(check(b) & ICE_SELECTED); // rebinding
	assert_true(check(c) & ICE_AWAITED);
	assert_true(ice_prove(&ice, &c, now_ns));
	assert_true(check(d) & ICE_SELECTED);
	assert_selected(d);
}

// Each rule of selection must respect this.
static void no_rule_selects_what_is_not_proven(void **)
{
	struct ice_tuple a = tuple(1, 1), b = tuple(2, 2), c = tuple(3, 3);
	check(a);
	ice_guard(&ice);
	assert_true(check(b) & ICE_AWAITED); // NAT rebinding
	request.has_nomination = true;
	request.nomination = 7;
	assert_true(check(c) & ICE_AWAITED);
	request.has_nomination = false;
	request.priority++;
	now_ns += ICE_SILENCE_NS + 1;
	assert_true(check(b) & ICE_AWAITED); // silence
	assert_selected(a);
	assert_selected(a);

	// The selected tuple is nominated again: nothing is pending any more.
	request.has_nomination = true;
	request.nomination = 8;
	check(a);
	assert_false(ice_prove(&ice, &b, now_ns));
	assert_selected(a);

	// After expiry nothing is selected, and a new address still needs its proof.
	request.has_nomination = false;
	ice_expire(&ice);
	struct ice_tuple d = tuple(4, 4);
	assert_int_equal(check(d), ICE_RESPOND | ICE_ADDED | ICE_AWAITED);
	assert_int_equal(ice.state, AM_ICE_EXPIRED); // nothing is sent until a check connects again
	assert_null(ice_selected(&ice));
	assert_true(check(d) & ICE_AWAITED);
	assert_true(check(tuple(1, 9)) & ICE_SELECTED); // a laptop that slept
	assert_false(ice_prove(&ice, &d, now_ns));
}

// An attacker that constantly replays a check keeps nobody from moving.
static void each_awaited_tuple_may_be_proven(void **)
{
	struct ice_tuple victim = tuple(2, 2), b = tuple(3, 3);
	check(tuple(1, 1));
	ice_guard(&ice);
	request.use_candidate = true;
	check(b);
	check(victim);
	assert_true(ice_prove(&ice, &b, now_ns));
	assert_selected(b);
	assert_false(ice_prove(&ice, &victim, now_ns)); // no longer awaited
	assert_selected(b);

	ice_expire(&ice);
	check(victim = tuple(4, 4));
	now_ns += SECOND;
	assert_true(ice_prove(&ice, &victim, now_ns));
	assert_selected(victim);
	assert_int_equal(ice.state, AM_ICE_CONNECTED);
	assert_false(ice_expired(&ice, now_ns + ICE_CONSENT_NS));
}

// A check with a new transaction.
static uint32_t check_fresh(struct ice_tuple from)
{
	static uint8_t next[STUN_TRANSACTION_LEN] = "a fresh one";
	for (int i = 0; i < STUN_TRANSACTION_LEN && ++next[i] == 0; i++)
		;
	request.transaction = next;
	uint32_t events = check(from);
	request.transaction = transaction;
	return events;
}

static void who_sends_only_checks_is_followed_where_the_old_tuple_is_silent(void **)
{
	struct ice_tuple a = tuple(1, 1), b = tuple(2, 2), victim = tuple(3, 3);
	check(a);
	ice_guard(&ice);
	request.use_candidate = true;
	check_fresh(a);
	assert_false(check_fresh(b) & ICE_SELECTED);
	now_ns += ICE_GONE_NS;
	assert_false(check_fresh(b) & ICE_SELECTED);
	now_ns += 1;
	assert_false(check(victim) & ICE_SELECTED); // a replay
	assert_true(check_fresh(b) & ICE_SELECTED);
	assert_selected(b);
	assert_true(check(b) & ICE_AWAITED); // b can still be proven
	assert_false(ice_prove(&ice, &b, now_ns));
	assert_memory_equal(&ice.proven, &b, sizeof(b));

	ice_expire(&ice);
	assert_false(check(victim) & (ICE_SELECTED | ICE_CONNECTED));
	assert_true(check_fresh(victim) & ICE_CONNECTED);
	assert_selected(victim);
}

// Replaying the checks of a client that is gone does not make the server send for longer.
static void replays_keep_no_consent_to_an_unproven_tuple(void **)
{
	struct ice_tuple b = tuple(2, 2);
	check(tuple(1, 1));
	ice_guard(&ice);
	now_ns += ICE_GONE_NS + 1;
	assert_true(check_fresh(b) & ICE_SELECTED);
	for (int i = 0; i <= 30; i++) {
		assert_false(ice_expired(&ice, now_ns));
		now_ns += SECOND;
		assert_int_equal(check(b), ICE_RESPOND | ICE_AWAITED);
	}
	assert_true(ice_expired(&ice, now_ns));
}

static void the_first_check_after_a_restart_is_followed(void **)
{
	struct ice_tuple a = tuple(1, 1), b = tuple(2, 2), victim = tuple(3, 3);
	check(a);
	ice_guard(&ice);
	ice_restart(&ice, new_ufrag, new_pwd);
	request.use_candidate = true;
	assert_false(check(b) & ICE_SELECTED); // the old password
	set_credentials(new_ufrag, new_pwd);
	assert_true(check(b) & ICE_SELECTED);
	assert_selected(b);
	assert_false(check(victim) & ICE_SELECTED);
}

static void what_was_here_before_is_known_for_hours(void **)
{
	enum { CHECKS = 3000 };
	uint32_t fresh = 0;
	uint8_t t[STUN_TRANSACTION_LEN] = "0123456789ab";
	struct ice_tuple b = tuple(2, 2);
	check(tuple(1, 1));
	ice_guard(&ice);
	request.transaction = t;
	for (uint16_t i = 0; i < CHECKS; i++) {
		memcpy(t + 3, &i, sizeof(i));
		fresh += (check(b) & ICE_CHECKED) != 0;
	}
	assert_in_range(fresh, CHECKS * 9 / 10, CHECKS);
	for (uint16_t i = 0; i < CHECKS; i++) {
		memcpy(t + 3, &i, sizeof(i));
		assert_false(check(b) & ICE_CHECKED);
	}
}

static void an_awaited_tuple_that_is_evicted_is_awaited_no_more(void **)
{
	check(tuple(1, 1));
	ice_guard(&ice);
	request.use_candidate = true;
	struct ice_tuple awaited = tuple(2, 2);
	assert_true(check(awaited) & ICE_AWAITED);
	request.use_candidate = false;
	for (uint8_t i = 3; i < 20; i++) {
		now_ns += SECOND / 10;
		request.priority++;
		check(tuple(i, i));
	}
	assert_false(is_validated(&awaited));
	assert_false(ice_prove(&ice, &awaited, now_ns));
	assert_selected(tuple(1, 1));
}

static void a_silent_selection_is_left(void **)
{
	struct ice_tuple a = tuple(1, 1), b = tuple(2, 2);
	check(a);
	request.priority = 999;
	now_ns += ICE_SILENCE_NS;
	assert_false(check(b) & ICE_SELECTED); // not yet
	now_ns += 1;
	assert_true(check(b) & ICE_SELECTED);
	assert_selected(b);
}

static void the_stalest_unselected_tuple_is_evicted(void **)
{
	check(tuple(1, 1)); // selected, and the stalest
	for (uint8_t i = 2; i <= ICE_TUPLE_MAX; i++) {
		now_ns += SECOND / 10;
		request.priority++;
		assert_int_equal(check(tuple(i, i)), ICE_RESPOND | ICE_CHECKED | ICE_ADDED);
	}
	assert_int_equal(check(tuple(2, 2)), ICE_RESPOND | ICE_CHECKED); // 3 is stalest now
	now_ns += SECOND / 10;
	check(tuple(2, 2));
	request.priority++;
	assert_int_equal(check(tuple(9, 9)), ICE_RESPOND | ICE_CHECKED | ICE_ADDED | ICE_EVICTED);
	struct ice_tuple gone = tuple(3, 3), added = tuple(9, 9);
	assert_memory_equal(&outcome.evicted, &gone, sizeof(gone));
	assert_false(is_validated(&gone));
	assert_true(is_validated(&added));
	assert_selected(tuple(1, 1));

	// With many addresses, tuples are bounded, and each eviction is reported.
	uint8_t known = ICE_TUPLE_MAX;
	struct ice_tuple selected = tuple(1, 1);
	for (unsigned i = 0; i < 1000; i++) {
		request.use_candidate = i % 7 == 0;
		request.priority++;
		now_ns += SECOND / 100;
		uint32_t events = check(tuple(100, (uint16_t)(1000 + i)));
		if (request.use_candidate)
			selected = tuple(100, (uint16_t)(1000 + i));
		assert_selected(selected);
		known = (uint8_t)(known + !!(events & ICE_ADDED) - !!(events & ICE_EVICTED));
		assert_int_equal(known, ICE_TUPLE_MAX);
		assert_int_equal(ice.path_count, ICE_TUPLE_MAX);
		assert_true(is_validated(ice_selected(&ice)));
		assert_false(is_validated(&outcome.evicted));
	}
}

static void a_restart_keeps_the_old_until_the_new_is_used(void **)
{
	struct ice_tuple a = tuple(1, 1);
	check(a);
	request.has_nomination = true;
	request.nomination = 9;
	check(a);
	request.has_nomination = false;
	ice_restart(&ice, new_ufrag, new_pwd);
	assert_int_equal(check(a), ICE_RESPOND | ICE_CHECKED); // the old credentials
	struct stun_message m;
	assert_int_equal(stun_parse(response, outcome.response_len, &m), 0);
	assert_true(stun_verify(response, outcome.response_len, &m, pwd, AM_PWD_LEN));

	// A mix of old and new credentials is invalid.
	uint8_t msg[STUN_LEN_MAX];
	set_credentials(new_ufrag, pwd);
	assert_ignored(&a, msg, build(msg, sizeof(msg)));
	set_credentials(ufrag, new_pwd);
	assert_ignored(&a, msg, build(msg, sizeof(msg)));

	set_credentials(new_ufrag, new_pwd);
	assert_int_equal(check(a), ICE_RESPOND | ICE_CHECKED | ICE_RESTARTED);
	assert_int_equal(stun_parse(response, outcome.response_len, &m), 0);
	assert_true(stun_verify(response, outcome.response_len, &m, new_pwd, AM_PWD_LEN));
	assert_selected(a);
	assert_int_equal(check(a), ICE_RESPOND | ICE_CHECKED); // reported only once

	set_credentials(ufrag, pwd); // the old credentials are gone
	assert_ignored(&a, msg, build(msg, sizeof(msg)));
	static const struct ice_credentials zero;
	assert_memory_equal(&ice.previous, &zero, sizeof(zero));

	// Nominations count from the start again.
	set_credentials(new_ufrag, new_pwd);
	request.has_nomination = true;
	request.nomination = 0;
	request.priority = 3;
	assert_true(check(tuple(2, 2)) & ICE_SELECTED);
}

static void a_second_restart_keeps_what_the_client_uses(void **)
{
	static const char third_ufrag[AM_UFRAG_LEN + 1] = "0000002aQRSTuvwx";
	struct ice_tuple a = tuple(1, 1);
	uint8_t msg[STUN_LEN_MAX];
	check(a);
	ice_restart(&ice, new_ufrag, new_pwd);
	ice_restart(&ice, third_ufrag, new_pwd);
	assert_true(check(a) & ICE_CHECKED); // the first ones, still in use
	set_credentials(new_ufrag, new_pwd); // never used, and replaced
	assert_ignored(&a, msg, build(msg, sizeof(msg)));
	set_credentials(third_ufrag, new_pwd);
	assert_true(check(a) & ICE_RESTARTED);
}

static void an_error_answer_finishes_no_restart(void **)
{
	struct ice_tuple a = tuple(1, 1);
	check(a);
	ice_restart(&ice, new_ufrag, new_pwd);
	set_credentials(new_ufrag, new_pwd);
	request.controlled = true;
	assert_int_equal(check(a), ICE_RESPOND);
	assert_true(ice.has_previous);
}

// proves F16
static void consent_expires_after_30_seconds(void **)
{
	struct ice_tuple a = tuple(1, 1);
	assert_false(ice_expired(&ice, now_ns + 100 * SECOND)); // never connected
	check(a);
	assert_false(ice_expired(&ice, now_ns + ICE_CONSENT_NS));
	assert_true(ice_expired(&ice, now_ns + ICE_CONSENT_NS + 1));
	now_ns += 29 * SECOND;
	request.priority++;
	check(tuple(2, 2)); // any valid check is consent
	assert_false(ice_expired(&ice, now_ns + ICE_CONSENT_NS));

	ice_expire(&ice);
	assert_int_equal(ice.state, AM_ICE_EXPIRED);
	assert_int_equal(ice.path_count, 0);
	assert_null(ice_selected(&ice));
	assert_false(is_validated(&a));
	assert_false(ice_expired(&ice, now_ns + 100 * SECOND));
	now_ns += 60 * SECOND;
	assert_int_equal(
	        check(a), ICE_RESPOND | ICE_CHECKED | ICE_CONNECTED | ICE_ADDED | ICE_SELECTED
	);
	assert_selected(a);
}

static void passwords_are_wiped(void **)
{
	static const struct ice zero;
	check(tuple(1, 1));
	ice_restart(&ice, new_ufrag, new_pwd);
	ice_fini(&ice);
	assert_memory_equal(&ice, &zero, sizeof(ice));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(the_first_valid_check_connects, setup),
	        cmocka_unit_test_setup(the_answer_tells_the_mapped_address, setup),
	        cmocka_unit_test_setup(strangers_meet_silence, setup),
	        cmocka_unit_test_setup(long_usernames_meet_silence, setup),
	        cmocka_unit_test_setup(damaged_checks_meet_silence, setup),
	        cmocka_unit_test_setup(unknown_attributes_are_told, setup),
	        cmocka_unit_test_setup(a_check_without_priority_is_no_rebinding, setup),
	        cmocka_unit_test_setup(only_requests_are_answered, setup),
	        cmocka_unit_test_setup(a_controlled_client_is_told_of_the_conflict, setup),
	        cmocka_unit_test_setup(nomination_moves_the_selection, setup),
	        cmocka_unit_test_setup(the_higher_nomination_wins, setup),
	        cmocka_unit_test_setup(a_rebound_client_is_followed_at_once, setup),
	        cmocka_unit_test_setup(a_new_address_is_selected_once_it_is_proven, setup),
	        cmocka_unit_test_setup(another_port_of_a_proven_address_needs_no_proof, setup),
	        cmocka_unit_test_setup(no_rule_selects_what_is_not_proven, setup),
	        cmocka_unit_test_setup(each_awaited_tuple_may_be_proven, setup),
	        cmocka_unit_test_setup(
	                who_sends_only_checks_is_followed_where_the_old_tuple_is_silent, setup
	        ),
	        cmocka_unit_test_setup(replays_keep_no_consent_to_an_unproven_tuple, setup),
	        cmocka_unit_test_setup(the_first_check_after_a_restart_is_followed, setup),
	        cmocka_unit_test_setup(what_was_here_before_is_known_for_hours, setup),
	        cmocka_unit_test_setup(an_awaited_tuple_that_is_evicted_is_awaited_no_more, setup),
	        cmocka_unit_test_setup(a_silent_selection_is_left, setup),
	        cmocka_unit_test_setup(the_stalest_unselected_tuple_is_evicted, setup),
	        cmocka_unit_test_setup(a_restart_keeps_the_old_until_the_new_is_used, setup),
	        cmocka_unit_test_setup(a_second_restart_keeps_what_the_client_uses, setup),
	        cmocka_unit_test_setup(an_error_answer_finishes_no_restart, setup),
	        cmocka_unit_test_setup(consent_expires_after_30_seconds, setup),
	        cmocka_unit_test_setup(passwords_are_wiped, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
