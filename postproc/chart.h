/* chart.h - the report as a picture, drawn by gnuplot. */
#ifndef HUD_CHART_H
#define HUD_CHART_H

#include "model.h"

/* Draws `model` on one page: the blockers as bars by rank, and a timeline with a lane per worker, coloured by reason.
 * The ending of `path` says what it becomes: .png, .svg or .pdf; it is written beside it first and then renamed, so
 * `path` is whole or untouched. "-" prints the bars alone as text of `columns` columns (0 = 80) on stdout.
 * Returns 0; or -1 after an error message on stderr (gnuplot missing or failing, path not writable). */
int chart_write(const struct model *model, const char *path, unsigned columns);

#endif
