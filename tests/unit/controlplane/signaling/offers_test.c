// Offers that a page has not answered, with a conference that the test simulates.
#include "test.h"

#include "base/json.h"
#include "signaling/handlers.h"
#include "signaling/offers.c" // for its statics

#define SUBSCRIPTIONS 300

static struct signaling signaling;
static struct peer viewer;
static struct subscription subscriptions[SUBSCRIPTIONS]; // id 0: gone
static am_id confirmed[SUBSCRIPTIONS], removed[SUBSCRIPTIONS];
static int confirmed_count, removed_count, sent_count;
static char list[4096];

void *__wrap_connections_owner(const struct connections *);
struct subscription *__wrap_conference_subscription(const struct conference *, am_id);
void __wrap_conference_subscription_confirm(struct conference *, struct subscription *);
void __wrap_conference_subscription_remove(struct conference *, struct subscription *);
size_t __wrap_offer_text_len_max(const struct subscription *);
size_t __wrap_offer_text_print(const struct subscription *, char *out);
void __wrap_connection_send(struct connection *, const char *text, size_t len);
uint32_t __wrap_connection_request_id(struct connection *);
char *
__wrap_connection_list_room(struct connection *, const char *head, size_t len_max, uint32_t *id);
void __wrap_connection_list_added(struct connection *, size_t len);

void *__wrap_connections_owner(const struct connections *)
{
	return &signaling;
}

struct subscription *__wrap_conference_subscription(const struct conference *, am_id id)
{
	struct subscription *s = &subscriptions[am_id_slot(id)];

	return s->id == id ? s : NULL;
}

void __wrap_conference_subscription_confirm(struct conference *, struct subscription *s)
{
	confirmed[confirmed_count++] = s->id;
}

void __wrap_conference_subscription_remove(struct conference *, struct subscription *s)
{
	removed[removed_count++] = s->id;
}

size_t __wrap_offer_text_len_max(const struct subscription *)
{
	return 2;
}

size_t __wrap_offer_text_print(const struct subscription *, char *out)
{
	memcpy(out, "{}", 2);
	return 2;
}

void __wrap_connection_send(struct connection *, const char *, size_t)
{
	sent_count++;
}

uint32_t __wrap_connection_request_id(struct connection *c)
{
	return ++c->request_id;
}

// A list that never ends.
char *__wrap_connection_list_room(struct connection *c, const char *, size_t, uint32_t *id)
{
	*id = c->request_id;
	return list;
}

void __wrap_connection_list_added(struct connection *, size_t)
{
}

static struct connection begin(bool takes_lists)
{
	viewer = (struct peer){.takes_lists = takes_lists};
	for (int i = 1; i < SUBSCRIPTIONS; i++)
		subscriptions[i] = (struct subscription){.id = (am_id)i};
	confirmed_count = removed_count = sent_count = 0;
	return (struct connection){.peer = &viewer, .request_id = takes_lists};
}

static bool answer(struct connection *c, uint32_t id, const char *text)
{
	struct json *j = json_parse(text, strlen(text));
	bool found = offer_answer(c, id, j);

	json_free(j);
	return found;
}

static void each_offer_is_answered_alone(void **)
{
	struct connection c = begin(false);

	offer_send(&c, &subscriptions[1]);
	offer_send(&c, &subscriptions[2]);
	assert_false(answer(&c, 3, "{\"ok\":true}"));
	assert_true(answer(&c, 2, "{\"ok\":true}"));
	assert_true(answer(&c, 1, "{\"ok\":false}"));
	assert_int_equal(confirmed_count, 1);
	assert_int_equal(confirmed[0], 2);
	assert_int_equal(removed_count, 1);
	assert_int_equal(removed[0], 1);
	assert_false(answer(&c, 2, "{\"ok\":true}")); // only once
	offers_drop(&c);
}

static void a_list_names_those_that_it_refuses(void **)
{
	struct connection c = begin(true);

	for (int i = 1; i <= 3; i++)
		offer_send(&c, &subscriptions[i]);
	assert_true(answer(&c, 1, "{\"ok\":true,\"data\":{\"refused\":[\"0000000000000002\"]}}"));
	assert_int_equal(confirmed_count, 2);
	assert_int_equal(removed_count, 1);
	assert_int_equal(removed[0], 2);
	offers_drop(&c);
}

static void a_list_that_fails_is_offered_once_more_each_alone(void **)
{
	struct connection c = begin(true);

	offer_send(&c, &subscriptions[1]);
	offer_send(&c, &subscriptions[2]);
	assert_true(answer(&c, 1, "{\"ok\":false}"));
	assert_int_equal(sent_count, 2);
	assert_true(answer(&c, 2, "{\"ok\":false}"));
	assert_true(answer(&c, 3, "{\"ok\":true}"));
	assert_int_equal(removed_count, 1);
	assert_int_equal(confirmed_count, 1);
	offers_drop(&c);
}

static void an_answer_about_what_is_gone_does_nothing(void **)
{
	struct connection c = begin(false);

	offer_send(&c, &subscriptions[1]);
	subscriptions[1].id = 0;
	answer(&c, 1, "{\"ok\":true}");
	assert_int_equal(confirmed_count + removed_count, 0);
	offers_drop(&c);
}

// A page never answers while subscriptions come and go.
static void what_is_remembered_shrinks_with_the_subscriptions(void **)
{
	struct connection c = begin(false);

	for (int round = 0; round < 1000; round++) {
		for (int i = 1; i <= 40; i++) {
			subscriptions[i].id = am_id_make((uint32_t)i, (uint32_t)round + 1);
			offer_send(&c, &subscriptions[i]);
		}
		for (int i = 1; i <= 40; i++)
			subscriptions[i].id = 0;
	}
	assert_true(c.offers->size <= 128);
	offers_drop(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_offer_is_answered_alone),
	        cmocka_unit_test(a_list_names_those_that_it_refuses),
	        cmocka_unit_test(a_list_that_fails_is_offered_once_more_each_alone),
	        cmocka_unit_test(an_answer_about_what_is_gone_does_nothing),
	        cmocka_unit_test(what_is_remembered_shrinks_with_the_subscriptions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
