/* chart.h - the report as a picture, drawn by gnuplot. */
#ifndef HUD_CHART_H
#define HUD_CHART_H

#include <stdbool.h>

#include "model.h"

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

/* Draws `model` as a page of this kind. The ending of `path` says what it becomes: .png, .svg or .pdf; it is written beside
 * it first and then renamed, so `path` is whole or untouched. "-" prints it as text of `columns` columns (0 = 80) on stdout.
 * Returns 0; or -1 after an error message on stderr (gnuplot missing or failing, path not writable). */
int chart_write(const struct model *model, const char *path, enum chart_kind kind, unsigned columns);

#endif
