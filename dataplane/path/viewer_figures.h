// What was sent to viewers, as the region publishes it (figures.h), and why it was not more.
#pragma once

#include "path/worker.h"

#define VIEWER_FIGURES_US 1000000 // between two updates of one viewer

// A transport becomes a viewer.
void viewer_figures_begin(const struct worker *, struct transport *);

// Publishes what was sent to a viewer, if VIEWER_FIGURES_US have passed.
void viewer_figures(struct worker *, struct transport *);

// The subscription ends: adds its last packets to its transport.
void viewer_figures_end(struct worker *, const struct subscription *);
