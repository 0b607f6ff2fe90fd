// Writing EBML (RFC 8794) into memory, and reading it. An element is its id, its size and its data;
// a master element's size is filled in at its end.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct am_reader;

struct ebml {
	uint8_t *bytes;
	size_t len, size;
	bool failed; // something did not fit
};

void ebml_bytes(struct ebml *, const void *bytes, size_t len);
void ebml_id(struct ebml *, uint32_t id);
// width: of the size, 1 to 8 bytes.
void ebml_size(struct ebml *, uint64_t size, uint8_t width);

// width: bytes of the value; 0: as many as it requires.
void ebml_uint(struct ebml *, uint32_t id, uint64_t value, uint8_t width);
void ebml_float(struct ebml *, uint32_t id, double value);
void ebml_text(struct ebml *, uint32_t id, const char *text);
void ebml_binary(struct ebml *, uint32_t id, const void *bytes, size_t len);

// The width of its size is fixed now. Returns what ebml_end takes.
[[nodiscard]] size_t ebml_begin(struct ebml *, uint32_t id, uint8_t width);
void ebml_end(struct ebml *, size_t mark, uint8_t width);

// A Void element that ends at this offset, nine bytes or more from here.
void ebml_void_until(struct ebml *, size_t offset);

// What the functions above write, in a place that exists.
void ebml_put_size(uint8_t *to, uint64_t size, uint8_t width);
void ebml_put_double(uint8_t to[8], double value);
double ebml_get_double(const uint8_t from[8]);

struct ebml_element {
	uint32_t id;
	const uint8_t *data;
	size_t len;
};

// The next element, with its data whole; false at the end, and if that is not what is there
// (`failed` of the reader).
[[nodiscard]] bool ebml_next(struct am_reader *, struct ebml_element *);

// A number of 8 bytes at most; -1: it is none, or more than 63 bits.
int64_t ebml_get_uint(const struct ebml_element *);
