// SCTP with a client that may be hostile.
#include "service/sctp.h"

#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "association.h"

#define WIRE_MAX 64
#define SECOND   1000000000ull

// Packets wait on a wire, so that neither end calls the other from within a call.
struct packet {
	bool to_server;
	size_t len;
	uint8_t bytes[2048];
};

struct link {
	struct sctp *server;
	struct association client;
	struct packet *wire;
	size_t head, tail;
	uint64_t server_packets, too_long, messages, bytes;
	uint8_t last[AM_DATA_MESSAGE_MAX];
	size_t last_len;
	uint32_t last_ppid;
	uint16_t last_stream;
	char heard[4096]; // heard by the client
	size_t heard_len, heard_count;
};

static uint64_t now_ns = SECOND;

static void wire_put(struct link *l, bool to_server, const uint8_t *bytes, size_t len)
{
	struct packet *p = &l->wire[l->tail % WIRE_MAX];

	assert_true(l->tail - l->head < WIRE_MAX);
	assert_true(len <= sizeof(p->bytes));
	p->to_server = to_server;
	p->len = len;
	memcpy(p->bytes, bytes, len);
	l->tail++;
}

static void server_sends(void *user, const uint8_t *packet, size_t len)
{
	struct link *l = user;

	assert_true(len <= SCTP_PACKET_MAX);
	l->server_packets++;
	wire_put(l, false, packet, len);
}

static void
server_receives(void *user, uint16_t stream, uint32_t ppid, const uint8_t *message, size_t len)
{
	struct link *l = user;

	l->messages++;
	l->bytes += len;
	l->last_stream = stream;
	l->last_ppid = ppid;
	l->last_len = len;
	memcpy(l->last, message, len);
}

static void server_refuses(void *user)
{
	((struct link *)user)->too_long++;
}

static void client_sends(void *context, const uint8_t *packet, size_t len)
{
	wire_put(context, true, packet, len);
}

static void client_receives(void *context, uint16_t, uint32_t, const uint8_t *message, size_t len)
{
	struct link *l = context;

	l->heard_count++;
	l->heard_len = len < sizeof(l->heard) ? len : 0;
	memcpy(l->heard, message, l->heard_len);
}

static void flow(struct link *l)
{
	for (int left = 100000; l->head != l->tail && left > 0; left--) {
		struct packet *p = &l->wire[l->head++ % WIRE_MAX];
		if (!p->to_server)
			association_take(&l->client, p->bytes, p->len);
		else if (l->server)
			sctp_receive(l->server, p->bytes, p->len);
	}
}

static void pass(struct link *l, uint64_t ms)
{
	for (uint64_t i = 0; i < ms; i += 50) {
		now_ns += 50 * SECOND / 1000;
		sctp_tick(now_ns);
		flow(l);
	}
}

static struct link *link_make(am_id id)
{
	struct link *l = calloc(1, sizeof(*l));

	l->wire = calloc(WIRE_MAX, sizeof(*l->wire));
	l->client.send = client_sends;
	l->client.receive = client_receives;
	l->client.context = l;
	const struct sctp_handler handler = {
	        .send = server_sends,
	        .receive = server_receives,
	        .too_long = server_refuses,
	        .user = l,
	};
	l->server = sctp_create(id, true, &handler);
	assert_non_null(l->server);
	return l;
}

static struct link *link_up(am_id id)
{
	struct link *l = link_make(id);

	association_start(&l->client);
	flow(l);
	assert_true(l->client.up);
	assert_int_equal(sctp_state(l->server), SCTP_UP);
	return l;
}

static void link_end(struct link *l)
{
	sctp_destroy(l->server);
	free(l->wire);
	free(l);
}

static int setup(void **)
{
	sctp_library_open();
	sctp_tick(now_ns);
	return 0;
}

static int teardown(void **)
{
	sctp_library_close();
	return 0;
}

static void both_ends_begin_and_speak(void **)
{
	struct link *l = link_up(am_id_make(7, 1));

	assert_true(l->client.inits_in > 0);
	assert_int_equal(l->client.streams_in, AM_DATA_STREAMS_IN);
	assert_int_equal(l->client.streams_out, AM_DATA_STREAMS_OUT);
	association_say(&l->client, 3, SCTP_PPID_STRING, "hello", 5);
	flow(l);
	assert_int_equal(l->messages, 1);
	assert_int_equal(l->last_stream, 3);
	assert_int_equal(l->last_ppid, SCTP_PPID_STRING);
	assert_memory_equal(l->last, "hello", 5);

	uint8_t longest[AM_DATA_MESSAGE_MAX];
	memset(longest, 'x', sizeof(longest));
	association_say(&l->client, 3, SCTP_PPID_STRING, longest, sizeof(longest));
	flow(l);
	assert_int_equal(l->messages, 2);
	assert_int_equal(l->last_len, sizeof(longest));

	assert_int_equal(sctp_send(l->server, 0, SCTP_PPID_STRING, (const uint8_t *)"hi", 2), 0);
	flow(l);
	assert_int_equal(l->heard_count, 1);
	assert_memory_equal(l->heard, "hi", 2);
	link_end(l);
}

static void nobody_sends_before_it_is_up(void **)
{
	struct link *l = link_make(am_id_make(7, 1));

	assert_int_equal(
	        sctp_send(l->server, 0, SCTP_PPID_STRING, (const uint8_t *)"hi", 2), -ENOTCONN
	);
	link_end(l);
}

static void a_silent_client_is_given_up(void **)
{
	struct link *l = link_make(am_id_make(7, 1));

	pass(l, 120000);
	assert_int_equal(sctp_state(l->server), SCTP_OVER);
	assert_in_range(l->server_packets, 5, 15);
	link_end(l);
}

static void an_abort_ends_it(void **)
{
	const uint8_t chunk[4] = {6, 0, 0, 4};
	struct link *l = link_up(am_id_make(7, 1));

	association_raw(&l->client, l->client.peer_tag + 1, chunk, sizeof(chunk)); // a stranger's
	flow(l);
	assert_int_equal(sctp_state(l->server), SCTP_UP);
	association_raw(&l->client, l->client.peer_tag, chunk, sizeof(chunk));
	flow(l);
	assert_int_equal(sctp_state(l->server), SCTP_OVER);
	link_end(l);
}

// CVE-2020-6514: the cookie of an INIT ACK revealed what usrsctp takes for our address.
static void no_pointer_is_shown(void **)
{
	struct link *l = link_up(am_id_make(0x1234, 0x777));
	const uint64_t hidden = (uint64_t)(uintptr_t)l->server;

	for (size_t i = 0; i + 4 <= l->client.cookie_len; i++) {
		uint32_t word;
		memcpy(&word, l->client.cookie + i, sizeof(word));
		assert_int_not_equal(word, (uint32_t)hidden);
	}
	link_end(l);
}

// proves A12
static void messages_above_the_limit_are_dropped_alone(void **)
{
	uint8_t big[3 * AM_DATA_MESSAGE_MAX];
	struct link *l = link_up(am_id_make(7, 1));

	memset(big, 'x', sizeof(big));
	for (size_t len = AM_DATA_MESSAGE_MAX + 1; len <= sizeof(big); len += 1777) {
		uint64_t refused = l->too_long;
		association_say(&l->client, 2, SCTP_PPID_STRING, big, len);
		flow(l);
		assert_int_equal(l->too_long, refused + 1);
	}
	assert_int_equal(l->messages, 0);
	association_say(&l->client, 2, SCTP_PPID_STRING, "after", 5);
	flow(l);
	assert_int_equal(l->messages, 1);
	link_end(l);
}

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t heap(void)
{
	if (__sanitizer_get_current_allocated_bytes)
		return __sanitizer_get_current_allocated_bytes();
	return mallinfo2().uordblks;
}

// proves A12
static void a_message_without_end_costs_no_memory(void **)
{
	uint8_t piece[1000] = {0};
	struct link *l = link_up(am_id_make(7, 1));
	size_t before = heap();

	association_data(&l->client, DATA_BEGIN, 1, SCTP_PPID_STRING, piece, sizeof(piece));
	for (int i = 0; i < 5000 && sctp_state(l->server) == SCTP_UP; i++) {
		association_data(&l->client, 0, 1, SCTP_PPID_STRING, piece, sizeof(piece));
		flow(l);
	}
	assert_int_equal(l->messages, 0);
	assert_int_equal(l->too_long, 1);
	assert_true(heap() < before + 200000);
	link_end(l);
}

// Pieces that never become a message, on all streams, with gaps between.
// proves A12
static void what_is_kept_of_pieces_is_bounded(void **)
{
	uint8_t piece[1000] = {0};
	struct link *l = link_up(am_id_make(7, 1));
	size_t before = heap(), most = 0;

	for (int i = 0; i < 20000 && sctp_state(l->server) == SCTP_UP; i++) {
		l->client.tsn++; // a gap
		association_data(
		        &l->client, i & 1 ? DATA_BEGIN : DATA_BEGIN | DATA_UNORDERED,
		        (uint16_t)(i % 16), SCTP_PPID_STRING, piece, (size_t)(i % 3 ? 1 : 1000)
		);
		flow(l);
		most = heap() > most ? heap() : most;
	}
	print_message("most kept: %zu bytes\n", most - before);
	assert_true(most < before + 1000000);
	link_end(l);
}

// proves A12
static void streams_that_are_not_there_harm_nothing(void **)
{
	struct link *l = link_up(am_id_make(7, 1));

	for (unsigned stream = AM_DATA_STREAMS_IN; stream < 65536; stream += 4093) {
		association_data(
		        &l->client, DATA_WHOLE, (uint16_t)stream, SCTP_PPID_STRING, "x", 1
		);
		flow(l);
	}
	assert_int_equal(l->messages, 0);
	assert_int_equal(sctp_state(l->server), SCTP_UP);
	link_end(l);
}

// proves A12
static void a_flood_of_inits_leaves_nothing(void **)
{
	struct link *l = link_up(am_id_make(7, 1));
	size_t before = heap();

	for (uint32_t i = 0; i < 20000; i++) {
		struct association other = {
		        .send = client_sends, .context = l, .own_tag = 1 + i * 2654435761u};
		association_start(&other);
		struct packet *p = &l->wire[l->head++ % WIRE_MAX];
		sctp_receive(l->server, p->bytes, p->len);
		l->head = l->tail; // drops the answers
	}
	assert_true(heap() < before + 100000);
	association_say(&l->client, 3, SCTP_PPID_STRING, "still here", 10);
	flow(l);
	assert_int_equal(l->messages, 1);
	link_end(l);
}

static void a_reader_that_acknowledges_nothing_is_bounded(void **)
{
	uint8_t text[1000];
	struct link *l = link_up(am_id_make(7, 1));
	int taken = 0;

	memset(text, 'x', sizeof(text));
	l->client.deaf = true;
	while (taken < 1000 && sctp_send(l->server, 0, SCTP_PPID_STRING, text, sizeof(text)) == 0) {
		taken++;
		flow(l);
	}
	assert_in_range(taken, 4, SCTP_SEND_MAX / sizeof(text));
	assert_int_equal(sctp_send(l->server, 0, SCTP_PPID_STRING, text, sizeof(text)), -EAGAIN);
	pass(l, 60000); // SCTP does not give up: that is up to ICE
	assert_int_equal(sctp_state(l->server), SCTP_UP);
	l->client.deaf = false;
	pass(l, 20000);
	assert_int_equal(l->heard_count, taken);
	assert_int_equal(sctp_send(l->server, 0, SCTP_PPID_STRING, text, sizeof(text)), 0);
	link_end(l);
}

static uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void mutate(struct packet *p, uint64_t *random)
{
	static const uint8_t types[] = {0,  1,  2,   3,   4,   5,   6,   7,   8,   9,    10, 11,
	                                14, 64, 130, 131, 192, 193, 194, 128, 129, 0x0f, 255};
	uint64_t r = random_next(random);

	switch (r % 6) {
	case 0: p->len = 12 + random_next(random) % (p->len - 11); break;
	case 1: p->bytes[12] = types[random_next(random) % sizeof(types)]; break;
	case 2: p->bytes[14 + r % 2] = (uint8_t)random_next(random); break; // chunk length
	case 3: p->bytes[4 + r / 8 % 4] ^= (uint8_t)(1 << r / 64 % 8); break; // tag
	default:
		for (uint64_t n = 1 + r / 8 % 8; n > 0; n--)
			p->bytes[12 + random_next(random) % (p->len - 12)] =
			        (uint8_t)random_next(random);
	}
	if (r / 1024 % 16)
		association_seal(p->bytes, p->len);
}

// Mutated packets of both directions, in every state.
static void broken_packets_harm_nobody(void **)
{
	uint64_t random = 88172645463325252ull;
	const char *rounds = getenv("AMPHI_FUZZ_ROUNDS");
	int round_count = rounds ? atoi(rounds) : 300;
	struct packet *p = calloc(1, sizeof(*p));
	struct link *other = link_up(am_id_make(9, 1));

	for (int round = 0; round < round_count; round++) {
		struct link *l = link_make(am_id_make(7, 1 + (uint32_t)round));
		association_start(&l->client);
		for (int step = 0; step < 60; step++) {
			if (step % 7 == 3 && l->client.up)
				association_say(&l->client, 1, SCTP_PPID_STRING, p->bytes, 1500);
			if (step % 5 == 3)
				(void)sctp_send(l->server, 0, SCTP_PPID_STRING, p->bytes, 700);
			if (l->head == l->tail)
				pass(l, 50);
			if (l->head == l->tail)
				continue;
			*p = l->wire[l->head % WIRE_MAX];
			for (int i = 0; i < 4; i++) {
				struct packet broken = *p;
				mutate(&broken, &random);
				sctp_receive(l->server, broken.bytes, broken.len);
			}
			if (l->wire[l->head % WIRE_MAX].to_server)
				sctp_receive(l->server, p->bytes, p->len);
			else
				association_take(&l->client, p->bytes, p->len);
			l->head++;
		}
		link_end(l);
	}
	free(p);
	association_say(&other->client, 3, SCTP_PPID_STRING, "still here", 10);
	flow(other);
	assert_int_equal(other->messages, 1);
	link_end(other);
}

static void two_thousand_associations(void **)
{
	enum { COUNT = 2000 };
	struct link **links = calloc(COUNT, sizeof(*links));
	size_t before = heap();

	for (uint32_t i = 0; i < COUNT; i++)
		links[i] = link_up(am_id_make(i, 1));
	size_t each =
	        (heap() - before) / COUNT - sizeof(struct link) - WIRE_MAX * sizeof(struct packet);
	print_message("an association: %zu bytes\n", each);
	for (uint32_t i = 0; i < COUNT; i++) {
		assert_int_equal(
		        sctp_send(links[i]->server, 0, SCTP_PPID_STRING, (const uint8_t *)"hi", 2),
		        0
		);
		flow(links[i]);
		assert_int_equal(links[i]->heard_count, 1);
		link_end(links[i]);
	}
	free(links);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(both_ends_begin_and_speak),
	        cmocka_unit_test(nobody_sends_before_it_is_up),
	        cmocka_unit_test(a_silent_client_is_given_up),
	        cmocka_unit_test(an_abort_ends_it),
	        cmocka_unit_test(no_pointer_is_shown),
	        cmocka_unit_test(messages_above_the_limit_are_dropped_alone),
	        cmocka_unit_test(a_message_without_end_costs_no_memory),
	        cmocka_unit_test(what_is_kept_of_pieces_is_bounded),
	        cmocka_unit_test(streams_that_are_not_there_harm_nothing),
	        cmocka_unit_test(a_flood_of_inits_leaves_nothing),
	        cmocka_unit_test(a_reader_that_acknowledges_nothing_is_bounded),
	        cmocka_unit_test(broken_packets_harm_nobody),
	        cmocka_unit_test(two_thousand_associations),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
