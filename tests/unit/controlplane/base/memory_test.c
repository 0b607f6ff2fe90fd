// What happens when there is no memory.
#include "test.h"

#include "base/memory.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int failures; // allocations that fail from now on; then they succeed again

static bool fails(void)
{
	return failures > 0 && failures-- > 0;
}

void *__real_calloc(size_t, size_t);
void *__wrap_calloc(size_t, size_t);
void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__real_reallocarray(void *, size_t, size_t);
void *__wrap_reallocarray(void *, size_t, size_t);
void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
	return fails() ? NULL : __real_reallocarray(old, count, size);
}

void *__real_malloc(size_t);
void *__wrap_malloc(size_t);
void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

static void the_reserve_is_used_if_memory_is_short(void **)
{
	memory_reserve(1 << 20);
	assert_false(memory_is_short());
	failures = 1;
	char *p = memory_new(3, 5);
	for (int i = 0; i < 15; i++)
		assert_int_equal(p[i], 0);
	failures = 6; // the reserve is not available yet: neither all of it nor a quarter
	assert_true(memory_is_short());
	assert_true(memory_is_short());
	assert_false(memory_is_short());
	strcpy(p, "kept");
	failures = 1;
	p = memory_grow(p, 100, 1);
	assert_string_equal(p, "kept");
	failures = 0;
	assert_false(memory_is_short());
	free(p);
}

static void a_requests_size_does_not_touch_the_reserve(void **)
{
	failures = 1;
	assert_null(memory_try_grow(NULL, 1 << 16, 1));
	assert_false(memory_is_short());
	char *p = memory_try_grow(NULL, 1 << 16, 1);
	assert_non_null(p);
	free(p);
}

static void without_the_reserve_the_process_ends(void **)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		failures = 2;
		free(memory_new(1, 1));
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_reserve_is_used_if_memory_is_short),
	        cmocka_unit_test(a_requests_size_does_not_touch_the_reserve),
	        cmocka_unit_test(without_the_reserve_the_process_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
