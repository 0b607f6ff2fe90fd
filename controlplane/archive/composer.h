// Makes one video of a recording, on request: amphi-compose (../compose) runs for one recording
// after the other, while the data plane has time to spare.
//
//     composer_ask ──▶ queued ──▶ running ◀──▶ paused
//                                    ├──▶ done: a file of the recording
//                                    └──▶ failed
//
// A recording that is removed takes its composition with it (composer_forget). What is queued or
// running when the process ends is forgotten: it has to be asked for again.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define COMPOSER_QUEUE_MAX   64 // that wait
#define COMPOSER_ACCOUNT_MAX 16 // of one account
#define COMPOSER_KEPT_MAX    256 // that have ended, for those who ask
#define COMPOSER_LOOK_MS     1000 // between two looks at the data plane
#define COMPOSER_CALM_MS     5000 // without work left out, before it goes on
#define COMPOSER_STUCK_MS    3600000 // without another per cent: given up

struct composer;
struct inquiries;
struct json;
struct loop;
struct recording_file_row;
struct recording_row;

struct composer_settings {
	struct loop *loop;
	struct inquiries *inquiries;
	const char *directory; // of all recordings; lent
	uint32_t free_min_mib; // of the disk: below, recordings stop
	const char *program; // lent; NULL: amphi-compose beside this program, or in PATH
	bool (*is_busy)(void *owner); // whether the data plane leaves out work; NULL: never
	// A recording has a video, of which the history is about to be told; or NULL.
	void (*composed
	)(void *owner, const struct recording_row *, const struct recording_file_row *);
	void *owner;
};

enum composition_state {
	COMPOSITION_QUEUED,
	COMPOSITION_RUNNING,
	COMPOSITION_PAUSED,
	COMPOSITION_DONE,
	COMPOSITION_FAILED,
	COMPOSITION_STATE_COUNT,
};

// What there is to know of a composition. Strings are lent until the next turn of the loop.
struct composition_view {
	enum composition_state state;
	uint32_t percent;
	const char *layout, *format;
	const char *name; // of the file
	const char *reason; // why it failed, in a word; NULL: it has not
};

// Also removes what a process that was killed has left.
struct composer *composer_create(const struct composer_settings *);

// Kills what runs, and begins nothing more. To be called before inquiries_end, and composer_destroy
// after it.
void composer_end(struct composer *);
void composer_destroy(struct composer *);

// The words that amphi-compose takes, or NULL for another one.
const char *composer_layout(const char *name);
const char *composer_format(const char *name);

#define COMPOSER_LAYOUTS "grid, speaker or share"
#define COMPOSER_FORMATS "mp4 or webm"

// Asks for a video of the account's recording, with words as the last two functions return them. If
// it has one like this, or is getting it, that is the answer.
//
// result: 0; -ENOENT: the account has no such recording; -EBUSY: it is not ready; -EALREADY: it is
// getting another video; -EDQUOT: too many wait; -ENOPKG: there is no program; or as for
// archive_list. The answer comes from the loop, or within the call.
typedef void composer_answered(void *owner, int result, const struct composition_view *);
void composer_ask(
        struct composer *c, uint64_t account_id, uint64_t id, const char *layout,
        const char *format, composer_answered *done, void *owner
);

// The composition of the account's recording that was asked for last. False: nothing is known.
[[nodiscard]] bool composer_find(
        const struct composer *c, uint64_t account_id, uint64_t id, struct composition_view *out
);

// The recording has been removed.
void composer_forget(struct composer *, uint64_t id);

// {"state","percent","layout","format","name","reason"}
struct json *composition_json(const struct composition_view *);
