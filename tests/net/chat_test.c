// A room's data channel over real DTLS: who writes, who reads, and who may do neither.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "association.h"
#include "scene.h"

#define STREAM      3 // of the speakers
#define PPID_DCEP   50
#define PPID_STRING 51
#define PPID_BINARY 53

// A member of the chat.
struct chatter {
	struct member *member;
	struct association association;
	unsigned heard;
	size_t last_len;
	char last[9000]; // texts here contain no NUL, so this is a string
	unsigned sequence; // of the last message
	uint16_t stream; // of the last message; for a client with a stream per sender
};

static const struct member_options plain = {0};

static void packet_out(void *context, const uint8_t *packet, size_t len)
{
	struct chatter *c = context;
	client_data_send(&c->member->client, packet, len);
}

static void packet_in(void *context, const uint8_t *packet, size_t len)
{
	struct chatter *c = context;
	association_take(&c->association, packet, len);
}

static void message_in(void *context, uint16_t, uint32_t ppid, const uint8_t *message, size_t len)
{
	struct chatter *c = context;

	assert_int_equal(ppid, PPID_STRING);
	assert_true(len < sizeof(c->last));
	c->heard++;
	c->last_len = len;
	memcpy(c->last, message, len);
	c->last[len] = '\0';
	assert_int_equal(sscanf(c->last, "%u ", &c->sequence), 1);
}

// Receives a message without an envelope.
static void
text_in(void *context, uint16_t stream, uint32_t ppid, const uint8_t *message, size_t len)
{
	struct chatter *c = context;

	assert_int_equal(ppid, PPID_STRING);
	c->heard++;
	c->stream = stream;
	c->last_len = len;
	memcpy(c->last, message, len);
	c->last[len] = '\0';
}

static struct chatter *chatter_make(struct party *p, const struct member_options *o)
{
	struct chatter *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->member = party_transport(p, o);
	c->member->client.context = c;
	c->member->client.events.data = packet_in;
	c->association.send = packet_out;
	c->association.receive = message_in;
	c->association.context = c;
	return c;
}

static int command(uint16_t type, const struct chatter *c, uint16_t stream, const char *tag)
{
	struct am_msg msg = {.type = type};

	msg.data_add.transport_id = c->member->transport.id;
	if (type == AM_CMD_DATA_PRODUCER_ADD || type == AM_CMD_DATA_CONSUMER_ADD) {
		msg.data_add.stream = stream;
		msg.data_add.tag_len = (uint16_t)strlen(tag);
		memcpy(msg.data_add.tag, tag, strlen(tag));
	}
	return driver_command(&scene.driver, &msg);
}

static struct chatter *speaker_make(struct party *p, const char *tag)
{
	struct chatter *c = chatter_make(p, &plain);
	assert_int_equal(command(AM_CMD_DATA_PRODUCER_ADD, c, STREAM, tag), 0);
	return c;
}

static struct chatter *listener_make(struct party *p)
{
	struct chatter *c = chatter_make(p, &plain);
	assert_int_equal(command(AM_CMD_DATA_CONSUMER_ADD, c, 0, ""), 0);
	assert_int_equal(command(AM_CMD_DATA_CONSUMER_START, c, 0, ""), 0);
	return c;
}

static struct chatter *apart_make(struct party *p)
{
	struct chatter *c = chatter_make(p, &plain);
	struct am_msg msg = {.type = AM_CMD_DATA_CONSUMER_ADD};

	c->association.receive = text_in;
	msg.data_add.transport_id = c->member->transport.id;
	msg.data_add.apart = true;
	assert_int_equal(driver_command(&scene.driver, &msg), 0);
	return c;
}

// source: NULL is nobody.
static int source_set(const struct chatter *c, uint8_t stream, const struct chatter *source)
{
	struct am_msg msg = {
	        .type = AM_CMD_DATA_CONSUMER_SOURCE,
	        .data_source =
	                {
	                        .transport_id = c->member->transport.id,
	                        .source_id = source ? source->member->transport.id : 0,
	                        .stream = stream,
	                },
	};
	return driver_command(&scene.driver, &msg);
}

static bool is_up(void *context)
{
	return ((struct chatter *)context)->association.up;
}

static void associate(struct party *p, struct chatter *c)
{
	association_start(&c->association);
	assert_true(clients_run(p->clients, p->count, 5000, is_up, c));
}

struct hearing {
	const struct chatter *chatter;
	unsigned count;
};

static bool has_heard(void *context)
{
	const struct hearing *h = context;
	return h->chatter->heard >= h->count;
}

static void check_heard(struct party *p, const struct chatter *c, unsigned count)
{
	struct hearing h = {c, count};

	if (!clients_run(p->clients, p->count, 5000, has_heard, &h)) {
		driver_print(&scene.driver);
		fail_msg("heard %u messages instead of %u", c->heard, count);
	}
	assert_int_equal(c->heard, count);
}

static void say(struct chatter *c, const char *text)
{
	association_say(&c->association, STREAM, PPID_STRING, text, strlen(text));
}

static uint64_t data_drops(const char *name)
{
	uint64_t n = driver_drop(&scene.driver, name);
	assert_true(n != UINT64_MAX);
	return n;
}

static struct am_transport_state state_of(const struct chatter *c)
{
	struct am_transport_state state;
	bool read = false;

	// The service thread may be writing the entry at this moment.
	for (int i = 0; i < 1000 && !read; i++) {
		read = driver_transport_state(&scene.driver, c->member->transport.id, &state);
		if (!read)
			usleep(1000);
	}
	assert_true(read);
	return state;
}

static void free_all(struct chatter **c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(c[i]);
}

static void one_speaks_and_all_hear(void **)
{
	struct party p, other_room;
	struct chatter *c[6];
	char text[64];

	party_begin(&p);
	c[0] = speaker_make(&p, "{\"ann\"}");
	c[1] = speaker_make(&p, "{\"bob\"}");
	for (int i = 2; i < 5; i++)
		c[i] = listener_make(&p);
	party_connect(&p);
	for (int i = 0; i < 5; i++)
		associate(&p, c[i]);
	say(c[0], "hello");
	for (int i = 2; i < 5; i++)
		check_heard(&p, c[i], 1);
	assert_int_equal(c[0]->heard + c[1]->heard, 0);
	assert_int_equal(c[2]->sequence, 1);
	assert_non_null(strstr(c[2]->last, "\n{\"ann\"}\nhello"));
	// Nobody can write in another's name, whatever the text.
	say(c[1], "9 9 9\n{\"ann\"}\nI owe you");
	check_heard(&p, c[4], 2);
	assert_non_null(strstr(c[4]->last, "\n{\"bob\"}\n9 9 9\n{\"ann\"}\nI owe you"));
	// A changed tag applies from the next message on.
	assert_int_equal(command(AM_CMD_DATA_PRODUCER_ADD, c[0], STREAM, "{\"anna\"}"), 0);
	say(c[0], "again");
	check_heard(&p, c[3], 3);
	assert_non_null(strstr(c[3]->last, "\n{\"anna\"}\nagain"));

	struct am_transport_state said = state_of(c[0]), heard = state_of(c[3]);
	assert_int_equal(said.data_producer, STREAM);
	assert_int_equal(said.data_consumer, AM_DATA_NONE);
	assert_int_equal(said.data_messages_in, 2);
	assert_int_equal(said.data_bytes_in, 10);
	assert_int_equal(heard.data_consumer, 0);
	assert_int_equal(heard.data_messages_out, 3);

	// A latecomer reads everything; a client in another room reads nothing.
	c[5] = listener_make(&p);
	party_connect(&p);
	associate(&p, c[5]);
	check_heard(&p, c[5], 3);
	assert_string_equal(c[5]->last, c[3]->last);
	other_room = p;
	other_room.room = ++scene.rooms;
	struct chatter *stranger = listener_make(&other_room);
	party_connect(&other_room);
	associate(&other_room, stranger);
	for (int i = 0; i < 5; i++) {
		snprintf(text, sizeof(text), "message %d", i);
		say(c[0], text);
		party_run(&other_room, 600);
	}
	check_heard(&other_room, c[5], 8);
	assert_int_equal(stranger->heard, 0);
	party_end(&other_room);
	free(stranger);
	free_all(c, 6);
}

// A client that only chats does not offer use_srtp.
static void data_needs_no_srtp(void **)
{
	const struct member_options without = {.profiles = ""};
	struct am_msg track = {.type = AM_CMD_TRACK_ADD};
	struct party p;
	struct chatter *c[2];

	party_begin(&p);
	c[0] = chatter_make(&p, &without);
	assert_int_equal(command(AM_CMD_DATA_PRODUCER_ADD, c[0], STREAM, "{\"ann\"}"), 0);
	c[1] = chatter_make(&p, &without);
	assert_int_equal(command(AM_CMD_DATA_CONSUMER_ADD, c[1], 0, ""), 0);
	assert_int_equal(command(AM_CMD_DATA_CONSUMER_START, c[1], 0, ""), 0);
	party_connect(&p);
	associate(&p, c[0]);
	associate(&p, c[1]);
	say(c[0], "hello");
	check_heard(&p, c[1], 1);
	// Without keys, the transport takes no media.
	track.track_add = (struct am_cmd_track_add){
	        .track_id = driver_track_id(&scene.driver),
	        .transport_id = c[0]->member->transport.id,
	        .clock_rate = 48000,
	        .payload_type = 111,
	        .room_payload_type = 100,
	        .encoding_count = 1,
	};
	assert_int_equal(driver_command(&scene.driver, &track), -EPROTO);
	party_end(&p);
	free_all(c, 2);
}

// Clients before mediasoup-client 3.21 number their data channels up to 1023, even if some are
// closed.
static void a_data_producer_opens_again_and_again(void **)
{
	static const uint16_t streams[] = {0, 15, 16, 17, 255, 256, 1023};
	enum { COUNT = sizeof(streams) / sizeof(streams[0]) };
	struct party p;
	struct chatter *c[2];

	party_begin(&p);
	c[0] = speaker_make(&p, "{\"ann\"}");
	c[1] = listener_make(&p);
	party_connect(&p);
	associate(&p, c[0]);
	associate(&p, c[1]);
	for (unsigned i = 0; i < COUNT; i++) {
		assert_int_equal(
		        command(AM_CMD_DATA_PRODUCER_ADD, c[0], streams[i], "{\"ann\"}"), 0
		);
		assert_int_equal(state_of(c[0]).data_producer, streams[i]);
		association_say(&c[0]->association, streams[i], PPID_STRING, "again", 5);
		check_heard(&p, c[1], i + 1);
		party_run(&p, 500); // keeps to the sender's rate
		// Closed and opened again on the same association: a browser has only one.
		if (i % 2)
			assert_int_equal(command(AM_CMD_DATA_PRODUCER_REMOVE, c[0], 0, ""), 0);
		assert_false(c[0]->association.aborted);
	}
	assert_int_equal(command(AM_CMD_DATA_PRODUCER_ADD, c[0], 1024, "{\"ann\"}"), -EINVAL);
	party_end(&p);
	free_all(c, 2);
}

// A page may have the association, but not its data channel yet.
static void nothing_is_sent_before_the_start(void **)
{
	struct party p;
	struct chatter *c[3];

	party_begin(&p);
	c[0] = speaker_make(&p, "{}");
	c[1] = listener_make(&p);
	c[2] = chatter_make(&p, &plain);
	assert_int_equal(command(AM_CMD_DATA_CONSUMER_START, c[2], 0, ""), -ENOENT);
	assert_int_equal(command(AM_CMD_DATA_CONSUMER_ADD, c[2], 0, ""), 0);
	party_connect(&p);
	for (int i = 0; i < 3; i++)
		associate(&p, c[i]);
	say(c[0], "one");
	check_heard(&p, c[1], 1);
	party_run(&p, 300);
	assert_int_equal(c[2]->heard, 0);
	for (int i = 0; i < 2; i++) { // the second time changes nothing
		assert_int_equal(command(AM_CMD_DATA_CONSUMER_START, c[2], 0, ""), 0);
		check_heard(&p, c[2], 1);
	}
	say(c[0], "two");
	check_heard(&p, c[2], 2);
	assert_int_equal(command(AM_CMD_DATA_CONSUMER_REMOVE, c[2], 0, ""), 0);
	assert_int_equal(command(AM_CMD_DATA_CONSUMER_START, c[2], 0, ""), -ENOENT);
	party_end(&p);
	free_all(c, 3);
}

// For clients that do not know envelopes: each sender on a stream of its own, with only the text.
static void senders_can_be_heard_apart(void **)
{
	struct party p;
	struct chatter *c[4];

	party_begin(&p);
	c[0] = speaker_make(&p, "{\"ann\"}");
	c[1] = speaker_make(&p, "{\"bob\"}");
	c[2] = apart_make(&p);
	c[3] = listener_make(&p);
	party_connect(&p);
	for (int i = 0; i < 4; i++)
		associate(&p, c[i]);
	assert_int_equal(command(AM_CMD_DATA_CONSUMER_START, c[2], 0, ""), -ENOENT);
	assert_int_equal(source_set(c[3], 0, c[0]), -ENOENT); // has only one stream
	say(c[0], "before anybody listens");
	check_heard(&p, c[3], 1);
	assert_int_equal(source_set(c[2], 5, c[0]), 0);
	say(c[1], "not heard");
	check_heard(&p, c[3], 2);
	say(c[0], "hello");
	check_heard(&p, c[2], 1);
	assert_string_equal(c[2]->last, "hello");
	assert_int_equal(c[2]->stream, 5);
	assert_int_equal(source_set(c[2], 7, c[1]), 0);
	say(c[1], "привет");
	check_heard(&p, c[2], 2);
	assert_string_equal(c[2]->last, "привет");
	assert_int_equal(c[2]->stream, 7);
	// Another sender takes the stream: no message of the first arrives on it.
	assert_int_equal(source_set(c[2], 7, NULL), 0);
	assert_int_equal(source_set(c[2], 5, c[1]), 0);
	say(c[0], "gone");
	say(c[1], "here");
	check_heard(&p, c[2], 3);
	assert_string_equal(c[2]->last, "here");
	assert_int_equal(c[2]->stream, 5);
	check_heard(&p, c[3], 6);
	assert_int_equal(state_of(c[2]).data_messages_out, 3);
	assert_int_equal(command(AM_CMD_DATA_CONSUMER_REMOVE, c[2], 0, ""), 0);
	assert_int_equal(source_set(c[2], 5, c[1]), -ENOENT);
	party_end(&p);
	free_all(c, 4);
}

static void invalid_messages_are_dropped_and_counted(void **)
{
	struct party p;
	struct chatter *c[2];
	char big[AM_DATA_MESSAGE_MAX + 1];

	party_begin(&p);
	c[0] = speaker_make(&p, "{}");
	c[1] = listener_make(&p);
	party_connect(&p);
	associate(&p, c[0]);
	associate(&p, c[1]);
	struct association *a = &c[0]->association;
	uint64_t no_producer = data_drops("data_no_producer");
	uint64_t no_text = data_drops("data_not_text"), too_long = data_drops("data_too_long");

	association_say(a, STREAM + 1, PPID_STRING, "x", 1);
	association_say(a, STREAM, PPID_BINARY, "x", 1);
	association_say(a, STREAM, PPID_DCEP, "\3", 1);
	association_say(a, STREAM, PPID_STRING, "\xff\xfe", 2);
	memset(big, 'x', sizeof(big));
	association_say(a, STREAM, PPID_STRING, big, sizeof(big));
	// A reader cannot write.
	association_say(&c[1]->association, 0, PPID_STRING, "x", 1);
	party_run(&p, 500);
	assert_int_equal(data_drops("data_no_producer"), no_producer + 2);
	assert_int_equal(data_drops("data_not_text"), no_text + 3);
	assert_int_equal(data_drops("data_too_long"), too_long + 1);
	assert_int_equal(c[1]->heard, 0);
	association_say(a, STREAM, PPID_STRING, big, AM_DATA_MESSAGE_MAX);
	check_heard(&p, c[1], 1);
	assert_true(c[1]->last_len > AM_DATA_MESSAGE_MAX);
	party_end(&p);
	free_all(c, 2);
}

static void a_chatterbox_is_limited(void **)
{
	struct party p;
	struct chatter *c[3];

	party_begin(&p);
	c[0] = speaker_make(&p, "{}");
	c[1] = speaker_make(&p, "{}");
	c[2] = listener_make(&p);
	party_connect(&p);
	for (int i = 0; i < 3; i++)
		associate(&p, c[i]);
	uint64_t dropped = data_drops("data_rate");
	for (int i = 0; i < 100; i++)
		say(c[0], "me");
	party_run(&p, 300);
	assert_in_range(c[2]->heard, 10, 12);
	assert_int_equal(data_drops("data_rate") - dropped, 100 - c[2]->heard);
	say(c[1], "may I");
	check_heard(&p, c[2], c[2]->heard + 1);

	// Packets are limited too, before SCTP reads them; DTLS and ICE go on.
	dropped = data_drops("sctp_rate");
	for (int i = 0; i < 2000; i++) {
		association_raw(&c[0]->association, 1, "\0\0\0\4", 4);
		if (i % 50 == 0)
			party_run(&p, 5); // otherwise the ring to the service thread fills up first
	}
	party_run(&p, 300);
	assert_true(data_drops("sctp_rate") > dropped + 1000);
	party_run(&p, 2500);
	say(c[0], "sorry");
	check_heard(&p, c[2], c[2]->heard + 1);
	party_end(&p);
	free_all(c, 3);
}

static void a_slow_reader_loses_and_the_others_do_not(void **)
{
	struct party p;
	enum { SPEAKERS = 8, ALL = SPEAKERS + 2 };
	struct chatter *c[ALL];
	char big[AM_DATA_MESSAGE_MAX];

	party_begin(&p);
	for (int i = 0; i < SPEAKERS; i++)
		c[i] = speaker_make(&p, "{}");
	struct chatter *quick = c[SPEAKERS] = listener_make(&p);
	struct chatter *slow = c[SPEAKERS + 1] = listener_make(&p);
	party_connect(&p);
	for (int i = 0; i < ALL; i++)
		associate(&p, c[i]);
	slow->association.deaf = true;
	memset(big, 'x', sizeof(big));
	uint64_t dropped = data_drops("data_slow");
	for (int i = 0; i < 2 * SPEAKERS; i++) {
		association_say(&c[i / 2]->association, STREAM, PPID_STRING, big, sizeof(big));
		check_heard(&p, quick, (unsigned)i + 1);
	}
	slow->association.deaf = false;
	party_run(&p, 8000); // retransmissions, at first every few seconds
	assert_int_equal(slow->sequence, 2 * SPEAKERS);
	uint64_t missed = data_drops("data_slow") - dropped;
	assert_in_range(missed, 1, 2 * SPEAKERS - 5);
	assert_int_equal(slow->heard + missed, 2 * SPEAKERS);
	party_end(&p);
	free_all(c, ALL);
}

static void sctp_without_a_channel_is_not_answered(void **)
{
	struct party p;
	struct chatter *c[2];

	party_begin(&p);
	c[0] = chatter_make(&p, &plain);
	c[1] = listener_make(&p);
	party_connect(&p);
	uint64_t dropped = data_drops("sctp_unwanted");
	for (int i = 0; i < 50; i++)
		association_start(&c[0]->association);
	party_run(&p, 300);
	assert_int_equal(data_drops("sctp_unwanted"), dropped + 50);
	assert_int_equal(c[0]->association.packets_in, 0);

	// Once it has a channel, the association is accepted; once the channel is gone, it is
	// ignored.
	assert_int_equal(command(AM_CMD_DATA_PRODUCER_ADD, c[0], STREAM, "{}"), 0);
	party_run(&p, 300);
	assert_true(c[0]->association.inits_in > 0);
	associate(&p, c[0]);
	associate(&p, c[1]);
	say(c[0], "x");
	check_heard(&p, c[1], 1);
	assert_int_equal(command(AM_CMD_DATA_PRODUCER_REMOVE, c[0], 0, ""), 0);
	party_run(&p, 300);
	dropped = data_drops("data_no_producer");
	say(c[0], "y");
	party_run(&p, 300);
	assert_int_equal(c[1]->heard, 1);
	assert_int_equal(data_drops("data_no_producer"), dropped + 1);
	assert_int_equal(state_of(c[0]).data_producer, AM_DATA_NONE);
	party_end(&p);
	free_all(c, 2);
}

static void an_ended_association_may_start_again(void **)
{
	struct party p;
	struct chatter *c[2];
	const uint8_t abort_chunk[4] = {6, 0, 0, 4};

	party_begin(&p);
	c[0] = speaker_make(&p, "{}");
	c[1] = listener_make(&p);
	party_connect(&p);
	associate(&p, c[0]);
	associate(&p, c[1]);
	say(c[0], "one");
	check_heard(&p, c[1], 1);
	for (unsigned i = 2; i < 5; i++) {
		struct association *a = &c[1]->association;
		association_raw(a, a->peer_tag, abort_chunk, sizeof(abort_chunk));
		party_run(&p, 200);
		a->up = false;
		a->own_tag += i;
		associate(&p, c[1]);
		say(c[0], "more");
		check_heard(&p, c[1], i);
	}
	party_end(&p);
	free_all(c, 2);
}

static int room_tap(uint64_t room, bool on)
{
	struct am_msg msg = {.type = AM_CMD_ROOM_TAP, .room_tap = {.room_id = room, .on = on}};
	return driver_command(&scene.driver, &msg);
}

// The message that begins at this position of the ring, put together. Returns the next position.
static uint64_t recorded(const struct am_tap_ring *r, uint64_t at, uint64_t room, char *text)
{
	struct am_tap_entry e = {0};
	size_t len = 0;

	for (bool first = true; !(e.flags & AM_TAP_LAST); first = false) {
		assert_int_equal(am_tap_read(r, at++, &e), 0);
		assert_int_equal(e.kind, AM_TAP_CHAT);
		assert_true(e.id == room);
		assert_int_equal(!!(e.flags & AM_TAP_FIRST), first);
		memcpy(text + len, e.payload, e.len);
		len += e.len;
	}
	text[len] = '\0';
	return at;
}

// What a tapped room says is copied as readers get it, from then on, and nothing of other rooms.
static void a_recorder_gets_the_chat_of_tapped_rooms(void **)
{
	struct party p;
	struct am_tap tap;
	struct chatter *c[2];
	char text[9000], big[6000];

	int connection = scene_tap(&tap);
	const struct am_tap_ring *ring = &tap.map->rings[tap.ring_count - 1];
	uint64_t at = am_tap_head(ring);
	assert_int_equal(room_tap(scene.rooms + 1, true), 0); // before there is a chat
	party_begin(&p);
	c[0] = speaker_make(&p, "{\"ann\"}");
	c[1] = listener_make(&p);
	party_connect(&p);
	associate(&p, c[0]);
	associate(&p, c[1]);
	say(c[0], "hello");
	check_heard(&p, c[1], 1);
	at = recorded(ring, at, p.room, text);
	assert_string_equal(text, c[1]->last);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	say(c[0], big);
	check_heard(&p, c[1], 2);
	at = recorded(ring, at, p.room, text);
	assert_string_equal(text, c[1]->last);
	assert_int_equal(room_tap(p.room, false), 0);
	say(c[0], "off the record");
	check_heard(&p, c[1], 3);
	assert_int_equal(room_tap(p.room + 1, true), 0);
	say(c[0], "of another room");
	check_heard(&p, c[1], 4);
	assert_int_equal(am_tap_head(ring), at);
	assert_int_equal(room_tap(p.room + 1, false), 0);
	party_end(&p);
	free_all(c, 2);
	am_tap_leave(&tap);
	close(connection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(one_speaks_and_all_hear),
	        cmocka_unit_test(data_needs_no_srtp),
	        cmocka_unit_test(a_data_producer_opens_again_and_again),
	        cmocka_unit_test(nothing_is_sent_before_the_start),
	        cmocka_unit_test(senders_can_be_heard_apart),
	        cmocka_unit_test(a_recorder_gets_the_chat_of_tapped_rooms),
	        cmocka_unit_test(invalid_messages_are_dropped_and_counted),
	        cmocka_unit_test(a_chatterbox_is_limited),
	        cmocka_unit_test(a_slow_reader_loses_and_the_others_do_not),
	        cmocka_unit_test(sctp_without_a_channel_is_not_answered),
	        cmocka_unit_test(an_ended_association_may_start_again),
	};
	return SCENE_RUN(tests);
}
