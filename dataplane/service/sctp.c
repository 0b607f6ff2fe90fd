#include "service/sctp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <usrsctp.h>

#define PORT             5000 // both sides', as signaled
#define INIT_ATTEMPTS    10
#define RTO_MIN_MS       400
#define RTO_INITIAL_MS   1000
#define RTO_MAX_MS       5000
#define RETRANSMIT_MAX   UINT16_MAX // ICE decides when a client is gone
#define COMMON_HEADER    12 // bytes, RFC 9260 3.1; usrsctp's path MTU excludes it
#define ASSOCIATION_HASH 8192 // buckets
#define FINISH_TRIES     100
#define NS_PER_MS        1000000ull

struct sctp {
	am_id id;
	struct socket *socket;
	struct sctp_handler handler;
	uint8_t state; // enum sctp_state
	uint16_t reset_due; // bit per stream to the client that the client has reset
	uint16_t streams_in;
	uint64_t too_long[AM_DATA_STREAMS_IN / 64]; // bit per stream within a message being dropped
};
static_assert(AM_DATA_STREAMS_OUT <= 16);

// usrsctp gets ids, not pointers, as addresses: in older versions an INIT ACK's cookie revealed
// them to the client (CVE-2020-6514).
static struct sctp *by_slot[AM_TRANSPORT_MAX];
static uint64_t ticked_ns;

static void *address_of(am_id id)
{
	return (void *)(uintptr_t)id;
}

static int packet_out(void *address, void *packet, size_t len, uint8_t, uint8_t)
{
	am_id id = (am_id)(uintptr_t)address;
	const struct sctp *s = by_slot[am_id_slot(id) % AM_TRANSPORT_MAX];

	if (s && s->id == id)
		s->handler.send(s->handler.user, packet, len);
	return 0;
}

void sctp_library_open(void)
{
	usrsctp_tunable_set_sctp_pcbtblsize(1); // per endpoint, which has one association
	usrsctp_tunable_set_sctp_hashtblsize(ASSOCIATION_HASH);
	usrsctp_init_nothreads(0, packet_out, NULL);
	ticked_ns = 0;
	// Features that data channels do not use, but a hostile client might.
	usrsctp_sysctl_set_sctp_asconf_enable(0);
	usrsctp_sysctl_set_sctp_auto_asconf(0);
	usrsctp_sysctl_set_sctp_auth_enable(0);
	usrsctp_sysctl_set_sctp_ecn_enable(0);
	usrsctp_sysctl_set_sctp_nrsack_enable(0);
	usrsctp_sysctl_set_sctp_pktdrop_enable(0);
	usrsctp_sysctl_set_sctp_blackhole(2); // do not answer unknown senders
	usrsctp_sysctl_set_sctp_rto_initial_default(RTO_INITIAL_MS);
	usrsctp_sysctl_set_sctp_rto_min_default(RTO_MIN_MS);
	usrsctp_sysctl_set_sctp_rto_max_default(RTO_MAX_MS);
	usrsctp_sysctl_set_sctp_init_rto_max_default(RTO_MAX_MS);
	usrsctp_sysctl_set_sctp_init_rtx_max_default(INIT_ATTEMPTS);
	usrsctp_sysctl_set_sctp_assoc_rtx_max_default(RETRANSMIT_MAX);
	usrsctp_sysctl_set_sctp_path_rtx_max_default(RETRANSMIT_MAX);
}

void sctp_library_close(void)
{
	for (int i = 0; i < FINISH_TRIES && usrsctp_finish() != 0; i++)
		usrsctp_handle_timers(1000); // an endpoint may end by a timer
}

static void notification(struct sctp *s, const uint8_t *bytes, size_t len)
{
	const union sctp_notification *n = (const union sctp_notification *)bytes;

	if (len < sizeof(n->sn_header))
		return;
	if (n->sn_header.sn_type == SCTP_ASSOC_CHANGE && len >= sizeof(n->sn_assoc_change)) {
		uint16_t state = n->sn_assoc_change.sac_state;
		s->state = state == SCTP_COMM_UP || state == SCTP_RESTART ? SCTP_UP : SCTP_OVER;
	}
	if (n->sn_header.sn_type == SCTP_STREAM_RESET_EVENT &&
	    n->sn_strreset_event.strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN) {
		size_t count = (len - sizeof(n->sn_strreset_event)) / sizeof(uint16_t);
		for (size_t i = 0; i < count; i++) {
			uint16_t stream = n->sn_strreset_event.strreset_stream_list[i];
			if (stream < AM_DATA_STREAMS_OUT)
				s->reset_due |= (uint16_t)(1 << stream);
		}
	}
}

// A message, or a piece of one that is too long: usrsctp delivers a piece once it reaches the
// partial delivery point.
static void
message(struct sctp *s, const uint8_t *bytes, size_t len, const struct sctp_rcvinfo *info,
        int flags)
{
	bool ends = flags & MSG_EOR;

	if (info->rcv_sid >= s->streams_in)
		return;
	uint64_t *too_long = &s->too_long[info->rcv_sid / 64];
	uint64_t bit = UINT64_C(1) << info->rcv_sid % 64;
	if (!ends || *too_long & bit || len > AM_DATA_MESSAGE_MAX) {
		if (!(*too_long & bit))
			s->handler.too_long(s->handler.user);
		*too_long = ends ? *too_long & ~bit : *too_long | bit;
		return;
	}
	s->handler.receive(s->handler.user, info->rcv_sid, ntohl(info->rcv_ppid), bytes, len);
}

static int received(
        struct socket *, union sctp_sockstore, void *bytes, size_t len, struct sctp_rcvinfo info,
        int flags, void *user
)
{
	struct sctp *s = user;

	if (!bytes)
		s->state = SCTP_OVER;
	else if (flags & MSG_NOTIFICATION)
		notification(s, bytes, len);
	else
		message(s, bytes, len, &info, flags);
	free(bytes);
	return 1;
}

static int option(struct sctp *s, int name, const void *value, size_t size)
{
	return usrsctp_setsockopt(s->socket, IPPROTO_SCTP, name, value, (socklen_t)size);
}

static int socket_configure(struct sctp *s)
{
	static const uint16_t events[] = {SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT};
	const struct linger linger = {.l_onoff = 1}; // close at once, by ABORT
	const int on = 1, receive_max = SCTP_RECEIVE_MAX, send_max = SCTP_SEND_MAX;
	const uint32_t delivery_point = AM_DATA_MESSAGE_MAX + 1;
	const struct sctp_initmsg init = {
	        .sinit_num_ostreams = AM_DATA_STREAMS_OUT,
	        .sinit_max_instreams = s->streams_in,
	        .sinit_max_attempts = INIT_ATTEMPTS,
	        .sinit_max_init_timeo = RTO_MAX_MS,
	};
	const struct sctp_assoc_value reset = {
	        .assoc_id = SCTP_ALL_ASSOC, .assoc_value = SCTP_ENABLE_RESET_STREAM_REQ};
	const struct sctp_paddrparams path = {
	        .spp_flags = SPP_HB_DISABLE | SPP_PMTUD_DISABLE,
	        .spp_pathmtu = SCTP_PACKET_MAX - COMMON_HEADER,
	        .spp_pathmaxrxt = RETRANSMIT_MAX,
	};

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		const struct sctp_event e = {
		        .se_assoc_id = SCTP_ALL_ASSOC, .se_type = events[i], .se_on = 1};
		if (option(s, SCTP_EVENT, &e, sizeof(e)) < 0)
			return -1;
	}
	if (usrsctp_set_non_blocking(s->socket, 1) < 0 ||
	    usrsctp_setsockopt(s->socket, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) < 0 ||
	    usrsctp_setsockopt(
	            s->socket, SOL_SOCKET, SO_RCVBUF, &receive_max, sizeof(receive_max)
	    ) < 0 ||
	    usrsctp_setsockopt(s->socket, SOL_SOCKET, SO_SNDBUF, &send_max, sizeof(send_max)) < 0)
		return -1;
	return option(s, SCTP_NODELAY, &on, sizeof(on)) < 0 ||
	                       option(s, SCTP_PARTIAL_DELIVERY_POINT, &delivery_point,
	                              sizeof(delivery_point)) < 0 ||
	                       option(s, SCTP_INITMSG, &init, sizeof(init)) < 0 ||
	                       option(s, SCTP_ENABLE_STREAM_RESET, &reset, sizeof(reset)) < 0 ||
	                       option(s, SCTP_PEER_ADDR_PARAMS, &path, sizeof(path)) < 0
	               ? -1
	               : 0;
}

static int socket_connect(struct sctp *s)
{
	struct sockaddr_conn address = {
	        .sconn_family = AF_CONN,
	        .sconn_port = htons(PORT),
	        .sconn_addr = address_of(s->id),
	};

	if (usrsctp_bind(s->socket, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	if (usrsctp_connect(s->socket, (struct sockaddr *)&address, sizeof(address)) < 0 &&
	    errno != EINPROGRESS)
		return -1;
	return 0;
}

struct sctp *sctp_create(am_id id, bool speaks, const struct sctp_handler *handler)
{
	struct sctp *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->id = id;
	s->streams_in = speaks ? AM_DATA_STREAMS_IN : AM_DATA_STREAMS_OUT;
	s->handler = *handler;
	usrsctp_register_address(address_of(id));
	by_slot[am_id_slot(id)] = s;
	s->socket = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, received, NULL, 0, s);
	if (s->socket && socket_configure(s) == 0 && socket_connect(s) == 0)
		return s;
	int error = errno;
	sctp_destroy(s);
	errno = error;
	return NULL;
}

void sctp_destroy(struct sctp *s)
{
	if (!s)
		return;
	if (s->socket) {
		usrsctp_set_ulpinfo(s->socket, NULL);
		usrsctp_close(s->socket);
	}
	by_slot[am_id_slot(s->id)] = NULL;
	usrsctp_deregister_address(address_of(s->id));
	free(s);
}

void sctp_reset_stream(struct sctp *s, uint16_t stream)
{
	uint8_t bytes[sizeof(struct sctp_reset_streams) + sizeof(uint16_t)] = {0};
	struct sctp_reset_streams *r = (struct sctp_reset_streams *)bytes;

	r->srs_assoc_id = SCTP_ALL_ASSOC;
	r->srs_flags = SCTP_STREAM_RESET_OUTGOING;
	r->srs_number_streams = 1;
	r->srs_stream_list[0] = stream;
	if (stream < AM_DATA_STREAMS_OUT)
		(void)option(s, SCTP_RESET_STREAMS, bytes, sizeof(bytes));
}

enum sctp_state sctp_receive(struct sctp *s, const uint8_t *packet, size_t len)
{
	if (s->state != SCTP_OVER)
		usrsctp_conninput(address_of(s->id), packet, len, 0);
	while (s->reset_due) {
		uint16_t stream = (uint16_t)__builtin_ctz(s->reset_due);
		s->reset_due &= (uint16_t)(s->reset_due - 1);
		sctp_reset_stream(s, stream);
	}
	return s->state;
}

enum sctp_state sctp_state(const struct sctp *s)
{
	return s->state;
}

int sctp_send(struct sctp *s, uint16_t stream, uint32_t ppid, const uint8_t *message, size_t len)
{
	const struct sctp_sndinfo info = {.snd_sid = stream, .snd_ppid = htonl(ppid)};

	if (s->state != SCTP_UP)
		return -ENOTCONN;
	if (usrsctp_sendv(
	            s->socket, message, len, NULL, 0, (void *)(uintptr_t)&info, sizeof(info),
	            SCTP_SENDV_SNDINFO, 0
	    ) >= 0)
		return 0;
	return errno == EWOULDBLOCK ? -EAGAIN : errno == EINVAL ? -EINVAL : -ENOTCONN;
}

void sctp_tick(uint64_t now_ns)
{
	if (!ticked_ns)
		ticked_ns = now_ns;
	uint64_t passed_ms = (now_ns - ticked_ns) / NS_PER_MS;

	ticked_ns += passed_ms * NS_PER_MS;
	usrsctp_handle_timers((uint32_t)passed_ms);
}
