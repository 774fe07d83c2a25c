/* SPDX-License-Identifier: Apache-2.0 */
/* chart.h - the report as a picture, by gnuplot. */
#ifndef HUD_CHART_CHART_H
#define HUD_CHART_CHART_H

#include <stdbool.h>
#include <stdio.h>

#include "tally/model.h"

enum chart_kind {
	CHART_ALL,	 /* all of these, below each other */
	CHART_TIMELINE,	 /* a lane for each worker, blocks coloured by reason */
	CHART_BLOCKERS,	 /* bars by rank */
	CHART_HISTOGRAM, /* how long blocks and waits for a CPU took, with p50, p99 and max */
	CHART_HEATMAP,	 /* start of blocks against duration */
	CHART_KINDS
};

/* Finds the kind by its name on the command line. Returns false if there is none. */
bool chart_kind_named(const char *name, enum chart_kind *kind);

struct chart;

/* Prepares to draw a page of this kind: forks a process that runs gnuplot, while this process still may. The
 * ending of `path` chooses the format: .png, .svg or .pdf; "-" is text on stdout. Returns NULL after a
 * message on stderr. */
struct chart *chart_prepare(const char *path, enum chart_kind kind);

/* Draws `model`. A file is written beside its name and renamed when complete. Text has `columns` columns (0:
 * 80). Returns 0; or -1 after a message on stderr (gnuplot missing or failing, path not writable). */
int chart_draw(struct chart *chart, const struct model *model, unsigned columns);

/* The same into `out`, in the format of the path's ending; the path is not opened. The caller still owns
 * `out`. */
int chart_draw_into(struct chart *chart, const struct model *model, FILE *out);

/* Frees it, whether anything was drawn or not. NULL is ignored. */
void chart_end(struct chart *chart);

#endif
