// chat.txt: the room's messages as their readers get them, one on each line:
//
//     83250 the message, which is an envelope and a text
//
// First the time on the recording's line, in milliseconds; then a blank; then the message's bytes,
// in which \\ stands for a backslash, \n for a line feed and \r for a carriage return.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recorder/folder.h"

#define CHAT_MESSAGE_MAX 16384 // bytes, with its envelope
#define CHAT_LINE_MAX    (2 * CHAT_MESSAGE_MAX + 32)

struct am_tap_entry;
struct disk_file;

struct chat_file {
	struct folder *folder;
	struct disk_file *file; // NULL: not begun
	uint64_t end; // bytes
	int64_t after_us; // of the clock: messages up to then are in the file
	bool skips; // the message's beginning is missing
	size_t len; // of the message that is not whole yet
	uint8_t message[CHAT_MESSAGE_MAX];
};

// Continues the file that the state names.
void chat_file_init(struct chat_file *, struct folder *);

// A part of a message. time_us: on the line; LINE_NONE: it is not recorded.
void chat_file_part(struct chat_file *, const struct am_tap_entry *, int64_t time_us);

// Messages that arrived from then on are cut off: the last ones that the state knows, at most.
void chat_file_cut(struct chat_file *, int64_t since_us);

// complete: it ends there; else the next recorder continues it.
void chat_file_close(struct chat_file *, int64_t end_us, bool complete);

// Writes a line into CHAT_LINE_MAX bytes. Returns its length.
size_t chat_line(char *line, int64_t time_us, const uint8_t *message, size_t len);
