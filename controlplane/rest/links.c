#include "rest/links.h"

#include "account/account.h"
#include "archive/archive.h"
#include "archive/link.h"
#include "base/clock.h"
#include "base/iso8601.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/http.h"
#include "rest/answer.h"
#include "rest/file_name.h"
#include "rest/handlers.h"
#include "rest/recording_id.h"
#include "store/recordings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST_MAX 300

void rest_file_name(const struct rest_call *call, char name[REST_FILE_NAME_SIZE])
{
	snprintf(
	        name, REST_FILE_NAME_SIZE, "%s%s%s", call->arguments[1],
	        call->arguments[2][0] ? "/" : "", call->arguments[2]
	);
}

bool rest_link_is_given(const struct rest_call *call)
{
	return http_query(call->request, "signature") != NULL;
}

int rest_link_check(struct rest_call *call)
{
	const char *account = http_query(call->request, "account");
	const char *expires = http_query(call->request, "expires");
	char name[REST_FILE_NAME_SIZE];
	struct link l = {.name = name};
	int64_t account_id;

	rest_file_name(call, name);
	if (!account || !expires || !recording_id_read(call->arguments[0], &l.recording_id) ||
	    !text_number(account, 0, INT64_MAX, &account_id) ||
	    !text_number(expires, 0, INT64_MAX, &l.expires_s))
		return -EKEYREJECTED;
	l.account_id = (uint64_t)account_id;
	if (!link_is_signed(
	            &l, history_link_key(call->rest->history),
	            http_query(call->request, "signature")
	    ))
		return -EKEYREJECTED;
	if (clock_real_ms() / 1000 >= l.expires_s)
		return -EKEYEXPIRED;
	call->account = accounts_by_id(call->rest->accounts, l.account_id);
	return call->account ? 0 : -EKEYREJECTED;
}

// A request for a link on its way to the history, which knows whether there is such a file.
struct link_request {
	const struct rest *rest;
	struct http_later *later;
	uint64_t account_id, id;
	int64_t expires_s;
	bool attached;
	char origin[HOST_MAX + 16];
	char name[ARCHIVE_NAME_MAX + 1];
};

static struct json *link_json(const struct link_request *l)
{
	const struct link link = {l->account_id, l->id, l->name, l->expires_s};
	char signature[LINK_SIGNATURE_SIZE], escaped[3 * ARCHIVE_NAME_MAX + 1];
	char url[sizeof(l->origin) + sizeof(escaped) + 256], expires[ISO8601_SIZE];
	struct json *j = json_new_object();

	link_sign(signature, history_link_key(l->rest->history), &link);
	file_name_escape(escaped, sizeof(escaped), l->name, "/");
	snprintf(
	        url, sizeof(url),
	        "%s/api/recordings/%016" PRIx64 "/files/%s?account=%" PRIu64 "&expires=%" PRId64
	        "&signature=%s%s",
	        l->origin, l->id, escaped, l->account_id, l->expires_s, signature,
	        l->attached ? "&download=true" : ""
	);
	iso8601_print(expires, l->expires_s * 1000);
	json_add_string(j, "url", url);
	json_add_string(j, "expires", expires);
	return j;
}

static bool has_file(const struct json *recording, const char *name)
{
	const struct json *f = json_first(json_array(recording, "files"));

	for (; f; f = json_next(f)) {
		const char *other = json_string(f, "name", ARCHIVE_NAME_MAX);
		if (other && strcmp(other, name) == 0)
			return true;
	}
	return false;
}

static void link_listed(void *owner, int result, const struct archive_list *list)
{
	struct link_request *l = owner;

	if (result == 0 && list->count == 0)
		result = -ENOENT;
	else if (result == 0 && !has_file(json_first(list->recordings), l->name))
		result = -ENODATA;
	if (list)
		json_free(list->recordings);
	if (result < 0)
		rest_archive_refuse(l->later, result);
	else
		rest_answer_later(l->later, 0, 200, link_json(l));
	free(l);
}

// "https://host", as the caller sees this server.
static void origin_print(char *out, size_t size, const struct http_request *q)
{
	const char *host = http_header(q, "Host");

	snprintf(
	        out, size, "%s://%.*s", http_is_secure(q) ? "https" : "http", HOST_MAX,
	        host ? host : "localhost"
	);
}

// Returns what is wrong with the request, or NULL.
static const char *link_read(const struct http_request *q, struct link_request *l)
{
	struct json *body = json_parse(q->body, q->body_len);
	const char *name = json_string(body, "name", ARCHIVE_NAME_MAX), *wrong = NULL;
	int64_t seconds = 0;

	if (!name)
		wrong = "name must be the name of one of the recording's files";
	else if (!json_int(body, "seconds", 1, LINK_SECONDS_MAX, &seconds))
		wrong = "seconds must be a number from 1 to 604800";
	else
		strcpy(l->name, name);
	l->expires_s = clock_real_ms() / 1000 + seconds;
	l->attached = json_is_true(body, "download");
	json_free(body);
	return wrong;
}

void rest_recording_link(const struct rest_call *call, struct http_response *r)
{
	struct link_request *l = memory_new(1, sizeof(*l));
	const char *wrong = link_read(call->request, l);

	l->rest = call->rest;
	l->account_id = call->account->id;
	if (wrong || !recording_id_read(call->arguments[0], &l->id)) {
		free(l);
		return rest_answer_error(
		        r, wrong ? 400 : 404, wrong ? wrong : "recording not found"
		);
	}
	origin_print(l->origin, sizeof(l->origin), call->request);
	l->later = http_defer(call->request);
	const struct archive_query q = {.account_id = l->account_id, .id = l->id, .limit = 1};
	archive_list(call->rest->archive, &q, link_listed, l);
}
