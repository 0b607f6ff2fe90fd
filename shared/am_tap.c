#include "am_tap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "am_socket.h"

#define HEAD_SIZE   offsetof(struct am_tap_entry, payload)
#define FLAGS_KNOWN (AM_TAP_MARKER | AM_TAP_SEND_TIME | AM_TAP_LEVEL | AM_TAP_FIRST | AM_TAP_LAST)

static_assert((AM_TAP_SLOTS & (AM_TAP_SLOTS - 1)) == 0);
static_assert(offsetof(struct am_tap_layout, rings) % 64 == 0);

static uint64_t layout_size(uint32_t ring_count)
{
	return sizeof(struct am_tap_layout) + (uint64_t)ring_count * sizeof(struct am_tap_ring);
}

static int tap_map(struct am_tap *t, int protection)
{
	void *map = mmap(NULL, t->size, protection, MAP_SHARED | MAP_POPULATE, t->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	t->map = map;
	return 0;
}

// Readers can neither write, nor punch holes, nor change the size; our own mapping is older than
// the seal. Its pages exist from the start, so a worker never waits for one.
int am_tap_new(struct am_tap *t, uint32_t worker_count, uint64_t generation)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;
	int ret;

	*t = (struct am_tap){
	        .fd = memfd_create("amphi-tap", MFD_CLOEXEC | MFD_ALLOW_SEALING),
	        .ring_count = worker_count + 1,
	        .size = layout_size(worker_count + 1),
	};
	if (t->fd < 0)
		return -errno;
	ret = -posix_fallocate(t->fd, 0, (off_t)t->size); // fails now, not with a SIGBUS later
	if (ret == 0)
		ret = tap_map(t, PROT_READ | PROT_WRITE);
	if (ret < 0)
		goto leave;
	if (fcntl(t->fd, F_ADD_SEALS, seals) < 0) {
		ret = -errno;
		goto leave;
	}
	(void)mlock(t->map, t->size); // not everyone may
	t->map->header = (struct am_tap_header){
	        .magic = AM_TAP_MAGIC,
	        .version = AM_TAP_VERSION,
	        .ring_count = t->ring_count,
	        .size = t->size,
	        .generation = generation,
	};
	return 0;

leave:
	am_tap_leave(t);
	return ret;
}

// Without the seal, the other side could shrink the file and make our reads fault.
static int size_check(struct am_tap *t)
{
	struct stat st;

	if (fstat(t->fd, &st) < 0)
		return -errno;
	int seals = fcntl(t->fd, F_GET_SEALS);
	if (seals < 0 || !(seals & F_SEAL_SHRINK))
		return -EPROTO;
	t->size = (uint64_t)st.st_size;
	return st.st_size >= (off_t)layout_size(1) &&
	                       st.st_size <= (off_t)layout_size(AM_TAP_RING_MAX)
	               ? 0
	               : -EPROTO;
}

int am_tap_join(struct am_tap *t, int fd)
{
	*t = (struct am_tap){.fd = fd};
	int ret = size_check(t);
	if (ret == 0)
		ret = tap_map(t, PROT_READ);
	if (ret < 0)
		goto leave;

	const struct am_tap_header h = t->map->header;
	if (h.magic != AM_TAP_MAGIC || h.version != AM_TAP_VERSION || h.ring_count < 1 ||
	    h.ring_count > AM_TAP_RING_MAX || h.size != t->size ||
	    t->size != layout_size(h.ring_count)) {
		ret = -EPROTO;
		goto leave;
	}
	t->ring_count = h.ring_count;
	return 0;

leave:
	am_tap_leave(t);
	return ret;
}

void am_tap_leave(struct am_tap *t)
{
	if (t->map)
		munmap(t->map, t->size);
	if (t->fd >= 0)
		close(t->fd);
	*t = (struct am_tap){.fd = -1};
}

int am_tap_read(const struct am_tap_ring *r, uint64_t position, struct am_tap_entry *copy)
{
	const struct am_tap_slot *s = &r->slots[position % AM_TAP_SLOTS];
	const uint64_t whole = 2 * position + 2;

	uint64_t before = atomic_load_explicit(&s->sequence, memory_order_acquire);
	if (before != whole)
		return before < whole ? -EAGAIN : -EOVERFLOW;
	memcpy(copy, &s->entry, HEAD_SIZE);
	if (copy->len <= AM_TAP_PAYLOAD_MAX)
		memcpy(copy->payload, s->entry.payload, copy->len);
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load_explicit(&s->sequence, memory_order_relaxed) != whole)
		return -EOVERFLOW;
	return am_tap_check(copy);
}

static bool track_is_valid(const struct am_tap_entry *e)
{
	return am_id_epoch(e->id) != 0 && am_id_slot(e->id) < AM_TRACK_MAX &&
	       e->codec < AM_CODEC_COUNT && e->encoding < AM_ENCODING_MAX;
}

static bool entry_is_valid(const struct am_tap_entry *e)
{
	if (e->len > AM_TAP_PAYLOAD_MAX || (e->flags & ~FLAGS_KNOWN) || e->send_time >> 24 ||
	    e->arrival_us < 0 || (uint64_t)e->arrival_us > AM_TAP_NUMBER_MAX ||
	    e->seq > AM_TAP_NUMBER_MAX)
		return false;
	switch (e->kind) {
	case AM_TAP_PACKET: return track_is_valid(e);
	case AM_TAP_REPORT: return track_is_valid(e) && e->len == 0;
	case AM_TAP_CHAT: return e->id != 0 && e->len > 0;
	default: return false;
	}
}

int am_tap_check(const struct am_tap_entry *e)
{
	return entry_is_valid(e) ? 0 : -EBADMSG;
}

int am_tap_listen(const char *path, uint32_t user)
{
	int fd = am_socket_listen(path);

	// Whoever connects is asked for its user by am_tap_accept.
	if (fd >= 0 && user != 0 && user != geteuid() && chmod(path, 0666) < 0) {
		int ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

int am_tap_accept(int listener, uint32_t user)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	    (peer.uid == 0 || peer.uid == geteuid() || peer.uid == user))
		return fd;
	close(fd);
	return -EPERM;
}

int am_tap_welcome(int connection, uint32_t error, int memfd)
{
	struct am_tap_hello hello = {0};

	int ret = am_socket_receive(connection, &hello, sizeof(hello), NULL, 0);
	if (ret == -EAGAIN)
		return ret;
	if (ret < 0 || hello.magic != AM_TAP_MAGIC || hello.version != AM_TAP_VERSION)
		error = EPROTO;
	hello = (struct am_tap_hello){AM_TAP_MAGIC, AM_TAP_VERSION, error};
	ret = am_socket_send(connection, &hello, sizeof(hello), &memfd, error ? 0 : 1);
	return error ? -(int)error : ret;
}

static int hello_exchange(int fd, int *memfd)
{
	struct am_tap_hello hello = {AM_TAP_MAGIC, AM_TAP_VERSION, 0};

	int ret = am_socket_send(fd, &hello, sizeof(hello), NULL, 0);
	if (ret < 0)
		return ret;
	int count = am_socket_receive(fd, &hello, sizeof(hello), memfd, 1);
	if (count < 0)
		return count;
	if (hello.magic == AM_TAP_MAGIC && hello.version == AM_TAP_VERSION && !hello.error &&
	    count == 1)
		return 0;
	if (count == 1)
		close(*memfd);
	return hello.magic == AM_TAP_MAGIC && hello.error && hello.error < 4096 ? -(int)hello.error
	                                                                        : -EPROTO;
}

int am_tap_connect(const char *path, int *memfd)
{
	int fd = am_socket_connect(path);
	if (fd < 0)
		return fd;
	int ret = hello_exchange(fd, memfd);
	if (ret < 0) {
		close(fd);
		return ret;
	}
	return fd;
}
