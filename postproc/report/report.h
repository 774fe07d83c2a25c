/* report.h - the report as text: what blocked the workers, ranked, and what to do about it. */
#ifndef HUD_REPORT_REPORT_H
#define HUD_REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "tally/model.h"

struct report_options {
	unsigned width;	  /* columns of the terminal; 0 = 80, below 60 counts as 60 */
	unsigned top;	  /* rows of the ranked table; 0 = 10 */
	unsigned details; /* how many of them get a paragraph of their own; 0 = 5, with verbose all */
	bool colour;	  /* SGR colours and bold; without, no escape sequence is written */
	bool utf8;	  /* the terminal shows UTF-8; else the report is ASCII */
	bool verbose;	  /* every frame, whole function names, all of the head and every worker */
};

/* Writes the report of `model` to `out`. Returns 0, or -1 with errno set when writing failed. Nothing that came from
 * the target (names, paths) reaches `out` unescaped, and no line is wider than the width. */
int report_write(FILE *out, const struct model *model, const struct report_options *options);

/* What is wrong with the executable's file, if nothing of it could be used: then stacks end where they enter it, and its functions have no
 * names. NULL if it was read, or nobody wanted it. */
const struct lacking *report_unread_program(const struct model *model);

#endif
