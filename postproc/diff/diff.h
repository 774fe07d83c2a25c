/* diff.h - two traces compared: which blockers are gone, better, worse or new, and whether that is more than noise. */
#ifndef HUD_DIFF_DIFF_H
#define HUD_DIFF_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "report/report.h"
#include "tally/model.h"

enum change_kind {
	CHANGE_NEW, /* these four: beyond noise */
	CHANGE_WORSE,
	CHANGE_GONE,
	CHANGE_BETTER,
	CHANGE_MAYBE_NEW,  /* seen only after, but so little that it may have been missed before */
	CHANGE_MAYBE_GONE, /* seen only before, as little */
	CHANGE_NONE,	   /* seen in both, no change beyond noise */
	CHANGE_UNMATCHED, /* code without a name, of a build that the other trace is not of: nothing can be said */
	CHANGE_KINDS,
};

/* One side of a comparison, so that traces of different length compare. */
struct rate {
	uint64_t count; /* blocks */
	double time;	/* blocked ns per second of worker time */
	double often;	/* blocks per second of the trace */
};

/* One row: a blocker, or the sum of several. */
struct change {
	const struct blocker *before, *after; /* NULL: there was none */
	enum change_kind kind;
	struct rate was, is;
};

struct diff {
	const struct model *before, *after;
	struct change *
		change; /* code, then waits for a CPU; of both those beyond noise first, those without a match last; each by size */
	size_t changes, ranked;		  /* of them, code */
	size_t kinds[CHANGE_KINDS];	  /* how many of each, of code */
	struct change blocked, run_queue; /* sums; `before` and `after` are NULL */
};

/* Compares two traces, both read with all spans. Blockers are matched by function, reason and task. *diff points into both
 * models; diff_free() frees what is its own. Exits the program when out of memory. */
void diff_make(struct diff *diff, const struct model *before, const struct model *after);
void diff_free(struct diff *diff);

/* A word for the kind: "gone", "new?". Static. */
const char *change_word(enum change_kind kind);

/* Is it one of the first four? */
bool change_beyond_noise(enum change_kind kind);

/* The blocker as it is named: after, if it is there, else before. */
const struct blocker *change_blocker(const struct change *change);

/* The growth in percent as a text: "+12%", "-100%"; "" if it is within noise, or if there was nothing before. Into `text` (UNIT_SIZE bytes). */
char *change_growth(char *text, const struct change *change);

/* "2.31", "-" for nothing. Into `text` (UNIT_SIZE bytes). */
char *change_often(char *text, double often);

/* "49.2 ms", "-" for nothing. Into `text` (UNIT_SIZE bytes). */
char *change_time(char *text, double time);

/* The answer in one sentence, the sum of blocking in it. The caller frees it. */
char *diff_verdict(const struct diff *diff);

/* The counts of what changed: "1 gone, 2 worse". The caller frees it. */
char *diff_counts(const struct diff *diff);

/* Calls `warn` with each thing that makes the two less comparable. */
void diff_warnings(const struct diff *diff, void (*warn)(void *context, const char *text), void *context);

/* How noise was told from change, a sentence. The caller frees it. */
char *diff_method(const struct diff *diff);

/* Writes it as text for people, or as a table in GitHub's markdown. Of `options` count width, top, colour and utf8.
 * Return 0, or -1 with errno set when writing failed. */
int diff_text(FILE *out, const struct diff *diff, const struct report_options *options);
int diff_markdown(FILE *out, const struct diff *diff, const struct report_options *options);

#endif
