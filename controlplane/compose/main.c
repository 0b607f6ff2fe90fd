// amphi-compose FOLDER: makes one video of a finished recording, with everybody's picture and name.
// Runs at idle priority. Prints "progress N" on standard output for each per cent.
#include "canvas.h"
#include "film.h"
#include "output.h"
#include "picture.h"
#include "scene.h"
#include "sound.h"

#include "am_log.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libavutil/log.h>

#define IOPRIO_IDLE (3 << 13) // IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0); libc has no wrapper
#define NICE_LEAST  19

// How it ends, besides 0 and, after a wrong argument, 2.
#define STATUS_FAILED     1
#define STATUS_DISK_FULL  3
#define STATUS_NO_ENCODER 4

// Stamps of one person for one size of tile. A change of the layout makes new ones.
struct stamps {
	struct stamp *name, *card;
	int width, height;
};

struct composition {
	struct film film;
	const char *folder;
	enum layout layout;
	uint64_t left_bytes; // of the disk, for others
	struct canvas *canvas;
	struct picture **pictures; // of each file that is open
	bool *tried; // to open the file
	struct stamps *stamps; // of each person
};

static const char usage[] =
        "usage: amphi-compose [--layout NAME] [--format NAME] [--output FILE] FOLDER\n"
        "  --layout NAME  grid, speaker or share (share)\n"
        "  --format NAME  mp4 or webm (mp4)\n"
        "  --output FILE  FOLDER/composed.mp4 or .webm\n"
        "  --leave MIB    end when less of the disk is free (0)\n"
        "  --parent PID   end when this process does, which has started it\n"
        "FOLDER is that of a recording: it contains recording.json.\n"
        "Exit status: 0; 1: no file was made; 2: wrong arguments; 3: the disk is full;\n"
        "4: libavcodec lacks an encoder.\n";

// A page, a call or a packet is always more urgent than this.
static void priority_lower(void)
{
	const struct sched_param none = {0};

	setpriority(PRIO_PROCESS, 0, NICE_LEAST);
	sched_setscheduler(0, SCHED_IDLE, &none);
	syscall(SYS_ioprio_set, 1, 0, IOPRIO_IDLE);
}

// Ties the life of this process to its parent's. False if that has ended already.
static bool parent_follow(uint64_t pid)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return (uint64_t)getppid() == pid;
}

static bool number_read(const char *text, uint64_t *out)
{
	char *end;

	*out = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && !*end && *out <= UINT32_MAX;
}

static const struct AVFrame *
part_picture(struct composition *c, const struct scene_part *p, double time, const struct tile *t)
{
	const struct film_file *f = &c->film.files[p->file];
	char path[4096];

	if (!c->tried[p->file]) {
		c->tried[p->file] = true;
		snprintf(path, sizeof(path), "%s/%s", c->folder, f->path);
		c->pictures[p->file] = picture_open(path);
	}
	if (!c->pictures[p->file])
		return NULL;
	return picture_at(c->pictures[p->file], time - f->begin, t->width, t->height);
}

static struct stamps *stamps_of(struct composition *c, uint32_t person, const struct tile *t)
{
	struct stamps *s = &c->stamps[person];

	if (s->width != t->width || s->height != t->height) {
		stamp_destroy(s->name);
		stamp_destroy(s->card);
		*s = (struct stamps){.width = t->width, .height = t->height};
	}
	return s;
}

static void
part_draw(struct composition *c, const struct scene_part *p, double time, const struct tile *t)
{
	const char *name = c->film.people[p->person].name;
	const struct AVFrame *picture = p->file == SCENE_CARD ? NULL : part_picture(c, p, time, t);
	struct stamps *s = stamps_of(c, p->person, t);

	if (picture) {
		canvas_picture(c->canvas, t, picture);
	} else {
		if (!s->card)
			s->card = stamp_card(name, t);
		if (s->card)
			canvas_stamp(c->canvas, t, s->card);
	}
	if (p->screen) // a name would cover what is shown
		return;
	if (!s->name)
		s->name = stamp_name(name, t);
	if (s->name)
		canvas_stamp(c->canvas, t, s->name);
}

// Files that have ended are closed, since a long meeting has many.
static void pictures_close(struct composition *c, double time)
{
	for (uint32_t i = 0; i < c->film.file_count && c->film.files[i].begin <= time; i++) {
		if (c->film.files[i].end <= time && c->pictures[i]) {
			picture_close(c->pictures[i]);
			c->pictures[i] = NULL;
		}
	}
}

static void draw(struct composition *c, double time)
{
	struct tile tiles[LAYOUT_TILE_MAX];
	struct scene scene;

	scene_at(&c->film, c->layout, time, &scene);
	layout_place(c->layout, scene.count, tiles);
	canvas_clear(c->canvas);
	for (uint32_t i = 0; i < scene.count; i++)
		part_draw(c, &scene.parts[i], time, &tiles[i]);
}

static void progress(int *told, int64_t frame, int64_t frames)
{
	int percent = (int)(frame * 100 / frames);

	if (percent == *told)
		return;
	*told = percent;
	printf("progress %d\n", percent);
	fflush(stdout);
}

static int frame_make(struct composition *c, struct output *o, int64_t i)
{
	double time = (double)i / OUTPUT_FRAME_RATE;

	if (i % OUTPUT_FRAME_RATE == 0) {
		if (!output_leaves(o, c->left_bytes))
			return -ENOSPC;
		pictures_close(c, time);
	}
	draw(c, time);
	struct AVFrame *f = canvas_frame(c->canvas);
	return f ? output_frame(o, f) : -ENOMEM;
}

static int compose(struct composition *c, struct output *o)
{
	int64_t frames = (int64_t)(c->film.duration * OUTPUT_FRAME_RATE + 0.5);
	int told = -1;

	if (frames < 1)
		frames = 1;
	for (int64_t i = 0; i < frames; i++) {
		int ret = frame_make(c, o, i);
		if (ret < 0) {
			output_abort(o);
			return ret;
		}
		progress(&told, i, frames);
	}
	int ret = output_finish(o);
	if (ret == 0)
		progress(&told, frames, frames);
	return ret;
}

static void composition_free(struct composition *c)
{
	for (uint32_t i = 0; c->pictures && i < c->film.file_count; i++)
		picture_close(c->pictures[i]);
	for (uint32_t i = 0; c->stamps && i < c->film.person_count; i++) {
		stamp_destroy(c->stamps[i].name);
		stamp_destroy(c->stamps[i].card);
	}
	free(c->pictures);
	free(c->tried);
	free(c->stamps);
	canvas_destroy(c->canvas);
	film_free(&c->film);
}

static int run(struct composition *c, enum output_format format, const char *path)
{
	char error[512];

	int ret = film_read(&c->film, c->folder, error, sizeof(error));
	if (ret < 0) {
		fprintf(stderr, "amphi-compose: %s\n", error);
		return ret;
	}
	struct sound *sound = sound_open(&c->film, c->folder);
	c->canvas = canvas_create();
	c->pictures = calloc(c->film.file_count + 1, sizeof(struct picture *));
	c->tried = calloc(c->film.file_count + 1, sizeof(*c->tried));
	c->stamps = calloc(c->film.person_count + 1, sizeof(*c->stamps));
	if (sound && c->canvas && c->pictures && c->tried && c->stamps) {
		struct output *o = output_create(path, format, sound);
		ret = o ? compose(c, o) : -errno;
	} else {
		fputs("amphi-compose: there is not enough memory\n", stderr);
		ret = -ENOMEM;
	}
	sound_close(sound);
	composition_free(c);
	return ret;
}

static int refuse(const char *option, const char *value, const char *accepted)
{
	fprintf(stderr, "amphi-compose: %s takes %s, not %s\n", option, accepted, value);
	return 2;
}

// The exit status, for the result of `run`.
static int status_of(int result)
{
	if (result == 0)
		return 0;
	fprintf(stderr, "amphi-compose: no file was made; error=%s\n", strerror(-result));
	switch (result) {
	case -ENOSPC: return STATUS_DISK_FULL;
	case -ENOSYS: return STATUS_NO_ENCODER;
	default: return STATUS_FAILED;
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
	        {"layout", required_argument, NULL, 'l'},
	        {"format", required_argument, NULL, 'f'},
	        {"output", required_argument, NULL, 'o'},
	        {"leave", required_argument, NULL, 'm'},
	        {"parent", required_argument, NULL, 'p'},
	        {"help", no_argument, NULL, 'h'},
	        {},
	};
	const char *layout_name = "share", *format_name = "mp4", *path = NULL;
	uint64_t left_mib = 0, parent = 0;
	struct composition c = {0};
	char standard[4096];
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'l': layout_name = optarg; break;
		case 'f': format_name = optarg; break;
		case 'o': path = optarg; break;
		case 'm':
			if (!number_read(optarg, &left_mib))
				return refuse("--leave", optarg, "a number of MiB");
			break;
		case 'p':
			if (!number_read(optarg, &parent))
				return refuse("--parent", optarg, "a process id");
			break;
		case 'h': fputs(usage, stdout); return 0;
		default: fputs(usage, stderr); return 2;
		}
	}
	c.layout = layout_by_name(layout_name);
	enum output_format format = output_format_by_name(format_name);
	if (c.layout == LAYOUT_COUNT)
		return refuse("--layout", layout_name, "grid, speaker or share");
	if (format == OUTPUT_FORMAT_COUNT)
		return refuse("--format", format_name, "mp4 or webm");
	if (optind != argc - 1) {
		fputs(usage, stderr);
		return 2;
	}
	if (!path) {
		snprintf(standard, sizeof(standard), "%s/composed.%s", argv[optind], format_name);
		path = standard;
	}
	if (parent && !parent_follow(parent))
		return STATUS_FAILED;
	priority_lower();
	av_log_set_level(AV_LOG_ERROR);
	c.folder = argv[optind];
	c.left_bytes = left_mib << 20;
	return status_of(run(&c, format, path));
}
