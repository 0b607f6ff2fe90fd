#include "media/access_unit.h"

#include "media/codec.h"
#include "test.h"
#include "wire/sequence.h"

#define NONE 255

static struct access_unit unit;
static struct access_unit_key key;

// A packet and the expected result: NONE, or where the key frame begins.
struct step {
	int seq;
	uint8_t units;
	uint8_t lead;
	uint8_t trail;
};

static void walk(const struct step *steps, size_t n)
{
	for (uint16_t start = 65500; start != 100; start++) {
		unit = (struct access_unit){0};
		for (size_t i = 0; i < n; i++) {
			bool is_key = access_unit_packet(
			        &unit, sequence_start(start) + (uint64_t)steps[i].seq,
			        steps[i].units, &key
			);
			assert_int_equal(is_key, steps[i].lead != NONE);
			if (!is_key)
				continue;
			assert_int_equal(key.lead, steps[i].lead);
			assert_int_equal(key.trail, steps[i].trail);
		}
	}
}
#define WALK(...)                                                                                  \
	walk((const struct step[]){__VA_ARGS__},                                                   \
	     sizeof((const struct step[]){__VA_ARGS__}) / sizeof(struct step))

#define SETS (H264_SPS | H264_PPS)
#define IDR  (H264_IDR | H264_SLICE)

static void a_key_frame_begins_with_its_parameter_sets(void **)
{
	// The sets and the picture in one packet, in two, in three, and with others in between.
	WALK({1, SETS | IDR, 0, 0}, {2, H264_SLICE, NONE, 0}, {3, SETS | IDR, 0, 0});
	WALK({1, SETS, NONE, 0}, {2, IDR, 1, 0}, {3, H264_SLICE, NONE, 0});
	WALK({1, H264_SPS, NONE, 0}, {2, H264_PPS, NONE, 0}, {3, IDR, 2, 0},
	     {4, H264_SLICE, NONE, 0});
	WALK({1, H264_SLICE, NONE, 0}, {2, H264_OTHER, NONE, 0}, {3, H264_SPS, NONE, 0},
	     {4, H264_OTHER, NONE, 0}, {5, H264_PPS, NONE, 0}, {6, H264_OTHER, NONE, 0},
	     {7, IDR, 4, 0});
	WALK({1, H264_SPS, NONE, 0}, {2, H264_PPS | IDR, 1, 0});
}

static void parameter_sets_alone_are_no_key_frame(void **)
{
	WALK({1, H264_SLICE, NONE, 0}, {2, H264_SPS, NONE, 0}, {3, H264_SLICE, NONE, 0},
	     {4, SETS, NONE, 0}, {5, H264_SLICE, NONE, 0});
	// Sets before another picture do not belong to a later key frame either.
	WALK({1, SETS, NONE, 0}, {2, H264_SLICE, NONE, 0}, {3, IDR, 0, 0});
}

static void a_late_parameter_set_makes_the_key_frame_whole(void **)
{
	WALK({1, H264_SLICE, NONE, 0}, {3, H264_PPS, NONE, 0}, {4, IDR, NONE, 0},
	     {5, H264_SLICE, NONE, 0}, {2, H264_SPS, 0, 3}, {6, H264_SLICE, NONE, 0});
	WALK({1, H264_SLICE, NONE, 0}, {2, H264_SPS, NONE, 0}, {4, IDR, NONE, 0},
	     {5, H264_SLICE, NONE, 0}, {3, H264_PPS, 1, 2});
	WALK({1, H264_SLICE, NONE, 0}, {3, IDR, NONE, 0}, {4, H264_SLICE, NONE, 0},
	     {2, SETS, 0, 2});
	// The stream's very first packet.
	WALK({2, H264_PPS, NONE, 0}, {3, IDR, NONE, 0}, {1, H264_SPS, 0, 2},
	     {4, H264_SLICE, NONE, 0});
	// Both sets, in either order.
	WALK({1, H264_SLICE, NONE, 0}, {4, IDR, NONE, 0}, {3, H264_PPS, NONE, 0},
	     {2, H264_SPS, 0, 2});
	WALK({1, H264_SLICE, NONE, 0}, {4, IDR, NONE, 0}, {2, H264_SPS, NONE, 0},
	     {3, H264_PPS, 1, 1});
	// And the picture's own first packet.
	WALK({1, SETS, NONE, 0}, {3, H264_SLICE, NONE, 0}, {4, H264_SLICE, NONE, 0},
	     {2, IDR, 1, 2});
}

// If the sets have arrived, nothing before them is required; and packets known not to be parameter
// sets are not waited for.
static void other_losses_do_not_hold_a_key_frame_up(void **)
{
	WALK({1, H264_SLICE, NONE, 0}, {3, SETS, NONE, 0}, {4, IDR, 1, 0},
	     {2, H264_SLICE, NONE, 0});
	WALK({1, H264_SPS, NONE, 0}, {3, H264_PPS, NONE, 0}, {4, IDR, 3, 0},
	     {2, H264_OTHER, NONE, 0});
	WALK({1, H264_SLICE, NONE, 0}, {3, IDR, NONE, 0}, {4, H264_SLICE, NONE, 0},
	     {2, H264_SLICE, 0, 2});
	// Sets that arrived long before, or by signaling.
	WALK({1, SETS, NONE, 0}, {2, IDR, 1, 0}, {3, H264_SLICE, NONE, 0}, {4, IDR, 0, 0});
}

static void a_key_frame_is_told_once(void **)
{
	WALK({1, H264_SLICE, NONE, 0}, {3, SETS, NONE, 0}, {4, IDR, 1, 0}, {2, H264_OTHER, NONE, 0},
	     {4, IDR, NONE, 0}, {5, SETS, NONE, 0}, {6, IDR, 1, 0});
}

static void what_is_far_apart_has_nothing_to_do_with_each_other(void **)
{
	WALK({1, SETS, NONE, 0}, {1 + ACCESS_UNIT_LEAD_MAX, IDR, ACCESS_UNIT_LEAD_MAX, 0});
	WALK({1, SETS, NONE, 0}, {2 + ACCESS_UNIT_LEAD_MAX, IDR, NONE, 0});
	WALK({1, SETS, NONE, 0}, {2, IDR, 1, 0}, {200, IDR, NONE, 0}, {1000, SETS, NONE, 0},
	     {1001, IDR, 1, 0});
	WALK({100, IDR, NONE, 0}, {101, H264_SLICE, NONE, 0},
	     {101 - ACCESS_UNIT_PACKETS, SETS, NONE, 0});
	// A malformed packet may be anything.
	WALK({1, SETS, NONE, 0}, {2, 0, NONE, 0}, {3, IDR, 0, 0});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_key_frame_begins_with_its_parameter_sets),
	        cmocka_unit_test(parameter_sets_alone_are_no_key_frame),
	        cmocka_unit_test(a_late_parameter_set_makes_the_key_frame_whole),
	        cmocka_unit_test(other_losses_do_not_hold_a_key_frame_up),
	        cmocka_unit_test(a_key_frame_is_told_once),
	        cmocka_unit_test(what_is_far_apart_has_nothing_to_do_with_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
