/* chart.h - the report as a picture, drawn by gnuplot. */
#ifndef HUD_CHART_CHART_H
#define HUD_CHART_CHART_H

#include <stdbool.h>
#include <stdio.h>

#include "tally/model.h"

enum chart_kind {
	CHART_ALL,	 /* all of these, one below the other */
	CHART_TIMELINE,	 /* a lane per worker, its blocks coloured by reason */
	CHART_BLOCKERS,	 /* bars by rank */
	CHART_HISTOGRAM, /* how long blocks and waits for a CPU took, with p50, p99 and max */
	CHART_HEATMAP,	 /* when blocks began against how long they took */
	CHART_KINDS
};

/* Finds the kind that is called so on the command line. Returns false if there is none. */
bool chart_kind_named(const char *name, enum chart_kind *kind);

struct chart;

/* Gets ready to draw a page of this kind: gnuplot is run by a process of its own, forked while this one still may. The ending of
 * `path` says what it becomes: .png, .svg or .pdf; "-" is text on stdout. Returns NULL after an error message on stderr. */
struct chart *chart_prepare(const char *path, enum chart_kind kind);

/* Draws `model`. A file is written beside its name first and then renamed, so it is whole or untouched; text is of `columns`
 * columns (0 = 80). Returns 0; or -1 after an error message on stderr (gnuplot missing or failing, path not writable). */
int chart_draw(struct chart *chart, const struct model *model, unsigned columns);

/* The same into `out`, as the ending of the path says, which is not opened. `out` stays the caller's. */
int chart_draw_into(struct chart *chart, const struct model *model, FILE *out);

/* Frees it, also if nothing was drawn. NULL is ignored. */
void chart_end(struct chart *chart);

#endif
