#include "am_region.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define TABLE_READ_TRIES 1000

uint64_t am_region_layout_hash(void)
{
	const uint64_t parts[] = {
	        AM_VERSION,
	        sizeof(struct am_region_layout),
	        sizeof(struct am_region_header),
	        offsetof(struct am_region_layout, commands),
	        offsetof(struct am_region_layout, events),
	        offsetof(struct am_region_layout, transports),
	        offsetof(struct am_region_layout, tracks),
	        offsetof(struct am_region_layout, subscriptions),
	        offsetof(struct am_region_layout, gauges),
	        offsetof(struct am_region_layout, figures),
	        offsetof(struct am_region_layout, counters),
	        sizeof(struct am_cmd_track_add),
	        offsetof(struct am_cmd_track_add, encoding_count),
	        sizeof(struct am_cmd_subscription_add),
	        offsetof(struct am_cmd_subscription_add, red_payload_type),
	        AM_COUNTER_COUNT,
	        AM_MSG_COUNT,
	};
	uint64_t hash = 0xcbf29ce484222325ull; // FNV-1a

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		hash = (hash ^ parts[i]) * 0x100000001b3ull;
	return hash;
}

static int region_map(struct am_region *r)
{
	void *map =
	        mmap(NULL, sizeof(struct am_region_layout), PROT_READ | PROT_WRITE, MAP_SHARED,
	             r->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	r->map = map;
	return 0;
}

int am_region_new(struct am_region *r, uint32_t worker_count)
{
	int ret;

	*r = (struct am_region){.fd = memfd_create("amphi", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
	if (r->fd < 0)
		return -errno;
	if (ftruncate(r->fd, sizeof(struct am_region_layout)) < 0 ||
	    fcntl(r->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		ret = -errno;
		goto leave;
	}
	ret = region_map(r);
	if (ret < 0)
		goto leave;

	struct am_region_header *h = &r->map->header;
	if (getrandom(&h->generation, sizeof(h->generation), 0) != sizeof(h->generation)) {
		ret = -EIO;
		goto leave;
	}
	h->generation |= 1;
	h->generation &= INT64_MAX; // fits SQLite's signed integers
	h->version = AM_VERSION;
	h->size = sizeof(struct am_region_layout);
	h->layout = am_region_layout_hash();
	h->worker_count = worker_count;
	h->magic = AM_REGION_MAGIC;
	return 0;

leave:
	am_region_leave(r);
	return ret;
}

static int region_check(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size != sizeof(struct am_region_layout))
		return -EPROTO;
	// Without this seal the other side could shrink the file and make our reads fault.
	int seals = fcntl(fd, F_GET_SEALS);
	return seals >= 0 && (seals & F_SEAL_SHRINK) ? 0 : -EPROTO;
}

int am_region_join(struct am_region *r, int fd)
{
	*r = (struct am_region){.fd = fd};
	int ret = region_check(fd);
	if (ret < 0)
		goto leave;
	ret = region_map(r);
	if (ret < 0)
		goto leave;

	const struct am_region_header *h = &r->map->header;
	if (h->magic != AM_REGION_MAGIC || h->version != AM_VERSION ||
	    h->size != sizeof(struct am_region_layout) || h->layout != am_region_layout_hash() ||
	    h->worker_count > AM_WORKER_MAX || h->drop_count > AM_DROP_MAX) {
		ret = -EPROTO;
		goto leave;
	}
	return 0;

leave:
	am_region_leave(r);
	return ret;
}

void am_region_leave(struct am_region *r)
{
	if (r->map)
		munmap(r->map, sizeof(struct am_region_layout));
	if (r->fd >= 0)
		close(r->fd);
	*r = (struct am_region){.fd = -1};
}

bool am_table_read(const void *entry, void *copy, size_t size)
{
	const _Atomic uint32_t *version = entry;

	for (int i = 0; i < TABLE_READ_TRIES; i++) {
		uint32_t before = atomic_load_explicit(version, memory_order_acquire);
		if (before & 1)
			continue;
		memcpy(copy, entry, size);
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(version, memory_order_relaxed) == before)
			return true;
	}
	return false;
}
