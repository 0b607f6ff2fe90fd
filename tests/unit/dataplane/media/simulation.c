#include "simulation.h"

#include "hostile.h"

#define STEP_US       MS
#define SOUND_US      (20 * MS)
#define SOUND_BYTES   160
#define PICTURE_US    33333
#define PACKET_BYTES  1200
#define KEY_FACTOR    4
#define PACE_PERCENT  250
#define REPORT_SIZE   1200
#define RTCP_HEADER   12 // up to the FCI
#define DOWN_US       (300 * MS)
#define UP_US         (2 * SECOND)
#define AFTER_DOWN_US (5 * SECOND)
#define AFTER_UP_US   (10 * SECOND)
#define BACK_OFF_MAX  (40 * SECOND)
#define FLAG_PROBE    0x10000u
#define FLAG_PACKET   0x20000u
#define FLAG_TCP      0x40000u
#define FLAG_PAGES    0x80000u
#define VIEWER_SHIFT  24
#define BURST_MS      60
#define PEAK_MS       300

struct report {
	size_t len;
	uint8_t bytes[REPORT_SIZE];
};

static const uint32_t rates[LAYERS] = {0, 150000, 500000, 1500000};

static uint32_t picture_rate(const struct simulation *s, int layer)
{
	return layer == 2 && s->config.middle > 0 ? s->config.middle : rates[layer];
}

uint32_t simulation_layer_rate(const struct simulation *s, int layer)
{
	return picture_rate(s, layer) + SOUND_RATE;
}

void simulation_start(struct simulation *s, const struct simulation_config *config)
{
	*s = (struct simulation
	){.config = *config, .now_us = config->start_us, .noise = 88172645463325252};
	if (s->config.feedback_us == 0)
		s->config.feedback_us = 50 * MS;
	if (s->config.layer_max == 0)
		s->config.layer_max = LAYERS - 1;
	s->noise ^= config->down.seed << 1;
	s->down = lane_create(&config->down, s->now_us);
	s->up = lane_create(&config->up, s->now_us);
	assert_non_null(s->down);
	assert_non_null(s->up);
	downlink_init(&s->d, s->now_us, config->rate_start, config->number, true);
	twcc_init(&s->twcc);
	tcp_flow_start(&s->tcp, s->now_us, config->up.delay_us);
	if (config->pages != NULL)
		tcp_short_start(config->pages, s->now_us, config->up.delay_us, config->down.seed);
	s->sound_us = s->picture_us = s->feedback_us = s->tick_us = s->probe_us = s->now_us;
	s->measured_us = s->fed_us = s->now_us;
	s->down_us = s->up_us = s->now_us - AFTER_UP_US;
	s->back_off_us = AFTER_DOWN_US;
	s->layer = 1;
	simulation_measure(s);
}

void simulation_join(
        struct simulation *s, struct simulation *guest, const struct simulation_config *config
)
{
	struct simulation_config its = *config;
	its.start_us = s->now_us;
	simulation_start(guest, &its);
	lane_destroy(guest->down, NULL);
	guest->down = s->down;
	assert_true(s->guests_n < GUESTS_MAX);
	s->guests[s->guests_n++] = guest;
	guest->viewer = s->guests_n;
}

void simulation_stop(struct simulation *s)
{
	for (uint32_t i = 0; i < s->guests_n; i++)
		lane_destroy(s->guests[i]->up, free);
	lane_destroy(s->down, NULL);
	lane_destroy(s->up, free);
}

// A packet in a lane is a word: its number, its viewer, and whether it is a probe's; never NULL.
static void *packet_of(uint16_t number, bool probe, uint32_t viewer)
{
	return (void *)(uintptr_t
	)(FLAG_PACKET | (probe ? FLAG_PROBE : 0) | viewer << VIEWER_SHIFT | number);
}

static void send_packet(struct simulation *s, uint32_t bytes, bool probe)
{
	uint16_t number = downlink_sent(&s->d, s->now_us, bytes);
	s->result.sent_bytes += bytes;
	s->result.probe_bytes += probe ? bytes : 0;
	(void)!lane_send(s->down, s->now_us, bytes, packet_of(number, probe, s->viewer));
}

static uint32_t video_rate(struct simulation *s)
{
	if (s->config.traffic == TRAFFIC_LAYERS)
		return picture_rate(s, s->layer);
	uint32_t target = simulation_target(s);
	if (s->config.greedy_max > 0 && target > s->config.greedy_max)
		target = s->config.greedy_max;
	return target > SOUND_RATE + 10000 ? target - SOUND_RATE : 10000;
}

static void make_picture(struct simulation *s, uint32_t factor)
{
	uint32_t mean = video_rate(s) / 30 / 8;
	uint32_t percent = 80 + hostile_random(&s->noise) % 41;
	s->picture_bytes += (uint64_t)mean * percent / 100 * factor;
}

// Pictures go out at 2.5 × their rate, as publishers' pacers let them.
static void send_pictures(struct simulation *s)
{
	uint64_t pace = (uint64_t)video_rate(s) * PACE_PERCENT / 100;
	while (s->picture_bytes > 0 && s->fed_us <= s->now_us) {
		uint32_t bytes =
		        s->picture_bytes < PACKET_BYTES ? (uint32_t)s->picture_bytes : PACKET_BYTES;
		s->picture_bytes -= bytes;
		send_packet(s, bytes, false);
		s->fed_us += pace > 0 ? (int64_t)(bytes * 8 * SECOND / (int64_t)pace) : MS;
	}
	if (s->fed_us < s->now_us)
		s->fed_us = s->now_us;
}

static void send_media(struct simulation *s)
{
	if (s->now_us >= s->sound_us) {
		s->sound_us += SOUND_US;
		send_packet(s, SOUND_BYTES, false);
	}
	if (s->now_us >= s->picture_us) {
		s->picture_us += PICTURE_US;
		if (video_rate(s) > 0 && !s->paused)
			make_picture(s, 1);
	}
	send_pictures(s);
}

static void send_probes(struct simulation *s)
{
	if (!s->probing && s->d.probe.state != PROBE_IDLE)
		s->result.probes++;
	s->probing = s->d.probe.state != PROBE_IDLE;
	if (s->now_us < s->probe_us)
		return;
	s->probe_us += PROBE_STEP_US;
	for (uint16_t bytes;
	     downlink_probing(&s->d) && (bytes = downlink_probe(&s->d, s->now_us)) > 0;)
		send_packet(s, bytes, true);
}

static void change_layer(struct simulation *s, int layer)
{
	bool up = layer > s->layer;
	s->result.ups += up;
	s->result.downs += !up;
	s->result.pauses += layer == 0;
	if (up) {
		s->up_us = s->now_us;
	} else {
		s->back_off_us =
		        s->now_us - s->up_us < AFTER_UP_US ? 2 * s->back_off_us : AFTER_DOWN_US;
		s->back_off_us = s->back_off_us < BACK_OFF_MAX ? s->back_off_us : BACK_OFF_MAX;
		s->down_us = s->now_us;
		s->picture_bytes = 0;
	}
	s->layer = layer;
	s->low_us = s->high_us = 0;
	if (layer > 0)
		make_picture(s, KEY_FACTOR);
}

static bool lasts(int64_t *since_us, int64_t now_us, bool is, int64_t us)
{
	if (!is)
		*since_us = 0;
	else if (*since_us == 0)
		*since_us = now_us;
	return is && now_us - *since_us >= us;
}

// A simple allocator: down soon, up with patience or after a probe.
static void allocate(struct simulation *s)
{
	uint32_t target = simulation_target(s);
	int fits = s->layer, next = s->layer;
	while (fits > 0 && simulation_layer_rate(s, fits) > target)
		fits--;
	if (lasts(&s->low_us, s->now_us, fits < s->layer, DOWN_US))
		change_layer(s, fits);
	next = s->layer < s->config.layer_max ? s->layer + 1 : s->layer;
	uint32_t sum = simulation_layer_rate(s, next);
	bool open = next > s->layer && s->now_us - s->down_us >= s->back_off_us;
	downlink_want(
	        &s->d, s->now_us, open ? sum : 0, simulation_layer_rate(s, s->config.layer_max)
	);
	bool high =
	        lasts(&s->high_us, s->now_us, (uint64_t)target * 100 >= (uint64_t)sum * 115, UP_US);
	if (open && target >= sum && (high || downlink_proven(&s->d, s->now_us) >= sum))
		change_layer(s, next);
}

static void follow_peak(struct simulation *s)
{
	int64_t ms = (s->now_us - s->config.start_us) / MS;
	uint64_t bytes = s->d.sent.bytes - s->sent_marks[ms % PEAK_MS];
	uint32_t rate = (uint32_t)(bytes * 8 * 1000 / PEAK_MS);
	s->sent_peak = rate > s->sent_peak ? rate : s->sent_peak;
	s->sent_marks[ms % PEAK_MS] = s->d.sent.bytes;
	bytes = ms < BURST_MS ? s->d.sent.bytes
	                      : s->d.sent.bytes - s->sent_marks[(ms - BURST_MS) % PEAK_MS];
	rate = (uint32_t)(bytes * 8 * 1000 / BURST_MS);
	s->burst_peak = rate > s->burst_peak ? rate : s->burst_peak;
}

static void tick(struct simulation *s)
{
	if (s->now_us < s->tick_us)
		return;
	s->tick_us += DOWNLINK_TICK_US;
	downlink_tick(&s->d, s->now_us);
	if (s->config.traffic == TRAFFIC_LAYERS)
		allocate(s);
	else
		downlink_want(&s->d, s->now_us, 2 * simulation_target(s), 2 * simulation_target(s));
}

static void view(struct simulation *s)
{
	struct lane_packet p;
	while (s->viewer == 0 && lane_take(s->down, s->now_us, &p)) {
		uint32_t word = (uint32_t)(uintptr_t)p.packet, viewer = word >> VIEWER_SHIFT;
		if ((word & (FLAG_TCP | FLAG_PAGES)) != 0) {
			s->result.tcp_bytes += p.bytes;
			if ((word & FLAG_PAGES) != 0)
				tcp_short_arrived(s->config.pages, p.out_us, word);
			else
				tcp_flow_arrived(&s->tcp, p.out_us, (uint16_t)word);
			continue;
		}
		struct simulation *to = viewer > 0 ? s->guests[viewer - 1] : s;
		twcc_arrived(&to->twcc, (uint16_t)word, p.out_us + to->config.viewer_clock_us);
		if ((word & FLAG_PROBE) == 0)
			to->result.media_bytes += p.bytes;
		int64_t ms = p.queue_us / MS;
		to->result.queue_ms[ms < QUEUE_MS_MAX ? ms : QUEUE_MS_MAX - 1]++;
		to->result.packets++;
	}
}

static void send_reports(struct simulation *s)
{
	if (s->now_us < s->feedback_us || s->config.silent)
		return;
	s->feedback_us += s->config.feedback_us;
	for (;;) {
		struct report *r = malloc(sizeof(*r));
		assert_non_null(r);
		r->len = twcc_build(&s->twcc, r->bytes, REPORT_SIZE, 1, 2);
		bool any = r->len > 0;
		if (any && s->config.hook != NULL)
			r->len = s->config.hook(s, r->bytes, r->len, REPORT_SIZE);
		if (r->len == 0 ||
		    lane_send(s->up, s->now_us, (uint32_t)r->len + 50, r) != LANE_ACCEPTED)
			free(r);
		if (!any)
			return;
	}
}

static void read_reports(struct simulation *s)
{
	struct lane_packet p;
	while (lane_take(s->up, s->now_us, &p)) {
		struct report *r = p.packet;
		size_t padding = (r->bytes[0] & 0x20) != 0 ? r->bytes[r->len - 1] : 0;
		if (s->config.shed == 0 || s->reports++ % s->config.shed == 0)
			(void)downlink_feedback(
			        &s->d, p.out_us, r->bytes + RTCP_HEADER,
			        r->len - RTCP_HEADER - padding
			);
		if (!p.again)
			free(r);
	}
}

static void step(struct simulation *s)
{
	view(s);
	read_reports(s);
	tick(s);
	send_media(s);
	send_probes(s);
	if (s->config.tcp)
		tcp_flow_run(&s->tcp, s->now_us, s->down, FLAG_PACKET | FLAG_TCP);
	if (s->config.pages != NULL)
		tcp_short_run(s->config.pages, s->now_us, s->down, FLAG_PACKET | FLAG_PAGES);
	send_reports(s);
	follow_peak(s);
	uint32_t target = simulation_target(s);
	s->result.target_min = target < s->result.target_min ? target : s->result.target_min;
	s->result.target_max = target > s->result.target_max ? target : s->result.target_max;
	s->result.layer_us[s->layer] += STEP_US;
	s->now_us += STEP_US;
	s->result.us = s->now_us - s->measured_us;
}

void simulation_run(struct simulation *s, int64_t until_us)
{
	while (s->now_us < s->config.start_us + until_us) {
		step(s);
		for (uint32_t i = 0; i < s->guests_n; i++)
			step(s->guests[i]);
	}
}

void simulation_measure(struct simulation *s)
{
	s->result = (struct simulation_result){.target_min = UINT32_MAX};
	s->measured_us = s->now_us;
	for (uint32_t i = 0; i < s->guests_n; i++)
		simulation_measure(s->guests[i]);
}

uint32_t simulation_target(const struct simulation *s)
{
	return downlink_target(&s->d, s->now_us);
}

uint32_t simulation_queue_ms(const struct simulation *s, int percent)
{
	uint64_t n = 0;
	for (uint32_t ms = 0; ms < QUEUE_MS_MAX; ms++) {
		n += s->result.queue_ms[ms];
		if (n * 100 >= (uint64_t)s->result.packets * (unsigned)percent)
			return ms;
	}
	return QUEUE_MS_MAX;
}

uint32_t simulation_goodput(const struct simulation *s)
{
	return (uint32_t)(s->result.media_bytes * 8 * SECOND / (uint64_t)s->result.us);
}

uint32_t simulation_share(const struct simulation *s)
{
	uint64_t ours = s->result.media_bytes, all = ours + s->result.tcp_bytes;
	return all > 0 ? (uint32_t)(ours * 100 / all) : 0;
}
