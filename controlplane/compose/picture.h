// The pictures of one file, decoded one after the other, and fitted into a tile.
#pragma once

#include "layout.h"

struct AVFrame;
struct picture;

// NULL with a line in the log if the file cannot be read: the person is then shown without a
// picture.
[[nodiscard]] struct picture *picture_open(const char *path);
void picture_close(struct picture *);

// The picture to be seen this many seconds after the file's beginning, scaled to fit into a box;
// its own width and height say how large it is. NULL before the first one. Times must not go back.
const struct AVFrame *picture_at(struct picture *, double seconds, int width, int height);
