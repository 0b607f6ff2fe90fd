#include "path/flow.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>

#include <rte_eal.h>

static struct flow_table *table;

static int start(void **)
{
	char *argv[] = {"flow_test", "--no-huge",      "--no-pci",          "--no-shconf",  "-m",
	                "64",        "--no-telemetry", "--log-level=error", "--lcores=0@0", NULL};
	return rte_eal_init(9, argv) < 0 ? -1 : 0;
}

static int stop(void **)
{
	return rte_eal_cleanup();
}

static int setup(void **)
{
	table = flow_table_create("flow_test", -1);
	return table ? 0 : -1;
}

static int teardown(void **)
{
	flow_table_destroy(table);
	return 0;
}

static struct flow_key key_of(uint32_t n)
{
	struct flow_key k = {.family = n & 1 ? 6 : 4, .port = (uint16_t)(n * 7)};

	am_put_u32(k.ip, n);
	return k;
}

static void flows_are_found_until_removed(void **)
{
	struct flow_key k = key_of(1), other = k;
	struct flow f;

	assert_false(flow_lookup(table, &k, &f));
	assert_int_equal(flow_add(table, &k, (struct flow){8191, 15}), 0);
	assert_true(flow_lookup(table, &k, &f));
	assert_int_equal(f.slot, 8191);
	assert_int_equal(f.worker, 15);
	other.port ^= 1;
	assert_false(flow_lookup(table, &other, &f));
	other = k;
	other.family = 4;
	assert_false(flow_lookup(table, &other, &f));
	other = k;
	other.ip[15] = 1;
	assert_false(flow_lookup(table, &other, &f));
	assert_int_equal(flow_add(table, &k, (struct flow){0, 0}), 0); // moved
	assert_true(flow_lookup(table, &k, &f));
	assert_int_equal(f.slot, 0);
	flow_remove(table, &k);
	flow_remove(table, &k);
	assert_false(flow_lookup(table, &k, &f));
}

static void a_full_table_holds_all_it_promised(void **)
{
	struct flow f;
	uint32_t added = 0;

	for (uint32_t i = 0; i < FLOW_MAX; i++) {
		struct flow_key k = key_of(i);
		assert_int_equal(flow_add(table, &k, (struct flow){i, (uint16_t)(i % 16)}), 0);
	}
	for (uint32_t i = FLOW_MAX; i < 3 * FLOW_MAX && added == i - FLOW_MAX; i++) {
		struct flow_key k = key_of(i);
		added += flow_add(table, &k, (struct flow){i, 0}) == 0;
	}
	assert_true(added < FLOW_MAX); // bounded
	for (uint32_t i = 0; i < FLOW_MAX; i++) {
		struct flow_key k = key_of(i);
		assert_true(flow_lookup(table, &k, &f));
		assert_int_equal(f.slot, i);
		assert_int_equal(f.worker, i % 16);
		flow_remove(table, &k);
	}
	struct flow_key k = key_of(5);
	assert_int_equal(flow_add(table, &k, (struct flow){5, 0}), 0); // room again
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(flows_are_found_until_removed),
	        TEST(a_full_table_holds_all_it_promised),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
