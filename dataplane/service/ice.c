#include "service/ice.h"

#include "wire/stun.h"

#include <string.h>

void ice_init(
        struct ice *ice, const char ufrag[static AM_UFRAG_LEN], const char pwd[static AM_PWD_LEN]
)
{
	*ice = (struct ice){.state = AM_ICE_NEW, .selected = ICE_NO_PATH};
	memcpy(ice->credentials.ufrag, ufrag, AM_UFRAG_LEN);
	memcpy(ice->credentials.pwd, pwd, AM_PWD_LEN);
}

void ice_fini(struct ice *ice)
{
	explicit_bzero(ice, sizeof(*ice));
}

void ice_restart(
        struct ice *ice, const char ufrag[static AM_UFRAG_LEN], const char pwd[static AM_PWD_LEN]
)
{
	// If a second restart comes before the client has followed the first, it still uses
	// `previous`.
	if (!ice->has_previous) {
		ice->previous = ice->credentials;
		ice->has_previous = true;
	}
	memcpy(ice->credentials.ufrag, ufrag, AM_UFRAG_LEN);
	memcpy(ice->credentials.pwd, pwd, AM_PWD_LEN);
}

static bool tuple_equal(const struct ice_tuple *a, const struct ice_tuple *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

// Index of a tuple's path, or path_count.
static uint8_t path_find(const struct ice *ice, const struct ice_tuple *tuple)
{
	uint8_t i = 0;
	while (i < ice->path_count && !tuple_equal(&ice->paths[i].tuple, tuple))
		i++;
	return i;
}

// The credentials that the request is for, or NULL. Only the part of USERNAME before the colon can
// be checked; the client's ufrag after it is never signaled.
static const struct ice_credentials *
credentials_find(const struct ice *ice, const struct stun_message *request)
{
	size_t len;
	const uint8_t *ufrag = stun_local_ufrag(request, &len);
	if (ufrag == NULL || len != AM_UFRAG_LEN)
		return NULL;
	if (memcmp(ufrag, ice->credentials.ufrag, AM_UFRAG_LEN) == 0)
		return &ice->credentials;
	if (ice->has_previous && memcmp(ufrag, ice->previous.ufrag, AM_UFRAG_LEN) == 0)
		return &ice->previous;
	return NULL;
}

// The stalest unselected path; only called with all paths taken.
static uint8_t path_to_evict(const struct ice *ice)
{
	uint8_t stalest = ice->selected == 0 ? 1 : 0;
	for (uint8_t i = stalest + 1; i < ICE_TUPLE_MAX; i++) {
		if (i != ice->selected && ice->paths[i].checked_ns < ice->paths[stalest].checked_ns)
			stalest = i;
	}
	return stalest;
}

// The place of a new tuple. The selected path keeps its index.
static uint8_t path_add(struct ice *ice, const struct ice_tuple *tuple, struct ice_outcome *outcome)
{
	uint8_t i = ice->path_count;
	if (i == ICE_TUPLE_MAX) {
		i = path_to_evict(ice);
		outcome->events |= ICE_EVICTED;
		outcome->evicted = ice->paths[i].tuple;
	} else {
		ice->path_count++;
	}
	ice->paths[i] = (struct ice_path){.tuple = *tuple};
	outcome->events |= ICE_ADDED;
	return i;
}

static bool is_silent(const struct ice *ice, uint64_t now_ns, uint64_t for_ns)
{
	return ice->selected == ICE_NO_PATH ||
	       now_ns - ice->paths[ice->selected].checked_ns > for_ns;
}

// Rules 1 to 6 of ice.h, for a check on a path that is not selected.
static bool wants_selection(
        const struct ice *ice, const struct ice_tuple *from, const struct stun_message *request,
        bool is_new, bool nominates, uint64_t now_ns
)
{
	if (is_silent(ice, now_ns, ICE_SILENCE_NS))
		return true;
	const struct ice_path *selected = &ice->paths[ice->selected];
	if (request->has_nomination ? nominates : request->use_candidate)
		return true;
	return is_new && request->has_priority && request->priority == selected->priority &&
	       from->local == selected->tuple.local && from->family == selected->tuple.family;
}

static bool address_equal(const struct ice_tuple *a, const struct ice_tuple *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

static bool is_unproven(const struct ice *ice, const struct ice_path *path)
{
	return ice->guarded && !path->proven && !address_equal(&path->tuple, &ice->proven);
}

static void await_none(struct ice *ice)
{
	for (uint8_t i = 0; i < ice->path_count; i++)
		ice->paths[i].awaited = false;
}

static void select_path(struct ice *ice, uint8_t i, struct ice_outcome *outcome)
{
	if (ice->guarded && !is_unproven(ice, &ice->paths[i]))
		ice->proven = ice->paths[i].tuple;
	ice->selected = i;
	await_none(ice);
	outcome->events |= ICE_SELECTED;
	if (ice->state != AM_ICE_CONNECTED)
		outcome->events |= ICE_CONNECTED;
	ice->state = AM_ICE_CONNECTED;
}

// True if no check with this transaction has come before; notes it. Two bits of a hash represent
// each transaction, so after many thousands some new ones look old, which is the safe side.
static bool transaction_is_new(struct ice *ice, const uint8_t *transaction)
{
	uint64_t hash = 0x9e3779b97f4a7c15;
	bool is_new = false;

	for (int i = 0; i < STUN_TRANSACTION_LEN; i++)
		hash = (hash ^ transaction[i]) * 0x100000001b3;
	for (int shift = 16; shift <= 40; shift += 24) {
		uint64_t bit = hash >> shift & (ICE_SEEN_BITS - 1);
		uint8_t mask = (uint8_t)(1 << bit % 8);
		is_new |= (ice->seen[bit / 8] & mask) == 0;
		ice->seen[bit / 8] |= mask;
	}
	return is_new;
}

// Handles an authentic check: updates paths and selection.
static void accept_check(
        struct ice *ice, const struct ice_tuple *from, const struct stun_message *request,
        uint64_t now_ns, struct ice_outcome *outcome
)
{
	bool nominates = request->has_nomination &&
	                 (!ice->has_nomination || request->nomination > ice->nomination);
	bool fresh = transaction_is_new(ice, request->transaction);
	bool follows =
	        fresh && (is_silent(ice, now_ns, ICE_GONE_NS) || outcome->events & ICE_RESTARTED);
	uint8_t i = path_find(ice, from);
	bool is_new = i == ice->path_count;
	bool select = wants_selection(ice, from, request, is_new, nominates, now_ns);

	if (is_new)
		i = path_add(ice, from, outcome);
	struct ice_path *path = &ice->paths[i];
	path->priority = request->priority;
	if (is_unproven(ice, path)) {
		outcome->events |= ICE_AWAITED;
		path->awaited |= select && i != ice->selected;
		select &= follows;
		if (!fresh)
			return;
	}
	path->checked_ns = now_ns;
	ice->checked_ns = now_ns;
	outcome->events |= ICE_CHECKED;
	if (nominates) {
		ice->has_nomination = true;
		ice->nomination = request->nomination;
	}
	if (select && i == ice->selected)
		await_none(ice); // it stays selected
	else if (select)
		select_path(ice, i, outcome);
}

// The client has followed the restart. Its nominations count from the start again.
static void finish_restart(struct ice *ice, struct ice_outcome *outcome)
{
	explicit_bzero(&ice->previous, sizeof(ice->previous));
	ice->has_previous = false;
	ice->has_nomination = false;
	ice->nomination = 0;
	memset(ice->seen, 0, sizeof(ice->seen)); // the old password is worthless now
	outcome->events |= ICE_RESTARTED;
}

static size_t build_success(
        const struct ice_tuple *from, const uint8_t *transaction, const char *pwd,
        uint8_t response[static ICE_RESPONSE_LEN_MAX]
)
{
	struct stun_address mapped = {.port = from->port, .ip_len = from->family == 4 ? 4 : 16};
	memcpy(mapped.ip, from->ip, mapped.ip_len);
	return stun_build_success(
	        response, ICE_RESPONSE_LEN_MAX, transaction, &mapped, pwd, AM_PWD_LEN
	);
}

struct ice_outcome ice_handle_request(
        struct ice *ice, const struct ice_tuple *from, const uint8_t *msg, size_t len,
        uint64_t now_ns, uint8_t response[static ICE_RESPONSE_LEN_MAX]
)
{
	struct ice_outcome outcome = {0};
	struct stun_message request;
	if (stun_parse(msg, len, &request) < 0)
		return outcome;
	// RFC 8445 7.1 and 7.3: a check has FINGERPRINT. Indications are keep-alives (RFC 8445 11).
	if (request.type != STUN_BINDING_REQUEST || !request.has_fingerprint)
		return outcome;

	const struct ice_credentials *c = credentials_find(ice, &request);
	if (c == NULL || !stun_verify(msg, len, &request, c->pwd, AM_PWD_LEN))
		return outcome;

	// From here on the sender is the client. RFC 8489 6.3.1; RFC 8445 7.3.1.1: we are lite and
	// so controlled.
	enum stun_error error =
	        request.unknown_count > 0 ? STUN_UNKNOWN_ATTRIBUTE : STUN_ROLE_CONFLICT;
	if (request.unknown_count > 0 || request.controlled) {
		outcome.response_len = stun_build_error(
		        response, ICE_RESPONSE_LEN_MAX, &request, error, c->pwd, AM_PWD_LEN
		);
	} else {
		outcome.response_len = build_success(from, request.transaction, c->pwd, response);
		if (c == &ice->credentials && ice->has_previous)
			finish_restart(ice, &outcome);
		accept_check(ice, from, &request, now_ns, &outcome);
	}
	if (outcome.response_len > 0)
		outcome.events |= ICE_RESPOND;
	return outcome;
}

void ice_guard(struct ice *ice)
{
	const struct ice_tuple *selected = ice_selected(ice);

	ice->guarded = true;
	if (selected) {
		ice->paths[ice->selected].proven = true;
		ice->proven = *selected;
	}
}

bool ice_prove(struct ice *ice, const struct ice_tuple *from, uint64_t now_ns)
{
	uint8_t i = path_find(ice, from);

	if (i == ice->path_count)
		return false;
	struct ice_path *path = &ice->paths[i];
	path->proven = true;
	if (i == ice->selected)
		ice->proven = *from;
	if (!path->awaited)
		return false;
	await_none(ice);
	path->checked_ns = now_ns;
	ice->checked_ns = now_ns;
	ice->selected = i;
	ice->proven = *from;
	ice->state = AM_ICE_CONNECTED;
	return true;
}

const struct ice_tuple *ice_selected(const struct ice *ice)
{
	return ice->state == AM_ICE_CONNECTED && ice->selected != ICE_NO_PATH
	               ? &ice->paths[ice->selected].tuple
	               : NULL;
}

bool ice_expired(const struct ice *ice, uint64_t now_ns)
{
	return ice->state == AM_ICE_CONNECTED && now_ns - ice->checked_ns > ICE_CONSENT_NS;
}

void ice_expire(struct ice *ice)
{
	ice->state = AM_ICE_EXPIRED;
	ice->path_count = 0;
	ice->selected = ICE_NO_PATH;
	memset(ice->paths, 0, sizeof(ice->paths));
}
