// Names of files of recordings, as clients save them: plain functions.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define FILE_NAME_DISPOSITION_SIZE 2048

struct archive_file;

// The type of a file with this name; literal.
const char *file_name_type(const char *name);

// Percent-encodes all but the unreserved characters of RFC 3986 and those in `kept`. Cuts what does
// not fit.
void file_name_escape(char *out, size_t size, const char *text, const char *kept);

// Writes the value of Content-Disposition (RFC 6266): the room, when the recording was started, the
// file, and whose track it is: "serv1test-2026-11-23-0930-tracks-1-audio-Ada.webm".
void file_name_disposition(
        char out[FILE_NAME_DISPOSITION_SIZE], const struct archive_file *f, bool attached
);
