// Files of recordings: downloads, whole and in parts.
#include "rest/handlers.h"

#include "account/account.h"
#include "archive/archive.h"
#include "base/memory.h"
#include "base/tally.h"
#include "base/text.h"
#include "http/http.h"
#include "rest/answer.h"
#include "rest/file_name.h"
#include "rest/links.h"
#include "rest/range.h"
#include "rest/recording_id.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALL         "all"
#define ACCOUNT_KEY 32

// A download on its way. It counts for its account until its response is over.
struct download {
	const struct rest *rest;
	struct http_later *later;
	struct range_headers headers;
	bool head; // HEAD: ranges do not count (RFC 9110 14.2)
	bool linked, attached;
	char account[ACCOUNT_KEY];
};

static bool download_enter(struct download *d, uint64_t account_id)
{
	snprintf(d->account, sizeof(d->account), "%" PRIu64, account_id);
	if (!tally_enter(d->rest->downloads, ALL, REST_DOWNLOADS_MAX))
		return false;
	if (tally_enter(d->rest->downloads, d->account, REST_DOWNLOADS_ACCOUNT_MAX))
		return true;
	tally_leave(d->rest->downloads, ALL);
	return false;
}

static void download_end(void *owner)
{
	struct download *d = owner;

	tally_leave(d->rest->downloads, d->account);
	tally_leave(d->rest->downloads, ALL);
	free(d);
}

static void headers_add(
        struct http_response *r, const struct download *d, const struct archive_file *f,
        const struct validators *v
)
{
	char disposition[FILE_NAME_DISPOSITION_SIZE];

	http_add_header(r, "ETag", v->etag);
	http_add_header(r, "Last-Modified", v->date);
	http_add_header(r, "Accept-Ranges", "bytes");
	http_add_header(r, "Cache-Control", "private, no-cache");
	http_add_header(r, "Content-Security-Policy", "default-src 'none'; sandbox");
	if (d->linked) { // whoever has the link may read it, scripts of any page included
		http_add_header(r, "Cross-Origin-Resource-Policy", "cross-origin");
		http_add_header(r, "Access-Control-Allow-Origin", "*");
		http_add_header(
		        r, "Access-Control-Expose-Headers",
		        "Accept-Ranges, Content-Disposition, Content-Range, ETag"
		);
	}
	file_name_disposition(disposition, f, d->attached);
	http_add_header(r, "Content-Disposition", disposition);
}

// Answers without a part of the file.
static void answer_bare(
        struct download *d, const struct archive_file *f, const struct validators *v, bool known
)
{
	struct http_response r = {.file = -1};
	char range[48];

	close(f->fd);
	if (known) {
		r.status = 304;
		headers_add(&r, d, f, v);
	} else {
		rest_answer_error(&r, 416, "the range lies beyond the end of the file");
		snprintf(range, sizeof(range), "bytes */%" PRIu64, f->size);
		http_add_header(&r, "Content-Range", range);
	}
	http_deliver(d->later, &r);
	download_end(d);
}

static void answer_file(
        struct download *d, const struct archive_file *f, const struct validators *v, bool part,
        uint64_t first, uint64_t count
)
{
	char range[80];
	struct http_response r = {
	        .status = part ? 206 : 200,
	        .type = file_name_type(f->name),
	        .file = f->fd,
	        .file_from = first,
	        .file_size = count,
	        .in_pieces = true,
	        .ended = download_end,
	        .owner = d,
	};

	headers_add(&r, d, f, v);
	if (part) {
		snprintf(
		        range, sizeof(range), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, first,
		        first + count - 1, f->size
		);
		http_add_header(&r, "Content-Range", range);
	}
	http_deliver(d->later, &r);
}

static void opened(void *owner, int result, const struct archive_file *f)
{
	struct download *d = owner;
	struct validators v;
	uint64_t first, count;

	if (result < 0) {
		rest_archive_refuse(d->later, result);
		return download_end(d);
	}
	validators_make(&v, f->inode, f->size, f->changed_ns, f->complete);
	if (range_is_known(&d->headers, &v))
		return answer_bare(d, f, &v, true);
	enum range_kind kind = range_choose(&d->headers, &v, f->size, &first, &count);
	if (kind == RANGE_OUTSIDE)
		return answer_bare(d, f, &v, false);
	answer_file(d, f, &v, kind == RANGE_PART, first, count);
}

// Copies a header that fits.
static void header_copy(const struct http_request *q, const char *name, char *out, size_t size)
{
	const char *value = http_header(q, name);

	if (value && strlen(value) < size)
		strcpy(out, value);
}

void rest_recording_file(const struct rest_call *call, struct http_response *r)
{
	const struct http_request *q = call->request;
	const char *attached = http_query(q, "download");
	char name[REST_FILE_NAME_SIZE];
	uint64_t id;

	if (!recording_id_read(call->arguments[0], &id))
		return rest_answer_error(r, 404, "recording not found");
	struct download *d = memory_new(1, sizeof(*d));
	d->rest = call->rest;
	if (!download_enter(d, call->account->id)) {
		free(d);
		rest_answer_error(r, 429, "too many downloads at once: try again later");
		return http_add_header(r, "Retry-After", "5");
	}
	d->head = strcmp(q->method, "HEAD") == 0;
	d->linked = call->linked;
	d->attached = attached && text_is_true(attached);
	if (!d->head)
		header_copy(q, "Range", d->headers.range, sizeof(d->headers.range));
	header_copy(q, "If-Range", d->headers.if_range, sizeof(d->headers.if_range));
	header_copy(q, "If-None-Match", d->headers.if_none_match, sizeof(d->headers.if_none_match));
	header_copy(
	        q, "If-Modified-Since", d->headers.if_modified_since,
	        sizeof(d->headers.if_modified_since)
	);
	rest_file_name(call, name);
	d->later = http_defer(q);
	archive_open(call->rest->archive, call->account->id, id, name, opened, d);
}
