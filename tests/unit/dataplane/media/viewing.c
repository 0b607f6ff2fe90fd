#include "viewing.h"

#include "hostile.h"

#define MS            INT64_C(1000)
#define STEP_US       MS
#define SOUND_US      (20 * MS)
#define SOUND_BYTES   160
#define SOUND_BPS     64000
#define PICTURE_US    (50 * MS)
#define FEEDBACK_US   (50 * MS)
#define PACKET_BYTES  1200
#define REPORT_SIZE   1200
#define RTCP_HEADER   12 // up to the FCI
#define KEY_US        (100 * MS) // from a request to the key frame's beginning
#define KEY_PERCENT   30 // of a second's weight
#define ACTIVE_US     (100 * MS) // until the speaker follows a wish
#define REPAIR_US     (30 * MS) // in addition to the round trip
#define FREEZE_US     (150 * MS)
#define CHAIN_PACKETS 64
#define AT_ONCE_SHARE 16 // of the target in bit/s: the bytes of half a second
#define TURN_US       (4000 * MS) // between two pages of a screen
#define TURN_BYTES    30000 // of the picture that shows a new page
#define STILL_PERCENT 20 // of an encoding's weight, while a page stands still
// As path/pace.c and path/viewer.c have them.
#define TIGHT_PERCENT     120
#define EASY_PERCENT      250
#define TIGHT_US          (10000 * MS)
#define BURST_US          5000
#define BURST_BYTES       1500
#define DEBT_US           300000
#define LAG_US            (250 * MS)
#define NO_LAG_US         (100 * MS)
#define GIVE_UP_US        (800 * MS)
#define SCREEN_LAG_US     (1000 * MS)
#define SCREEN_GIVE_UP_US (2500 * MS)
#define QUEUED_US         (10000 * MS)
#define FAST_BPS          6000000
#define FLAG_PACKET       0x40000u
#define FLAG_TCP          0x80000u
#define NO_PICTURE        UINT16_MAX

struct report {
	size_t len;
	uint8_t bytes[REPORT_SIZE];
};

// Percent of each encoding's weight on the wire: base layer, base and middle layer, all layers.
static const uint32_t shares[] = {40, 60, 100};

struct step {
	int8_t encoding;
	uint8_t temporal;
};

struct speaker {
	uint8_t encodings, steps, first;
	uint32_t bps[VIEWING_ENCODINGS];
	uint8_t every[VIEWING_ENCODINGS]; // a picture every so many PICTURE_US
	struct step step[ALLOCATION_STEPS];
};

static const struct speaker camera = {
        .encodings = 3,
        .steps = 5,
        .bps = {158000, 345000, 1540000},
        .every = {1, 1, 1},
        .step = {{0, 0}, {0, 1}, {0, 2}, {1, 2}, {2, 2}},
};
static const struct speaker screen = {
        .encodings = 2,
        .steps = 4,
        .first = 3,
        .bps = {330000, 2000000},
        .every = {4, 1},
        .step = {{0, 0}, {0, 1}, {0, 2}, {1, 2}},
};

static const struct speaker *speaker_of(const struct viewing *v)
{
	return v->config.moves_us > 0 ? &screen : &camera;
}

static uint32_t step_bps(const struct viewing *v, uint8_t step)
{
	const struct speaker *s = speaker_of(v);

	return step == ALLOCATION_NONE
	               ? 0
	               : s->bps[s->step[step].encoding] / 100 * shares[s->step[step].temporal];
}

static int step_encoding(const struct viewing *v, uint8_t step)
{
	return step == ALLOCATION_NONE ? VIEWING_NONE : speaker_of(v)->step[step].encoding;
}

int viewing_top(const struct viewing *v)
{
	return speaker_of(v)->encodings - 1;
}

void viewing_start(struct viewing *v, const struct viewing_config *config)
{
	*v = (struct viewing){
	        .config = *config,
	        .now_us = 1000 * MS,
	        .noise = (config->seed + 1) * 0x9E3779B97F4A7C15u | 1,
	        .given = 2,
	        .encoding = VIEWING_NONE,
	        .mean_us = PICTURE_US,
	};
	v->active = speaker_of(v)->encodings;
	v->start_us = v->shown_us = v->measured_us = v->now_us;
	v->down = lane_create(&config->down, v->now_us);
	v->up = lane_create(&config->up, v->now_us);
	assert_non_null(v->down);
	assert_non_null(v->up);
	downlink_init(&v->d, v->now_us, 0, (uint16_t)hostile_random(&v->noise), true);
	demand_init(&v->demand, speaker_of(v)->encodings);
	twcc_init(&v->twcc);
	tcp_flow_start(&v->tcp, v->now_us, config->up.delay_us);
	v->picture_us = v->now_us + hostile_random(&v->noise) % PICTURE_US;
	v->tick_us = v->now_us + hostile_random(&v->noise) % DOWNLINK_TICK_US;
	v->feedback_us = v->now_us + hostile_random(&v->noise) % FEEDBACK_US;
	if (speaker_of(v) == &screen)
		v->turn_us = v->now_us + hostile_random(&v->noise) % TURN_US;
	v->sound_us = v->probe_us = v->paced_us = v->now_us;
	v->pace_sent = v->d.sent.bytes;
}

void viewing_stop(struct viewing *v)
{
	lane_destroy(v->down, NULL);
	lane_destroy(v->up, free);
}

static void note(const struct viewing *v, const char *what)
{
	if (!v->config.log)
		return;
	printf("%7.2f %-12s target %4u given %d sent %d active %d acked %u used %d cap %.0f "
	       "thr %.1f want %u probe %d rate %u pause %u ceil %u proven %u slow %d wait %.0f\n",
	       (double)(v->now_us - v->start_us) / 1e6, what,
	       downlink_target(&v->d, v->now_us) / 1000,
	       v->given == ALLOCATION_NONE ? -1 : v->given, v->encoding, v->active,
	       acked_rate(&v->d.acked, ACKED_LONG) / 1000, v->d.used, (double)v->d.delay.capacity,
	       (double)v->d.delay.threshold_ms, v->d.want / 1000, v->d.probe.state,
	       v->d.probe.rate / 1000, v->d.probe.pause_ms, v->d.probe.ceiling, v->d.proven / 1000,
	       v->slow, (double)v->allocation.wait_us / 1e6);
}

static void send_packet(struct viewing *v, uint32_t bytes, unsigned picture)
{
	uint16_t number = downlink_sent(&v->d, v->now_us, bytes);
	void *packet = (void *)(uintptr_t)(FLAG_PACKET | number);
	v->picture_of[number] = (uint16_t)picture;
	v->result.wire_bytes += bytes;
	if (lane_send(v->down, v->now_us, bytes, packet) == LANE_ACCEPTED)
		return;
	v->result.lost++;
	if (picture == NO_PICTURE || v->repairs_n == VIEWING_REPAIRS)
		return;
	v->repairs[v->repairs_n].due_us = v->now_us + v->d.rtt_us + REPAIR_US;
	v->repairs[v->repairs_n].bytes = bytes;
	v->repairs[v->repairs_n++].picture = (uint16_t)picture;
}

static void send_repairs(struct viewing *v)
{
	for (unsigned i = 0; i < v->repairs_n;) {
		if (v->repairs[i].due_us > v->now_us) {
			i++;
			continue;
		}
		uint32_t bytes = v->repairs[i].bytes;
		unsigned picture = v->repairs[i].picture;
		v->repairs[i] = v->repairs[--v->repairs_n];
		send_packet(v, bytes, picture);
	}
}

static struct viewing_picture *picture_at(struct viewing *v, unsigned number)
{
	return &v->pictures[number % VIEWING_PICTURES];
}

static uint32_t packets_of(uint32_t bytes)
{
	return (bytes + PACKET_BYTES - 1) / PACKET_BYTES;
}

static void picture_add(struct viewing *v, int encoding, uint8_t temporal, uint32_t bytes, bool key)
{
	if (v->last - v->first == VIEWING_PICTURES)
		v->first++;
	*picture_at(v, v->last++) = (struct viewing_picture){
	        .ready_us = v->now_us,
	        .bytes = bytes,
	        .missing = packets_of(bytes),
	        .encoding = (int8_t)encoding,
	        .temporal = temporal,
	        .key = key,
	};
}

// Gives up the pictures that wait.
static void drop_backlog(struct viewing *v)
{
	for (unsigned i = v->first; i != v->last; i++)
		picture_at(v, i)->gone |= picture_at(v, i)->bytes > 0;
}

static void ask_key(struct viewing *v, int encoding)
{
	if (encoding < 0 || encoding >= v->active || v->key_us[encoding] != 0 ||
	    (v->key_asked_us[encoding] != 0 &&
	     v->now_us - v->key_asked_us[encoding] < KEYFRAME_INTERVAL_US))
		return;
	v->key_us[encoding] = v->now_us + KEY_US;
	v->key_asked_us[encoding] = v->now_us;
}

static int wanted(const struct viewing *v)
{
	int encoding = step_encoding(v, v->given);
	return encoding < v->active ? encoding : v->active - 1;
}

static uint8_t limit_of(const struct viewing *v)
{
	if (v->lags || v->encoding > wanted(v))
		return 0;
	return v->encoding < step_encoding(v, v->given) ? 2
	                                                : speaker_of(v)->step[v->given].temporal;
}

// path/catchup.c: a viewer without a picture begins with the past, which is sent at once.
static void catch_up(struct viewing *v)
{
	if (v->encoding != VIEWING_NONE)
		return;
	uint32_t most = downlink_target(&v->d, v->now_us) / AT_ONCE_SHARE;
	for (int e = wanted(v); e >= 0; e--) {
		if (v->chain_packets[e] == 0 || v->chain_packets[e] > CHAIN_PACKETS ||
		    v->chain_bytes[e] > most)
			continue;
		v->encoding = (int8_t)e;
		picture_add(v, e, 0, 0, true);
		struct viewing_picture *p = picture_at(v, v->last - 1);
		for (uint32_t left = v->chain_bytes[e]; left > 0;) {
			uint32_t bytes = left < PACKET_BYTES ? left : PACKET_BYTES;
			p->missing++;
			send_packet(v, bytes, v->last - 1);
			left -= bytes;
		}
		return;
	}
}

// The i-th encoding's next picture.
static void make_picture(struct viewing *v, int e)
{
	static const uint8_t pattern[] = {0, 2, 1, 2};
	static const uint32_t parts[] = {40, 20, 20}; // percent of the weight of four pictures
	const struct speaker *s = speaker_of(v);
	uint8_t temporal = pattern[v->number / s->every[e] % 4];
	bool key = v->key_us[e] != 0 && v->key_us[e] <= v->now_us;
	uint32_t noise = 80 + hostile_random(&v->noise) % 41;
	uint32_t bytes = s->bps[e] / 8 / 5 / 100 * s->every[e] * parts[temporal] / 100 * noise;

	if (s == &screen && v->now_us - v->start_us < v->config.moves_us)
		bytes = bytes * STILL_PERCENT / 100;
	if (key) {
		v->key_us[e] = 0;
		temporal = 0;
		bytes = s == &screen ? TURN_BYTES : s->bps[e] / 8 / 100 * KEY_PERCENT;
		v->chain_bytes[e] = v->chain_packets[e] = 0;
	} else if (v->turned[e] && temporal == 0) {
		bytes = TURN_BYTES;
	}
	v->turned[e] &= temporal > 0;
	if (temporal == 0 && (key || v->chain_packets[e] > 0)) {
		v->chain_bytes[e] += bytes;
		v->chain_packets[e] += packets_of(bytes);
	}
	if (key && v->given != ALLOCATION_NONE && e == wanted(v) && e != v->encoding) {
		drop_backlog(v);
		v->encoding = (int8_t)e;
		keyframe_share_excuse(&v->share);
		note(v, "switched");
	}
	if (e == v->encoding && v->given != ALLOCATION_NONE && temporal <= limit_of(v))
		picture_add(v, e, temporal, bytes, key);
}

static void make_pictures(struct viewing *v)
{
	if (v->active_us != 0 && v->active_us <= v->now_us) {
		v->active_us = 0;
		if (v->demand.active > v->active)
			for (int e = 0; e < v->demand.active; e++)
				v->key_us[e] = v->now_us + 1;
		v->active = v->demand.active;
		for (int e = v->active; e < VIEWING_ENCODINGS; e++)
			v->chain_packets[e] = v->chain_bytes[e] = 0;
	}
	if (v->now_us < v->picture_us)
		return;
	v->picture_us += PICTURE_US;
	if (v->given != ALLOCATION_NONE) {
		if (v->encoding != wanted(v) &&
		    (v->share.reserved_us == 0 || v->now_us >= v->share.reserved_us))
			ask_key(v, wanted(v));
		catch_up(v);
	}
	if (speaker_of(v) == &screen && v->now_us >= v->turn_us &&
	    v->now_us - v->start_us < v->config.moves_us) {
		v->turn_us += TURN_US;
		for (int e = 0; e < VIEWING_ENCODINGS; e++)
			v->turned[e] = true;
	}
	for (int e = 0; e < v->active; e++) {
		if (v->number % speaker_of(v)->every[e] == 0)
			make_picture(v, e);
	}
	v->number++;
}

static int64_t bytes_per_s(const struct viewing *v)
{
	uint64_t bps = downlink_target(&v->d, v->now_us);
	if (!v->slow)
		return FAST_BPS / 8;
	bps = bps * (v->now_us - v->d.overuse_us < TIGHT_US ? TIGHT_PERCENT : EASY_PERCENT) / 100;
	if (downlink_probing(&v->d) && v->d.probe.rate > bps)
		bps = v->d.probe.rate;
	return (int64_t)(bps / 8);
}

static bool has_room(struct viewing *v)
{
	int64_t per_s = bytes_per_s(v);
	int64_t bytes = v->pace_bytes + per_s * (v->now_us - v->paced_us) / 1000000 -
	                (int64_t)(v->d.sent.bytes - v->pace_sent);
	int64_t most = per_s * BURST_US / 1000000 + BURST_BYTES, least = -per_s * DEBT_US / 1000000;
	v->pace_bytes = bytes > most ? most : bytes < least ? least : bytes;
	v->pace_sent = v->d.sent.bytes;
	v->paced_us = v->now_us;
	return bytes > 0 || downlink_probe(&v->d, v->now_us) > 0;
}

static struct viewing_picture *waiting(struct viewing *v, unsigned *number)
{
	for (unsigned i = v->first; i != v->last; i++) {
		struct viewing_picture *p = picture_at(v, i);
		if (p->bytes > 0 && !p->gone && p->temporal > 0 && v->lags)
			p->gone = true; // left out by the selector
		if (p->bytes > 0 && !p->gone) {
			*number = i;
			return p;
		}
	}
	return NULL;
}

static void pace_pictures(struct viewing *v)
{
	struct viewing_picture *p;
	unsigned number;
	while (has_room(v) && (p = waiting(v, &number)) != NULL) {
		int64_t lag_us = v->now_us - p->ready_us;
		bool is_screen = speaker_of(v) == &screen;
		if (lag_us > (is_screen ? SCREEN_GIVE_UP_US : GIVE_UP_US)) {
			drop_backlog(v);
			v->encoding = VIEWING_NONE;
			v->lags = false;
			v->result.given_up++;
			note(v, "given up");
			return;
		}
		v->lags = lag_us > (v->lags ? NO_LAG_US : is_screen ? SCREEN_LAG_US : LAG_US);
		uint32_t bytes = p->bytes < PACKET_BYTES ? p->bytes : PACKET_BYTES;
		p->bytes -= bytes;
		send_packet(v, bytes, number);
	}
}

// A small version of path/viewer.c.
static void allocate(struct viewing *v)
{
	struct allocation_picture p = {
	        .priority = 100,
	        .count = speaker_of(v)->steps,
	        .first = speaker_of(v)->first,
	        .chosen = v->given,
	};
	for (uint8_t i = 0; i < p.count; i++)
		p.bps[i] = step_bps(v, i);
	uint32_t target = downlink_target(&v->d, v->now_us);
	uint32_t budget = target > SOUND_BPS ? target - SOUND_BPS : 0;
	if (downlink_is_unhurt(&v->d) && budget < p.bps[0])
		budget = p.bps[0];
	enum allocation_why why =
	        downlink_proven(&v->d, v->now_us) ? ALLOCATION_PROBED : ALLOCATION_TIME;
	if (allocation_look(&v->allocation, &p, 1, budget, why, v->now_us)) {
		int before = step_encoding(v, v->given), after = step_encoding(v, p.chosen);
		v->result.changes++;
		v->given = p.chosen;
		if (after != before && after != VIEWING_NONE)
			keyframe_share_reserve(&v->share, v->now_us);
		if (p.chosen == ALLOCATION_NONE) {
			drop_backlog(v);
			v->encoding = VIEWING_NONE;
		}
		note(v, "given");
	}
	uint64_t used = allocation_used(&p, 1);
	uint64_t next = allocation_wish(&v->allocation, &p, 1, budget, v->now_us);
	downlink_want(
	        &v->d, v->now_us, next ? (uint32_t)(next + SOUND_BPS) : 0,
	        p.count ? p.bps[p.count - 1] + SOUND_BPS : 0
	);
	used += SOUND_BPS;
	unsigned number;
	v->slow = (!downlink_is_unhurt(&v->d) &&
	           (v->now_us - v->d.overuse_us < QUEUED_US || target * 2ull < 5 * used)) ||
	          (v->slow && waiting(v, &number) != NULL);
}

static void tick(struct viewing *v)
{
	if (v->now_us < v->tick_us)
		return;
	v->tick_us += DOWNLINK_TICK_US;
	uint8_t state = v->d.probe.state;
	downlink_tick(&v->d, v->now_us);
	v->result.probes += state == PROBE_IDLE && v->d.probe.state != PROBE_IDLE;
	if (state != v->d.probe.state)
		note(v, "probe");
	allocate(v);
	int wish = v->given == ALLOCATION_NONE ? 0 : step_encoding(v, v->given) + 1;
	if (demand_look(&v->demand, (uint8_t)wish, v->now_us))
		v->active_us = v->now_us + ACTIVE_US;
}

static void show(struct viewing *v, const struct viewing_picture *p, int64_t us)
{
	int64_t since_us = us - v->shown_us;
	int64_t limit =
	        v->mean_us + FREEZE_US > 3 * v->mean_us ? v->mean_us + FREEZE_US : 3 * v->mean_us;
	if (since_us > limit) {
		v->result.frozen_us += since_us;
		if (v->config.log)
			printf("%7.2f frozen for %.2f\n", (double)(us - v->start_us) / 1e6,
			       (double)since_us / 1e6);
	}
	if (since_us > 1000 * MS)
		v->result.dark_us += since_us;
	v->mean_us += (since_us - v->mean_us) / 30;
	v->shown_us = us;
	v->result.pictures[p->encoding]++;
}

// Shows pictures that are complete, and whose predecessors are.
static void show_pictures(struct viewing *v, int64_t us)
{
	for (unsigned i = v->first; i != v->last; i++) {
		const struct viewing_picture *p = picture_at(v, i);
		if (p->key && p->bytes == 0 && p->missing == 0)
			v->first = i;
	}
	for (; v->first != v->last; v->first++) {
		struct viewing_picture *p = picture_at(v, v->first);
		if (p->gone)
			continue;
		if (p->bytes > 0 || p->missing > 0)
			return;
		show(v, p, us);
	}
}

static void view(struct viewing *v)
{
	struct lane_packet p;
	while (lane_take(v->down, v->now_us, &p)) {
		uint32_t word = (uint32_t)(uintptr_t)p.packet;
		int64_t ms = p.queue_us / MS;
		v->result.queue_ms[ms < VIEWING_QUEUE_MS ? ms : VIEWING_QUEUE_MS - 1]++;
		v->result.packets++;
		if ((word & FLAG_TCP) != 0) {
			v->result.tcp_bytes += p.bytes;
			tcp_flow_arrived(&v->tcp, p.out_us, (uint16_t)word);
			continue;
		}
		twcc_arrived(&v->twcc, (uint16_t)word, p.out_us);
		uint16_t number = v->picture_of[(uint16_t)word];
		if (number == NO_PICTURE)
			continue;
		v->result.media_bytes += p.bytes;
		for (unsigned i = v->first; i != v->last; i++) {
			if ((uint16_t)i == number)
				picture_at(v, i)->missing -= picture_at(v, i)->missing > 0;
		}
	}
	show_pictures(v, v->now_us);
}

static void send_reports(struct viewing *v)
{
	if (v->now_us < v->feedback_us)
		return;
	v->feedback_us += FEEDBACK_US;
	for (;;) {
		struct report *r = malloc(sizeof(*r));
		assert_non_null(r);
		r->len = twcc_build(&v->twcc, r->bytes, REPORT_SIZE, 1, 2);
		bool any = r->len > 0;
		if (!any || lane_send(v->up, v->now_us, (uint32_t)r->len + 50, r) != LANE_ACCEPTED)
			free(r);
		if (!any)
			return;
	}
}

static void read_reports(struct viewing *v)
{
	struct lane_packet p;
	while (lane_take(v->up, v->now_us, &p)) {
		struct report *r = p.packet;
		size_t padding = (r->bytes[0] & 0x20) != 0 ? r->bytes[r->len - 1] : 0;
		uint32_t before = downlink_target(&v->d, v->now_us);
		uint8_t state = v->d.probe.state;
		(void)downlink_feedback(
		        &v->d, p.out_us, r->bytes + RTCP_HEADER, r->len - RTCP_HEADER - padding
		);
		uint32_t after = downlink_target(&v->d, v->now_us);
		if (state != v->d.probe.state)
			note(v, "judged");
		else if (after < before - before / 20)
			note(v, "cut");
		if (downlink_usage(&v->d) == DELAY_OVERUSE)
			allocate(v);
		free(r);
	}
}

static void send_probes(struct viewing *v)
{
	if (v->now_us < v->probe_us)
		return;
	v->probe_us += PROBE_STEP_US;
	for (uint16_t bytes;
	     downlink_probing(&v->d) && (bytes = downlink_probe(&v->d, v->now_us)) > 0;)
		send_packet(v, bytes, NO_PICTURE);
}

void viewing_run(struct viewing *v, int64_t until_us)
{
	for (; v->now_us < v->start_us + until_us; v->now_us += STEP_US) {
		view(v);
		read_reports(v);
		tick(v);
		if (v->now_us >= v->sound_us) {
			v->sound_us += SOUND_US;
			send_packet(v, SOUND_BYTES, NO_PICTURE);
		}
		send_repairs(v);
		make_pictures(v);
		if (v->now_us / STEP_US % 2 == 0)
			pace_pictures(v);
		send_probes(v);
		if (v->config.tcp)
			tcp_flow_run(&v->tcp, v->now_us, v->down, FLAG_PACKET | FLAG_TCP);
		send_reports(v);
	}
	v->result.us = v->now_us - v->measured_us;
}

void viewing_measure(struct viewing *v)
{
	v->result = (struct viewing_result){0};
	v->measured_us = v->now_us;
}

uint32_t viewing_queue_ms(const struct viewing *v, int percent)
{
	uint64_t n = 0;
	for (uint32_t ms = 0; ms < VIEWING_QUEUE_MS; ms++) {
		n += v->result.queue_ms[ms];
		if (n * 100 >= (uint64_t)v->result.packets * (unsigned)percent)
			return ms;
	}
	return VIEWING_QUEUE_MS;
}
