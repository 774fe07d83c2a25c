/* SPDX-License-Identifier: Apache-2.0 */
/* diff.h - compares two traces: which blockers are gone, better, worse or new, and whether that is
 * significant. */
#ifndef HUD_DIFF_DIFF_H
#define HUD_DIFF_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "report/report.h"
#include "tally/model.h"

enum change_kind {
	CHANGE_NEW, /* these four: significant */
	CHANGE_WORSE,
	CHANGE_GONE,
	CHANGE_BETTER,
	CHANGE_MAYBE_NEW, /* the same four, in this order, but perhaps by chance: too rare, or near_threshold() */
	CHANGE_MAYBE_WORSE,
	CHANGE_MAYBE_GONE,
	CHANGE_MAYBE_BETTER,
	CHANGE_NONE, /* in both, no significant change */
	/* Code without a name, of a build that the other trace does not have: not comparable. */
	CHANGE_UNMATCHED,
	CHANGE_KINDS,
};

/* One side of a comparison, as rates, so that traces of different length are comparable. */
struct rate {
	uint64_t count; /* blocks */
	double time;	/* blocked ns per second of worker time */
	double often;	/* blocks per second of the trace */
};

/* A row: a blocker, or the sum of several. */
struct change {
	const struct blocker *before, *after; /* NULL: there is none */
	enum change_kind kind;
	struct rate was, is;
};

struct diff {
	const struct model *before, *after;
	/* Code, then waits for a CPU; in both, significant ones first and those without a match last; then by
	 * size. */
	struct change *change;
	size_t changes, ranked;		  /* of them, code */
	size_t waits;			  /* of the others, beyond noise */
	size_t kinds[CHANGE_KINDS];	  /* how many of each, of code */
	struct change blocked, run_queue; /* sums; `before` and `after` are NULL */
	char *root_before, *root_after;	  /* place_root() of each */
};

/* Compares two traces that were read with all spans. Matches blockers by function, reason and task. *diff
 * points into both models; diff_free() frees its own memory. Exits the program when out of memory. */
void diff_make(struct diff *diff, const struct model *before, const struct model *after);
void diff_free(struct diff *diff);

/* A word for the kind: "gone", "new?". Static. */
const char *change_word(enum change_kind kind);

/* Is it one of the first four (significant)? */
bool change_beyond_noise(enum change_kind kind);

/* The blocker after; if there is none, the one before. */
const struct blocker *change_blocker(const struct change *change);

/* Where its code is, in both traces if that differs; "" if it is not known. Raw text that the caller frees. */
char *change_place(const struct diff *diff, const struct change *change);

/* The target's name in one of the traces. Raw text. */
const char *diff_target(const struct model *model);

/* The growth in percent: "+12%", "-100%"; "" if it is not significant, or there was nothing before. Written
 * to `text` (UNIT_SIZE bytes). */
char *change_growth(char *text, const struct change *change);

/* "2.31"; "-" for nothing. Written to `text` (UNIT_SIZE bytes). */
char *change_often(char *text, double often);

/* "49.2 ms"; "-" for nothing. Written to `text` (UNIT_SIZE bytes). */
char *change_time(char *text, double time);

/* The result in one sentence, with the sum of blocking. The caller frees it. */
char *diff_verdict(const struct diff *diff);

/* The counts of what changed: "1 gone, 2 worse". The caller frees it. */
char *diff_counts(const struct diff *diff);

/* What is said of waits for a CPU, above a row for each that changed beyond noise. The caller frees it; NULL if there are none. */
char *diff_waits(const struct diff *diff);

/* Calls `warn` with each thing that makes the two less comparable. */
void diff_warnings(const struct diff *diff, void (*warn)(void *context, const char *text), void *context);

/* A sentence on how significance was decided. The caller frees it. */
char *diff_method(const struct diff *diff);

/* Writes it as text for people, or as a table in GitHub's Markdown. Uses width, top, colour and utf8 of
 * `options`. Return 0, or -1 with errno set if writing failed. */
int diff_text(FILE *out, const struct diff *diff, const struct report_options *options);
int diff_markdown(FILE *out, const struct diff *diff, const struct report_options *options);

#endif
