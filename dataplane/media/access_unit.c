#include "media/access_unit.h"

#include "media/codec.h"

#include <assert.h>
#include <string.h>

#define PARAMETER_SETS (H264_SPS | H264_PPS)

static_assert((ACCESS_UNIT_PACKETS & (ACCESS_UNIT_PACKETS - 1)) == 0);
static_assert(ACCESS_UNIT_LEAD_MAX < ACCESS_UNIT_PACKETS);

static uint8_t *units_of(struct access_unit *a, uint64_t seq)
{
	return &a->units[seq % ACCESS_UNIT_PACKETS];
}

// False for a packet that is too late.
static bool note(struct access_unit *a, uint64_t seq, uint8_t units)
{
	if (a->top == 0)
		a->top = seq - 1;
	if (seq > a->top) {
		if (seq - a->top > ACCESS_UNIT_PACKETS)
			a->top = seq - ACCESS_UNIT_PACKETS;
		while (a->top < seq)
			*units_of(a, ++a->top) = 0;
	} else if (a->top - seq >= ACCESS_UNIT_PACKETS) {
		return false;
	}
	*units_of(a, seq) = units;
	return true;
}

// The first packet of the IDR picture that this one is or comes before, or 0.
static uint64_t idr_find(struct access_unit *a, uint64_t seq)
{
	if ((*units_of(a, seq) & (H264_IDR | H264_SLICE)) == H264_SLICE)
		seq++; // perhaps the end of the previous picture
	for (; seq <= a->top; seq++) {
		uint8_t units = *units_of(a, seq);
		if ((units & H264_IDR) != 0)
			return seq;
		if ((units & H264_SLICE) != 0)
			return 0;
	}
	return 0;
}

bool access_unit_packet(
        struct access_unit *a, uint64_t seq, uint8_t units, struct access_unit_key *key
)
{
	if (!note(a, seq, units != 0 ? units : H264_SLICE))
		return false;
	uint64_t idr = idr_find(a, seq);
	if (idr == 0 || idr == a->told)
		return false;

	// Walk back to the previous picture.
	uint64_t first = idr, oldest = a->top - ACCESS_UNIT_PACKETS;
	uint8_t found = *units_of(a, idr);
	bool missing = false;
	for (uint64_t s = idr - 1; s > oldest && idr - s <= ACCESS_UNIT_LEAD_MAX; s--) {
		uint8_t here = *units_of(a, s);
		if ((here & H264_SLICE) != 0)
			break;
		missing |= here == 0;
		found |= here;
		if ((here & PARAMETER_SETS) != 0)
			first = s;
	}
	if (missing && (found & PARAMETER_SETS) != PARAMETER_SETS)
		return false;
	a->told = idr;
	*key = (struct access_unit_key){
	        .lead = first < seq ? (uint8_t)(seq - first) : 0,
	        .trail = (uint8_t)(a->top - seq),
	};
	return true;
}
