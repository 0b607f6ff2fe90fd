// clip-picture WIDTH HEIGHT > FILE.y4m: the clip's video, one loop of SCORE_SECONDS at 25 frames
// per second. An amphitheatre seen from above: each note of the tune is a wave of light from the
// stage into the rows, higher notes further to the right. Once per loop the seats fill, row by row,
// like a clock's hand. The name is below.
//
// Drawn with additive light, in units of a picture 720 high, whose centre is the origin.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "score.h"

#define FRAME_RATE  25
#define FRAMES      (SCORE_SECONDS * FRAME_RATE)
#define UNIT_HEIGHT 720.0
#define GRAIN                                                                                      \
	1.6 // steps of luma: hides bands in dark gradients, and costs bits like a camera's noise

struct colour {
	float r, g, b;
};

struct picture {
	int width, height;
	double scale; // pixels a unit
	struct colour *light;
	float *name; // share of each pixel that the name covers
	uint8_t *yuv;
	uint32_t random;
};

// The page's own colours (web/src/ui/theme.css).
static const struct colour page = {0x12 / 255.0f, 0x17 / 255.0f, 0x1c / 255.0f};
static const struct colour accent = {0x5c / 255.0f, 0xc8 / 255.0f, 0xb0 / 255.0f};
static const struct colour warm = {0xf2 / 255.0f, 0xc5 / 255.0f, 0x72 / 255.0f};
static const struct colour text = {0xed / 255.0f, 0xf1 / 255.0f, 0xf4 / 255.0f};

static struct colour mix(struct colour a, struct colour b, float t)
{
	return (struct colour){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

static void colour_add(struct colour *to, struct colour c, float strength)
{
	to->r += c.r * strength;
	to->g += c.g * strength;
	to->b += c.b * strength;
}

// Seconds since `at` in a loop, never negative.
static double since(double now, double at)
{
	double t = fmod(now - at, SCORE_SECONDS);
	return t < 0 ? t + SCORE_SECONDS : t;
}

// --- the ground: three slow clouds of light ---

static const struct cloud {
	double x, y, travel_x, travel_y; // the point around which it drifts, in units
	double phase, size;
	struct colour colour;
} clouds[] = {
        {-330, -170, 170, 90, 0.0, 420, {0.020f, 0.120f, 0.115f}},
        {360, -60, 150, 120, 2.1, 460, {0.025f, 0.070f, 0.150f}},
        {0, 330, 220, 60, 4.2, 380, {0.090f, 0.055f, 0.020f}},
};

static struct colour ground(double x, double y, double turn)
{
	struct colour sum = page;

	for (size_t i = 0; i < sizeof(clouds) / sizeof(clouds[0]); i++) {
		const struct cloud *c = &clouds[i];
		double dx = x - c->x - c->travel_x * cos(turn + c->phase);
		double dy = y - c->y - c->travel_y * sin(turn + c->phase);
		colour_add(&sum, c->colour, (float)exp(-(dx * dx + dy * dy) / (c->size * c->size)));
	}
	return sum;
}

#define GROUND_STEP 16 // pixels between computed points; linear in between

static void ground_draw(struct picture *p, double now)
{
	double turn = 2 * M_PI * now / SCORE_SECONDS;
	struct colour corner[2][2];

	for (int y0 = 0; y0 < p->height; y0 += GROUND_STEP) {
		for (int x0 = 0; x0 < p->width; x0 += GROUND_STEP) {
			for (int i = 0; i < 4; i++) {
				double x = (x0 + (i & 1) * GROUND_STEP - p->width / 2.0) / p->scale;
				double y =
				        (y0 + (i >> 1) * GROUND_STEP - p->height / 2.0) / p->scale;
				corner[i >> 1][i & 1] = ground(x, y, turn);
			}
			for (int y = y0; y < p->height && y < y0 + GROUND_STEP; y++) {
				float v = (float)(y - y0) / GROUND_STEP;
				struct colour left = mix(corner[0][0], corner[1][0], v);
				struct colour right = mix(corner[0][1], corner[1][1], v);
				for (int x = x0; x < p->width && x < x0 + GROUND_STEP; x++)
					p->light[y * p->width + x] =
					        mix(left, right, (float)(x - x0) / GROUND_STEP);
			}
		}
	}
}

// --- lamps: round lights with a soft edge and a halo ---

static void lamp_draw(
        struct picture *p, double x, double y, double radius, struct colour c, double strength,
        double halo
)
{
	double px = x * p->scale + p->width / 2.0, py = y * p->scale + p->height / 2.0;
	double r = radius * p->scale, reach = 4 * r;

	for (int j = (int)fmax(0, py - reach); j <= fmin(p->height - 1, py + reach); j++) {
		for (int i = (int)fmax(0, px - reach); i <= fmin(p->width - 1, px + reach); i++) {
			double d = hypot(i + 0.5 - px, j + 0.5 - py);
			double edge = fmin(1, fmax(0, r - d + 0.5));
			double glow = d < reach ? (1 - d / reach) * (1 - d / reach) : 0;
			colour_add(
			        &p->light[j * p->width + i], c,
			        (float)(strength * (edge + halo * glow))
			);
		}
	}
}

#define STAGE_Y     70.0
#define ROWS        6
#define ROW_FIRST   78.0 // radius
#define ROW_STEP    34.0
#define SEAT_RADIUS 6.5
#define WAVE_SPEED  230.0 // units a second
#define WAVE_FADE   0.75 // seconds
#define WAVE_WIDTH  0.42 // radians

// The direction of a note's light: the tune's lowest note to the left, its highest to the right.
static double note_angle(const struct note *n)
{
	return M_PI * (1 - (n->pitch - 69) / 14.0);
}

// How brightly the tune lights a seat.
static double seat_lit(double angle, double radius, double now)
{
	double lit = 0;

	for (size_t i = 0; i < SCORE_NOTES; i++) {
		const struct note *n = &score_melody[i];
		double t = since(now, n->at + (radius - ROW_FIRST) / WAVE_SPEED);
		double off = (angle - note_angle(n)) / WAVE_WIDTH;
		double rise = fmin(1, t / 0.08);
		lit += n->loudness * rise * exp(-t / WAVE_FADE - off * off);
	}
	return lit;
}

// The clock: seats are taken from left to right during the loop, and vacated at its end.
static double seat_taken(double angle, double now)
{
	double place = 1 - angle / M_PI; // 0 left, 1 right
	double hand = now / (SCORE_SECONDS - 1);
	double taken = fmin(1, fmax(0, (hand - place) * 40 + 0.5));
	double leaving = fmax(0, now - (SCORE_SECONDS - 1));
	return taken * (1 - leaving);
}

static void seats_draw(struct picture *p, double now)
{
	for (int row = 0; row < ROWS; row++) {
		double radius = ROW_FIRST + ROW_STEP * row;
		int seats = 9 + 4 * row;
		for (int i = 0; i < seats; i++) {
			double angle = M_PI * (1 - (double)i / (seats - 1));
			double lit = seat_lit(angle, radius, now);
			double strength = 0.16 + 0.24 * seat_taken(angle, now) + 0.90 * lit;
			struct colour c = mix(accent, warm, (float)fmin(1, 1.6 * lit));
			lamp_draw(
			        p, radius * cos(angle), STAGE_Y - radius * sin(angle), SEAT_RADIUS,
			        c, strength, 0.10 + 0.25 * fmin(1, lit)
			);
		}
	}
}

static void stage_draw(struct picture *p, double now)
{
	double lit = 0;

	for (size_t i = 0; i < SCORE_NOTES; i++) {
		double t = since(now, score_melody[i].at);
		lit += score_melody[i].loudness * fmin(1, t / 0.05) * exp(-t / 0.45);
	}
	lamp_draw(p, 0, STAGE_Y, 15 + 5 * lit, warm, 0.75 + 0.2 * lit, 0.20 + 0.30 * lit);
}

// --- the name, in strokes with round ends ---

struct stroke {
	double x0, y0, x1, y1; // a line; or with a radius, an arc around (x0, y0)
	double radius, from, to; // radians, clockwise from the right
};

#define LINE(x0, y0, x1, y1)                                                                       \
	{                                                                                          \
		x0, y0, x1, y1, 0, 0, 0                                                            \
	}
#define ARC(x, y, r, from, to)                                                                     \
	{                                                                                          \
		x, y, 0, 0, r, (from)*M_PI, (to)*M_PI                                              \
	}
#define NAME_WIDTH    357.0 // of the strokes below
#define NAME_BASELINE 205.0
#define NAME_STROKE   5.5 // half a stroke's width

// From the baseline's left end. Small letters are 56 high, tall ones 84.
static const struct stroke name[] = {
        LINE(0, 0, 34, -84),     LINE(34, -84, 68, 0),     LINE(12, -30, 56, -30), // A
        LINE(96, 0, 96, -56),    ARC(115, -37, 19, 1, 2),  LINE(134, -37, 134, 0), // m
        ARC(153, -37, 19, 1, 2), LINE(172, -37, 172, 0),   LINE(202, -28, 202, 26),
        ARC(230, -28, 28, 0, 2), // p
        LINE(286, 0, 286, -84),  ARC(307, -35, 21, 1, 2),  LINE(328, -35, 328, 0), // h
        LINE(357, 0, 357, -52),  LINE(357, -76, 357, -76), // i
};

static double stroke_distance(const struct stroke *s, double x, double y)
{
	if (s->radius > 0) {
		double angle = atan2(y - s->y0, x - s->x0);
		if (angle < s->from)
			angle += 2 * M_PI;
		angle = fmin(angle, s->to);
		return hypot(
		        x - s->x0 - s->radius * cos(angle), y - s->y0 - s->radius * sin(angle)
		);
	}
	double dx = s->x1 - s->x0, dy = s->y1 - s->y0, square = dx * dx + dy * dy;
	double t = square > 0 ? ((x - s->x0) * dx + (y - s->y0) * dy) / square : 0;
	t = fmin(1, fmax(0, t));
	return hypot(x - s->x0 - t * dx, y - s->y0 - t * dy);
}

static void name_make(struct picture *p)
{
	for (int i = 0; i < p->width * p->height; i++) {
		double x = (i % p->width + 0.5 - p->width / 2.0) / p->scale + NAME_WIDTH / 2;
		double y = (i / p->width + 0.5 - p->height / 2.0) / p->scale - NAME_BASELINE;
		double nearest = UNIT_HEIGHT;
		for (size_t s = 0; s < sizeof(name) / sizeof(name[0]); s++)
			nearest = fmin(nearest, stroke_distance(&name[s], x, y));
		p->name[i] = (float)fmin(1, fmax(0, (NAME_STROKE - nearest) * p->scale + 0.5));
	}
}

static void name_draw(struct picture *p)
{
	for (int i = 0; i < p->width * p->height; i++)
		p->light[i] = mix(p->light[i], text, 0.92f * p->name[i]);
}

// --- to video: BT.601, limited range, 4:2:0 ---

// Two steps of xorshift added, so that the grain is not flat.
static float grain(struct picture *p)
{
	uint32_t r = p->random;

	r ^= r << 13;
	r ^= r >> 17;
	r ^= r << 5;
	p->random = r;
	return (float)GRAIN * ((float)(r & 0xffff) + (float)(r >> 16) - 65535) / 65535;
}

static uint8_t byte_of(float value)
{
	return (uint8_t)fminf(255, fmaxf(0, value + 0.5f));
}

static void convert(struct picture *p)
{
	int w = p->width, h = p->height;
	uint8_t *u = p->yuv + w * h, *v = u + w * h / 4;

	for (int i = 0; i < w * h; i++) {
		struct colour *c = &p->light[i];
		c->r = fminf(1, c->r);
		c->g = fminf(1, c->g);
		c->b = fminf(1, c->b);
		p->yuv[i] = byte_of(16 + 65.48f * c->r + 128.55f * c->g + 24.97f * c->b + grain(p));
	}
	for (int y = 0; y < h; y += 2) {
		for (int x = 0; x < w; x += 2) {
			const struct colour *c = &p->light[y * w + x];
			struct colour s =
			        mix(mix(c[0], c[1], 0.5f), mix(c[w], c[w + 1], 0.5f), 0.5f);
			*u++ = byte_of(128 - 37.80f * s.r - 74.20f * s.g + 112 * s.b);
			*v++ = byte_of(128 + 112 * s.r - 93.79f * s.g - 18.21f * s.b);
		}
	}
}

static void picture_draw(struct picture *p, double now)
{
	ground_draw(p, now);
	seats_draw(p, now);
	stage_draw(p, now);
	name_draw(p);
	convert(p);
}

static int picture_init(struct picture *p, int width, int height)
{
	size_t pixels = (size_t)width * (size_t)height;

	*p = (struct picture
	){.width = width, .height = height, .scale = height / UNIT_HEIGHT, .random = 1};
	p->light = calloc(pixels, sizeof(*p->light));
	p->name = calloc(pixels, sizeof(*p->name));
	p->yuv = malloc(pixels * 3 / 2);
	if (!p->light || !p->name || !p->yuv)
		return -1;
	name_make(p);
	return 0;
}

int main(int argc, char **argv)
{
	int width = argc == 3 ? atoi(argv[1]) : 0, height = argc == 3 ? atoi(argv[2]) : 0;
	struct picture p;

	if (width < 2 || height < 2 || width % 2 != 0 || height % 2 != 0) {
		fputs("usage: clip-picture WIDTH HEIGHT > FILE.y4m (even numbers)\n", stderr);
		return 2;
	}
	if (picture_init(&p, width, height) < 0)
		return EXIT_FAILURE;
	printf("YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n", width, height, FRAME_RATE);
	for (int i = 0; i < FRAMES; i++) {
		picture_draw(&p, (double)i / FRAME_RATE);
		puts("FRAME");
		fwrite(p.yuv, 1, (size_t)width * (size_t)height * 3 / 2, stdout);
	}
	free(p.light);
	free(p.name);
	free(p.yuv);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
