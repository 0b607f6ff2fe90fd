// What a viewer is told about a track: the data of newConsumer. It is the same for all viewers
// except for their numbers, so its text is made once for each class of viewers
// (ortc_consumer_class) and copied with the numbers in their places.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define OFFER_CLASSES_MAX 16 // kept for a track; a room's browsers are of two or three

struct offer;
struct subscription;

LIST_HEAD(offer_list, offer); // kept for a track

// The most bytes that its data can have.
size_t offer_len_max(const struct subscription *);

// Writes the data, without a terminator, and returns its length.
size_t offer_print(const struct subscription *, char *out);

// How many classes it is kept for.
uint32_t offers_count(const struct offer_list *);

void offers_forget(struct offer_list *);
