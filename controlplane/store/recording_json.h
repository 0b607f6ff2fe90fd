// A recording as integrators see it, in REST, in webhooks and beside its files.
#pragma once

struct json;
struct recording_file_row;
struct recording_row;

// Without its files, which belong into an array "files".
struct json *recording_json(const struct recording_row *);
struct json *recording_file_json(const struct recording_file_row *);
