#include "service/data.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ring_elem.h>

#include "am_clock.h"
#include "am_log.h"
#include "path/bucket.h"
#include "service/channel.h"
#include "service/dtls.h"
#include "service/publish.h"
#include "service/records.h"
#include "service/room_taps.h"
#include "service/sctp.h"
#include "service/send.h"
#include "service/service.h"

#define DATA_PER_TURN   64 // readers
#define DATA_PER_READER 8 // messages to one reader per turn
#define PACKETS_PER_S   200 // SCTP packets that one client may send
#define PACKETS_BURST   400
#define TICK_NS         50000000ull // of SCTP's timers
#define INBOX_ROOM      (WORKER_INBOX / 2) // of a worker's inbox that is not for data

static_assert(SCTP_PACKET_MAX <= DTLS_DATA_MAX);

struct data {
	struct session *session;
	struct channel *channel; // the room's; NULL: neither producer nor consumer now
	struct sctp *sctp; // NULL: none yet, or it has ended
	struct channel_sender *sender; // NULL: not a producer
	am_id *sources; // of AM_DATA_SOURCES streams; NULL: all on one, in envelopes
	struct channel_reader reader; // reader.channel NULL: not started
	TAILQ_ENTRY(data) ready;
	bool is_ready; // in that list
	bool is_blocked; // SCTP has no room until the client acknowledges something
	struct data_figures figures;
	struct bucket packets; // that the client may send
};

static void count(_Atomic uint64_t *counter, uint64_t n)
{
	uint64_t v = atomic_load_explicit(counter, memory_order_relaxed);
	atomic_store_explicit(counter, v + n, memory_order_relaxed);
}

static struct channel_time time_now(const struct service *sv)
{
	return (struct channel_time){
	        .now_us = (int64_t)(sv->now_ns / 1000),
	        .now_ms = am_clock_real_ms(),
	};
}

void data_open(struct service *sv)
{
	sctp_library_open();
	LIST_INIT(&sv->data.channels);
	TAILQ_INIT(&sv->data.ready);
	sv->data.is_open = true;
}

void data_close(struct service *sv)
{
	if (sv->data.is_open)
		sctp_library_close();
	sv->data.is_open = false;
}

static struct channel *channel_get(struct service *sv, uint64_t room_id)
{
	const struct channel_time now = time_now(sv);
	struct channel *c;

	LIST_FOREACH (c, &sv->data.channels, entry) {
		if (c->room_id == room_id)
			break;
	}
	if (!c) {
		c = channel_create(room_id, &now);
		if (!c)
			return NULL;
		LIST_INSERT_HEAD(&sv->data.channels, c, entry);
	}
	c->users++;
	return c;
}

static void channel_put(struct channel *c)
{
	if (--c->users > 0)
		return;
	LIST_REMOVE(c, entry);
	channel_destroy(c);
}

static void ready_set(struct data *d, bool ready)
{
	struct data_plane *p = &d->session->service->data;

	if (d->is_ready == ready)
		return;
	d->is_ready = ready;
	if (ready)
		TAILQ_INSERT_TAIL(&p->ready, d, ready);
	else
		TAILQ_REMOVE(&p->ready, d, ready);
}

static void ready_check(struct data *d)
{
	if (d->reader.channel && d->reader.next != d->channel->next && !d->is_blocked && d->sctp)
		ready_set(d, true);
}

static void packet_send(void *user, const uint8_t *packet, size_t len)
{
	struct data *d = user;

	(void)dtls_write(d->session->dtls, packet, len); // a failure equals a loss on the way
}

static void message_too_long(void *user)
{
	struct data *d = user;

	service_count_drop(d->session->service, DROP_data_too_long);
}

static void readers_wake(struct channel *c)
{
	struct channel_reader *r;

	TAILQ_FOREACH (r, &c->readers, entry)
		ready_check((struct data *)((uint8_t *)r - offsetof(struct data, reader)));
}

static bool message_take(
        struct data *d, uint16_t stream, uint32_t ppid, const uint8_t *text, size_t len,
        enum drop *why
)
{
	const struct channel_time now = time_now(d->session->service);

	if (stream != d->figures.producer) {
		*why = DROP_data_no_producer;
		return false;
	}
	// Channels are negotiated, not opened in-band, so DCEP messages (RFC 8832) are refused like
	// anything else that is not text.
	if (ppid != SCTP_PPID_STRING || !channel_is_text(text, len)) {
		*why = DROP_data_not_text;
		return false;
	}
	return channel_say(d->channel, d->sender, text, len, &now, why);
}

static void
message_receive(void *user, uint16_t stream, uint32_t ppid, const uint8_t *message, size_t len)
{
	struct data *d = user;
	struct service *sv = d->session->service;
	enum drop why;

	if (!message_take(d, stream, ppid, message, len, &why)) {
		service_count_drop(sv, why);
		return;
	}
	d->figures.messages_in++;
	d->figures.bytes_in += len;
	count(&sv->counters->value[AM_COUNTER_data_messages_in], 1);
	publish_session(sv->registry.region, d->session);
	readers_wake(d->channel);
	const struct channel_message *m = channel_last(d->channel);
	room_taps_write(
	        &sv->room_taps, d->channel->room_id, m->bytes, m->len, (int64_t)(sv->now_ns / 1000)
	);
}

static void association_end(struct data *d)
{
	ready_set(d, false);
	sctp_destroy(d->sctp);
	d->sctp = NULL;
	d->is_blocked = false;
}

static void association_begin(struct data *d)
{
	const struct sctp_handler handler = {
	        .send = packet_send,
	        .receive = message_receive,
	        .too_long = message_too_long,
	        .user = d,
	};

	// Only senders require the many streams, and their memory.
	d->sctp = sctp_create(d->session->id, d->figures.producer != AM_DATA_NONE, &handler);
	if (!d->sctp)
		am_error(
		        "service: no SCTP association; transport=%lx error=%s", d->session->id,
		        strerror(errno)
		);
}

void data_connect(struct service *, struct session *s)
{
	struct data *d = s->data;
	bool connected = s->dtls_state == AM_DTLS_CONNECTED;

	if (d->sctp && (!connected || sctp_state(d->sctp) == SCTP_OVER))
		association_end(d);
	if (connected && !d->sctp && d->channel)
		association_begin(d);
}

static struct data *data_create(const struct service *sv, struct session *s)
{
	struct data *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->session = s;
	s->data_figures = &d->figures;
	d->figures.producer = d->figures.consumer = AM_DATA_NONE;
	d->packets = (struct bucket){(int64_t)(sv->now_ns / 1000), PACKETS_BURST};
	return d;
}

// The session's data, in its room's channel; made if it has none. NULL if out of memory.
static struct data *data_get(struct service *sv, struct session *s)
{
	if (!s->data)
		s->data = data_create(sv, s);
	struct data *d = s->data;
	if (d && !d->channel)
		d->channel = channel_get(sv, s->room_id);
	return d && d->channel ? d : NULL;
}

// After a removal: leaves the room's channel if neither a producer nor a consumer is left. The
// association stays, since a client cannot begin one anew: what it opens next is another stream
// (RFC 8831 6.7).
static void data_settle(struct service *sv, struct session *s)
{
	struct data *d = s->data;

	if (d->figures.producer == AM_DATA_NONE && d->figures.consumer == AM_DATA_NONE) {
		channel_put(d->channel);
		d->channel = NULL;
	}
	publish_session(sv->registry.region, s);
}

int data_add_producer(struct service *sv, struct session *s, const struct am_cmd_data_add *p)
{
	const struct channel_time now = time_now(sv);
	struct data *d = data_get(sv, s);

	if (!d)
		return -ENOMEM;
	if (!d->sender) {
		d->sender = malloc(sizeof(*d->sender));
		if (!d->sender) {
			data_settle(sv, s);
			return -ENOMEM;
		}
		channel_sender_init(d->sender, &now);
		d->sender->id = s->id;
	}
	d->figures.producer = p->stream;
	d->sender->tag_len = p->tag_len;
	memcpy(d->sender->tag, p->tag, p->tag_len);
	publish_session(sv->registry.region, s);
	data_connect(sv, s);
	return 0;
}

int data_add_consumer(struct service *sv, struct session *s, const struct am_cmd_data_add *c)
{
	struct data *d = data_get(sv, s);

	if (!d)
		return -ENOMEM;
	if (c->apart && !d->sources) {
		d->sources = calloc(AM_DATA_SOURCES, sizeof(*d->sources));
		if (!d->sources) {
			data_settle(sv, s);
			return -ENOMEM;
		}
	}
	d->figures.consumer = c->stream;
	publish_session(sv->registry.region, s);
	data_connect(sv, s);
	return 0;
}

int data_set_source(struct session *s, const struct am_cmd_data_source *c)
{
	struct data *d = s->data;

	if (!d || !d->sources)
		return -ENOENT;
	d->sources[c->stream] = c->source_id;
	if (!d->reader.channel)
		channel_join_late(d->channel, &d->reader);
	return 0;
}

int data_start_consumer(struct session *s)
{
	struct data *d = s->data;

	if (!d || d->figures.consumer == AM_DATA_NONE || d->sources)
		return -ENOENT;
	if (!d->reader.channel)
		channel_join(d->channel, &d->reader);
	ready_check(d);
	return 0;
}

void data_remove_producer(struct service *sv, struct session *s)
{
	struct data *d = s->data;

	if (!d || !d->sender)
		return;
	if (d->sctp)
		sctp_reset_stream(d->sctp, d->figures.producer);
	free(d->sender);
	d->sender = NULL;
	d->figures.producer = AM_DATA_NONE;
	data_settle(sv, s);
}

void data_remove_consumer(struct service *sv, struct session *s)
{
	struct data *d = s->data;

	if (!d || d->figures.consumer == AM_DATA_NONE)
		return;
	if (d->sctp)
		sctp_reset_stream(d->sctp, d->figures.consumer);
	ready_set(d, false);
	if (d->reader.channel)
		channel_leave(&d->reader);
	free(d->sources);
	d->sources = NULL;
	d->figures.consumer = AM_DATA_NONE;
	data_settle(sv, s);
}

void data_end(struct service *sv, struct session *s)
{
	if (!s->data)
		return;
	association_end(s->data);
	data_remove_consumer(sv, s);
	data_remove_producer(sv, s);
	free(s->data);
	s->data = NULL;
	s->data_figures = NULL;
}

void data_receive(struct service *sv, struct session *s, const uint8_t *packet, size_t len)
{
	struct data *d = s->data;

	if (!d || (!d->sctp && !d->channel)) {
		service_count_drop(sv, DROP_sctp_unwanted);
		return;
	}
	if (!bucket_draw(&d->packets, (int64_t)(sv->now_ns / 1000), PACKETS_PER_S, PACKETS_BURST)) {
		service_count_drop(sv, DROP_sctp_rate);
		return;
	}
	data_connect(sv, s); // the client may start again
	if (!d->sctp)
		return;
	if (sctp_receive(d->sctp, packet, len) == SCTP_OVER) {
		association_end(d);
		return;
	}
	d->is_blocked = false;
	ready_check(d);
}

// The stream on which the reader gets this sender's messages, or -1 if it gets none.
static int stream_of(const struct data *d, am_id sender)
{
	int stream = AM_DATA_SOURCES - 1;

	if (!d->sources)
		return d->figures.consumer;
	while (stream >= 0 && d->sources[stream] != sender)
		stream--;
	return stream;
}

// 0, or SCTP's error.
static int message_send(struct service *sv, struct data *d, const struct channel_message *m)
{
	size_t skip = d->sources ? m->text : 0;
	int stream = stream_of(d, m->sender);

	if (stream < 0)
		return 0;
	int ret = sctp_send(
	        d->sctp, (uint16_t)stream, SCTP_PPID_STRING, m->bytes + skip, m->len - skip
	);
	if (ret < 0)
		return ret;
	d->figures.messages_out++;
	d->figures.bytes_out += m->len - skip;
	count(&sv->counters->value[AM_COUNTER_data_messages_out], 1);
	return 0;
}

// Sends to one reader, which was taken off the list. False: there is more to send.
static bool reader_serve(struct service *sv, struct data *d)
{
	const struct channel_message *m;
	uint64_t lost;

	for (int i = 0; i < DATA_PER_READER; i++) {
		m = channel_peek(&d->reader, &lost);
		count(&sv->counters->drops[DROP_data_slow], lost);
		if (!m)
			return true;
		int ret = message_send(sv, d, m);
		if (ret < 0) {
			d->is_blocked = ret == -EAGAIN;
			return true;
		}
		channel_advance(&d->reader);
	}
	return false;
}

unsigned data_pump(struct service *sv)
{
	unsigned n;

	for (n = 0; n < DATA_PER_TURN && !TAILQ_EMPTY(&sv->data.ready); n++) {
		struct data *d = TAILQ_FIRST(&sv->data.ready);
		struct rte_ring *inbox = sv->registry.workers[d->session->worker].inbox;
		if (rte_ring_free_count(inbox) < INBOX_ROOM)
			break;
		ready_set(d, false);
		if (!reader_serve(sv, d))
			ready_check(d);
		publish_session(sv->registry.region, d->session);
	}
	return n;
}

void data_tick(struct service *sv)
{
	if (sv->now_ns - sv->data.ticked_ns < TICK_NS)
		return;
	sv->data.ticked_ns = sv->now_ns;
	sctp_tick(sv->now_ns);
}
