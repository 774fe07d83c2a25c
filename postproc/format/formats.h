/* SPDX-License-Identifier: Apache-2.0 */
/* formats.h - the formats of a report: the table is in formats.c, each format in NAME.c. */
#ifndef HUD_FORMAT_FORMATS_H
#define HUD_FORMAT_FORMATS_H

#include <stdbool.h>
#include <stdio.h>

#include "report/report.h"

struct format {
	const char *name;
	/* Writes `model` to `out`, and escapes everything that the target chose as the format requires.
	 * Returns 0, or -1 with errno set if writing failed. */
	int (*write)(FILE *out, const struct model *model, const struct report_options *options);
	enum detail detail; /* what it needs */
	const char *description;
	bool kept; /* with --every, each one is kept, for what compares or adds them up */
};

/* The format with this name, or NULL. Static. */
const struct format *format_named(const char *name);

/* Is it unfit for a terminal? */
bool format_binary(const struct format *format);

/* Has it counters, which should never go back? */
bool format_counts(const struct format *format);

/* Prints the table, one format a line. */
void formats_list(FILE *out);

int format_csv(FILE *out, const struct model *model, const struct report_options *options);
int format_html(FILE *out, const struct model *model, const struct report_options *options);
int format_json(FILE *out, const struct model *model, const struct report_options *options);
int format_ndjson(FILE *out, const struct model *model, const struct report_options *options);
int format_trace(FILE *out, const struct model *model, const struct report_options *options);
int format_folded(FILE *out, const struct model *model, const struct report_options *options);
int format_pprof(FILE *out, const struct model *model, const struct report_options *options);
int format_prometheus(FILE *out, const struct model *model, const struct report_options *options);
int format_openmetrics(FILE *out, const struct model *model, const struct report_options *options);
int format_markdown(FILE *out, const struct model *model, const struct report_options *options);

#endif
