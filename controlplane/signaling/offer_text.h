// What a viewer is told about a track: the data of newConsumer. It is the same for all viewers
// except for a few numbers, so the text is made once for each class of viewers
// (ortc_consumer_class) and then copied with the viewer's numbers filled in.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define OFFER_CLASSES_MAX 16 // kept for a track; the browsers of a room need two or three

struct subscription;
struct track;

// The maximum length of the data.
size_t offer_text_len_max(const struct subscription *);

// Writes the data, without a terminator, and returns its length.
size_t offer_text_print(const struct subscription *, char *out);

// The number of classes for which a text of this track is kept.
uint32_t offer_texts_count(const struct track *);

// The track is about to be freed.
void offer_texts_forget(struct track *);
