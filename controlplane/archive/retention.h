// Removes recordings that their account does not keep any longer, oldest first, a few at a time.
#pragma once

#define RETENTION_MS      60000 // between two looks at all accounts
#define RETENTION_NEXT_MS 100 // between two steps of one look

struct accounts;
struct archive;
struct loop;
struct retention;

// Looks for the first time soon.
struct retention *retention_create(struct loop *, struct archive *, const struct accounts *);

// To be called after archive_destroy.
void retention_destroy(struct retention *);
