#include "recorder/h264.h"

#include "recorder/bits.h"

#include "am_reader.h"

#include <errno.h>

#define NAL_SPS      7
#define NAL_PPS      8
#define SETS_MAX     8 // of each kind, in a key frame
#define LENGTH_BYTES 4
#define SPS_LEN_MIN  4

struct nal {
	const uint8_t *bytes;
	size_t len;
};

static const uint8_t *find_start_code(const uint8_t *p, const uint8_t *end)
{
	for (; end - p >= 3; p++) {
		if (p[0] == 0 && p[1] == 0 && p[2] == 1)
			return p;
	}
	return end;
}

// The NAL unit behind the first start code from *next on, without the zeros at its end (B.1); false
// if there is none. Moves *next behind it.
static bool next_nal(const uint8_t **next, const uint8_t *end, struct nal *nal)
{
	const uint8_t *begin = find_start_code(*next, end);

	while (begin < end) {
		begin += 3;
		const uint8_t *stop = find_start_code(begin, end);
		const uint8_t *last = stop;
		while (last > begin && last[-1] == 0)
			last--;
		*next = stop;
		if (last > begin) {
			*nal = (struct nal){begin, (size_t)(last - begin)};
			return true;
		}
		begin = stop;
	}
	*next = end;
	return false;
}

size_t h264_sample_len(const uint8_t *annex_b, size_t len)
{
	const uint8_t *next = annex_b, *end = annex_b + len;
	struct nal nal;
	size_t sum = 0;

	while (next_nal(&next, end, &nal))
		sum += LENGTH_BYTES + nal.len;
	return sum;
}

void h264_sample(uint8_t *to, const uint8_t *annex_b, size_t len)
{
	const uint8_t *next = annex_b, *end = annex_b + len;
	struct nal nal;

	while (next_nal(&next, end, &nal)) {
		am_put_u32(to, (uint32_t)nal.len);
		memcpy(to + LENGTH_BYTES, nal.bytes, nal.len);
		to += LENGTH_BYTES + nal.len;
	}
}

// A record that is being written.
struct record {
	uint8_t *bytes;
	size_t len, size;
	bool failed;
};

static void put(struct record *r, const void *bytes, size_t len)
{
	if (r->failed || len > r->size - r->len) {
		r->failed = true;
		return;
	}
	memcpy(r->bytes + r->len, bytes, len);
	r->len += len;
}

static void put_u8(struct record *r, uint8_t value)
{
	put(r, &value, 1);
}

// The sets of one kind, behind their count, which has these bits above it.
static void put_sets(struct record *r, const struct nal *sets, uint8_t count, uint8_t above)
{
	put_u8(r, above | count);
	for (uint8_t i = 0; i < count; i++) {
		uint8_t len[2];
		if (sets[i].len > UINT16_MAX)
			r->failed = true;
		am_put_u16(len, (uint16_t)sets[i].len);
		put(r, len, sizeof(len));
		put(r, sets[i].bytes, sets[i].len);
	}
}

// Which profiles say it is in H.264 7.3.2.1.1; the record says it for those of 2005
// (ISO/IEC 14496-15 5.3.3.1.2).
static bool profile_has_chroma(uint8_t profile)
{
	return profile == 100 || profile == 110 || profile == 122 || profile == 144 ||
	       profile == 244;
}

static void put_chroma(struct record *r, const struct nal *sps)
{
	struct bits b = {.bytes = sps->bytes + SPS_LEN_MIN, .len = sps->len - SPS_LEN_MIN};

	bits_golomb(&b); // seq_parameter_set_id
	uint32_t chroma_format = bits_golomb(&b);
	if (chroma_format == 3)
		bits_flag(&b); // separate_colour_plane_flag
	uint32_t luma_depth = bits_golomb(&b), chroma_depth = bits_golomb(&b); // minus 8
	if (b.failed || chroma_format > 3 || luma_depth > 7 || chroma_depth > 7) {
		r->failed = true;
		return;
	}
	put_u8(r, 0xFC | (uint8_t)chroma_format);
	put_u8(r, 0xF8 | (uint8_t)luma_depth);
	put_u8(r, 0xF8 | (uint8_t)chroma_depth);
	put_u8(r, 0); // extended sequence parameter sets
}

ssize_t h264_config(uint8_t *to, size_t size, const uint8_t *annex_b, size_t len)
{
	struct record r = {.bytes = to, .size = size};
	const uint8_t *next = annex_b, *end = annex_b + len;
	struct nal nal, sps[SETS_MAX], pps[SETS_MAX];
	uint8_t sps_count = 0, pps_count = 0;

	while (next_nal(&next, end, &nal)) {
		uint8_t type = nal.bytes[0] & 0x1F;
		if (type == NAL_SPS && nal.len > SPS_LEN_MIN && sps_count < SETS_MAX)
			sps[sps_count++] = nal;
		else if (type == NAL_PPS && pps_count < SETS_MAX)
			pps[pps_count++] = nal;
	}
	if (sps_count == 0 || pps_count == 0)
		return -EBADMSG;

	put_u8(&r, 1); // version
	put(&r, sps[0].bytes + 1, 3); // profile, its constraints, level
	put_u8(&r, 0xFC | (LENGTH_BYTES - 1));
	put_sets(&r, sps, sps_count, 0xE0);
	put_sets(&r, pps, pps_count, 0);
	if (profile_has_chroma(sps[0].bytes[1]))
		put_chroma(&r, &sps[0]);
	return r.failed ? -EBADMSG : (ssize_t)r.len;
}
