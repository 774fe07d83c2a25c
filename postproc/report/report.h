/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - the report as text: what blocked the workers, ranked, and what to do about it. */
#ifndef HUD_REPORT_REPORT_H
#define HUD_REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "tally/model.h"

struct report_options {
	unsigned width;	  /* columns; 0: 80; at least 60 */
	unsigned top;	  /* rows of the ranked table; 0: 10 */
	unsigned details; /* how many of them are shown in detail; 0: 5, or with verbose all */
	bool colour;	  /* colours and bold; otherwise no escape sequence is written */
	bool utf8;	  /* the terminal shows UTF-8; otherwise the report is ASCII */
	bool verbose;	  /* every frame, whole function names, the whole head, and every worker */
};

/* Writes the report of `model` to `out`. Returns 0, or -1 with errno set if writing failed. Nothing from the
 * target (names, paths) reaches `out` unescaped, and no line exceeds the width. */
int report_write(FILE *out, const struct model *model, const struct report_options *options);

/* The answer in one sentence, of a model with blockers: how bad it is. The caller frees it. */
char *report_verdict(const struct model *model);

/* The problem of the executable's file, if it could not be used at all: then stacks end where they enter it,
 * and its functions have no names. NULL if it was read, or not needed. */
const struct lacking *report_unread_program(const struct model *model);

#endif
