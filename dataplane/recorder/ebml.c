#include "recorder/ebml.h"

#include "recorder/matroska_ids.h"

#include "am_reader.h"

#include <string.h>

void ebml_bytes(struct ebml *e, const void *bytes, size_t len)
{
	if (e->failed || len > e->size - e->len) {
		e->failed = true;
		return;
	}
	memcpy(e->bytes + e->len, bytes, len);
	e->len += len;
}

// The lowest `width` bytes, big-endian.
static void put_number(struct ebml *e, uint64_t value, uint8_t width)
{
	uint8_t bytes[8];
	am_put_u64(bytes, value);
	ebml_bytes(e, bytes + 8 - width, width);
}

void ebml_id(struct ebml *e, uint32_t id)
{
	put_number(e, id, id > 0xFFFFFF ? 4 : id > 0xFFFF ? 3 : id > 0xFF ? 2 : 1);
}

void ebml_put_size(uint8_t *to, uint64_t size, uint8_t width)
{
	uint8_t bytes[8];
	am_put_u64(bytes, size | 1ull << (7 * width));
	memcpy(to, bytes + 8 - width, width);
}

void ebml_size(struct ebml *e, uint64_t size, uint8_t width)
{
	uint8_t bytes[8];
	ebml_put_size(bytes, size, width);
	ebml_bytes(e, bytes, width);
}

void ebml_uint(struct ebml *e, uint32_t id, uint64_t value, uint8_t width)
{
	if (width == 0) {
		for (width = 1; width < 8 && value >> (8 * width) != 0; width++)
			;
	}
	ebml_id(e, id);
	ebml_size(e, width, 1);
	put_number(e, value, width);
}

void ebml_put_double(uint8_t to[8], double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	am_put_u64(to, bits);
}

double ebml_get_double(const uint8_t from[8])
{
	struct am_reader r = am_reader_init(from, 8);
	uint64_t bits = am_read_u64(&r);
	double value;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

void ebml_float(struct ebml *e, uint32_t id, double value)
{
	uint8_t bytes[8];
	ebml_put_double(bytes, value);
	ebml_binary(e, id, bytes, sizeof(bytes));
}

void ebml_text(struct ebml *e, uint32_t id, const char *text)
{
	ebml_binary(e, id, text, strlen(text));
}

void ebml_binary(struct ebml *e, uint32_t id, const void *bytes, size_t len)
{
	ebml_id(e, id);
	ebml_size(e, len, len < 0x7F ? 1 : 4);
	ebml_bytes(e, bytes, len);
}

size_t ebml_begin(struct ebml *e, uint32_t id, uint8_t width)
{
	ebml_id(e, id);
	ebml_size(e, 0, width);
	return e->len;
}

void ebml_end(struct ebml *e, size_t mark, uint8_t width)
{
	if (!e->failed)
		ebml_put_size(e->bytes + mark - width, e->len - mark, width);
}

void ebml_void_until(struct ebml *e, size_t offset)
{
	if (e->failed || offset > e->size || offset < e->len + 9) {
		e->failed = true;
		return;
	}
	ebml_id(e, EBML_VOID);
	ebml_size(e, offset - e->len - 8, 8);
	memset(e->bytes + e->len, 0, offset - e->len);
	e->len = offset;
}

// Bytes of an id or a size, by the zeros at the front of its first one; above 8: none.
static uint8_t width_of(uint8_t first)
{
	uint8_t width = 1;
	while (width <= 8 && (first & 0x80) == 0) {
		first = (uint8_t)(first << 1);
		width++;
	}
	return width;
}

static uint64_t read_number(struct am_reader *r, uint8_t width_max, bool marked)
{
	uint8_t width = am_reader_left(r) > 0 ? width_of(*r->next) : 9;
	const uint8_t *bytes = width <= width_max ? am_reader_take(r, width) : NULL;
	if (bytes == NULL) {
		r->failed = true;
		return 0;
	}
	uint64_t value = marked ? bytes[0] : bytes[0] & (0xFF >> width);
	for (uint8_t i = 1; i < width; i++)
		value = value << 8 | bytes[i];
	return value;
}

bool ebml_next(struct am_reader *r, struct ebml_element *e)
{
	if (r->failed || am_reader_left(r) == 0)
		return false;
	e->id = (uint32_t)read_number(r, 4, true);
	uint64_t len = read_number(r, 8, false);
	if (r->failed || len > am_reader_left(r)) {
		r->failed = true;
		return false;
	}
	e->len = (size_t)len;
	e->data = am_reader_take(r, e->len);
	return true;
}

int64_t ebml_get_uint(const struct ebml_element *e)
{
	uint64_t value = 0;

	if (e->len > 8)
		return -1;
	for (size_t i = 0; i < e->len; i++)
		value = value << 8 | e->data[i];
	return value <= INT64_MAX ? (int64_t)value : -1;
}
