#include "hook/hook.h"

#include "account/account.h"
#include "account/attribute.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/memory.h"
#include "hook/notice.h"
#include "hook/queue.h"
#include "hook/replay.h"
#include "hook/request.h"
#include "hook/transfer.h"
#include "hook/visit.h"
#include "room/peer.h"
#include "room/room.h"
#include "store/history.h"
#include "store/recordings.h"
#include "store/writer.h"

#include "am_log.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define PEER_KEY_SIZE (20 + 1 + ROOM_NAME_MAX + 1 + PEER_ID_SIZE) // account, room, peer
#define PRUNE_MS      3600000
#define STORE_LOOK_MS 2 // between two checks whether the history is written
#define LOG_MS        1000 // between two warnings about receivers
#define DAY_MS        86400000
#define SEQUENCE_SKIP STORE_WRITER_QUEUE_MAX // so many numbers may have been sent but not stored

enum call_kind {
	CALL_ACCESS,
	CALL_JOIN,
	CALL_CLOSE,
	CALL_NOTICE,
};

struct call {
	struct hook_turn turn;
	struct hooks *hooks;
	enum call_kind kind;
	uint64_t id;
	char key[VISIT_KEY_SIZE];
	struct map_node by_id;
	struct visit *visit; // owned; NULL for a notice
	struct notice *notice; // owned; NULL for any other call
	char *access_token;
	hook_done *done; // NULL: the call was cancelled, or reports what has happened
	void *owner;
	struct transfer *transfer; // while the call runs
	struct loop_timer refused; // answers a call that never had a turn
	struct loop_timer stored; // checks whether the history has the visit
	uint64_t patience_ms; // the deadline of that
	TAILQ_ENTRY(call) next;
};

struct hooks {
	struct loop *loop;
	struct history *history;
	struct transfers *transfers;
	struct hook_replays *replays;
	struct hook_queue queue;
	struct map calls;
	TAILQ_HEAD(, call) all_calls;
	struct map admissions; // visits of peers that are in their rooms
	TAILQ_HEAD(visit_list, visit) restored; // visits of the previous process, oldest first
	struct loop_timer prune;
	uint64_t call_count;
	uint64_t complained_ms;
	struct hook_counts counts;
};

// The event that a call tells a receiver of. An access check is none.
static enum hook_event_kind event_of(const struct call *c)
{
	assert(c->kind != CALL_ACCESS);
	if (c->kind == CALL_NOTICE)
		return c->notice->kind;
	return c->kind == CALL_JOIN ? HOOK_JOIN_PEER : HOOK_CLOSE_PEER;
}

// Whether the call reports what has happened, and is repeated until it is accepted.
static bool call_reports(const struct call *c)
{
	return c->turn.closes;
}

static uint64_t account_of(const struct call *c)
{
	return c->notice ? c->notice->account_id : c->visit->peer.account_id;
}

static const char *room_of(const struct call *c)
{
	return c->notice ? c->notice->room_id : c->visit->peer.room_id;
}

static const char *url_of(const struct call *c)
{
	return c->notice ? c->notice->url : c->visit->peer.url;
}

// Logs a failure, but only once in a while: a receiver that is down is one fault, not one per call.
static void complain(struct hooks *h, const struct call *c, const char *what, const char *error)
{
	uint64_t now = loop_now_ms(h->loop);

	if (h->complained_ms != 0 && now - h->complained_ms < LOG_MS)
		return;
	h->complained_ms = now;
	am_warning(
	        "hook: %s; account=%" PRIu64 " call=%s room=%s error=%s", what, account_of(c),
	        c->kind == CALL_ACCESS ? "accessUrl" : hook_event_name(event_of(c)), room_of(c),
	        am_log_value(error)
	);
}

static void call_destroy(struct call *c)
{
	struct hooks *h = c->hooks;

	loop_timer_cancel(h->loop, &c->refused);
	loop_timer_cancel(h->loop, &c->stored);
	map_remove(&h->calls, &c->by_id);
	TAILQ_REMOVE(&h->all_calls, c, next);
	if (call_reports(c))
		h->counts.pending--;
	else
		h->counts.waiting--;
	if (c->visit)
		visit_destroy(c->visit);
	if (c->notice)
		notice_destroy(c->notice);
	free(c->access_token);
	free(c);
}

static void close_start(struct hooks *h, struct visit *v);

static void call_answer(struct call *c, enum hook_verdict verdict, const char *message)
{
	struct hook_answer answer = {.verdict = verdict, .message = message};
	struct hooks *h = c->hooks;
	struct visit *v = c->visit;

	if (c->kind == CALL_JOIN) {
		c->visit = NULL;
		if (verdict != HOOK_ADMIT) {
			visit_forget(v, h->history);
		} else if (!c->done) { // nobody waits for the answer any more
			close_start(h, v);
		} else {
			answer.admission = v->id;
			map_add(&h->admissions, &v->by_id, v->key);
		}
	}
	if (c->done)
		c->done(c->owner, c->id, &answer);
	call_destroy(c);
}

static void call_unanswered(struct call *c)
{
	struct visit *v = c->visit;

	if (c->kind != CALL_JOIN || !v->peer.fail_open) {
		call_answer(c, HOOK_UNAVAILABLE, "");
		return;
	}
	if (!v->stored)
		visit_event(v, c->hooks->history, &c->hooks->queue, HOOK_JOIN_PEER);
	call_answer(c, HOOK_ADMIT, "");
}

static void turn_gave_up(struct hook_turn *t)
{
	call_unanswered(container_of(t, struct call, turn));
}

static void call_refused(void *owner)
{
	call_unanswered(owner);
}

static void join_ended(struct call *c, const struct transfer_answer *a)
{
	bool join = c->kind == CALL_JOIN;
	enum hook_verdict verdict;
	char message[HOOK_MESSAGE_MAX + 1] = "";
	struct hooks *h = c->hooks;

	hook_turn_end(&c->turn, a->result == TRANSFER_ANSWERED);
	if (a->result == TRANSFER_FORBIDDEN) {
		h->counts.refused++;
		complain(h, c, "not called", a->error);
		call_answer(c, HOOK_UNAVAILABLE, "");
		return;
	}
	verdict = a->result == TRANSFER_ANSWERED ? hook_verdict_of(a->status, join)
	                                         : HOOK_UNAVAILABLE;
	if (verdict == HOOK_UNAVAILABLE) {
		h->counts.unanswered++;
		complain(h, c, "no answer", a->result == TRANSFER_ANSWERED ? "5xx" : a->error);
		call_unanswered(c);
		return;
	}
	if (verdict == HOOK_LOCKED)
		hook_message_read(message, a->type, a->body, a->body_len);
	call_answer(c, verdict, message);
}

// The report needs no more tries.
static void report_forget(struct call *c)
{
	if (c->notice)
		notice_forget(c->notice, c->hooks->history);
	else
		visit_forget(c->visit, c->hooks->history);
	c->notice = NULL;
	c->visit = NULL;
	call_destroy(c);
}

static struct hook_event report_event(const struct call *c)
{
	return c->notice ? notice_event_of(c->notice) : visit_event_of(c->visit, event_of(c));
}

static void report_give_up(struct call *c, const char *why)
{
	const struct hook_event e = report_event(c);
	char id[HOOK_EVENT_ID_SIZE];

	c->hooks->counts.given_up++;
	hook_event_id(id, &e);
	am_error(
	        "hook: gave up on %s; account=%" PRIu64 " room=%s peer=%s event=%s error=%s",
	        hook_event_name(event_of(c)), account_of(c), room_of(c),
	        am_log_value(c->notice ? "" : c->visit->peer.peer_id), id, am_log_value(why)
	);
	report_forget(c);
}

// Whether the answer says that this event is not wanted, rather than that the receiver is in
// trouble.
static bool is_refusal(unsigned status)
{
	return status >= 400 && status < 500 && status != 408 && status != 429;
}

static void report_ended(struct call *c, const struct transfer_answer *a)
{
	struct hooks *h = c->hooks;
	bool answered = a->result == TRANSFER_ANSWERED;
	char status[32];

	if (answered && a->status >= 200 && a->status < 300) {
		hook_turn_end(&c->turn, true);
		report_forget(c);
		return;
	}
	h->counts.unanswered += !answered || a->status >= 500;
	snprintf(status, sizeof(status), "status %u", a->status);
	// A refused event does not hold up the next one of its recording.
	if (c->notice && answered && is_refusal(a->status) && hook_turn_is_awaited(&c->turn)) {
		hook_turn_end(&c->turn, true);
		report_give_up(c, status);
		return;
	}
	if (!hook_turn_rest(&c->turn, answered)) {
		report_give_up(c, answered ? status : a->error);
		return;
	}
	complain(h, c, "will be tried again", answered ? status : a->error);
}

static void transfer_ended(void *owner, const struct transfer_answer *a)
{
	struct call *c = owner;

	c->transfer = NULL;
	if (call_reports(c))
		report_ended(c, a);
	else
		join_ended(c, a);
}

// The texts of a request, which the request borrows.
struct message {
	char *url, *body;
	char id[HOOK_EVENT_ID_SIZE], seconds[24], signature[HOOK_SIGNATURE_SIZE];
};

static void event_make(struct message *m, const struct call *c)
{
	const struct hook_event e = report_event(c);
	const char *secret = c->notice ? c->notice->secret : c->visit->peer.secret;
	int64_t seconds = clock_real_ms() / 1000;

	m->body = hook_request_event(&e, c->notice ? NULL : c->visit->peer.token);
	hook_event_id(m->id, &e);
	snprintf(m->seconds, sizeof(m->seconds), "%" PRId64, seconds);
	if (secret[0])
		hook_request_sign(m->signature, secret, m->id, seconds, m->body);
}

static void message_make(struct message *m, const struct call *c)
{
	const struct hook_peer *p = c->notice ? NULL : &c->visit->peer;

	*m = (struct message){0};
	if (p && c->kind != CALL_ACCESS && p->version != 2) {
		m->url = hook_request_url(p, event_of(c));
		return;
	}
	m->url = memory_copy_string(url_of(c));
	if (c->kind == CALL_ACCESS)
		m->body = hook_request_access(p, c->access_token);
	else
		event_make(m, c);
}

static void call_send(struct call *c)
{
	struct hooks *h = c->hooks;
	struct message m;
	const char *error = "not an https URL";

	message_make(&m, c);
	const struct transfer_request r = {
	        .url = m.url,
	        .body = m.body,
	        .timeout_ms = HOOK_ANSWER_MS,
	        .headers = {
	                {"Authorization",
	                 c->notice ? c->notice->authorization : c->visit->peer.authorization},
	                {"Content-Type", m.body ? "application/json" : ""},
	                {"webhook-id", m.id},
	                {"webhook-timestamp", m.seconds},
	                {"webhook-signature", m.signature},
	        }};
	if (attribute_url_is_good(url_of(c)))
		c->transfer = transfer_start(h->transfers, &r, transfer_ended, c, &error);
	free(m.url);
	free(m.body);
	if (c->transfer) {
		h->counts.calls++;
		return;
	}
	h->counts.refused++;
	complain(h, c, "not called", error);
	hook_turn_end(&c->turn, false); // ends at once, so this says nothing about the receiver
	if (call_reports(c))
		report_give_up(c, error);
	else
		call_answer(c, HOOK_UNAVAILABLE, "");
}

static void call_send_stored(void *owner)
{
	struct call *c = owner;
	struct hooks *h = c->hooks;

	if (!history_is_written(h->history, c->visit->write) &&
	    loop_now_ms(h->loop) < c->patience_ms)
		loop_timer_set(h->loop, &c->stored, STORE_LOOK_MS);
	else
		call_send(c);
}

// A joinPeer is stored before it is sent: the answer may come when this process no longer exists.
static void turn_started(struct hook_turn *t)
{
	struct call *c = container_of(t, struct call, turn);
	struct hooks *h = c->hooks;

	if (c->kind != CALL_JOIN)
		return call_send(c);
	visit_event(c->visit, h->history, &h->queue, HOOK_JOIN_PEER);
	c->patience_ms = loop_now_ms(h->loop) + HOOK_STORE_MS;
	loop_timer_set(h->loop, &c->stored, STORE_LOOK_MS);
}

static struct call *call_create(struct hooks *h, enum call_kind kind, struct visit *v)
{
	struct call *c = memory_new(1, sizeof(*c));

	c->hooks = h;
	c->kind = kind;
	c->visit = v;
	c->id = ++h->call_count;
	c->turn.closes = kind == CALL_CLOSE || kind == CALL_NOTICE;
	c->turn.start = turn_started;
	c->turn.give_up = turn_gave_up;
	c->refused = (struct loop_timer){.expired = call_refused, .owner = c};
	c->stored = (struct loop_timer){.expired = call_send_stored, .owner = c};
	snprintf(c->key, sizeof(c->key), "%016" PRIx64, c->id);
	map_add(&h->calls, &c->by_id, c->key);
	TAILQ_INSERT_TAIL(&h->all_calls, c, next);
	if (call_reports(c))
		h->counts.pending++;
	else
		h->counts.waiting++;
	return c;
}

static bool call_line_up(struct call *c)
{
	const struct hook_peer *p = &c->visit->peer;
	char key[PEER_KEY_SIZE];

	snprintf(key, sizeof(key), "%" PRIu64 "/%s/%s", p->account_id, p->room_id, p->peer_id);
	return hook_turn_take(
	        &c->hooks->queue, &c->turn, p->account_id, c->kind == CALL_ACCESS ? NULL : key
	);
}

static void close_line_up(struct hooks *h, struct visit *v)
{
	struct call *c = call_create(h, CALL_CLOSE, v);

	(void)!call_line_up(c); // a report is never refused
}

// Events of a recording line up behind each other. No room has an empty name.
static void notice_line_up(struct hooks *h, struct notice *n)
{
	struct call *c = call_create(h, CALL_NOTICE, NULL);
	char key[PEER_KEY_SIZE];

	c->notice = n;
	snprintf(key, sizeof(key), "%" PRIu64 "//%016" PRIx64, n->account_id, n->recording_id);
	(void)!hook_turn_take(&h->queue, &c->turn, n->account_id, key);
}

static void close_start(struct hooks *h, struct visit *v)
{
	visit_event(v, h->history, &h->queue, HOOK_CLOSE_PEER);
	close_line_up(h, v);
}

static uint64_t call_ask(struct call *c, hook_done *done, void *owner)
{
	c->done = done;
	c->owner = owner;
	if (!call_line_up(c)) {
		complain(c->hooks, c, "not called", "too many calls wait");
		loop_timer_set(c->hooks->loop, &c->refused, 0);
	}
	return c->id;
}

uint64_t hook_access(
        struct hooks *h, const struct hook_peer *p, const char *access_token, hook_done *done,
        void *owner
)
{
	struct call *c = call_create(h, CALL_ACCESS, visit_create(0, p));

	c->access_token = memory_copy_string(access_token ? access_token : "");
	return call_ask(c, done, owner);
}

uint64_t hook_join(struct hooks *h, const struct hook_peer *p, hook_done *done, void *owner)
{
	uint64_t id;

	memory_random(&id, sizeof(id));
	return call_ask(call_create(h, CALL_JOIN, visit_create(id | 1, p)), done, owner);
}

// Ends a call without an answer. A call that was not sent yet needs no closePeer.
static void call_drop(struct call *c)
{
	if (c->transfer) {
		transfer_cancel(c->transfer);
	} else if (c->kind == CALL_JOIN) {
		visit_forget(c->visit, c->hooks->history);
		c->visit = NULL;
	}
	hook_turn_leave(&c->turn);
	call_destroy(c);
}

void hook_cancel(struct hooks *h, uint64_t id)
{
	char key[VISIT_KEY_SIZE];

	snprintf(key, sizeof(key), "%016" PRIx64, id);
	struct map_node *n = map_find(&h->calls, key);
	if (!n) {
		hook_replays_cancel(h->replays, id);
		return;
	}
	struct call *c = container_of(n, struct call, by_id);
	if (call_reports(c))
		return;
	c->done = NULL;
	if (c->kind == CALL_JOIN && c->transfer)
		return; // the answer will say whether a closePeer is needed
	call_drop(c);
}

void hook_close(struct hooks *h, uint64_t admission, const char *display_name)
{
	char key[VISIT_KEY_SIZE];

	snprintf(key, sizeof(key), "%016" PRIx64, admission);
	struct map_node *n = map_find(&h->admissions, key);
	if (!n)
		return;
	struct visit *v = container_of(n, struct visit, by_id);
	map_remove(&h->admissions, n);
	if (display_name)
		visit_set_display_name(v, display_name);
	close_start(h, v);
}

void hook_recording(
        struct hooks *h, const struct account *a, enum hook_event_kind kind,
        const struct recording_row *r, const struct recording_file_row *files, size_t count
)
{
	if (a && a->api_event && a->hook_version == 2)
		notice_line_up(h, notice_create(a, kind, r, files, count, h->history, &h->queue));
}

// Start, restart and end.

static void admission_found(void *owner, const struct history_admission *a)
{
	struct hooks *h = owner;
	struct visit *v = visit_restore(a);

	if (a->closing)
		close_line_up(h, v);
	else
		TAILQ_INSERT_TAIL(&h->restored, v, in_restored);
}

static void notice_found(void *owner, const struct history_notice *n)
{
	if (n->event.kind >= HOOK_RECORDING_STARTED && n->event.kind < HOOK_EVENT_KINDS)
		notice_line_up(owner, notice_restore(n)); // others are a newer version's
}

static void sequence_found(void *owner, uint64_t account_id, int64_t last)
{
	struct hooks *h = owner;
	hook_queue_set_sequence(&h->queue, account_id, last + SEQUENCE_SKIP);
}

static void prune(void *owner)
{
	struct hooks *h = owner;

	history_events_prune(h->history, clock_real_ms() - (int64_t)HISTORY_EVENT_DAYS * DAY_MS);
	loop_timer_set(h->loop, &h->prune, PRUNE_MS);
}

struct hooks *hooks_create(
        struct loop *l, struct history *history, const struct am_config_strings *allowed,
        const char *authorities
)
{
	struct transfers *transfers = transfers_create(l, allowed, authorities);
	if (!transfers)
		return NULL;
	struct hooks *h = memory_new(1, sizeof(*h));

	h->loop = l;
	h->history = history;
	h->transfers = transfers;
	h->replays = hook_replays_create(history);
	h->prune = (struct loop_timer){.expired = prune, .owner = h};
	hook_queue_init(&h->queue, l);
	map_init(&h->calls);
	map_init(&h->admissions);
	TAILQ_INIT(&h->all_calls);
	TAILQ_INIT(&h->restored);
	if (history_sequences_read(history, sequence_found, h) < 0 ||
	    history_admissions_read(history, admission_found, h) < 0 ||
	    history_notices_read(history, notice_found, h) < 0) {
		am_error("hook: open admissions and undelivered events cannot be read");
		hooks_destroy(h);
		return NULL;
	}
	loop_timer_set(l, &h->prune, 0);
	return h;
}

void hooks_restore(
        struct hooks *h, bool (*keep)(void *owner, const struct hook_admission *), void *owner
)
{
	struct visit *v;

	while ((v = TAILQ_LAST(&h->restored, visit_list))) {
		const struct hook_admission a = {
		        .id = v->id,
		        .account_id = v->peer.account_id,
		        .room_id = v->peer.room_id,
		        .peer_id = v->peer.peer_id,
		};
		TAILQ_REMOVE(&h->restored, v, in_restored);
		if (keep(owner, &a))
			map_add(&h->admissions, &v->by_id, v->key);
		else
			close_start(h, v);
	}
}

static void admissions_free(struct hooks *h)
{
	struct map_node *next = map_next(&h->admissions, NULL), *n;
	struct visit *v;

	while ((n = next)) {
		next = map_next(&h->admissions, n);
		visit_destroy(container_of(n, struct visit, by_id));
	}
	while ((v = TAILQ_FIRST(&h->restored))) {
		TAILQ_REMOVE(&h->restored, v, in_restored);
		visit_destroy(v);
	}
}

void hooks_destroy(struct hooks *h)
{
	struct call *c;

	while ((c = TAILQ_FIRST(&h->all_calls)))
		call_drop(c);
	admissions_free(h);
	loop_timer_cancel(h->loop, &h->prune);
	hook_queue_fini(&h->queue);
	hook_replays_destroy(h->replays);
	transfers_destroy(h->transfers);
	map_fini(&h->calls);
	map_fini(&h->admissions);
	free(h);
}

uint64_t hook_replay(
        struct hooks *h, uint64_t account_id, const char *after, const char *limit,
        hook_replay_done *done, void *owner
)
{
	uint64_t call = ++h->call_count;
	int ret = hook_replays_ask(h->replays, call, account_id, after, limit, done, owner);

	errno = -ret;
	return ret < 0 ? 0 : call;
}

void hooks_count(const struct hooks *h, struct hook_counts *out)
{
	*out = h->counts;
}
