// A file that was made of a recording becomes one of its files.
#pragma once

#include <stdint.h>

struct inquiries;
struct recording_file_row;
struct recording_row;

// Strings are copied.
struct addition_request {
	uint64_t account_id, id; // of the recording
	const char *directory; // of all recordings; lent until the end
	const char *from; // where the file lies below that
	const char *name; // in the recording; what has this name is replaced
	const char *kind, *codec; // constants
};

// The rows as the history is to have them: the file's, and the recording's with its bytes. NULL
// after an error. result: 0; -ENOENT: the account has no such recording; another -errno; -EAGAIN,
// -EIO or -ECANCELED as for archive_list.
typedef void
addition_done(void *owner, int result, const struct recording_row *, const struct recording_file_row *);
void addition_ask(
        struct inquiries *all, const struct addition_request *q, addition_done *done, void *owner
);
