/* figures.h - the figures that the head of the report names, for --fail-on to ask for by these names. */
#ifndef HUD_DIFF_FIGURES_H
#define HUD_DIFF_FIGURES_H

#include <stdbool.h>
#include <stddef.h>

#include "tally/model.h"

enum figure_kind { FIGURE_TIME, FIGURE_SHARE, FIGURE_COUNT };

struct figure;

/* The one of this name (`length` bytes) that can be had so; NULL if there is none. */
const struct figure *figure_named(const char *name, size_t length, enum figure_kind kind);

/* Its value: ns, percent or a number. False: the trace does not tell. */
bool figure_value(const struct figure *figure, enum figure_kind kind, const struct model *model,
		  double *value);

/* What it is of this model, in words: "all workers were blocked at once for 1.20 s". The caller frees it. */
char *figure_text(const struct figure *figure, const struct model *model);

#endif
