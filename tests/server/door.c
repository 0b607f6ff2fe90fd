#include "door.h"

#include <stdio.h>
#include <string.h>

struct integrator integrator;

#define JOIN(status)                                                                               \
	{                                                                                          \
		"api-event", "receiver:join=" status, NULL                                         \
	}

static const struct integrator_account accounts[] = {
        {"free", {NULL}},
        {"other", {NULL}},
        {"strict", {"jwt-required", "on", NULL}},
        {"debug",
         {"debug", "on", "api-event", "receiver:own/", "auth-event", "Basic own", "access-url",
          "receiver:own/access", NULL}},
        {"closed", {"api-event", "receiver:own", "access-url", "receiver:own/access", NULL}},
        {"registered",
         {"domain", "https://localhost", "api-event", "receiver:own", "access-url",
          "receiver:own/access", NULL}},
        {"guided", {"domain", "https://localhost", NULL}},
        {"punctual", {"enforce-start-time", "on", NULL}},
        {"hooked", {"api-event", "receiver:ok", "auth-event", "Basic Zm9v", NULL}},
        {"w401", JOIN("401")},
        {"w423", {"api-event", "receiver:join=423,body=Full%20until%20noon", NULL}},
        {"w425", JOIN("425")},
        {"w500", JOIN("500")},
        {"wopen", {"api-event", "receiver:join=500", "hook-fail", "open", NULL}},
        {"slow", {"api-event", "receiver:delay=700", NULL}},
        {"slower", {"api-event", "receiver:delay=1000", NULL}},
        {"busy", {"api-event", "receiver:delay=200", NULL}},
        {"a200",
         {"access-url", "receiver:ok/access", "authorization-access", "Bearer bar", "api-event",
          "receiver:ok", NULL}},
        {"a401", {"access-url", "receiver:status=401/access", "api-event", "receiver:ok", NULL}},
        {"a423", {"access-url", "receiver:status=423,body=Call%20Ann/access", NULL}},
        {"a425", {"access-url", "receiver:status=425/access", NULL}},
        {"a500", {"access-url", "receiver:status=500/access", NULL}},
        {NULL, {NULL}},
};

int door_setup(void **)
{
	integrator_setup(&integrator, accounts);
	return 0;
}

int door_teardown(void **)
{
	return integrator_teardown(&integrator);
}

void enter(struct page *p, const char *account, const char *where, const char *more)
{
	integrator_open(&integrator, p, account, where, more);
}

struct json *admit(struct page *p, const char *account, const char *where, const char *more)
{
	enter(p, account, where, more);
	struct json *place = page_notified(p, "admitted");
	if (!place)
		fail_msg("not admitted to %s%s", account, where);
	return place;
}

void let_in(struct page *p, const char *account, const char *where, const char *more)
{
	json_free(admit(p, account, where, more));
}

struct json *turn_away(const char *account, const char *where, const char *more, const char *reason)
{
	struct page p;

	enter(&p, account, where, more);
	struct json *end = page_notified(&p, "sessionClosed");
	if (!end)
		fail_msg("let in to %s%s", account, where);
	assert_string_equal(json_string(end, "reason", 64), reason);
	page_die(&p);
	return end;
}

void refuse(const char *account, const char *where, const char *more, const char *reason)
{
	json_free(turn_away(account, where, more, reason));
}

void ignored(struct page *p, char *out, size_t size)
{
	struct json *data = page_notified(p, "attributesIgnored");

	out[0] = '\0';
	for (const struct json *j = json_first(json_array(data, "attributes")); j; j = json_next(j))
		snprintf(
		        out + strlen(out), size - strlen(out), "%s%s:%s", out[0] ? " " : "",
		        json_string(j, "name", 64), json_string(j, "reason", 64)
		);
	json_free(data);
}
