#include "upload/s3.h"

#include <curl/curl.h>
#include <errno.h>
#include <expat.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL_SIZE        4096
#define ANSWER_MAX      65536
#define CONNECT_S       10L
#define REQUEST_S       120L // for 8 MiB: slower than 0.5 Mbit/s is no way to upload video
#define DIGEST_LEN      32
#define DIGEST_HEX_SIZE (2 * DIGEST_LEN + 1)
#define PART_XML_MAX    256 // of the list that completes an upload
#define TEXT_SIZE       1100

struct buffer {
	char *bytes;
	size_t len, room;
	bool failed;
};

struct s3 {
	struct s3_settings settings;
	CURL *curl;
	char user[512]; // key id and secret
	char sigv4[256];
	atomic_bool hurries;
	struct buffer answer;
	char etag[S3_ETAG_SIZE]; // header of the last answer
	char error[CURL_ERROR_SIZE + 512];
};

// One request.
struct request {
	const char *method;
	const char *key;
	const char *query; // sorted, as the signature requires; NULL: none
	const void *body;
	size_t len;
};

struct s3 *s3_create(const struct s3_settings *settings)
{
	struct s3 *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->settings = *settings;
	s->curl = curl_easy_init();
	if (!s->curl) {
		free(s);
		errno = ENOMEM;
		return NULL;
	}
	snprintf(s->user, sizeof(s->user), "%s:%s", settings->key_id, settings->secret);
	snprintf(s->sigv4, sizeof(s->sigv4), "aws:amz:%s:s3", settings->region);
	return s;
}

void s3_destroy(struct s3 *s)
{
	if (!s)
		return;
	curl_easy_cleanup(s->curl);
	explicit_bzero(s->user, sizeof(s->user));
	free(s->answer.bytes);
	free(s);
}

void s3_hurry(struct s3 *s)
{
	atomic_store(&s->hurries, true);
}

const char *s3_error(const struct s3 *s)
{
	return s->error;
}

static size_t answer_take(char *bytes, size_t size, size_t count, void *owner)
{
	struct buffer *b = owner;
	size_t len = size * count;

	if (b->len + len + 1 > ANSWER_MAX)
		return 0;
	if (b->len + len + 1 > b->room) {
		size_t room = 2 * (b->len + len + 1);
		char *more = realloc(b->bytes, room);
		if (!more)
			return 0;
		b->bytes = more;
		b->room = room;
	}
	memcpy(b->bytes + b->len, bytes, len);
	b->len += len;
	b->bytes[b->len] = '\0';
	return len;
}

static size_t header_take(char *bytes, size_t size, size_t count, void *owner)
{
	static const char name[] = "etag:";
	struct s3 *s = owner;
	size_t len = size * count;

	if (len > sizeof(name) && strncasecmp(bytes, name, sizeof(name) - 1) == 0) {
		const char *from = bytes + sizeof(name) - 1, *end = bytes + len;
		while (from < end && (*from == ' ' || *from == '\t'))
			from++;
		while (end > from && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
			end--;
		if ((size_t)(end - from) < S3_ETAG_SIZE) {
			memcpy(s->etag, from, (size_t)(end - from));
			s->etag[end - from] = '\0';
		}
	}
	return len;
}

static int progress(void *owner, curl_off_t, curl_off_t, curl_off_t, curl_off_t)
{
	const struct s3 *s = owner;
	return atomic_load(&s->hurries);
}

static bool digest_print(const void *bytes, size_t len, char hex[DIGEST_HEX_SIZE])
{
	uint8_t digest[DIGEST_LEN];

	if (EVP_Digest(bytes, len, digest, NULL, EVP_sha256(), NULL) != 1)
		return false;
	for (int i = 0; i < DIGEST_LEN; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return true;
}

static void options_set(struct s3 *s, const struct request *r, const char *url)
{
	CURL *c = s->curl;

	curl_easy_reset(c); // keeps the connection
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, REQUEST_S);
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, r->body ? r->body : "");
	curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->len);
	curl_easy_setopt(c, CURLOPT_AWS_SIGV4, s->sigv4);
	curl_easy_setopt(c, CURLOPT_USERPWD, s->user);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, answer_take);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &s->answer);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, header_take);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, s);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, s);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, s->error);
	if (s->settings.authorities[0])
		curl_easy_setopt(c, CURLOPT_CAINFO, s->settings.authorities);
}

static int result_of(struct s3 *s, long status)
{
	char words[256];

	if (status / 100 == 2)
		return 0;
	snprintf(words, sizeof(words), "%.200s", s->answer.len ? s->answer.bytes : "");
	for (char *c = words; *c; c++) {
		if ((unsigned char)*c < ' ')
			*c = ' ';
	}
	snprintf(s->error, sizeof(s->error), "status %ld: %s", status, words);
	switch (status) {
	case 404: return -ENOENT;
	case 401:
	case 403: return -EACCES;
	case 408:
	case 429: return -EAGAIN;
	default: return status >= 500 ? -EAGAIN : -EPROTO;
	}
}

static int request(struct s3 *s, const struct request *r)
{
	char url[URL_SIZE], digest[DIGEST_HEX_SIZE], header[128];
	long status = 0;

	int n = snprintf(
	        url, sizeof(url), "%s/%s%s%s", s->settings.url, r->key, r->query ? "?" : "",
	        r->query ? r->query : ""
	);
	if (n < 0 || (size_t)n >= sizeof(url) ||
	    !digest_print(r->body ? r->body : "", r->len, digest))
		return -EPROTO;
	snprintf(header, sizeof(header), "x-amz-content-sha256: %s", digest);
	struct curl_slist *headers = curl_slist_append(NULL, header);
	struct curl_slist *all =
	        headers ? curl_slist_append(headers, "Content-Type: application/octet-stream")
	                : NULL;
	if (!all) {
		curl_slist_free_all(headers);
		return -ENOMEM;
	}
	s->answer.len = 0;
	s->etag[0] = s->error[0] = '\0';
	options_set(s, r, url);
	curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, all);
	CURLcode code = curl_easy_perform(s->curl);
	curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(all);
	if (code == CURLE_OK)
		return result_of(s, status);
	if (!s->error[0])
		snprintf(s->error, sizeof(s->error), "%s", curl_easy_strerror(code));
	return -EAGAIN;
}

int s3_put(struct s3 *s, const char *key, const void *bytes, size_t len)
{
	return request(s, &(struct request){"PUT", key, NULL, bytes, len});
}

int s3_abort(struct s3 *s, const char *key, const char *id)
{
	char query[S3_UPLOAD_ID_SIZE + 16];

	snprintf(query, sizeof(query), "uploadId=%s", id);
	return request(s, &(struct request){"DELETE", key, query, NULL, 0});
}

// --- what the server answers in XML ---

// Collects the text of elements. Elements are known by their names; where they stand decides
// little.
struct reader {
	char text[TEXT_SIZE];
	size_t len;
	void (*element)(struct reader *, const char *name); // with its text, at its end
	void *owner;
	bool failed;
};

static void XMLCALL on_start(void *owner, const XML_Char *, const XML_Char **)
{
	struct reader *r = owner;
	r->len = 0;
}

static void XMLCALL on_text(void *owner, const XML_Char *text, int len)
{
	struct reader *r = owner;

	if (r->len + (size_t)len >= sizeof(r->text)) {
		r->failed = true;
		return;
	}
	memcpy(r->text + r->len, text, (size_t)len);
	r->len += (size_t)len;
}

static void XMLCALL on_end(void *owner, const XML_Char *name)
{
	struct reader *r = owner;

	r->text[r->len] = '\0';
	r->element(r, name);
	r->len = 0;
}

// Entities and document types have no place in these answers.
static void XMLCALL
on_doctype(void *owner, const XML_Char *, const XML_Char *, const XML_Char *, int)
{
	struct reader *r = owner;
	r->failed = true;
}

static int answer_read(struct s3 *s, struct reader *r)
{
	XML_Parser parser = XML_ParserCreate(NULL);

	if (!parser)
		return -ENOMEM;
	XML_SetUserData(parser, r);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	XML_SetStartDoctypeDeclHandler(parser, on_doctype);
	bool good = s->answer.len > 0 &&
	            XML_Parse(parser, s->answer.bytes, (int)s->answer.len, 1) == XML_STATUS_OK &&
	            !r->failed;
	XML_ParserFree(parser);
	if (good)
		return 0;
	snprintf(s->error, sizeof(s->error), "the server's answer is not the XML that S3 defines");
	return -EPROTO;
}

static bool id_is_good(const char *id)
{
	static const char letters[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	return *id && strlen(id) < S3_UPLOAD_ID_SIZE && strspn(id, letters) == strlen(id);
}

static void take_id(struct reader *r, const char *name)
{
	if (strcmp(name, "UploadId") == 0 && id_is_good(r->text))
		memcpy(r->owner, r->text, r->len + 1);
}

int s3_begin(struct s3 *s, const char *key, char id[S3_UPLOAD_ID_SIZE])
{
	struct reader r = {.element = take_id, .owner = id};

	id[0] = '\0';
	int ret = request(s, &(struct request){"POST", key, "uploads=", NULL, 0});
	if (ret == 0)
		ret = answer_read(s, &r);
	if (ret == 0 && !id[0]) {
		snprintf(s->error, sizeof(s->error), "the server's answer has no usable upload id");
		ret = -EPROTO;
	}
	return ret;
}

int s3_part(
        struct s3 *s, const char *key, const char *id, uint32_t number, const void *bytes,
        size_t len, char etag[S3_ETAG_SIZE]
)
{
	char query[S3_UPLOAD_ID_SIZE + 48];

	snprintf(query, sizeof(query), "partNumber=%u&uploadId=%s", number, id);
	int ret = request(s, &(struct request){"PUT", key, query, bytes, len});
	if (ret == 0 && !s->etag[0]) {
		snprintf(s->error, sizeof(s->error), "the server's answer to a part has no ETag");
		return -EPROTO;
	}
	if (ret == 0)
		memcpy(etag, s->etag, S3_ETAG_SIZE);
	return ret;
}

static void take_error(struct reader *r, const char *name)
{
	bool *failed = r->owner;

	if (strcmp(name, "Error") == 0)
		*failed = true;
}

int s3_complete(
        struct s3 *s, const char *key, const char *id, const struct s3_part parts[], uint32_t count
)
{
	char query[S3_UPLOAD_ID_SIZE + 16], *body = malloc((size_t)(count + 1) * PART_XML_MAX);
	bool failed = false;
	struct reader r = {.element = take_error, .owner = &failed};
	size_t len = 0, room = (size_t)(count + 1) * PART_XML_MAX;

	if (!body)
		return -ENOMEM;
	len += (size_t)snprintf(body, room, "<CompleteMultipartUpload>");
	for (uint32_t i = 0; i < count; i++)
		len += (size_t)snprintf(
		        body + len, room - len,
		        "<Part><PartNumber>%u</PartNumber><ETag>%s</ETag></Part>", parts[i].number,
		        parts[i].etag
		);
	len += (size_t)snprintf(body + len, room - len, "</CompleteMultipartUpload>");
	snprintf(query, sizeof(query), "uploadId=%s", id);
	int ret = request(s, &(struct request){"POST", key, query, body, len});
	free(body);
	// The status may be 200 although it failed: the server began to answer before it knew.
	if (ret == 0)
		ret = answer_read(s, &r);
	if (ret == 0 && failed) {
		snprintf(s->error, sizeof(s->error), "%.200s", s->answer.bytes);
		ret = -EAGAIN;
	}
	return ret;
}
