#include "settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

static struct direction d;

static int setup(void **)
{
	direction_init(&d);
	return 0;
}

static int teardown(void **)
{
	direction_fini(&d);
	return 0;
}

static bool set(const char *name, const char *text)
{
	const struct setting *s = setting_find(name);

	assert_non_null(s);
	return direction_set(&d, s, text);
}

// A file of a trace; to be removed.
static void trace_file(char *path, const char *text)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(dprintf(fd, "%s", text), strlen(text));
	close(fd);
}

static void each_setting_goes_where_it_belongs(void **)
{
	const struct lane_config *c = &d.config;

	assert_true(set("rate", "600k") && c->rate.bit_s == 600000);
	assert_true(set("depth", "6k") && c->depth_bytes == 6000);
	assert_true(set("delay", "20ms") && c->delay_us == 20000);
	assert_true(set("jitter", "5ms") && c->jitter_us == 5000);
	assert_true(set("loss", "50%") && c->loss == 0.5);
	assert_true(set("loss-burst", "4") && c->loss_burst == 4);
	assert_true(set("loss-bad", "0.75") && c->loss_bad == 0.75);
	assert_true(set("reorder", "0.25") && c->reorder == 0.25);
	assert_true(set("reorder-delay", "7ms") && c->reorder_us == 7000);
	assert_true(set("duplicate", "0.125") && c->duplicate == 0.125);
	assert_null(setting_find("speed"));
}

static void a_queue_is_bytes_or_time_and_at_first_200_ms(void **)
{
	const struct lane_config *c = &d.config;

	assert_true(c->queue_us == 200000 && c->queue_bytes == 0);
	assert_true(set("queue", "30kB") && c->queue_bytes == 30000 && c->queue_us == 0);
	assert_true(set("queue", "0.5s") && c->queue_bytes == 0 && c->queue_us == 500000);
	assert_true(set("queue", "unlimited") && c->queue_bytes == 0 && c->queue_us == 0);
	assert_false(set("queue", "0"));
	assert_false(set("queue", "0ms"));
	assert_false(set("queue", "much"));
}

static void the_last_of_rate_steps_and_trace_holds(void **)
{
	char path[] = "/tmp/amphi-trace-XXXXXX";
	const struct rate *r = &d.config.rate;

	trace_file(path, "1\n5\n");
	assert_true(set("trace", path) && r->trace_n == 2 && r->trace[1] == 5);
	assert_true(set("steps", "2m@0,1m@3") && r->trace_n == 0 && r->steps_n == 2);
	assert_true(set("steps", "3m@0") && r->steps_n == 1);
	assert_true(set("trace", path) && r->steps_n == 0 && r->trace_n == 2);
	assert_true(set("rate", "1m") && r->trace_n == 0 && r->bit_s == 1000000);
	unlink(path);
}

static void what_is_refused_changes_nothing(void **)
{
	char path[] = "/tmp/amphi-trace-XXXXXX";

	trace_file(path, "1\nfive\n");
	assert_true(set("steps", "2m@0,1m@3"));
	assert_false(set("rate", "fast"));
	assert_false(set("steps", "1m@3"));
	assert_false(set("trace", path));
	assert_false(set("trace", "/nonexistent"));
	assert_false(set("reorder-delay", "0"));
	assert_int_equal(d.config.rate.steps_n, 2);
	assert_int_equal(d.config.rate.steps[1].bit_s, 1000000);
	unlink(path);
}

static void a_lane_that_runs_takes_a_change_or_keeps_what_it_had(void **)
{
	struct lane_packet p;

	assert_true(set("steps", "1m@0,500k@10"));
	struct lane *l = lane_create(&d.config, 0);
	assert_non_null(l);
	assert_true(direction_change(&d, l, 1000, setting_find("steps"), "2m@0"));
	assert_int_equal(lane_config(l)->rate.steps[0].bit_s, 2000000);
	assert_true(direction_change(&d, l, 1000, setting_find("loss"), "0.5"));
	assert_true(direction_change(&d, l, 1000, setting_find("loss-bad"), "0.25"));
	// Half of all cannot be lost by stretches that lose a quarter.
	assert_false(direction_change(&d, l, 1000, setting_find("loss-burst"), "5"));
	assert_true(d.config.loss_burst == 0);
	assert_true(direction_change(&d, l, 1000, setting_find("loss"), "0"));
	assert_int_equal(lane_send(l, 1000, 1000, NULL), LANE_ACCEPTED);
	assert_int_equal(lane_next_us(l), 5000);
	assert_true(lane_take(l, 5000, &p));
	lane_destroy(l, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                each_setting_goes_where_it_belongs, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                a_queue_is_bytes_or_time_and_at_first_200_ms, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                the_last_of_rate_steps_and_trace_holds, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(what_is_refused_changes_nothing, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                a_lane_that_runs_takes_a_change_or_keeps_what_it_had, setup, teardown
	        ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
