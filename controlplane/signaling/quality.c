// Reports of pages on what their participants see and hear.
#include "signaling/handlers.h"

#include "base/json.h"
#include "signaling/named.h"

#include <errno.h>

#define SPAN_MS_MIN   1000
#define SPAN_MS_MAX   60000
#define CONSUMERS_MAX 64 // of one report; a page with more consumers lists the worst
#define CONCEALED_MAX 1000 // ‰

// Reads one consumer's part of a report. False if it is malformed or not the page's own consumer.
static bool read_consumer(
        const struct connection *c, const struct json *j, struct page_report *r,
        const struct peer **from
)
{
	const struct subscription *s = named_subscription(c, j);
	int64_t frozen_ms = 0, concealed = 0;

	if (!s || (json_has(j, "frozen") && !json_int(j, "frozen", 0, SPAN_MS_MAX, &frozen_ms)) ||
	    (json_has(j, "concealed") && !json_int(j, "concealed", 0, CONCEALED_MAX, &concealed)))
		return false;
	if (frozen_ms > r->span_ms)
		frozen_ms = r->span_ms;
	if (frozen_ms > r->frozen_ms)
		r->frozen_ms = (uint32_t)frozen_ms;
	if (concealed > r->concealed)
		r->concealed = (uint16_t)concealed;
	*from = s->track->owner;
	return true;
}

// {span: ms, consumers: [{consumerId, frozen: ms, concealed: ‰}]}
void handle_report_quality(struct connection *c, int64_t id, const struct json *data)
{
	const struct json *list = json_array(data, "consumers");
	const struct peer *from[CONSUMERS_MAX];
	struct page_report r = {0};
	int64_t span_ms;
	int count = 0;

	if (!json_int(data, "span", SPAN_MS_MIN, SPAN_MS_MAX, &span_ms) || !list ||
	    json_count(list) > CONSUMERS_MAX)
		return connection_reject(
		        c, id, 400, "bad-request: span, and consumers, 64 at most"
		);
	r.span_ms = (uint32_t)span_ms;
	for (const struct json *e = json_first(list); e; e = json_next(e))
		count += read_consumer(c, e, &r, &from[count]);
	int ret = conference_report_quality(conference_of(c), c->peer, &r, from, count);
	if (ret < 0)
		return connection_reject(c, id, 429, "too-often: one report every 5 seconds");
	connection_accept(c, id, NULL);
}
