#include "media/demand.h"

void demand_init(struct demand *d, uint8_t count)
{
	*d = (struct demand){.active = count < DEMAND_ENCODINGS ? count : DEMAND_ENCODINGS};
}

static void note(struct demand *d, uint8_t wished, int64_t now_us)
{
	for (uint8_t i = 0; i < DEMAND_ENCODINGS; i++) {
		if ((i < wished) != (i < d->wished) || d->since_us[i] == 0)
			d->since_us[i] = now_us;
	}
	d->wished = wished;
}

static bool lasts(const struct demand *d, uint8_t encoding, int64_t for_us, int64_t now_us)
{
	return now_us - d->since_us[encoding] >= for_us;
}

bool demand_look(struct demand *d, uint8_t wished, int64_t now_us)
{
	note(d, wished < DEMAND_ENCODINGS ? wished : DEMAND_ENCODINGS, now_us);

	uint8_t before = d->active;
	bool rests = d->rested_us - now_us > DEMAND_AGAIN * DEMAND_REST_US;
	while (d->active < d->wished && !rests && lasts(d, d->active, DEMAND_ON_US, now_us))
		d->active++;
	if (d->active > before)
		d->rested_us = (d->rested_us > now_us ? d->rested_us : now_us) + DEMAND_REST_US;
	while (d->active > 1 && d->active > d->wished &&
	       lasts(d, (uint8_t)(d->active - 1), DEMAND_OFF_US, now_us))
		d->active--;
	return d->active != before;
}
