/* chart-page.h - what is on the chart's page, as a gnuplot script. */
#ifndef HUD_CHART_PAGE_H
#define HUD_CHART_PAGE_H

#include <stdio.h>

#include "model.h"

enum chart_kind { CHART_PNG, CHART_SVG, CHART_PDF };

/* Writes the script that draws the page to gnuplot's standard output. */
void chart_page(FILE *script, const struct model *model, enum chart_kind kind);

/* Writes the script that prints the bars as text of `columns` columns. */
void chart_text(FILE *script, const struct model *model, unsigned columns);

#endif
