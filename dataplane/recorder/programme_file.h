// The programme's file: one picture after the other, and the sound of all. Another codec begins
// another part. All times are on the recording's line, in microseconds.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/codec.h"
#include "recorder/folder.h"

#define PROGRAMME_FILE_HELD 64 // packets of sound that wait for the first picture

struct matroska;
struct programme_frame;

struct programme_part {
	struct matroska *file; // NULL: none
	uint32_t index;
	int64_t offset_us; // time 0 of the file, whole milliseconds
	enum codec codec;
};

struct programme_sound {
	int64_t time_us;
	uint16_t len;
	uint8_t opus[1276]; // RFC 6716 3.2.1: one frame
};

struct programme_file {
	struct folder *folder;
	struct programme_part part;
	struct programme_part last; // waits for its sound, which comes later than pictures
	int64_t last_end_us;
	int64_t resumed_ms; // last picture of the part as we found it; -1: none
	int64_t sound_us; // where sound goes on
	bool joined; // the picture before the next one is the file's last
	bool wants_key;
	bool was_on_disk; // something of the programme is
	uint32_t held_count;
	struct programme_sound *held;
};

// Continues the part that the state names. 0 or -errno.
[[nodiscard]] int programme_file_init(struct programme_file *, struct folder *);
void programme_file_fini(struct programme_file *);

// The last picture that the file has of an earlier recorder, in milliseconds of the line; -1: none.
int64_t programme_file_shown_ms(const struct programme_file *);

// The next picture follows the file's last one.
void programme_file_join(struct programme_file *);

// 0; -EAGAIN: the disk is too slow; its -errno.
[[nodiscard]] int programme_file_picture(struct programme_file *, const struct programme_frame *);
[[nodiscard]] int
programme_file_sound(struct programme_file *, int64_t time_us, const uint8_t *opus, size_t len);
[[nodiscard]] int programme_file_tick(struct programme_file *, int64_t now_us);

// What it has from there on is cut off. 0, -EAGAIN or -errno: then it stays.
[[nodiscard]] int programme_file_cut(struct programme_file *, int64_t end_us);

void programme_file_sync(struct programme_file *);

// Ends it there.
void programme_file_close(struct programme_file *, int64_t end_us);

// Writes what there is: the next recorder continues it.
void programme_file_suspend(struct programme_file *);

// Whether anything of the programme is on disk.
bool programme_file_is_on_disk(struct programme_file *);
