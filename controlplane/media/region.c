#include "media/region.h"

#include "base/clock.h"
#include "media/inner.h"

#include <ctype.h>
#include <string.h>

static bool id_fits(am_id id, uint32_t slot)
{
	return am_id_epoch(id) != 0 && am_id_slot(id) == slot;
}

bool media_read_transport(const struct media *m, uint32_t slot, struct am_transport_state *out)
{
	return media_map(m) && slot < AM_TRANSPORT_MAX &&
	       am_table_read(&media_map(m)->transports[slot], out, sizeof(*out)) &&
	       id_fits(out->id, slot) && out->ice < AM_ICE_COUNT && out->dtls < AM_DTLS_COUNT;
}

bool media_read_track(const struct media *m, uint32_t slot, struct am_track_state *out)
{
	return media_map(m) && slot < AM_TRACK_MAX &&
	       am_table_read(&media_map(m)->tracks[slot], out, sizeof(*out)) &&
	       id_fits(out->id, slot);
}

bool media_read_subscription(
        const struct media *m, uint32_t slot, struct am_subscription_state *out
)
{
	return media_map(m) && slot < AM_SUBSCRIPTION_MAX &&
	       am_table_read(&media_map(m)->subscriptions[slot], out, sizeof(*out)) &&
	       id_fits(out->id, slot) && memchr(out->mid, '\0', sizeof(out->mid));
}

uint32_t media_tapped_rooms(const struct media *m, uint64_t room_ids[AM_ROOM_TAP_MAX])
{
	uint32_t n = 0;

	for (int i = 0; media_map(m) && i < AM_ROOM_TAP_MAX; i++) {
		room_ids[n] = atomic_load_explicit(
		        &media_map(m)->header.tapped_rooms[i], memory_order_relaxed
		);
		n += room_ids[n] != 0;
	}
	return n;
}

static uint64_t heartbeat_age_ns(const struct am_lifecycle *l)
{
	uint64_t now = clock_monotonic_ns();
	uint64_t beat = atomic_load_explicit(&l->heartbeat_ns, memory_order_relaxed);

	return now > beat ? now - beat : 0;
}

// Copies the data plane's name for it, with '_' for anything but letters and digits.
static void drop_name_copy(struct am_drop_name *to, const struct am_drop_name *from)
{
	*to = *from;
	to->name[sizeof(to->name) - 1] = '\0';
	for (char *p = to->name; *p; p++) {
		if (!isalnum((unsigned char)*p))
			*p = '_';
	}
}

bool media_read_counters(const struct media *m, struct media_counters *out)
{
	if (!media_map(m))
		return false;
	const struct am_region_layout *map = media_map(m);
	uint32_t workers = map->header.worker_count;
	uint16_t drops = map->header.drop_count;

	*out = (struct media_counters){.pid = map->header.service.pid};
	out->worker_count = workers < 1 ? 1 : workers > AM_WORKER_MAX ? AM_WORKER_MAX : workers;
	out->drop_count = drops > AM_DROP_MAX ? AM_DROP_MAX : drops;
	for (uint16_t i = 0; i < out->drop_count; i++)
		drop_name_copy(&out->drop_names[i], &map->header.drop_names[i]);
	for (uint32_t block = 0; block < AM_COUNTER_BLOCKS; block++) {
		const struct am_counters *c = &map->counters[block];
		for (int i = 0; i < AM_COUNTER_COUNT; i++)
			out->value[block][i] =
			        atomic_load_explicit(&c->value[i], memory_order_relaxed);
		for (int i = 0; i < AM_DROP_MAX; i++)
			out->drops[block][i] =
			        atomic_load_explicit(&c->drops[i], memory_order_relaxed);
		for (int i = 0; i < AM_SHED_LEVELS; i++)
			out->shed_steps[block][i] =
			        atomic_load_explicit(&c->shed[i], memory_order_relaxed);
		const struct am_lifecycle *thread = block == AM_COUNTER_SERVICE
		                                            ? &map->header.service
		                                            : &map->header.workers[block];
		out->heartbeat_age_ns[block] = heartbeat_age_ns(thread);
		out->shed[block] = atomic_load_explicit(&thread->shed, memory_order_relaxed);
	}
	return true;
}

uint32_t media_downlink(const struct media *m, am_id transport)
{
	return media_map(m) ? am_gauge_get(media_map(m)->gauges.downlinks, transport) : 0;
}

uint8_t media_loudness(const struct media *m, am_id track)
{
	return media_map(m) ? (uint8_t)am_gauge_get(media_map(m)->gauges.tracks, track) : 0;
}

uint32_t media_link_gauge(const struct media *m, am_id transport)
{
	return media_map(m) ? am_gauge_get(media_map(m)->gauges.transports, transport) : 0;
}

// at is NULL if there is no region.
static bool figures_read(const void *at, am_id id, void *out, size_t size)
{
	uint32_t epoch = 0;

	if (at && am_table_read(at, out, size))
		memcpy(&epoch, (uint8_t *)out + offsetof(struct am_track_figures, epoch),
		       sizeof(epoch));
	if (epoch == am_id_epoch(id) && epoch != 0)
		return true;
	memset(out, 0, size);
	return false;
}

#define FIGURES_AT(m, table, id, max)                                                              \
	(media_map(m) && am_id_slot(id) < (max) ? &media_map(m)->figures.table[am_id_slot(id)]     \
	                                        : NULL)

bool media_subscription_figures(
        const struct media *m, am_id id, struct am_subscription_figures *out
)
{
	return figures_read(
	        FIGURES_AT(m, subscriptions, id, AM_SUBSCRIPTION_MAX), id, out, sizeof(*out)
	);
}

bool media_transport_figures(const struct media *m, am_id id, struct am_transport_figures *out)
{
	return figures_read(FIGURES_AT(m, transports, id, AM_TRANSPORT_MAX), id, out, sizeof(*out));
}

bool media_track_figures(const struct media *m, am_id id, struct am_track_figures *out)
{
	return figures_read(FIGURES_AT(m, tracks, id, AM_TRACK_MAX), id, out, sizeof(*out));
}
