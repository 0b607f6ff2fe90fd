#include "signaling/admission.h"

#include "account/account.h"
#include "account/token.h"
#include "base/address.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/text.h"
#include "conference/conference.h"
#include "hook/hook.h"
#include "http/http.h"
#include "signaling/pin.h"

#include "am_log.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MASK(attribute) (1u << (attribute))

// What a handshake requests; none of it is trusted.
struct application {
	uint64_t account_id; // the account of the host
	char client[ADDRESS_TEXT_SIZE]; // for which limits and wrong PINs are counted
	enum room_kind kind;
	char session[PEER_SESSION_MAX + 1]; // may be empty
	bool chat;
	char token[TOKEN_LEN_MAX + 2]; // one more than allowed shows that a token is too long
	struct attributes url;
	uint32_t jwt_only; // a bit for each attribute that only a token may have
};

struct admission {
	const struct admissions *shared;
	const struct admission_events *events;
	void *owner;
	uint64_t connection;
	struct application *application; // after merge, its url has the claims' values, too
	struct claims claims; // zero without a token
	size_t step; // the next step of the pipeline; the last one never returns NEXT
	uint64_t call; // the call that the admission waits for; 0: none
	uint64_t hook_admission;
};

enum outcome {
	NEXT,
	ASKED, // another server was called; its answer continues the admission
	ENDED,
};

static const char *const ignored_codes[IGNORED_REASON_COUNT] = {
        [IGNORED_BAD_VALUE] = "bad-value",       [IGNORED_JWT_ONLY] = "jwt-only",
        [IGNORED_JWT_REQUIRED] = "jwt-required", [IGNORED_DEBUG_ONLY] = "debug-only",
        [IGNORED_NO_TOKEN] = "no-token",         [IGNORED_REGISTERED] = "registered",
};

const char *ignored_reason_code(enum ignored_reason r)
{
	return ignored_codes[r];
}

const char *application_room(const struct application *a)
{
	return a->url.room_id;
}

const char *application_peer_id(const struct application *a)
{
	return a->url.peer_id;
}

const char *application_client(const struct application *a)
{
	return a->client;
}

static bool path_is(const char *path, const char *page)
{
	size_t n = strlen(page);
	return strncmp(path, page, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

static const char *query(const struct http_request *q, const char *name)
{
	const char *value = http_query(q, name);
	return value ? value : "";
}

static void attributes_read(struct application *a, const struct http_request *q)
{
	for (int i = 0; i < ATTRIBUTE_COUNT; i++) {
		enum attribute attribute = (enum attribute)i;
		const char *value = query(q, attribute_name(attribute));
		if (!value[0] && attribute == ATTRIBUTE_PEER_ID)
			value = query(q, "peerID"); // the integration guide's other spelling
		if (attribute_is_jwt_only(attribute))
			a->jwt_only |= value[0] ? MASK(attribute) : 0;
		else
			attributes_set(&a->url, attribute, value);
	}
	a->chat = !text_is_true(query(q, "disableChat")) && !text_is_true(query(q, "disbleChat"));
}

// Checks what a room and a peer require, unless a token may supply it. NULL if nothing is missing.
static const char *what_is_missing(const struct application *a, const struct http_request *q)
{
	const struct attributes *url = &a->url;
	bool token = a->token[0] != '\0';

	if (url->ignored & MASK(ATTRIBUTE_ROOM_ID) ||
	    (!token && !attributes_have(url, ATTRIBUTE_ROOM_ID)))
		return "roomId must be 1 to 64 of A-Z a-z 0-9 _ -";
	if (url->ignored & MASK(ATTRIBUTE_PEER_ID) ||
	    (!token && !attributes_have(url, ATTRIBUTE_PEER_ID)))
		return "peerId must be 1 to 128 printable characters";
	const char *session = query(q, "session");
	if (session[0] && !text_is_token(session, PEER_SESSION_MAX))
		return "session must be up to 64 of A-Z a-z 0-9 _ -";
	return NULL;
}

// True if there is a peer with this session, which is a secret of the peer's page.
static bool comes_back(const struct admissions *shared, const struct application *a)
{
	struct room *r =
	        rooms_find(conference_rooms(shared->conference), a->account_id, a->url.room_id);
	const struct peer *p = r ? room_find_peer(r, a->url.peer_id) : NULL;

	return p && p->session[0] && text_equals_secret(a->session, p->session);
}

// A page of another site must not exploit its visitor's place in the network. Browsers always send
// an Origin. A client without one is not a page; it may enter with a token, if the account allows
// native clients, or if it comes back.
static bool
may_ask(const struct admissions *shared, const struct account *account, const struct application *a,
        const struct http_request *q)
{
	const char *origin = http_header(q, "Origin"), *token = query(q, "token");
	struct claims claims;

	if (origin)
		return account_allows_origin(account, http_header(q, "Host"), origin);
	if (account->native_clients || comes_back(shared, a))
		return true;
	return token[0] &&
	       token_verify(account, token, strlen(token), clock_real_ms() / 1000, &claims) ==
	               TOKEN_GOOD;
}

static struct application *
application_make(const struct account *account, const struct http_request *q)
{
	struct application *a = memory_new(1, sizeof(*a));

	a->account_id = account->id;
	strcpy(a->client, q->client);
	a->kind = path_is(q->path, "/webinar") ? ROOM_WEBINAR : ROOM_CALL;
	strncpy(a->token, query(q, "token"), sizeof(a->token) - 1);
	strncpy(a->session, query(q, "session"), sizeof(a->session) - 1);
	attributes_read(a, q);
	return a;
}

struct application *admission_apply(
        const struct admissions *shared, const struct http_request *q, enum refusal *refusal,
        const char **why
)
{
	const char *host = http_header(q, "Host");
	const struct account *account = accounts_by_host(shared->accounts, host, http_is_local(q));

	if (!account) {
		accounts_refuse_host(shared->accounts, host, loop_now_ms(shared->loop));
		*refusal = REFUSAL_HOST_UNKNOWN;
		*why = "no account has this host";
		return NULL;
	}
	struct application *a = application_make(account, q);
	*refusal = REFUSAL_ORIGIN_NOT_ALLOWED;
	*why = may_ask(shared, account, a, q) ? NULL
	                                      : "origin not allowed: neither the requested "
	                                        "host nor an allowed domain";
	if (!*why) {
		*refusal = REFUSAL_BAD_REQUEST;
		*why = what_is_missing(a, q);
	}
	if (!*why)
		return a;
	free(a);
	return NULL;
}

static enum outcome refuse_with(struct admission *a, const struct refused *refused)
{
	a->events->refused(a->owner, a->connection, refused);
	return ENDED;
}

static enum outcome refuse(struct admission *a, enum refusal refusal, const char *detail)
{
	return refuse_with(a, &(struct refused){.refusal = refusal, .detail = detail});
}

static enum outcome refuse_early(struct admission *a)
{
	return refuse_with(
	        a,
	        &(struct refused){
	                .refusal = REFUSAL_NOT_STARTED,
	                .detail = "",
	                .start_time_ms = a->application->url.start_time_ms,
	        }
	);
}

// NULL if the account was removed since the handshake.
static const struct account *account_of(const struct admission *a)
{
	return accounts_by_id(a->shared->accounts, a->application->account_id);
}

static bool is_signed(const struct admission *a, enum attribute attribute)
{
	return attributes_have(&a->claims.attributes, attribute);
}

static struct newcomer newcomer_of(const struct admission *a)
{
	const struct application *p = a->application;
	const struct attributes *t = &p->url;

	return (struct newcomer){
	        .account_id = p->account_id,
	        .kind = p->kind,
	        .room = t->room_id,
	        .peer_id = t->peer_id,
	        .session = p->session,
	        .display_name = t->display_name,
	        .rights =
	                {
	                        .speaker = p->kind == ROOM_CALL || t->itisparticipant,
	                        .moderator = t->moderator,
	                        .can_record = t->moderator && t->can_record,
	                        .chat = p->chat,
	                        .hand = t->hand_enabled ||
	                                !attributes_have(t, ATTRIBUTE_HAND_ENABLED),
	                },
	        .signed_id = is_signed(a, ATTRIBUTE_PEER_ID),
	        .name_is_fixed = is_signed(a, ATTRIBUTE_DISPLAY_NAME),
	        .waits = t->waiting_room,
	        .hook_admission = a->hook_admission,
	        .client = p->client,
	};
}

// A page that comes back is not checked again: only that page knows the session, and its peer keeps
// everything that was decided.
static enum outcome take_up(struct admission *a)
{
	const struct newcomer n = newcomer_of(a);
	enum refusal refusal;

	struct peer *p = conference_take_up(a->shared->conference, &n, a->connection, &refusal);
	if (refusal != REFUSAL_NONE)
		return refuse(a, refusal, "");
	if (!p)
		return NEXT;
	a->events->entered(a->owner, a->connection, p);
	return ENDED;
}

// An invalid token is refused even if no token is required: whoever has a moderator's link should
// learn that it has expired, rather than enter with fewer rights.
static enum outcome check_token(struct admission *a)
{
	const struct account *account = account_of(a);
	const char *token = a->application->token;

	if (!account)
		return refuse(a, REFUSAL_ACCESS_DECLINED, "");
	if (!token[0])
		return account->jwt_required ? refuse(a, REFUSAL_TOKEN_MISSING, "") : NEXT;
	enum token_result result =
	        token_verify(account, token, strlen(token), clock_real_ms() / 1000, &a->claims);
	if (result == TOKEN_GOOD)
		return NEXT;
	enum refusal refusal =
	        result == TOKEN_EXPIRED ? REFUSAL_TOKEN_EXPIRED : REFUSAL_TOKEN_INVALID;
	return refuse(a, refusal, token_result_code(result));
}

static void ignored_add(struct ignored *list, uint32_t attributes, enum ignored_reason reason)
{
	for (int i = 0; i < ATTRIBUTE_COUNT; i++) {
		if (!(attributes & MASK(i)))
			continue;
		list->list[list->count].attribute = (enum attribute)i;
		list->list[list->count++].reason = reason;
	}
}

// Removes attributes that the URL may not set.
static void
strip(struct attributes *url, struct ignored *list, uint32_t mask, enum ignored_reason r)
{
	mask &= url->present;
	ignored_add(list, mask, r);
	for (int i = 0; i < ATTRIBUTE_COUNT; i++) {
		if (mask & MASK(i))
			attributes_ignore(url, (enum attribute)i);
	}
}

// A URL may name the server to call only at the account's own domains, and only if the account has
// not registered a server: otherwise, any visitor could choose. A header is treated like its URL.
static void strip_hooks(struct admission *a, const struct account *account, struct ignored *list)
{
	struct attributes *url = &a->application->url;
	const struct {
		enum attribute destination, header;
		const char *value, *own;
	} hooks[] = {
	        {ATTRIBUTE_ACCESS_URL, ATTRIBUTE_AUTHORIZATION_ACCESS, url->access_url,
	         account->access_url},
	        {ATTRIBUTE_API_EVENT, ATTRIBUTE_AUTH_EVENT, url->api_event, account->api_event},
	};
	uint32_t elsewhere = 0, registered = 0;

	if (account->debug)
		return;
	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
		uint32_t both = MASK(hooks[i].destination) | MASK(hooks[i].header);
		if (hooks[i].own)
			registered |= both;
		else if (is_signed(a, hooks[i].destination))
			elsewhere |= MASK(hooks[i].header);
		else if (!hooks[i].value[0] || !account_allows_url(account, hooks[i].value))
			elsewhere |= both;
	}
	strip(url, list, registered, IGNORED_REGISTERED);
	strip(url, list, elsewhere, IGNORED_DEBUG_ONLY);
}

// Logs ignored attributes on the server, too: an integrator who reads the log may not see the
// visitor's console.
static void log_ignored(const struct admission *a, const struct ignored *list)
{
	for (int i = 0; i < list->count; i++) {
		am_info("admission: attribute ignored; room=%s peer=%s name=%s reason=%s",
		        application_room(a->application),
		        am_log_value(application_peer_id(a->application)),
		        attribute_name(list->list[i].attribute),
		        ignored_codes[list->list[i].reason]);
	}
}

static enum outcome merge(struct admission *a)
{
	const struct account *account = account_of(a);
	struct attributes *url = &a->application->url;
	struct ignored list = {0};

	if (!account)
		return refuse(a, REFUSAL_ACCESS_DECLINED, "");
	if (attributes_have(url, ATTRIBUTE_ROOM_ID) && !claims_open_room(&a->claims, url->room_id))
		return refuse(a, REFUSAL_TOKEN_WRONG_ROOM, "");
	ignored_add(&list, a->application->jwt_only, IGNORED_JWT_ONLY);
	ignored_add(&list, url->ignored | a->claims.attributes.ignored, IGNORED_BAD_VALUE);
	if (account->jwt_required)
		strip(url, &list, MASK(ATTRIBUTE_ACCESS_TOKEN) | MASK(ATTRIBUTE_ITISPARTICIPANT),
		      IGNORED_JWT_REQUIRED);
	strip_hooks(a, account, &list);
	if (!a->application->token[0])
		strip(url, &list, MASK(ATTRIBUTE_TOKEN_LIFETIME), IGNORED_NO_TOKEN);
	attributes_override(url, &a->claims.attributes);
	log_ignored(a, &list);
	if (list.count)
		a->events->ignored(a->owner, a->connection, &list);
	if (!attributes_have(url, ATTRIBUTE_ROOM_ID) || !attributes_have(url, ATTRIBUTE_PEER_ID))
		return refuse(a, REFUSAL_BAD_REQUEST, "");
	return NEXT;
}

// A token with a lifetime is valid that long after its first use.
static enum outcome check_lifetime(struct admission *a)
{
	const struct attributes *t = &a->application->url;
	int64_t now = clock_real_ms();

	if (!attributes_have(t, ATTRIBUTE_TOKEN_LIFETIME))
		return NEXT;
	int64_t first = accounts_token_first_used_ms(
	        a->shared->accounts, a->application->account_id, a->claims.identity,
	        a->claims.expires_s, now
	);
	return now > first + t->token_lifetime_ms ? refuse(a, REFUSAL_TOKEN_USED_UP, "") : NEXT;
}

// Refuses people before the event begins, if the account enforces its start time.
static enum outcome check_start(struct admission *a)
{
	const struct account *account = account_of(a);
	const struct attributes *t = &a->application->url;

	if (account && account->enforce_start_time && attributes_have(t, ATTRIBUTE_START_TIME) &&
	    clock_real_ms() < t->start_time_ms)
		return refuse_early(a);
	return NEXT;
}

// The PIN is checked before other servers are called about somebody who only guesses.
static enum outcome check_pin(struct admission *a)
{
	struct conference *c = a->shared->conference;
	const struct attributes *t = &a->application->url;
	char room[ROOM_KEY_SIZE];

	if (t->moderator)
		return NEXT;
	room_key_print(room, a->application->account_id, t->room_id);
	enum refusal refusal = pins_check(
	        a->shared->pins, room, a->application->client, conference_pin(c, room), t->pin,
	        loop_now_ms(a->shared->loop)
	);
	return refusal == REFUSAL_NONE ? NEXT : refuse(a, refusal, "");
}

// Sets the URL to call and its Authorization. An account's own Authorization is never sent to a URL
// that is not the account's.
static bool destination(
        struct hook_peer *p, const char *url, const char *own_url, const char *value,
        const char *own_value
)
{
	p->url = url[0] ? url : own_url;
	p->authorization = value[0] ? value : url[0] ? "" : own_value;
	return p->url != NULL;
}

static struct hook_peer hook_peer_of(const struct admission *a, const struct account *account)
{
	const struct attributes *t = &a->application->url;

	return (struct hook_peer){
	        .account_id = account->id,
	        .room_id = t->room_id,
	        .peer_id = t->peer_id,
	        .display_name = t->display_name,
	        .token = a->application->token,
	};
}

static bool run(struct admission *);
static void end(struct admission *);

static void on_answer(void *owner, uint64_t, const struct hook_answer *answer)
{
	struct admission *a = owner;

	a->call = 0;
	a->hook_admission = answer->admission;
	switch (answer->verdict) {
	case HOOK_ADMIT: run(a); return;
	case HOOK_DECLINED: refuse(a, REFUSAL_ACCESS_DECLINED, answer->message); break;
	case HOOK_LOCKED: refuse(a, REFUSAL_LOCKED, answer->message); break;
	case HOOK_NOT_STARTED: refuse_early(a); break;
	case HOOK_UNAVAILABLE: refuse(a, REFUSAL_ACCESS_UNKNOWN, ""); break;
	}
	end(a);
}

// Calls the access check.
static enum outcome ask_access(struct admission *a)
{
	const struct account *account = account_of(a);
	const struct attributes *t = &a->application->url;

	if (!account)
		return refuse(a, REFUSAL_ACCESS_DECLINED, "");
	struct hook_peer p = hook_peer_of(a, account);
	if (!destination(
	            &p, t->access_url, account->access_url, t->authorization_access,
	            account->authorization_access
	    ))
		return NEXT;
	a->call = hook_access(a->shared->hooks, &p, t->access_token, on_answer, a);
	return ASKED;
}

// Asks the webhook whether the peer may join.
static enum outcome ask_webhook(struct admission *a)
{
	const struct account *account = account_of(a);
	const struct attributes *t = &a->application->url;

	if (!account)
		return refuse(a, REFUSAL_ACCESS_DECLINED, "");
	struct hook_peer p = hook_peer_of(a, account);
	if (!destination(&p, t->api_event, account->api_event, t->auth_event, account->auth_event))
		return NEXT;
	// Nothing is signed for a URL that a visitor may have chosen.
	bool trusted = !t->api_event[0] || is_signed(a, ATTRIBUTE_API_EVENT);
	p.version = trusted ? account->hook_version : 1;
	p.secret = trusted ? account->hook_secret : NULL;
	p.fail_open = account->hook_fail_open;
	a->call = hook_join(a->shared->hooks, &p, on_answer, a);
	return ASKED;
}

static void rules_read(struct room_rules *rules, const struct admission *a)
{
	struct attributes *t = &a->application->url;

	// The peer was not held back, so the room's moderators should know the start time.
	if (t->start_time_ms > clock_real_ms()) {
		am_info("admission: let in before the start time; room=%s peer=%s", t->room_id,
		        am_log_value(t->peer_id));
		rules->start_time_ms = t->start_time_ms;
	}
	rules->speakers_max = (uint32_t)t->max_broadcasters;
	rules->viewers_max = (uint32_t)t->max_watchers;
	rules->auto_record = t->auto_record;
	if (t->moderator) {
		rules->waiting_room = t->waiting_room;
		if (is_signed(a, ATTRIBUTE_PIN))
			strcpy(rules->pin, t->pin);
	}
	if (t->video[0] && (t->moderator || is_signed(a, ATTRIBUTE_VIDEO)))
		rules->video = t->video;
}

static enum outcome enter(struct admission *a)
{
	struct newcomer n = newcomer_of(a);
	enum refusal refusal;

	rules_read(&n.rules, a);
	struct peer *p = conference_enter(a->shared->conference, &n, a->connection, &refusal);
	if (!p)
		return refuse(a, refusal, "");
	a->events->entered(a->owner, a->connection, p);
	return ENDED;
}

// The steps after admission_apply, which has checked host, origin and account.
static const struct {
	const char *name;
	enum outcome (*run)(struct admission *);
} pipeline[] = {
        {"resumed", take_up},
        {"token", check_token},
        {"merge of URL and claims", merge},
        {"resumed, under the token's names", take_up},
        {"tokenLifetime", check_lifetime},
        {"start time", check_start},
        {"PIN", check_pin},
        {"access check", ask_access},
        {"joinPeer webhook", ask_webhook},
        {"room limits, waiting room, the room", enter},
};

static void end(struct admission *a)
{
	free(a->application);
	free(a);
}

// Runs steps until one has to wait. False if the admission has ended.
static bool run(struct admission *a)
{
	enum outcome outcome = NEXT;

	while (outcome == NEXT) {
		am_debug(
		        "admission: %s; room=%s peer=%s", pipeline[a->step].name,
		        a->application->url.room_id, am_log_value(a->application->url.peer_id)
		);
		outcome = pipeline[a->step++].run(a);
	}
	if (outcome == ENDED)
		end(a);
	return outcome == ASKED;
}

struct admission *admission_start(
        const struct admissions *shared, struct application *application, uint64_t connection,
        const struct admission_events *events, void *owner
)
{
	struct admission *a = memory_new(1, sizeof(*a));

	a->shared = shared;
	a->events = events;
	a->owner = owner;
	a->connection = connection;
	a->application = application;
	return run(a) ? a : NULL;
}

void admission_abandon(struct admission *a)
{
	hook_cancel(a->shared->hooks, a->call);
	end(a);
}
