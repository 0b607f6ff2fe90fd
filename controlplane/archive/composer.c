#include "archive/composer.h"

#include "archive/addition.h"
#include "archive/inquiry.h"
#include "archive/tree.h"
#include "base/child.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/memory.h"
#include "store/history.h"
#include "store/recordings.h"

#include "am_log.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM   "amphi-compose"
#define NAME_SIZE 32

// The file that is being made lies beside all recordings until it is complete, so that a recording
// can be removed meanwhile, and a new process finds what the last one left. The program adds .part.
#define TEMPORARY "composing"

// The program's ways to end (compose/main.c).
#define STATUS_DISK_FULL  3
#define STATUS_NO_ENCODER 4

// A disk has this many times as much left as makes recordings stop, or a composition ends.
#define FREE_TIMES 2

#define AGAIN_MS     1000 // until the history is asked again, if it has too many questions
#define WRITE_MS     10 // between looks at whether it has written
#define WRITE_MS_MAX 10000 // for which that is awaited

static const char *const layouts[] = {"grid", "speaker", "share"};

static const struct {
	const char *name, *codec;
} formats[] = {{"mp4", "h264"}, {"webm", "vp9"}};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

struct composition {
	uint64_t account_id, id; // id: of the recording
	const char *layout, *format;
	enum composition_state state;
	uint32_t percent;
	const char *reason;
	bool forgotten; // while it is the composer's `now`
	char name[NAME_SIZE];
	char directory[TREE_DIRECTORY_MAX + 1];
	TAILQ_ENTRY(composition) next;
};

TAILQ_HEAD(composition_list, composition);

struct composer {
	struct composer_settings settings;
	struct composition_list waiting, over; // over: the oldest first
	uint32_t over_count;
	struct composition *now; // that the program makes, or whose file is given its place
	struct child child;
	struct loop_timer look, again;
	uint64_t busy_ms; // when the data plane last was
	uint64_t progress_ms; // of the last per cent
	uint64_t write; // that `now` waits for, of the history; 0: none
	uint64_t write_ms;
	struct work cleaning; // of what the program has left
	bool cleans, ends;
	char program[PATH_MAX];
};

static void composer_next(struct composer *);

// Words.

static const char *const state_names[COMPOSITION_STATE_COUNT] = {
        [COMPOSITION_QUEUED] = "queued", [COMPOSITION_RUNNING] = "running",
        [COMPOSITION_PAUSED] = "paused", [COMPOSITION_DONE] = "done",
        [COMPOSITION_FAILED] = "failed",
};

const char *composer_layout(const char *name)
{
	for (size_t i = 0; i < LENGTH(layouts); i++) {
		if (strcmp(layouts[i], name) == 0)
			return layouts[i];
	}
	return NULL;
}

const char *composer_format(const char *name)
{
	for (size_t i = 0; i < LENGTH(formats); i++) {
		if (strcmp(formats[i].name, name) == 0)
			return formats[i].name;
	}
	return NULL;
}

static const char *codec_of(const char *format)
{
	size_t i = 0;

	while (formats[i].name != format)
		i++;
	return formats[i].codec;
}

struct json *composition_json(const struct composition_view *v)
{
	struct json *j = json_new_object();

	json_add_string(j, "state", state_names[v->state]);
	json_add_int(j, "percent", v->percent);
	json_add_string(j, "layout", v->layout);
	json_add_string(j, "format", v->format);
	json_add_string(j, "name", v->name);
	if (v->reason)
		json_add_string(j, "reason", v->reason);
	else
		json_add_null(j, "reason");
	return j;
}

// Compositions.

static struct composition_view view_of(const struct composition *p)
{
	return (struct composition_view){
	        .state = p->state,
	        .percent = p->percent,
	        .layout = p->layout,
	        .format = p->format,
	        .name = p->name,
	        .reason = p->reason,
	};
}

static struct composition *list_find(const struct composition_list *list, uint64_t id)
{
	struct composition *p;

	TAILQ_FOREACH (p, list, next) {
		if (p->id == id)
			return p;
	}
	return NULL;
}

static struct composition *composition_find(const struct composer *c, uint64_t id)
{
	struct composition *p;

	if (c->now && c->now->id == id && !c->now->forgotten)
		return c->now;
	p = list_find(&c->waiting, id);
	return p ? p : list_find(&c->over, id);
}

bool composer_find(
        const struct composer *c, uint64_t account_id, uint64_t id, struct composition_view *out
)
{
	const struct composition *p = composition_find(c, id);

	if (!p || p->account_id != account_id)
		return false;
	*out = view_of(p);
	return true;
}

static void over_remove(struct composer *c, struct composition *p)
{
	TAILQ_REMOVE(&c->over, p, next);
	c->over_count--;
	free(p);
}

// What the composer has been busy with is over.
static void now_end(struct composer *c, enum composition_state state, const char *reason)
{
	struct composition *p = c->now;

	c->now = NULL;
	if (p->forgotten) {
		free(p);
		return;
	}
	p->state = state;
	p->reason = reason;
	TAILQ_INSERT_TAIL(&c->over, p, next);
	if (++c->over_count > COMPOSER_KEPT_MAX)
		over_remove(c, TAILQ_FIRST(&c->over));
}

// What is left of a file that was not completed.

static void leftovers_remove(const struct composer *c)
{
	char name[NAME_SIZE];

	for (size_t i = 0; i < 2 * LENGTH(formats); i++) {
		snprintf(
		        name, sizeof(name), TEMPORARY ".%s%s", formats[i / 2].name,
		        i % 2 ? ".part" : ""
		);
		int ret = tree_remove(c->settings.directory, name);
		if (ret < 0)
			am_warning(
			        "composer: %s cannot be removed; error=%s", name, strerror(-ret)
			);
	}
}

static void cleaning_run(struct work *w)
{
	leftovers_remove(container_of(w, struct composer, cleaning));
}

static void cleaning_done(struct work *w)
{
	struct composer *c = container_of(w, struct composer, cleaning);

	c->cleans = false;
	composer_next(c);
}

static void clean(struct composer *c)
{
	if (c->ends) // composer_destroy does it
		return;
	c->cleans = true;
	c->cleaning = (struct work){.run = cleaning_run, .done = cleaning_done};
	workers_add(c->settings.inquiries->workers, &c->cleaning);
}

static void now_fail(struct composer *c, const char *reason, const char *error)
{
	if (!c->now->forgotten)
		am_error(
		        "composer: no video was made; recording=%016" PRIx64 " reason=%s error=%s",
		        c->now->id, reason, am_log_value(error)
		);
	now_end(c, COMPOSITION_FAILED, reason);
	clean(c);
}

// The end: the complete file becomes one of the recording.

// Who is told of the end may ask for the file at once, so its row must be there.
static void finish(struct composer *c)
{
	const struct composer_settings *s = &c->settings;

	if (!c->ends && !c->now->forgotten &&
	    !history_is_written(s->inquiries->history, c->write) &&
	    loop_now_ms(s->loop) - c->write_ms < WRITE_MS_MAX) {
		loop_timer_set(s->loop, &c->again, WRITE_MS);
		return;
	}
	c->write = 0;
	c->now->percent = 100;
	now_end(c, COMPOSITION_DONE, NULL);
	composer_next(c);
}

static void
added(void *owner, int result, const struct recording_row *r, const struct recording_file_row *f)
{
	struct composer *c = owner;
	const struct composer_settings *s = &c->settings;

	if (result < 0 && c->ends)
		return;
	if (result == -EAGAIN && !c->now->forgotten) {
		loop_timer_set(s->loop, &c->again, AGAIN_MS);
		return;
	}
	if (result < 0)
		return now_fail(c, "disk-error", strerror(-result));
	if (!c->now->forgotten) {
		am_info("composer: a video was made; recording=%016" PRIx64 " bytes=%" PRIu64,
		        c->now->id, f->bytes);
		if (s->composed)
			s->composed(s->owner, r, f);
		history_recording_file_put(s->inquiries->history, f);
		c->write = history_recording_put(s->inquiries->history, r);
	}
	c->write_ms = loop_now_ms(s->loop);
	finish(c);
}

static void complete(struct composer *c)
{
	const struct composition *p = c->now;
	char from[NAME_SIZE];

	snprintf(from, sizeof(from), TEMPORARY ".%s", p->format);
	addition_ask(
	        c->settings.inquiries,
	        &(struct addition_request
	        ){.account_id = p->account_id,
	          .id = p->id,
	          .directory = c->settings.directory,
	          .from = from,
	          .name = p->name,
	          .kind = "composed",
	          .codec = codec_of(p->format)},
	        added, c
	);
}

static void go_on(void *owner)
{
	struct composer *c = owner;

	if (c->write)
		finish(c);
	else
		complete(c);
}

// While the program runs.

static void said(void *owner, const char *line)
{
	struct composer *c = owner;
	unsigned percent;

	if (sscanf(line, "progress %u", &percent) != 1 || percent > 100 ||
	    percent <= c->now->percent)
		return;
	c->now->percent = percent;
	c->progress_ms = loop_now_ms(c->settings.loop);
}

static const char *reason_of(int status)
{
	if (!WIFEXITED(status))
		return "crashed";
	switch (WEXITSTATUS(status)) {
	case STATUS_DISK_FULL: return "disk-full";
	case STATUS_NO_ENCODER: return "no-encoder";
	default: return "error";
	}
}

static void ended(void *owner, int status)
{
	struct composer *c = owner;
	char error[CHILD_LINE_MAX + 32];

	loop_timer_cancel(c->settings.loop, &c->look);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && !c->now->forgotten)
		return complete(c);
	if (WIFSIGNALED(status))
		snprintf(error, sizeof(error), "killed by signal %d", WTERMSIG(status));
	else
		snprintf(error, sizeof(error), "%s", c->child.complaint);
	now_fail(c, reason_of(status), error);
}

static void now_pause(struct composer *c, bool pause)
{
	c->now->state = pause ? COMPOSITION_PAUSED : COMPOSITION_RUNNING;
	c->progress_ms = loop_now_ms(c->settings.loop);
	child_signal(&c->child, pause ? SIGSTOP : SIGCONT);
	am_info("composer: %s; recording=%016" PRIx64,
	        pause ? "paused, since workers of the data plane leave out work" : "goes on",
	        c->now->id);
}

static bool is_busy(struct composer *c)
{
	const struct composer_settings *s = &c->settings;
	uint64_t now_ms = loop_now_ms(s->loop);

	if (s->is_busy && s->is_busy(s->owner))
		c->busy_ms = now_ms;
	return c->busy_ms && now_ms - c->busy_ms < COMPOSER_CALM_MS;
}

static void look(void *owner)
{
	struct composer *c = owner;
	struct loop *l = c->settings.loop;

	if (!c->now) {
		composer_next(c);
		return;
	}
	bool busy = is_busy(c), paused = c->now->state == COMPOSITION_PAUSED;
	if (busy != paused)
		now_pause(c, busy);
	if (!busy && loop_now_ms(l) - c->progress_ms >= COMPOSER_STUCK_MS) {
		am_warning("composer: no progress for %d s", COMPOSER_STUCK_MS / 1000);
		child_signal(&c->child, SIGKILL);
	}
	loop_timer_set(l, &c->look, COMPOSER_LOOK_MS);
}

static int program_start(struct composer *c)
{
	const struct composition *p = c->now;
	char folder[PATH_MAX], output[PATH_MAX], parent[16], left[16];
	const char *const arguments[] = {PROGRAM,    "--layout", p->layout,  "--format", p->format,
	                                 "--output", output,     "--parent", parent,     "--leave",
	                                 left,       folder,     NULL};

	snprintf(folder, sizeof(folder), "%s/%s", c->settings.directory, p->directory);
	snprintf(output, sizeof(output), "%s/" TEMPORARY ".%s", c->settings.directory, p->format);
	snprintf(parent, sizeof(parent), "%d", (int)getpid());
	snprintf(left, sizeof(left), "%" PRIu32, FREE_TIMES * c->settings.free_min_mib);
	return child_start(&c->child, c->settings.loop, c->program, arguments);
}

// Begins what waits, if it may.
static void composer_next(struct composer *c)
{
	struct loop *l = c->settings.loop;
	struct composition *p = TAILQ_FIRST(&c->waiting);

	if (c->ends || c->now || c->cleans || !p)
		return;
	loop_timer_set(l, &c->look, COMPOSER_LOOK_MS);
	if (is_busy(c))
		return;
	TAILQ_REMOVE(&c->waiting, p, next);
	c->now = p;
	p->state = COMPOSITION_RUNNING;
	c->progress_ms = loop_now_ms(l);
	int ret = program_start(c);
	if (ret < 0) {
		loop_timer_cancel(l, &c->look);
		now_fail(c, "error", strerror(-ret));
	}
}

// Requests.

struct asking {
	struct inquiry inquiry;
	struct composer *composer;
	const char *layout, *format;
	composer_answered *done;
	void *owner;
	bool found, ready;
	char directory[TREE_DIRECTORY_MAX + 1];
};

static void asking_recording(struct history_recordings *q, const struct recording_row *r)
{
	struct asking *a = container_of(q, struct asking, inquiry.query);

	a->found = true;
	a->ready = r->state == RECORDING_READY;
	snprintf(a->directory, sizeof(a->directory), "%s", r->directory);
}

static int asking_next(struct inquiry *i)
{
	const struct asking *a = container_of(i, struct asking, inquiry);

	return !a->found ? -ENOENT : !a->ready ? -EBUSY : 1;
}

static bool queue_has_room(const struct composer *c, uint64_t account_id)
{
	const struct composition *p;
	uint32_t count = 0, own = 0;

	TAILQ_FOREACH (p, &c->waiting, next) {
		count++;
		own += p->account_id == account_id;
	}
	return count < COMPOSER_QUEUE_MAX && own < COMPOSER_ACCOUNT_MAX;
}

static struct composition *queue_put(struct composer *c, const struct asking *a)
{
	struct composition *p = memory_new(1, sizeof(*p));

	*p = (struct composition){
	        .account_id = a->inquiry.query.account_id,
	        .id = a->inquiry.query.id,
	        .layout = a->layout,
	        .format = a->format,
	};
	snprintf(p->name, sizeof(p->name), "composed.%s", a->format);
	strcpy(p->directory, a->directory);
	TAILQ_INSERT_TAIL(&c->waiting, p, next);
	return p;
}

static int composition_get(struct composer *c, const struct asking *a, struct composition **out)
{
	struct composition *p = composition_find(c, a->inquiry.query.id);
	bool same = p && p->layout == a->layout && p->format == a->format;

	*out = p;
	if (same && p->state != COMPOSITION_FAILED)
		return 0;
	if (p && p->state < COMPOSITION_DONE)
		return -EALREADY;
	if (!queue_has_room(c, a->inquiry.query.account_id))
		return -EDQUOT;
	if (p)
		over_remove(c, p);
	*out = queue_put(c, a);
	return 0;
}

static void asking_end(struct inquiry *i, int result)
{
	struct asking *a = container_of(i, struct asking, inquiry);
	struct composition_view view;
	struct composition *p;

	if (result == 0)
		result = composition_get(a->composer, a, &p);
	if (result == 0)
		view = view_of(p);
	a->done(a->owner, result, result < 0 ? NULL : &view);
	composer_next(a->composer);
}

static void asking_destroy(struct inquiry *i)
{
	free(container_of(i, struct asking, inquiry));
}

static const struct inquiry_kind asking_kind = {
        .next = asking_next,
        .end = asking_end,
        .destroy = asking_destroy,
};

// Each time, so that what is installed meanwhile counts.
static bool program_find(struct composer *c)
{
	if (!c->settings.program)
		return child_find(c->program, sizeof(c->program), PROGRAM);
	return snprintf(c->program, sizeof(c->program), "%s", c->settings.program) <
	       (int)sizeof(c->program);
}

void composer_ask(
        struct composer *c, uint64_t account_id, uint64_t id, const char *layout,
        const char *format, composer_answered *done, void *owner
)
{
	if (!program_find(c)) {
		done(owner, -ENOPKG, NULL);
		return;
	}
	struct asking *a = memory_new(1, sizeof(*a));
	*a = (struct asking){
	        .composer = c,
	        .inquiry =
	                {
	                        .kind = &asking_kind,
	                        .query =
	                                {
	                                        .account_id = account_id,
	                                        .id = id,
	                                        .limit = 1,
	                                        .recording = asking_recording,
	                                },
	                },
	        .layout = layout,
	        .format = format,
	        .done = done,
	        .owner = owner,
	};
	inquiry_ask(&a->inquiry, c->settings.inquiries);
}

void composer_forget(struct composer *c, uint64_t id)
{
	struct composition *p;

	if (c->now && c->now->id == id && !c->now->forgotten) {
		c->now->forgotten = true;
		child_signal(&c->child, SIGKILL);
	}
	p = list_find(&c->waiting, id);
	if (p) {
		TAILQ_REMOVE(&c->waiting, p, next);
		free(p);
	}
	p = list_find(&c->over, id);
	if (p)
		over_remove(c, p);
}

// Start and end.

struct composer *composer_create(const struct composer_settings *settings)
{
	struct composer *c = memory_new(1, sizeof(*c));

	c->settings = *settings;
	c->child = (struct child){.said = said, .ended = ended, .owner = c};
	c->look = (struct loop_timer){.expired = look, .owner = c};
	c->again = (struct loop_timer){.expired = go_on, .owner = c};
	TAILQ_INIT(&c->waiting);
	TAILQ_INIT(&c->over);
	clean(c);
	return c;
}

void composer_end(struct composer *c)
{
	c->ends = true;
	child_end(&c->child);
	loop_timer_cancel(c->settings.loop, &c->look);
	loop_timer_cancel(c->settings.loop, &c->again);
}

static void list_free(struct composition_list *list)
{
	struct composition *p;

	while ((p = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, p, next);
		free(p);
	}
}

void composer_destroy(struct composer *c)
{
	leftovers_remove(c);
	list_free(&c->waiting);
	list_free(&c->over);
	free(c->now);
	free(c);
}
