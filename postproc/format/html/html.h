/* SPDX-License-Identifier: Apache-2.0 */
/* html.h - the report as one HTML page: its parts, one file each; page.c puts them together.
 *
 * Everything can be read without JavaScript; page.js adds sorting, zoom and tooltips to what is there. No text of the
 * target's is in a script: page.js takes names from the page. Each part writes at most so much, whatever the trace was,
 * that the page stays below 5 MB.
 */
#ifndef HUD_FORMAT_HTML_HTML_H
#define HUD_FORMAT_HTML_HTML_H

#include "report/parts.h"

#define HTML_ROWS 100 /* of a table, unless --top says more or less */
#define HTML_LANES 64
#define HTML_SPANS 20000
#define HTML_NAME 120 /* columns of a name; longer ones lose their middle */

struct html {
	FILE *out;
	const struct model *model;
	size_t rows;
	struct report report; /* for what the text's functions say; its page is not written */
};

/* Writes raw text, which may hold anything, as text: in an element or in an attribute with double quotes. */
void html_text(FILE *out, const char *raw);

/* The same, shortened to HTML_NAME columns. */
void html_name(FILE *out, const char *raw);
void html_path(FILE *out, const char *raw);

/* The same for functions and tasks, with places to break lines. */
void html_function(FILE *out, const char *raw);

/* Begins a section with an id, a heading and a few words about it, which may have markup (NULL: none). */
void html_section(FILE *out, const char *id, const char *heading, const char *about);

/* Writes a cell with a number: its text, and the number by which it is sorted. */
void html_number(FILE *out, uint64_t value, const char *text);

/* A chip with the reason's colour and name. */
void html_reason(FILE *out, enum reason reason);

/* A bar as long as `part` is of `most`, and which share of `whole` it is as text. */
void html_bar(FILE *out, enum reason reason, uint64_t part, uint64_t most, uint64_t whole);

/* The parts. */
void html_ranking(struct html *page);
void html_waits(struct html *page);
void html_blockers(struct html *page);
void html_timeline(struct html *page);
void html_flame_graph(struct html *page);
void html_over_time(struct html *page);
void html_histograms(struct html *page);
void html_workers(struct html *page);
void html_tasks(struct html *page);

#endif
