// A page's connection on a WebSocket that records what is sent.
#include "test.h"

#include "base/json.h"
#include "base/loop.h"
#include "http/http.h"
#include "http/websocket.h"
#include "protoo/connection.h"

#include <errno.h>
#include <stdio.h>

#define SAID_MAX 256
#define HEAD     "{\"request\":true,\"method\":\"many\",\"data\":{\"list\":["

static struct loop *loop;
static struct connections *all;
static char *said[SAID_MAX];
static int said_count, sockets_closed, ended;
static uint32_t charged;
static uint16_t close_code;
static const struct websocket_events *websocket_events;

struct websocket *__wrap_websocket_create(
        struct loop *l, struct http_socket *socket, const void *extra, size_t extra_len,
        const struct websocket_events *events, void *owner
);
void __wrap_websocket_send(struct websocket *, const char *text, size_t len);
void __wrap_websocket_charge(struct websocket *, uint32_t frames);
void __wrap_websocket_close(struct websocket *, uint16_t code, const char *reason);
void __wrap_http_socket_close(struct http_socket *);

struct websocket *__wrap_websocket_create(
        struct loop *, struct http_socket *, const void *, size_t,
        const struct websocket_events *events, void *owner
)
{
	websocket_events = events;
	return owner; // never dereferenced
}

void __wrap_websocket_send(struct websocket *, const char *text, size_t len)
{
	assert_true(said_count < SAID_MAX);
	said[said_count] = malloc(len + 1);
	memcpy(said[said_count], text, len);
	said[said_count++][len] = '\0';
}

void __wrap_websocket_charge(struct websocket *, uint32_t frames)
{
	charged += frames;
}

void __wrap_websocket_close(struct websocket *, uint16_t code, const char *)
{
	close_code = code;
}

void __wrap_http_socket_close(struct http_socket *)
{
	sockets_closed++;
}

static bool lost_left;

static void on_lost(struct connection *, bool left, uint64_t)
{
	lost_left = left;
}

static void on_ending(struct connection *)
{
	ended++;
}

static const struct connection_events events = {.lost = on_lost, .ending = on_ending};

static int setup(void **)
{
	loop = loop_create();
	all = connections_create(loop, 2, &events, &said_count);
	said_count = sockets_closed = ended = 0;
	charged = 0;
	close_code = 0;
	return loop ? 0 : -1;
}

static int teardown(void **)
{
	connections_close(all, WEBSOCKET_NORMAL, "");
	connections_destroy(all);
	loop_destroy(loop);
	while (said_count > 0)
		free(said[--said_count]);
	return 0;
}

static struct connection *open_from(const char *client)
{
	return connection_open(all, client, NULL, NULL, 0);
}

static void list_add(struct connection *c, const char *element, uint32_t *id)
{
	size_t len = strlen(element);

	memcpy(connection_list_room(c, HEAD, len, id), element, len);
	connection_list_added(c, len);
}

static void a_list_goes_out_at_the_end_of_the_turn(void **)
{
	struct connection *c = open_from("::1");
	uint32_t first, second;

	list_add(c, "1", &first);
	list_add(c, "2", &second);
	assert_int_equal(first, second);
	assert_int_equal(said_count, 0);
	loop_turn(loop, 0);
	assert_int_equal(said_count, 1);
	assert_string_equal(said[0], HEAD "1,2]},\"id\":1}");
	list_add(c, "3", &second);
	assert_int_equal(second, first + 1);
}

static void messages_of_the_turn_follow_the_list(void **)
{
	struct connection *c = open_from("::1");
	uint32_t id;

	list_add(c, "1", &id);
	connection_notify(c, "after", NULL);
	assert_int_equal(said_count, 2);
	assert_string_equal(said[0], HEAD "1]},\"id\":1}");
	assert_string_equal(said[1], "{\"notification\":true,\"method\":\"after\",\"data\":{}}");
	loop_turn(loop, 0);
	assert_int_equal(said_count, 2);
}

static void a_long_list_goes_on_in_another_request(void **)
{
	struct connection *c = open_from("::1");
	char element[1000];
	uint32_t id = 0;

	memset(element, '1', sizeof(element) - 1);
	element[sizeof(element) - 1] = '\0';
	for (int i = 0; i < 200; i++)
		list_add(c, element, &id);
	loop_turn(loop, 0);
	assert_int_equal(said_count, 2);
	assert_int_equal(id, 2);
	for (int i = 0; i < said_count; i++) {
		struct json *j = json_parse(said[i], strlen(said[i]));
		assert_non_null(json_array(json_object(j, "data"), "list"));
		assert_true(strlen(said[i]) <= 131072);
		json_free(j);
	}
}

static void a_list_ends_with_its_connection(void **)
{
	uint32_t id;

	struct connection *c = open_from("::1");
	list_add(c, "1", &id);
	connection_close(c, WEBSOCKET_NORMAL, "");
	loop_turn(loop, 0);
	assert_int_equal(said_count, 0);
	assert_int_equal(ended, 1);
}

static void requests_are_numbered(void **)
{
	struct connection *c = open_from("::1");

	assert_int_equal(connection_request(c, "a", NULL), 1);
	assert_int_equal(connection_request(c, "b", NULL), 2);
	assert_string_equal(said[1], "{\"request\":true,\"method\":\"b\",\"data\":{},\"id\":2}");
}

static void accepted_requests_that_others_hear_of_have_a_price(void **)
{
	struct connection *c = open_from("::1");

	connection_accept(c, 1, NULL);
	assert_int_equal(charged, 0);
	c->told = true;
	connection_reject(c, 2, 400, "bad");
	connection_accept(c, 3, NULL);
	assert_int_equal(charged, 0);
	c->told = true;
	connection_accept(c, 4, NULL);
	assert_int_equal(charged, CONNECTION_PRICE);
	assert_string_equal(said[3], "{\"response\":true,\"id\":4,\"ok\":true,\"data\":{}}");
}

static void a_notification_gets_no_answer(void **)
{
	struct connection *c = open_from("::1");

	connection_accept(c, -1, json_new_object());
	connection_reject(c, -1, 400, "bad");
	connection_reject_errno(c, -1, -ENOENT);
	assert_int_equal(said_count, 0);
}

static void an_address_has_its_share(void **)
{
	assert_non_null(open_from("::1"));
	assert_true(connections_allow(all, "::1"));
	struct connection *second = open_from("::1");
	assert_false(connections_allow(all, "::1"));
	assert_null(open_from("::1"));
	assert_int_equal(sockets_closed, 1);
	assert_non_null(open_from("::2"));
	connection_close(second, WEBSOCKET_NORMAL, "");
	assert_non_null(open_from("::1"));
}

static void a_number_is_never_used_again(void **)
{
	struct connection *c = open_from("::1");
	uint64_t number = c->number;

	assert_ptr_equal(connections_find(all, number), c);
	connection_close(c, WEBSOCKET_NORMAL, "");
	assert_null(connections_find(all, number));
	assert_null(connections_find(all, 0));
	for (int i = 0; i < CONNECTION_MAX; i++) {
		c = open_from("::1");
		assert_true(c->number > number);
		connection_close(c, WEBSOCKET_NORMAL, "");
	}
	assert_null(connections_find(all, number));
}

static void a_kick_says_why_and_ends_for_good(void **)
{
	struct connection *c = open_from("::1");

	connection_kick(c, &(struct refused){.refusal = REFUSAL_LOCKED, .detail = "later"});
	assert_int_equal(close_code, WEBSOCKET_KICKED);
	assert_int_equal(ended, 1);
	struct json *j = json_parse(said[0], strlen(said[0]));
	const struct json *data = json_object(j, "data");
	assert_string_equal(json_string(j, "method", 32), "sessionClosed");
	assert_string_equal(json_string(data, "reason", 32), "locked");
	assert_string_equal(json_string(data, "detail", 32), "later");
	assert_false(json_has(data, "startTime"));
	json_free(j);
}

// What a page's close code means; 1005 is a close() without one.
static void a_page_leaves_or_is_lost(void **)
{
	static const struct {
		uint16_t code;
		bool left;
	} rows[] = {
	        {WEBSOCKET_NORMAL, true},
	        {WEBSOCKET_GOING_AWAY, true},
	        {1005, true},
	        {WEBSOCKET_KICKED, true},
	        {WEBSOCKET_ABNORMAL, false},
	        {WEBSOCKET_TOO_BIG, false},
	        {WEBSOCKET_RESTART, false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		websocket_events->closed(open_from("::1"), rows[i].code, 0);
		assert_int_equal(lost_left, rows[i].left);
		assert_int_equal(ended, i + 1);
	}
	assert_int_equal(close_code, 0); // it had been closed already
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	        TEST(a_list_goes_out_at_the_end_of_the_turn),
	        TEST(messages_of_the_turn_follow_the_list),
	        TEST(a_long_list_goes_on_in_another_request),
	        TEST(a_list_ends_with_its_connection),
	        TEST(requests_are_numbered),
	        TEST(accepted_requests_that_others_hear_of_have_a_price),
	        TEST(a_notification_gets_no_answer),
	        TEST(an_address_has_its_share),
	        TEST(a_number_is_never_used_again),
	        TEST(a_kick_says_why_and_ends_for_good),
	        TEST(a_page_leaves_or_is_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
