/* formats.h - what a trace can be written as: a row in the table of formats.c, and a file NAME.c each. */
#ifndef HUD_FORMAT_FORMATS_H
#define HUD_FORMAT_FORMATS_H

#include <stdbool.h>
#include <stdio.h>

#include "report/report.h"

struct format {
	const char *name;
	/* Writes `model` to `out`, all that the target chose escaped as the format has it. Returns 0, or -1 with errno set
	 * when writing failed. */
	int (*write)(FILE *out, const struct model *model, const struct report_options *options);
	enum detail detail; /* that it needs */
	const char *description;
};

/* The format of this name, or NULL. Static. */
const struct format *format_named(const char *name);

/* Is it nothing for a terminal? */
bool format_binary(const struct format *format);

/* Prints the table, a line each. */
void formats_list(FILE *out);

int format_csv(FILE *out, const struct model *model, const struct report_options *options);
int format_json(FILE *out, const struct model *model, const struct report_options *options);
int format_ndjson(FILE *out, const struct model *model, const struct report_options *options);
int format_trace(FILE *out, const struct model *model, const struct report_options *options);
int format_folded(FILE *out, const struct model *model, const struct report_options *options);
int format_pprof(FILE *out, const struct model *model, const struct report_options *options);
int format_prometheus(FILE *out, const struct model *model, const struct report_options *options);
int format_markdown(FILE *out, const struct model *model, const struct report_options *options);

#endif
