#include "canvas.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <fontconfig/fontconfig.h>
#include <libavutil/frame.h>
#include <libavutil/imgutils.h>
#include <pango/pangocairo.h>

#define FONT          "DejaVu Sans, Noto Sans, sans-serif"
#define NAME_HEIGHT   22 // of the tile's height, its reciprocal: the size of a name
#define NAME_SIZE_MIN 13.0 // pixels
#define MARGIN        0.5 // around a name, in its size
#define CARD_CIRCLE   0.36 // diameter of the card's circle, of the tile's height

// The page's own colours (web/src/ui/theme.css), as luma and chroma of BT.709, limited range.
#define GROUND_Y 30
#define GROUND_U 130
#define GROUND_V 127
#define BLACK_Y  16
#define NEUTRAL  128

struct canvas {
	AVFrame *frame;
};

// Premultiplied, one byte of each for a pixel; chroma at half the size.
struct stamp {
	int x, y, width, height; // relative to the tile; even
	uint8_t *luma, *u, *v; // already multiplied by the cover
	uint8_t *cover, *cover_chroma;
};

struct canvas *canvas_create(void)
{
	struct canvas *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->frame = av_frame_alloc();
	if (!c->frame)
		goto destroy;
	c->frame->format = AV_PIX_FMT_YUV420P;
	c->frame->width = LAYOUT_WIDTH;
	c->frame->height = LAYOUT_HEIGHT;
	c->frame->color_range = AVCOL_RANGE_MPEG;
	c->frame->colorspace = AVCOL_SPC_BT709;
	if (av_frame_get_buffer(c->frame, 0) == 0)
		return c;
destroy:
	canvas_destroy(c);
	errno = ENOMEM;
	return NULL;
}

void canvas_destroy(struct canvas *c)
{
	if (!c)
		return;
	av_frame_free(&c->frame);
	free(c);
	// What both libraries keep for the next text would look like leaks.
	pango_cairo_font_map_set_default(NULL);
	cairo_debug_reset_static_data();
	FcFini();
}

static void fill(struct canvas *c, const struct tile *t, uint8_t y, uint8_t u, uint8_t v)
{
	AVFrame *f = c->frame;

	for (int row = t->y; row < t->y + t->height; row++)
		memset(f->data[0] + row * f->linesize[0] + t->x, y, (size_t)t->width);
	for (int row = t->y / 2; row < (t->y + t->height) / 2; row++) {
		memset(f->data[1] + row * f->linesize[1] + t->x / 2, u, (size_t)t->width / 2);
		memset(f->data[2] + row * f->linesize[2] + t->x / 2, v, (size_t)t->width / 2);
	}
}

void canvas_clear(struct canvas *c)
{
	const struct tile all = {0, 0, LAYOUT_WIDTH, LAYOUT_HEIGHT};
	fill(c, &all, GROUND_Y, GROUND_U, GROUND_V);
}

void canvas_picture(struct canvas *c, const struct tile *t, const AVFrame *picture)
{
	AVFrame *f = c->frame;
	int x = (t->x + (t->width - picture->width) / 2) & ~1;
	int y = (t->y + (t->height - picture->height) / 2) & ~1;

	if (picture->width > t->width || picture->height > t->height)
		return;
	if (picture->width < t->width - 2 || picture->height < t->height - 2)
		fill(c, t, BLACK_Y, NEUTRAL, NEUTRAL);
	for (int plane = 0; plane < 3; plane++) {
		int shift = plane > 0;
		av_image_copy_plane(
		        f->data[plane] + (y >> shift) * f->linesize[plane] + (x >> shift),
		        f->linesize[plane], picture->data[plane], picture->linesize[plane],
		        picture->width >> shift, picture->height >> shift
		);
	}
}

// --- stamps ---

static uint8_t clamp(double v)
{
	return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)(v + 0.5);
}

// BT.709, limited range. Cairo's colours are premultiplied, so what is constant counts by the
// cover.
static double luma_of(double r, double g, double b, double a)
{
	return 16 * a + 219 * (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255 * 1.0;
}

static double u_of(double r, double g, double b, double a)
{
	return 128 * a + 224 * (-0.1146 * r - 0.3854 * g + 0.5 * b) / 255;
}

static double v_of(double r, double g, double b, double a)
{
	return 128 * a + 224 * (0.5 * r - 0.4542 * g - 0.0458 * b) / 255;
}

static void pixel_take(struct stamp *s, int i, uint32_t argb)
{
	double a = (argb >> 24) / 255.0;

	s->cover[i] = (uint8_t)(argb >> 24);
	s->luma[i] = clamp(luma_of(argb >> 16 & 255, argb >> 8 & 255, argb & 255, a));
}

static void chroma_take(struct stamp *s, int i, const uint32_t argb[4])
{
	double r = 0, g = 0, b = 0, a = 0;

	for (int k = 0; k < 4; k++) {
		a += (argb[k] >> 24) / 255.0 / 4;
		r += (argb[k] >> 16 & 255) / 4.0;
		g += (argb[k] >> 8 & 255) / 4.0;
		b += (argb[k] & 255) / 4.0;
	}
	s->cover_chroma[i] = clamp(a * 255);
	s->u[i] = clamp(u_of(r, g, b, a));
	s->v[i] = clamp(v_of(r, g, b, a));
}

static struct stamp *stamp_create(int x, int y, int width, int height)
{
	struct stamp *s = calloc(1, sizeof(*s));
	size_t pixels = (size_t)width * (size_t)height;

	if (!s)
		return NULL;
	*s = (struct stamp){.x = x, .y = y, .width = width, .height = height};
	s->luma = malloc(pixels);
	s->cover = malloc(pixels);
	s->u = malloc(pixels / 4);
	s->v = malloc(pixels / 4);
	s->cover_chroma = malloc(pixels / 4);
	if (s->luma && s->cover && s->u && s->v && s->cover_chroma)
		return s;
	stamp_destroy(s);
	return NULL;
}

void stamp_destroy(struct stamp *s)
{
	if (!s)
		return;
	free(s->luma);
	free(s->cover);
	free(s->u);
	free(s->v);
	free(s->cover_chroma);
	free(s);
}

// Takes the surface's pixels, and frees it. Its size is even.
static struct stamp *stamp_of(cairo_surface_t *surface, int x, int y)
{
	cairo_surface_flush(surface);
	int width = cairo_image_surface_get_width(surface);
	int height = cairo_image_surface_get_height(surface);
	int stride = cairo_image_surface_get_stride(surface) / 4;
	const uint32_t *pixels =
	        (const uint32_t *)(const void *)cairo_image_surface_get_data(surface);
	struct stamp *s =
	        pixels && width > 0 && height > 0 ? stamp_create(x, y, width, height) : NULL;

	for (int row = 0; s && row < height; row++) {
		for (int column = 0; column < width; column++)
			pixel_take(s, row * width + column, pixels[row * stride + column]);
	}
	for (int row = 0; s && row < height / 2; row++) {
		for (int column = 0; column < width / 2; column++) {
			const uint32_t *p = pixels + 2 * row * stride + 2 * column;
			const uint32_t four[4] = {p[0], p[1], p[stride], p[stride + 1]};
			chroma_take(s, row * (width / 2) + column, four);
		}
	}
	cairo_surface_destroy(surface);
	return s;
}

static PangoLayout *text_layout(cairo_t *cairo, const char *text, double size, int width)
{
	PangoLayout *layout = pango_cairo_create_layout(cairo);
	PangoFontDescription *font = pango_font_description_from_string(FONT);

	pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
	pango_layout_set_font_description(layout, font);
	pango_font_description_free(font);
	pango_layout_set_single_paragraph_mode(layout, TRUE);
	pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
	pango_layout_set_width(layout, width * PANGO_SCALE);
	pango_layout_set_text(layout, text, -1);
	return layout;
}

static void rounded_box(cairo_t *cairo, double x, double y, double width, double height, double r)
{
	cairo_new_path(cairo);
	cairo_arc(cairo, x + width - r, y + r, r, -G_PI / 2, 0);
	cairo_arc(cairo, x + width - r, y + height - r, r, 0, G_PI / 2);
	cairo_arc(cairo, x + r, y + height - r, r, G_PI / 2, G_PI);
	cairo_arc(cairo, x + r, y + r, r, G_PI, 3 * G_PI / 2);
	cairo_close_path(cairo);
}

static int even_up(double n)
{
	return ((int)n + 3) & ~1;
}

static double name_size(const struct tile *t)
{
	double size = (double)t->height / NAME_HEIGHT;
	return size < NAME_SIZE_MIN ? NAME_SIZE_MIN : size;
}

struct stamp *stamp_name(const char *name, const struct tile *t)
{
	double size = name_size(t), margin = size * MARGIN;
	int text_width, text_height;

	// Measured on a surface of one pixel, then drawn on one that fits.
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 2, 2);
	cairo_t *cairo = cairo_create(surface);
	PangoLayout *layout = text_layout(cairo, name, size, t->width - (int)(6 * margin));
	pango_layout_get_pixel_size(layout, &text_width, &text_height);
	g_object_unref(layout);
	cairo_destroy(cairo);
	cairo_surface_destroy(surface);

	int width = even_up(text_width + 3 * margin), height = even_up(text_height + margin);
	surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
	cairo = cairo_create(surface);
	rounded_box(cairo, 0, 0, width, height, size / 3);
	cairo_set_source_rgba(cairo, 0.07, 0.09, 0.11, 0.72);
	cairo_fill(cairo);
	cairo_set_source_rgb(cairo, 0.93, 0.945, 0.957);
	cairo_move_to(cairo, 1.5 * margin, (height - text_height) / 2.0);
	layout = text_layout(cairo, name, size, width);
	pango_cairo_show_layout(cairo, layout);
	g_object_unref(layout);
	cairo_destroy(cairo);
	return stamp_of(surface, (int)margin & ~1, (t->height - height - (int)margin) & ~1);
}

// The first letters of the first and the last word, as on the page's tiles.
static void initials(const char *name, char out[16])
{
	const char *last = strrchr(name, ' ');
	const char *from[2] = {name, last && last[1] ? last + 1 : NULL};
	size_t len = 0;

	for (int i = 0; i < 2; i++) {
		if (!from[i] || !*from[i])
			continue;
		gunichar upper = g_unichar_toupper(g_utf8_get_char_validated(from[i], -1));
		if (g_unichar_validate(upper))
			len += (size_t)g_unichar_to_utf8(upper, out + len);
	}
	out[len] = '\0';
}

struct stamp *stamp_card(const char *name, const struct tile *t)
{
	cairo_surface_t *surface =
	        cairo_image_surface_create(CAIRO_FORMAT_ARGB32, t->width, t->height);
	cairo_t *cairo = cairo_create(surface);
	double diameter = t->height * CARD_CIRCLE;
	char text[16];
	int width, height;

	cairo_set_source_rgb(cairo, 0.12, 0.15, 0.18);
	cairo_paint(cairo);
	cairo_arc(cairo, t->width / 2.0, t->height / 2.0, diameter / 2, 0, 2 * G_PI);
	cairo_set_source_rgb(cairo, 0.19, 0.36, 0.34);
	cairo_fill(cairo);
	initials(name, text);
	PangoLayout *layout = text_layout(cairo, text, diameter * 0.4, t->width);
	pango_layout_get_pixel_size(layout, &width, &height);
	cairo_move_to(cairo, (t->width - width) / 2.0, (t->height - height) / 2.0);
	cairo_set_source_rgb(cairo, 0.93, 0.945, 0.957);
	pango_cairo_show_layout(cairo, layout);
	g_object_unref(layout);
	cairo_destroy(cairo);
	return stamp_of(surface, 0, 0);
}

static void plane_stamp(
        uint8_t *to, int stride, const uint8_t *from, const uint8_t *cover, int width, int height
)
{
	for (int row = 0; row < height; row++) {
		for (int i = 0; i < width; i++) {
			uint32_t rest = 255u - cover[i];
			to[i] = (uint8_t)(from[i] + (to[i] * rest + 127) / 255);
		}
		to += stride;
		from += width;
		cover += width;
	}
}

void canvas_stamp(struct canvas *c, const struct tile *t, const struct stamp *s)
{
	AVFrame *f = c->frame;
	int x = t->x + s->x, y = t->y + s->y;

	if (x < 0 || y < 0 || x + s->width > f->width || y + s->height > f->height)
		return;
	plane_stamp(
	        f->data[0] + y * f->linesize[0] + x, f->linesize[0], s->luma, s->cover, s->width,
	        s->height
	);
	x /= 2;
	y /= 2;
	plane_stamp(
	        f->data[1] + y * f->linesize[1] + x, f->linesize[1], s->u, s->cover_chroma,
	        s->width / 2, s->height / 2
	);
	plane_stamp(
	        f->data[2] + y * f->linesize[2] + x, f->linesize[2], s->v, s->cover_chroma,
	        s->width / 2, s->height / 2
	);
}

AVFrame *canvas_frame(struct canvas *c)
{
	AVFrame *copy = av_frame_alloc();

	if (!copy)
		return NULL;
	copy->format = c->frame->format;
	copy->width = c->frame->width;
	copy->height = c->frame->height;
	if (av_frame_get_buffer(copy, 0) < 0 || av_frame_copy(copy, c->frame) < 0 ||
	    av_frame_copy_props(copy, c->frame) < 0)
		av_frame_free(&copy);
	return copy;
}
