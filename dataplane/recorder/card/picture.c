// card-picture WIDTH HEIGHT > FILE.y4m: one picture, a camera that is crossed out, on the page's
// dark ground. Drawn by distances from shapes, in units of a picture 720 high whose centre is the
// origin.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define UNIT_HEIGHT 720.0
#define SIDE_MAX    4096

struct colour {
	double r, g, b;
};

// The page's ground (web/src/ui/tokens.css), and a grey that stays in the background.
static const struct colour ground = {0x12, 0x17, 0x1c};
static const struct colour mark = {0x5f, 0x6b, 0x76};

static double min(double a, double b)
{
	return a < b ? a : b;
}

static double max(double a, double b)
{
	return a > b ? a : b;
}

// Distance from a rectangle with round corners around (cx, cy); negative inside.
static double
box(double x, double y, double cx, double cy, double width, double height, double round)
{
	double dx = fabs(x - cx) - width / 2 + round;
	double dy = fabs(y - cy) - height / 2 + round;
	return hypot(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - round;
}

// Distance from a line with round ends.
static double line(double x, double y, double ax, double ay, double bx, double by)
{
	double dx = bx - ax, dy = by - ay;
	double t = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy);
	t = min(max(t, 0), 1);
	return hypot(x - ax - t * dx, y - ay - t * dy);
}

// The camera's lens: between two slanting lines, wider to the right.
static double lens(double x, double y)
{
	double slant = fabs(y) - 14 - (x - 50) * 0.5;
	return max(max(slant * 0.894, 56 - x), x - 104) - 4;
}

// Share of a pixel that the mark covers.
static double cover(double x, double y, double scale)
{
	double camera = min(box(x, y, -30, 0, 136, 104, 22), lens(x, y));
	double stroke = line(x, y, -92, -84, 92, 84) - 6;
	camera = max(camera, 12 - stroke); // the stroke stands apart from the camera
	return min(max(0.5 - min(camera, stroke) * scale, 0), 1);
}

static struct colour at(double px, double py, int width, int height)
{
	double scale = height / UNIT_HEIGHT;
	double share = cover((px - width / 2.0) / scale, (py - height / 2.0) / scale, scale);
	return (struct colour){
	        ground.r + (mark.r - ground.r) * share,
	        ground.g + (mark.g - ground.g) * share,
	        ground.b + (mark.b - ground.b) * share,
	};
}

// BT.601, limited range, as VP8 and VP9 have it unless they say otherwise. Chroma has half the
// size.
static void write_planes(int width, int height)
{
	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++) {
			struct colour c = at(x + 0.5, y + 0.5, width, height);
			putchar((int)(16.5 + 0.257 * c.r + 0.504 * c.g + 0.098 * c.b));
		}
	}
	for (int plane = 0; plane < 2; plane++) {
		for (int y = 0; y < height; y += 2) {
			for (int x = 0; x < width; x += 2) {
				struct colour c = at(x + 1, y + 1, width, height);
				double v = plane == 0 ? -0.148 * c.r - 0.291 * c.g + 0.439 * c.b
				                      : 0.439 * c.r - 0.368 * c.g - 0.071 * c.b;
				putchar((int)(128.5 + v));
			}
		}
	}
}

int main(int argc, char **argv)
{
	int width = argc == 3 ? atoi(argv[1]) : 0;
	int height = argc == 3 ? atoi(argv[2]) : 0;

	if (width < 2 || width > SIDE_MAX || width % 2 || height < 2 || height > SIDE_MAX ||
	    height % 2) {
		fprintf(stderr, "usage: card-picture WIDTH HEIGHT > FILE.y4m\n");
		return 2;
	}
	printf("YUV4MPEG2 W%d H%d F1:1 Ip A1:1 C420jpeg\nFRAME\n", width, height);
	write_planes(width, height);
	return ferror(stdout) || fflush(stdout) != 0;
}
