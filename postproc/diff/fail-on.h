/* SPDX-License-Identifier: Apache-2.0 */
/* fail-on.h - --fail-on: conditions on a trace, or on the comparison of two, with an exit status of their
 * own. */
#ifndef HUD_DIFF_FAIL_ON_H
#define HUD_DIFF_FAIL_ON_H

#include <stdbool.h>
#include <stddef.h>

#include "diff/diff.h"
#include "diff/report-figures.h"
#include "tally/model.h"

#define GATES 16
#define GATE_STATUS 3 /* exit status if a condition is true */

enum gate_what {
	GATE_TOTAL,   /* blocked time, ns */
	GATE_GROWTH,  /* significant growth of the blocked time per second of worker time, percent */
	GATE_BLOCKED, /* blocked share of the workers' time, percent */
	GATE_MAX,     /* the longest block, ns */
	GATE_COUNT,   /* blocks */
	GATE_RATE,    /* blocks per second */
	GATE_LOST,    /* lost events */
	GATE_FIGURE,  /* a figure of the report's head (diff/report-figures.h) */
	GATE_NEW,     /* a significant new blocker */
	GATE_WORSE,   /* one that got significantly worse */
};

struct gate {
	const char *text; /* as given; the caller owns it */
	enum gate_what what;
	bool or_equal;
	double limit;
	const struct figure *figure; /* of GATE_FIGURE; and its kind */
	enum figure_kind kind;
};

/* The conditions of a command line. */
struct gates {
	struct gate gate[GATES];
	size_t count;
	const char *option; /* for messages; NULL: --fail-on */
};

/* Parses an expression: NAME, NAME>NUMBER UNIT, or with >=; blanks are ignored, and a time without a unit is
 * in ms. `diff`: for a comparison. Returns NULL, or what is wrong (static). */
const char *gate_parse(struct gate *gate, const char *text, bool diff);

/* Why a trace, or a comparison, fails the condition: raw text that the caller frees. NULL: it passes. Without
 * `diff`, only checks conditions that a single trace answers; with it, `model` is the later trace. */
char *gate_broken(const struct gate *gate, const struct model *model, const struct diff *diff);

/* Adds `text` to `gates`. Exits with status 2 after a message of subcommand `command` if it is wrong. */
void gates_add(struct gates *gates, const char *command, const char *text, bool diff);

/* Prints on stderr which conditions failed, and why. Returns GATE_STATUS, or 0 if none did. */
int gates_check(const struct gates *gates, const char *command, const struct model *model,
		const struct diff *diff);

#endif
