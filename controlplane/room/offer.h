// What a viewer is told of a track: the data of newConsumer. It is the same for all viewers but for
// their numbers, so its text is made once for each class of viewers (ortc_consumer_class) and
// copied with the numbers in their places.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define OFFER_CLASSES_MAX 16 // kept of a track; browsers of a room are of two or three

struct offer;
struct subscription;

LIST_HEAD(offer_list, offer); // of a track

// Bytes of its data at most.
size_t offer_len_max(const struct subscription *);

// Writes the data, which is no string; its length.
size_t offer_print(const struct subscription *, char *out);

// Classes of which it is kept.
uint32_t offers_count(const struct offer_list *);

void offers_forget(struct offer_list *);
