/* SPDX-License-Identifier: Apache-2.0 */
/* report-figures.h - the figures in the head of the report, which --fail-on can name. */
#ifndef HUD_DIFF_REPORT_FIGURES_H
#define HUD_DIFF_REPORT_FIGURES_H

#include <stdbool.h>
#include <stddef.h>

#include "tally/model.h"

enum figure_kind { FIGURE_TIME, FIGURE_SHARE, FIGURE_COUNT };

struct figure;

/* The figure with this name (`length` bytes) that exists in this form; NULL if there is none. */
const struct figure *figure_named(const char *name, size_t length, enum figure_kind kind);

/* Its value: ns, percent or a number. Returns false if the trace does not tell. */
bool figure_value(const struct figure *figure, enum figure_kind kind, const struct model *model,
		  double *value);

/* Its text for this model: "all workers were blocked at once for 1.20 s". The caller frees it. */
char *figure_text(const struct figure *figure, const struct model *model);

#endif
