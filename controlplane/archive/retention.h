// Removes recordings that their account does not keep any longer, oldest first, a few at a time.
#pragma once

#define RETENTION_MS      60000 // between two looks at all accounts
#define RETENTION_NEXT_MS 100 // between two steps of one look
#define RETENTION_STEP    4 // recordings of one account at a time

struct archive;
struct archive_settings;
struct retention;

// Looks for the first time soon.
struct retention *retention_create(struct archive *, const struct archive_settings *);

// To be called when the archive has answered all of its requests.
void retention_destroy(struct retention *);
