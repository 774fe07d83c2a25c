/* fail-on.h - --fail-on: conditions on a trace, or on a comparison of two, that end the program with a status of its own. */
#ifndef HUD_DIFF_FAIL_ON_H
#define HUD_DIFF_FAIL_ON_H

#include <stdbool.h>
#include <stddef.h>

#include "diff/diff.h"
#include "diff/figures.h"
#include "tally/model.h"

#define GATES 16
#define GATE_STATUS 3 /* the exit status when one is broken */

enum gate_what {
	GATE_TOTAL,   /* blocked time, ns */
	GATE_GROWTH,  /* growth of the blocked time per second of worker time, beyond noise, percent */
	GATE_BLOCKED, /* blocked share of the workers' time, percent */
	GATE_MAX,     /* the longest block, ns */
	GATE_COUNT,   /* blocks */
	GATE_RATE,    /* blocks per second */
	GATE_LOST,    /* lost events */
	GATE_FIGURE,  /* a figure of the report's head (diff/figures.h) */
	GATE_NEW,     /* a new blocker, beyond noise */
	GATE_WORSE,   /* one that got worse, beyond noise */
};

struct gate {
	const char *text; /* as it was given: the caller's */
	enum gate_what what;
	bool or_equal;
	double limit;
	const struct figure *figure; /* of GATE_FIGURE; and how it is had */
	enum figure_kind kind;
};

/* Those of a command line. */
struct gates {
	struct gate gate[GATES];
	size_t count;
};

/* Parses an expression: NAME, NAME>NUMBER UNIT, or with >=; blanks count nowhere, and a time without a unit is in ms. `diff`: for a comparison. Returns NULL, or
 * what is wrong with it (static). */
const char *gate_parse(struct gate *gate, const char *text, bool diff);

/* Why a trace, or a comparison, does not pass: raw text, the caller's to free. NULL: it passes. Without `diff` only those
 * are asked for that a trace alone answers; with it, `model` is the later one. */
char *gate_broken(const struct gate *gate, const struct model *model, const struct diff *diff);

/* Adds `text` to `gates`; exits with status 2 after a message in the name of the subcommand `command` if it is wrong. */
void gates_add(struct gates *gates, const char *command, const char *text, bool diff);

/* Says on stderr which are broken, and why. Returns GATE_STATUS, or 0 if none is. */
int gates_check(const struct gates *gates, const char *command, const struct model *model,
		const struct diff *diff);

#endif
