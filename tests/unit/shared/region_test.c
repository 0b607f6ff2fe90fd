#include "am_region.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

static void a_new_region_can_be_joined(void **)
{
	struct am_region ours, theirs;

	assert_int_equal(am_region_new(&ours, 2), 0);
	assert_int_equal(am_region_join(&theirs, dup(ours.fd)), 0);
	assert_int_equal(theirs.map->header.worker_count, 2);
	assert_true(theirs.map->header.generation != 0);
	assert_int_equal(am_lifecycle_get(&theirs.map->header.service), AM_LIFECYCLE_BOOT);
	am_lifecycle_set(&ours.map->header.service, AM_LIFECYCLE_RUN);
	assert_int_equal(am_lifecycle_get(&theirs.map->header.service), AM_LIFECYCLE_RUN);
	am_region_leave(&ours);
	assert_int_equal(theirs.map->header.worker_count, 2); // lives as long as anyone maps it
	am_region_leave(&theirs);
}

static void each_region_has_a_generation_of_its_own(void **)
{
	struct am_region a, b;

	assert_int_equal(am_region_new(&a, 1), 0);
	assert_int_equal(am_region_new(&b, 1), 0);
	assert_true(a.map->header.generation != b.map->header.generation);
	am_region_leave(&a);
	am_region_leave(&b);
}

static void check_refused(const struct am_region *ours)
{
	struct am_region theirs;

	assert_int_equal(am_region_join(&theirs, dup(ours->fd)), -EPROTO);
	assert_null(theirs.map);
	assert_int_equal(theirs.fd, -1);
}

static void a_wrong_header_is_refused(void **)
{
	struct am_region ours;

	assert_int_equal(am_region_new(&ours, 1), 0);
	struct am_region_header *h = &ours.map->header;
	const struct {
		void *field;
		size_t size;
	} fields[] = {
	        {&h->magic, sizeof(h->magic)},
	        {&h->version, sizeof(h->version)},
	        {&h->size, sizeof(h->size)},
	        {&h->layout, sizeof(h->layout)},
	        {&h->worker_count, sizeof(h->worker_count)},
	        {&h->drop_count, sizeof(h->drop_count)},
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint8_t saved[8];
		memcpy(saved, fields[i].field, fields[i].size);
		memset(fields[i].field, 0xa5, fields[i].size);
		check_refused(&ours);
		memcpy(fields[i].field, saved, fields[i].size);
	}
	h->worker_count = AM_WORKER_MAX + 1;
	check_refused(&ours);
	h->worker_count = AM_WORKER_MAX;
	h->drop_count = AM_DROP_MAX + 1;
	check_refused(&ours);
	am_region_leave(&ours);
}

// A file of the right size and bytes whose owner could still shrink it.
static void an_unsealed_file_is_refused(void **)
{
	struct am_region ours, theirs;
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(am_region_new(&ours, 1), 0);
	assert_int_equal(ftruncate(fd, sizeof(struct am_region_layout)), 0);
	assert_int_equal(
	        pwrite(fd, &ours.map->header, sizeof(ours.map->header), 0), sizeof(ours.map->header)
	);
	assert_int_equal(am_region_join(&theirs, dup(fd)), -EPROTO);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	assert_int_equal(am_region_join(&theirs, fd), 0); // so it was the seal that was missing
	am_region_leave(&theirs);
	am_region_leave(&ours);
}

static void a_file_of_another_size_is_refused(void **)
{
	const off_t sizes[] = {
	        0, 1, sizeof(struct am_region_layout) - 1, sizeof(struct am_region_layout) + 4096};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct am_region theirs;
		int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		assert_int_equal(ftruncate(fd, sizes[i]), 0);
		assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
		assert_int_equal(am_region_join(&theirs, fd), -EPROTO);
	}
}

static void a_region_cannot_be_resized(void **)
{
	struct am_region ours;

	assert_int_equal(am_region_new(&ours, 1), 0);
	assert_int_equal(ftruncate(ours.fd, 4096), -1);
	assert_int_equal(ftruncate(ours.fd, sizeof(struct am_region_layout) + 4096), -1);
	assert_int_equal(fcntl(ours.fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	am_region_leave(&ours);
}

// An entry large enough that a copy without its version's check would often be torn.
struct entry {
	_Atomic uint32_t version;
	uint64_t values[500]; // all the same
};

struct writer {
	struct entry entry;
	_Atomic bool stop;
};

static void *write_entries(void *arg)
{
	struct writer *w = arg;

	for (uint64_t n = 1; !atomic_load(&w->stop); n++) {
		am_table_begin(&w->entry.version);
		for (size_t i = 0; i < 500; i++)
			w->entry.values[i] = n;
		am_table_end(&w->entry.version);
		for (volatile int pause = 0; pause < 2000; pause++) // a reader's chance
			;
	}
	return NULL;
}

static void table_copies_are_never_torn(void **)
{
	static struct writer w;
	static struct entry copy;
	pthread_t thread;
	uint32_t whole = 0;

	assert_int_equal(pthread_create(&thread, NULL, write_entries, &w), 0);
	for (uint32_t i = 0; i < 50000; i++) {
		if (!am_table_read(&w.entry, &copy, sizeof(copy)))
			continue;
		whole++;
		for (size_t k = 1; k < 500; k++)
			assert_true(copy.values[k] == copy.values[0]);
	}
	atomic_store(&w.stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(whole > 1000);
}

static void a_writer_that_died_in_mid_write_is_seen(void **)
{
	struct am_transport_state entry = {0}, copy;

	am_table_begin(&entry.version);
	assert_false(am_table_read(&entry, &copy, sizeof(copy)));
	am_table_end(&entry.version);
	assert_true(am_table_read(&entry, &copy, sizeof(copy)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_new_region_can_be_joined),
	        cmocka_unit_test(each_region_has_a_generation_of_its_own),
	        cmocka_unit_test(a_wrong_header_is_refused),
	        cmocka_unit_test(an_unsealed_file_is_refused),
	        cmocka_unit_test(a_file_of_another_size_is_refused),
	        cmocka_unit_test(a_region_cannot_be_resized),
	        cmocka_unit_test(table_copies_are_never_torn),
	        cmocka_unit_test(a_writer_that_died_in_mid_write_is_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
