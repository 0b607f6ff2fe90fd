// The few requests of the S3 API that recordings require, one after the other, on one connection.
// They block: for a thread of its own. The only user of expat, and of libcurl's signatures (SigV4).
//
// Objects are addressed by path: <url>/<key>. Keys contain letters, digits, "_", "-", "." and "/"
// only, so that nothing has to be escaped.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define S3_UPLOAD_ID_SIZE 1025
#define S3_ETAG_SIZE      129
#define S3_PART_MAX       10000

struct s3;

// The strings stay the caller's.
struct s3_settings {
	const char *url; // of the bucket, without a slash at its end
	const char *region;
	const char *key_id, *secret;
	const char *authorities; // PEM file; empty: the system's
};

struct s3_part {
	uint32_t number; // from 1
	char etag[S3_ETAG_SIZE];
};

// NULL with errno.
[[nodiscard]] struct s3 *s3_create(const struct s3_settings *);
void s3_destroy(struct s3 *);

// Requests that must end soon: the thread is to be joined.
void s3_hurry(struct s3 *);

// Each returns 0, or -errno: -EAGAIN if another try may help (no answer, 5xx, 429), -ENOENT,
// -EACCES (the key or its signature is refused), -EPROTO for any other answer. s3_error says more.
[[nodiscard]] int s3_put(struct s3 *, const char *key, const void *bytes, size_t len);
[[nodiscard]] int s3_begin(struct s3 *, const char *key, char id[S3_UPLOAD_ID_SIZE]);
[[nodiscard]] int
s3_part(struct s3 *s, const char *key, const char *id, uint32_t number, const void *bytes,
        size_t len, char etag[S3_ETAG_SIZE]);
[[nodiscard]] int s3_complete(
        struct s3 *s, const char *key, const char *id, const struct s3_part parts[], uint32_t count
);
[[nodiscard]] int s3_abort(struct s3 *, const char *key, const char *id);

// A sentence about the last request that failed, with the server's own words.
const char *s3_error(const struct s3 *);
