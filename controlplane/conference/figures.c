#include "conference/conference.h"

#include "conference/state.h"
#include "media/region.h"

#include <string.h>

void conference_endpoint(const struct conference *c, struct endpoint *out)
{
	const struct media_info *info = media_info(c->media);

	out->udp_port = info->udp_port;
	memcpy(out->fingerprint, info->fingerprint, sizeof(out->fingerprint));
	memcpy(out->addresses, info->addresses, sizeof(out->addresses));
}

// Splits the transport's word in the region's gauges (am_schema.h).
struct transport_link conference_link(const struct conference *c, const struct transport *t)
{
	uint32_t gauge = media_link_gauge(c->media, t->id);

	return (struct transport_link
	){(uint8_t)gauge, (uint8_t)(gauge >> 8), (uint16_t)(gauge >> 16)};
}

uint32_t conference_downlink_kbps(const struct conference *c, const struct transport *t)
{
	return media_downlink(c->media, t->id);
}

void conference_transport_figures(
        const struct conference *c, const struct transport *t, struct am_transport_figures *out
)
{
	media_transport_figures(c->media, t->id, out);
}

void conference_track_figures(
        const struct conference *c, const struct track *t, struct am_track_figures *out
)
{
	media_track_figures(c->media, t->id, out);
}

void conference_subscription_figures(
        const struct conference *c, const struct subscription *s,
        struct am_subscription_figures *out
)
{
	media_subscription_figures(c->media, s->id, out);
}

bool conference_transport_state(
        const struct conference *c, const struct transport *t, struct am_transport_state *out
)
{
	return media_read_transport(c->media, am_id_slot(t->id), out) && out->id == t->id;
}
