#include "test.h"

#include "account/attribute.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

static struct attributes set(enum attribute a, const char *value)
{
	struct attributes s = {0};
	attributes_set(&s, a, value);
	return s;
}

static void names_are_case_sensitive(void **)
{
	for (int i = 0; i < ATTRIBUTE_COUNT; i++)
		assert_int_equal(attribute_find(attribute_name((enum attribute)i)), i);
	assert_int_equal(attribute_find("peerID"), ATTRIBUTE_PEER_ID);
	assert_int_equal(attribute_find("peerid"), ATTRIBUTE_NONE);
	assert_int_equal(attribute_find("itIsParticipant"), ATTRIBUTE_NONE);
	assert_int_equal(attribute_find("token"), ATTRIBUTE_NONE);
	assert_int_equal(attribute_find(""), ATTRIBUTE_NONE);
}

// proves U03, U12, U18, U24, G04
static void what_only_a_token_may_set_is_known(void **)
{
	for (int i = 0; i < ATTRIBUTE_COUNT; i++)
		assert_int_equal(
		        attribute_is_jwt_only((enum attribute)i),
		        i == ATTRIBUTE_AUTO_RECORD || i == ATTRIBUTE_CAN_RECORD ||
		                i == ATTRIBUTE_ROLE || i == ATTRIBUTE_WAITING_ROOM ||
		                i == ATTRIBUTE_START_TIME || i == ATTRIBUTE_MAX_BROADCASTERS ||
		                i == ATTRIBUTE_MAX_WATCHERS
		);
}

static void values_are_good_or_ignored(void **)
{
	static char url_max[ATTRIBUTE_URL_MAX + 2], name_65[66], peer_129[130], token_max[2050];
	static const struct {
		enum attribute a;
		const char *value;
		bool good;
	} rows[] = {
	        {ATTRIBUTE_CAN_RECORD, "true", true},
	        {ATTRIBUTE_CAN_RECORD, "0", true},
	        {ATTRIBUTE_CAN_RECORD, "True", false},
	        {ATTRIBUTE_CAN_RECORD, "yes", false},
	        {ATTRIBUTE_ITISPARTICIPANT, "1", true},
	        {ATTRIBUTE_ITISPARTICIPANT, "2", false},
	        {ATTRIBUTE_WAITING_ROOM, "false", true},
	        {ATTRIBUTE_WAITING_ROOM, " true", false},
	        {ATTRIBUTE_ROLE, "moderator", true},
	        {ATTRIBUTE_ROLE, "Moderator", true},
	        {ATTRIBUTE_ROLE, "admin", false},
	        {ATTRIBUTE_DISPLAY_NAME, " John Snow ", true},
	        {ATTRIBUTE_DISPLAY_NAME, "Джон", true},
	        {ATTRIBUTE_DISPLAY_NAME, "   ", false},
	        {ATTRIBUTE_DISPLAY_NAME, "a\nb", false},
	        {ATTRIBUTE_DISPLAY_NAME, "\xff", false},
	        {ATTRIBUTE_DISPLAY_NAME, name_65, false},
	        {ATTRIBUTE_PEER_ID, "user@example.com", true},
	        {ATTRIBUTE_PEER_ID, "a\tb", false},
	        {ATTRIBUTE_PEER_ID, peer_129, false},
	        {ATTRIBUTE_ROOM_ID, "serv0test-room_1", true},
	        {ATTRIBUTE_ROOM_ID, "a/b", false},
	        {ATTRIBUTE_ROOM_ID, name_65, false},
	        {ATTRIBUTE_TOKEN_LIFETIME, "60000", true},
	        {ATTRIBUTE_TOKEN_LIFETIME, "0", false},
	        {ATTRIBUTE_TOKEN_LIFETIME, "-1", false},
	        {ATTRIBUTE_TOKEN_LIFETIME, "+1", false},
	        {ATTRIBUTE_TOKEN_LIFETIME, "1e3", false},
	        {ATTRIBUTE_TOKEN_LIFETIME, "99999999999999999999999", false},
	        {ATTRIBUTE_START_TIME, "2021-06-21T00:00:00.0Z ", true},
	        {ATTRIBUTE_START_TIME, "tomorrow", false},
	        {ATTRIBUTE_ACCESS_TOKEN, "802380f4-dd70-4d60-9738-fb5ae8709ae7", true},
	        {ATTRIBUTE_ACCESS_TOKEN, "a\r\nb", false},
	        {ATTRIBUTE_ACCESS_TOKEN, token_max, false},
	        {ATTRIBUTE_VIDEO, "https://www.youtube.com/embed/XBPj?start=1#t", true},
	        {ATTRIBUTE_VIDEO, "HTTPS://[2001:db8::1]:8443/", true},
	        {ATTRIBUTE_VIDEO, "http://www.youtube.com/", false},
	        {ATTRIBUTE_VIDEO, "javascript:alert(1)", false},
	        {ATTRIBUTE_VIDEO, "https://", false},
	        {ATTRIBUTE_VIDEO, "https:///path", false},
	        {ATTRIBUTE_VIDEO, "https://user:pass@a.example/", false},
	        {ATTRIBUTE_VIDEO, "https://a.example:0/", false},
	        {ATTRIBUTE_VIDEO, "https://a.example:65536/", false},
	        {ATTRIBUTE_VIDEO, "https://a.example:/", false},
	        {ATTRIBUTE_VIDEO, "https://[::1/", false},
	        {ATTRIBUTE_VIDEO, "https://a.example/a b", false},
	        {ATTRIBUTE_VIDEO, "https://a.example/\"onload=", false},
	        {ATTRIBUTE_VIDEO, "https://a.example\\@b.example/", false},
	        {ATTRIBUTE_VIDEO, url_max, false},
	        {ATTRIBUTE_ACCESS_URL, "https://a.example/auth?x=1", true},
	        {ATTRIBUTE_API_EVENT, "https://a.example/hook/", true},
	        {ATTRIBUTE_API_EVENT, "https://a.example/hook?x=1", false},
	        {ATTRIBUTE_API_EVENT, "https://a.example/hook#x", false},
	        {ATTRIBUTE_AUTH_EVENT, "Basic Z2NvcmU6eA==", true},
	        {ATTRIBUTE_AUTH_EVENT, "Basic a\r\nX-Evil: 1", false},
	        {ATTRIBUTE_AUTHORIZATION_ACCESS, "Bearer a\nb", false},
	        {ATTRIBUTE_AUTHORIZATION_ACCESS, "Bearer \xc3\xa9", false},
	};
	memset(name_65, 'a', 65);
	memset(peer_129, 'a', 129);
	memset(token_max, 'a', 2049);
	memset(url_max, 'a', ATTRIBUTE_URL_MAX + 1);
	memcpy(url_max, "https://", 8);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct attributes s = set(rows[i].a, rows[i].value);
		assert_int_equal(attributes_have(&s, rows[i].a), rows[i].good);
		assert_int_equal(s.ignored, rows[i].good ? 0 : 1u << rows[i].a);
	}
}

static void values_arrive_in_their_fields(void **)
{
	assert_string_equal(set(ATTRIBUTE_DISPLAY_NAME, " John Snow ").display_name, "John Snow");
	assert_string_equal(set(ATTRIBUTE_PEER_ID, "5").peer_id, "5");
	assert_true(set(ATTRIBUTE_ROLE, "moderator").moderator);
	assert_false(set(ATTRIBUTE_WAITING_ROOM, "0").waiting_room);
	assert_int_equal(set(ATTRIBUTE_TOKEN_LIFETIME, "60000").token_lifetime_ms, 60000);
	assert_string_equal(
	        set(ATTRIBUTE_API_EVENT, "https://a.example/h//").api_event, "https://a.example/h"
	);
}

// proves U24
static void start_times_are_seconds_milliseconds_or_iso_8601(void **)
{
	static const char *const same[] = {"1624233600", "1624233600000", "2021-06-21"};
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(set(ATTRIBUTE_START_TIME, same[i]).start_time_ms, 1624233600000);
}

static void an_empty_value_is_none(void **)
{
	for (int i = 0; i < ATTRIBUTE_COUNT; i++) {
		struct attributes s = set((enum attribute)i, "");
		assert_int_equal(s.present | s.ignored, 0);
	}
}

// proves S03
static void claims_have_types(void **)
{
	static const struct {
		enum attribute a;
		const char *json;
		bool good;
	} rows[] = {
	        {ATTRIBUTE_CAN_RECORD, "true", true},
	        {ATTRIBUTE_CAN_RECORD, "1", true},
	        {ATTRIBUTE_CAN_RECORD, "\"true\"", true},
	        {ATTRIBUTE_CAN_RECORD, "2", false},
	        {ATTRIBUTE_CAN_RECORD, "1.5", false},
	        {ATTRIBUTE_CAN_RECORD, "[true]", false},
	        {ATTRIBUTE_CAN_RECORD, "{}", false},
	        {ATTRIBUTE_ROLE, "\"moderator\"", true},
	        {ATTRIBUTE_ROLE, "[\"moderator\"]", false},
	        {ATTRIBUTE_ROLE, "true", false},
	        {ATTRIBUTE_PEER_ID, "5", true},
	        {ATTRIBUTE_PEER_ID, "-5", false},
	        {ATTRIBUTE_PEER_ID, "1e99", false},
	        {ATTRIBUTE_PEER_ID, "true", false},
	        {ATTRIBUTE_DISPLAY_NAME, "5", false},
	        {ATTRIBUTE_TOKEN_LIFETIME, "60000", true},
	        {ATTRIBUTE_TOKEN_LIFETIME, "\"60000\"", true},
	        {ATTRIBUTE_TOKEN_LIFETIME, "true", false},
	        {ATTRIBUTE_START_TIME, "1624233600", true},
	        {ATTRIBUTE_ROOM_ID, "7", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct attributes s = {0};
		struct json *j = json_parse(rows[i].json, strlen(rows[i].json));
		assert_non_null(j);
		attributes_set_json(&s, rows[i].a, j);
		json_free(j);
		assert_int_equal(attributes_have(&s, rows[i].a), rows[i].good);
		assert_int_equal(s.ignored, rows[i].good ? 0 : 1u << rows[i].a);
	}
}

static void claims_win_over_the_url(void **)
{
	struct attributes url = {0}, claims = {0};
	attributes_set(&url, ATTRIBUTE_PEER_ID, "of-the-url");
	attributes_set(&url, ATTRIBUTE_DISPLAY_NAME, "Eve");
	attributes_set(&url, ATTRIBUTE_ITISPARTICIPANT, "maybe");
	attributes_set(&url, ATTRIBUTE_ROOM_ID, "room");
	attributes_set(&claims, ATTRIBUTE_PEER_ID, "of-the-token");
	attributes_set(&claims, ATTRIBUTE_ROLE, "moderator");
	attributes_set(&claims, ATTRIBUTE_DISPLAY_NAME, "a\nb");
	attributes_override(&url, &claims);
	assert_string_equal(url.peer_id, "of-the-token");
	assert_string_equal(url.room_id, "room");
	assert_true(url.moderator);
	// The token tried to fix the name and failed, so nobody else may choose it.
	assert_false(attributes_have(&url, ATTRIBUTE_DISPLAY_NAME));
	assert_string_equal(url.display_name, "");
	assert_int_equal(
	        url.ignored, 1u << ATTRIBUTE_DISPLAY_NAME | 1u << ATTRIBUTE_ITISPARTICIPANT
	);
}

static void what_is_ignored_is_gone(void **)
{
	struct attributes s = set(ATTRIBUTE_ROLE, "moderator");
	attributes_ignore(&s, ATTRIBUTE_ROLE);
	assert_false(s.moderator || attributes_have(&s, ATTRIBUTE_ROLE));
	assert_int_equal(s.ignored, 1u << ATTRIBUTE_ROLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names_are_case_sensitive),
	        cmocka_unit_test(what_only_a_token_may_set_is_known),
	        cmocka_unit_test(values_are_good_or_ignored),
	        cmocka_unit_test(values_arrive_in_their_fields),
	        cmocka_unit_test(start_times_are_seconds_milliseconds_or_iso_8601),
	        cmocka_unit_test(an_empty_value_is_none),
	        cmocka_unit_test(claims_have_types),
	        cmocka_unit_test(claims_win_over_the_url),
	        cmocka_unit_test(what_is_ignored_is_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
