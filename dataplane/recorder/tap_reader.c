#include "recorder/tap_reader.h"

#include "am_log.h"
#include "am_tap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RETRY_US 1000000
#define MAPS_MAX 2 // the present rings, and those of the data plane before
#define MARGIN   64u // slots that the writer may fill while we are about to read the oldest

// The rings of one life of the data plane.
struct rings {
	struct am_tap tap;
	uint64_t generation;
	bool ended; // nobody writes any more
	uint64_t next[AM_TAP_RING_MAX]; // positions to read
	uint64_t marks[AM_TAP_RING_MAX];
	bool has[AM_TAP_RING_MAX]; // an entry that has been read, but not handed on
	struct am_tap_entry entries[AM_TAP_RING_MAX];
};

struct tap_reader {
	const char *path;
	struct tap_reader_events events;
	int connection;
	int64_t tried_us;
	int last_error; // that has been logged
	int64_t now_us; // of the entry that was handed on last
	uint32_t count; // of rings in use, oldest first
	struct rings *rings[MAPS_MAX];
};

struct tap_reader *tap_reader_create(const char *path, const struct tap_reader_events *events)
{
	struct tap_reader *r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->path = path;
	r->events = *events;
	r->connection = -1;
	r->tried_us = -RETRY_US;
	return r;
}

static void rings_drop_oldest(struct tap_reader *r)
{
	am_tap_leave(&r->rings[0]->tap);
	free(r->rings[0]);
	memmove(r->rings, r->rings + 1, --r->count * sizeof(r->rings[0]));
}

void tap_reader_destroy(struct tap_reader *r)
{
	while (r->count > 0)
		rings_drop_oldest(r);
	if (r->connection >= 0)
		close(r->connection);
	free(r);
}

int tap_reader_fd(const struct tap_reader *r)
{
	return r->connection;
}

bool tap_reader_is_connected(const struct tap_reader *r)
{
	return r->connection >= 0;
}

uint64_t tap_reader_generation(const struct tap_reader *r)
{
	return r->count > 0 ? r->rings[r->count - 1]->generation : 0;
}

uint32_t tap_reader_positions(const struct tap_reader *r, const uint64_t **positions)
{
	const struct rings *rings = r->count > 0 ? r->rings[r->count - 1] : NULL;

	*positions = rings ? rings->next : NULL;
	return rings ? rings->tap.ring_count : 0;
}

uint64_t tap_reader_lost(const struct tap_reader *r, uint64_t generation, const uint64_t *positions)
{
	uint64_t lost = 0;

	for (uint32_t i = 0; i < r->count; i++) {
		const struct rings *rings = r->rings[i];
		for (uint32_t k = 0; rings->generation == generation && k < rings->tap.ring_count;
		     k++) {
			uint64_t head = rings->marks[k];
			uint64_t oldest = head > AM_TAP_SLOTS ? head - AM_TAP_SLOTS : 0;
			lost += oldest > positions[k] ? oldest - positions[k] : 0;
		}
	}
	return lost;
}

// --- the connection ---

// The connection carries nothing: whatever can be read is its end.
static bool has_ended(int fd)
{
	uint8_t byte;
	ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);

	return n >= 0 || (errno != EAGAIN && errno != EINTR);
}

static int rings_add(struct tap_reader *r, int memfd)
{
	struct rings *rings = calloc(1, sizeof(*rings));
	if (!rings) {
		close(memfd);
		return -ENOMEM;
	}
	int ret = am_tap_join(&rings->tap, memfd);
	if (ret < 0) {
		free(rings);
		return ret;
	}
	rings->generation = rings->tap.map->header.generation;
	// The same data plane again: what has been read stays read.
	if (r->count > 0 && r->rings[r->count - 1]->generation == rings->generation) {
		am_tap_leave(&rings->tap);
		free(rings);
		r->rings[r->count - 1]->ended = false;
		return 0;
	}
	if (r->count == MAPS_MAX)
		rings_drop_oldest(r);
	r->rings[r->count++] = rings;
	am_info("tap: reading; rings=%u", rings->tap.ring_count);
	return 0;
}

static int connect_now(struct tap_reader *r)
{
	int memfd;
	int fd = am_tap_connect(r->path, &memfd);
	if (fd < 0)
		return fd;
	int ret = rings_add(r, memfd);
	if (ret < 0) {
		close(fd);
		return ret;
	}
	r->connection = fd;
	return 0;
}

void tap_reader_connect(struct tap_reader *r, int64_t now_us)
{
	if (r->connection >= 0) {
		if (!has_ended(r->connection))
			return;
		close(r->connection);
		r->connection = -1;
		if (r->count > 0)
			r->rings[r->count - 1]->ended = true;
		am_warning("tap: the data plane has gone");
	}
	if (now_us - r->tried_us < RETRY_US)
		return;
	r->tried_us = now_us;
	int ret = connect_now(r);
	if (ret < 0 && ret != r->last_error)
		am_warning(
		        "tap: the data plane cannot be reached, or writes no tap; trying again "
		        "each second; path=%s error=%s",
		        am_log_value(r->path), strerror(-ret)
		);
	r->last_error = ret;
}

// --- reading ---

void tap_reader_mark(struct tap_reader *r)
{
	for (uint32_t i = 0; i < r->count; i++) {
		struct rings *rings = r->rings[i];
		for (uint32_t k = 0; k < rings->tap.ring_count; k++) {
			uint64_t head = am_tap_head(&rings->tap.map->rings[k]);
			if (head >= rings->marks[k] && head <= AM_TAP_NUMBER_MAX)
				rings->marks[k] = head;
		}
	}
}

// Skips what has been overwritten, and with a margin what is about to be.
static void skip(struct tap_reader *r, struct rings *rings, uint32_t k, bool count)
{
	uint64_t head = am_tap_head(&rings->tap.map->rings[k]), oldest = 0;

	if (head < rings->marks[k])
		head = rings->marks[k]; // only a broken writer goes back
	if (head > AM_TAP_SLOTS)
		oldest = head - AM_TAP_SLOTS + (rings->ended ? 0 : MARGIN);
	if (oldest > rings->marks[k])
		oldest = rings->marks[k];
	if (rings->next[k] >= oldest)
		oldest = rings->next[k] + 1; // what could not be read at any rate
	if (count)
		r->events.missed(r->events.owner, oldest - rings->next[k]);
	rings->next[k] = oldest;
}

// Looks for the next entry of a ring.
static void peek(struct tap_reader *r, struct rings *rings, uint32_t k)
{
	const struct am_tap_ring *ring = &rings->tap.map->rings[k];

	while (!rings->has[k] && rings->next[k] < rings->marks[k]) {
		bool first = rings->next[k] == 0; // not late: it had not begun to read
		if (first && am_tap_head(ring) > AM_TAP_SLOTS) {
			skip(r, rings, k, false);
			continue;
		}
		int ret = am_tap_read(ring, rings->next[k], &rings->entries[k]);
		if (ret == -EOVERFLOW) {
			skip(r, rings, k, true);
			continue;
		}
		rings->next[k]++;
		rings->has[k] = ret == 0;
	}
}

// Hands on the entry that arrived first. False: there is none.
static bool hand_on(struct tap_reader *r, struct rings *rings, int64_t now_us)
{
	uint32_t first = AM_TAP_RING_MAX;

	for (uint32_t k = 0; k < rings->tap.ring_count; k++) {
		peek(r, rings, k);
		if (rings->has[k] &&
		    (first == AM_TAP_RING_MAX ||
		     rings->entries[k].arrival_us < rings->entries[first].arrival_us))
			first = k;
	}
	if (first == AM_TAP_RING_MAX)
		return false;
	struct am_tap_entry *e = &rings->entries[first];
	if (e->arrival_us > now_us)
		e->arrival_us = now_us;
	if (e->arrival_us > r->now_us)
		r->now_us = e->arrival_us;
	rings->has[first] = false;
	r->events.entry(r->events.owner, rings->generation, e, r->now_us);
	return true;
}

bool tap_reader_read(struct tap_reader *r, uint32_t most, int64_t now_us)
{
	while (r->count > 0) {
		struct rings *rings = r->rings[0];
		while (most > 0 && hand_on(r, rings, now_us))
			most--;
		if (most == 0)
			return false;
		if (r->count == 1)
			break;
		rings_drop_oldest(r); // read to its end, and followed by others
	}
	return true;
}
