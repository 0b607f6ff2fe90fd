// The composed picture: YUV 4:2:0 of LAYOUT_WIDTH by LAYOUT_HEIGHT, on which pictures and names are
// drawn. The only user of Cairo and Pango.
#pragma once

#include "layout.h"

struct AVFrame;
struct canvas;
struct stamp;

[[nodiscard]] struct canvas *canvas_create(void); // NULL with errno
void canvas_destroy(struct canvas *);

void canvas_clear(struct canvas *);

// Puts a picture of YUV 4:2:0, not larger than the tile, into its middle, on black.
void canvas_picture(struct canvas *, const struct tile *, const struct AVFrame *);

// A drawing with transparency: a name, or a card for somebody without a picture. NULL: no memory.
[[nodiscard]] struct stamp *stamp_name(const char *name, const struct tile *);
[[nodiscard]] struct stamp *stamp_card(const char *name, const struct tile *);
void stamp_destroy(struct stamp *); // NULL is allowed
void canvas_stamp(struct canvas *, const struct tile *, const struct stamp *);

// The picture as it is, for the encoder, which may keep references: with data of its own. NULL: no
// memory. The caller frees it.
[[nodiscard]] struct AVFrame *canvas_frame(struct canvas *);
