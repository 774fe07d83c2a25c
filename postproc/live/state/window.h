/* SPDX-License-Identifier: Apache-2.0 */
/* window.h - sums up the recent blocks, for the live view.
 *
 * Times are ns on the target's CLOCK_BOOTTIME. The work is bounded: it looks at the newest LIVE_BLOCKS at
 * most, and at most LIVE_LONGEST back.
 */
#ifndef HUD_LIVE_STATE_WINDOW_H
#define HUD_LIVE_STATE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tally/blocker-sum.h"
#include "tally/model.h"
#include "tally/recent.h"

#define LIVE_BLOCKS 65536
#define LIVE_LONGEST 900000000000u /* the longest window, ns */
#define LIVE_TREND 30000000000u	   /* how far a trend goes back, ns */
#define LIVE_TREND_CELLS 30	   /* at most */

/* What a row stands for. */
enum live_group { GROUP_FUNCTION, GROUP_FILE, GROUP_TASK, GROUP_REASON, LIVE_GROUPS };
enum live_sort { SORT_TOTAL, SORT_COUNT, SORT_MAX, SORT_NAME, SORT_DELAY, LIVE_SORTS };

/* What to sum up. */
struct live_query {
	uint64_t now, span; /* blocks that ended in the last `span` before `now` */
	uint64_t since;	    /* that began at this time or later */
	uint64_t threshold; /* that took at least this long */
	enum live_group group;
	enum live_sort sort;
	unsigned hidden;    /* whose reason is not one of these: bits 1 << enum reason */
	const char *filter; /* and one of whose names contains this, ignoring case; "": all */
	size_t cells;	    /* cells of a trend, at most LIVE_TREND_CELLS */
};

struct live_row {
	const struct blocker *of; /* the blocker with the most time of the row */
	const char *name;	  /* raw: function, file, task or reason; NULL if unknown */
	size_t blockers;
	bool estimated, mixed;	    /* mixed: the row has several reasons */
	uint64_t count, total, max; /* total: within the span */
	uint64_t delay;		    /* of ready tasks: struct held_up */
	bool delay_known;
	uint64_t trend[LIVE_TREND_CELLS]; /* ns in each cell of LIVE_TREND / cells; the last cell is now */
};

struct live_sum {
	const struct live_row *row; /* sorted, with waits for a CPU last */
	size_t rows;
	bool delay_known;	     /* of at least one */
	uint64_t count;		     /* of all rows */
	uint64_t blocked, run_queue; /* everything within the span, regardless of filter and threshold */
	uint64_t from;		     /* from when on the blocks are complete: now - span, or later */
};

/* Sums over the run since a time that the user chose. */
struct live_run {
	uint64_t blocked, run_queue, blocks;
};

struct live_window;

/* `blocks` must outlive the window. Exits the program when out of memory. */
struct live_window *live_window_new(const struct recent *blocks);
void live_window_free(struct live_window *w);

/* Adds the blocks that came since the last call, and sums those that began at `since` or later in *run. Call
 * it before more than LIVE_BLOCKS have come. */
void live_window_take(struct live_window *w, uint64_t since, struct live_run *run);

/* How many blocks have come in all. */
uint64_t live_window_count(const struct live_window *w);

/* The directory of the user's own sources (report/source-path.h), or NULL if that is not known. The window
 * owns the text, which is valid until more blocks come. */
const char *live_window_root(struct live_window *w);

/* Sums up. *sum points into the window, and is valid until the next call. */
void live_window_sum(struct live_window *w, const struct live_query *query, struct live_sum *sum);

/* The i-th newest block of the query, in whatever row and however old, or NULL past the last. Ask for 0, 1,
 * 2, ... in order. */
const struct recent_block *live_window_newest(struct live_window *w, const struct live_query *query,
					      size_t i);

/* How long a worker was blocked in a stretch of time, and the main reason. */
struct live_cell {
	uint64_t blocked, run_queue;
	enum reason reason; /* the one with the most time of both */
};

/* Fills `count` cells of `width` ns, from `start` on, for worker `tid`. */
void live_window_lane(const struct live_window *w, const struct live_query *query, long tid, uint64_t start,
		      uint64_t width, struct live_cell *cell, size_t count);

/* Durations are grouped into stretches; this is where the i-th begins: 1, 2, 5, 10, ... us. */
#define LIVE_STRETCHES 25
uint64_t live_stretch(size_t i);

/* A worker's share of a row. */
struct live_share {
	long tid;
	uint64_t count, total;
};

/* A row in detail. */
struct live_detail {
	struct blocker_sum sum;		  /* its blocks, summed as in the report */
	uint64_t stretch[LIVE_STRETCHES]; /* how many blocks have each duration */
	/* Sorted by total; if there are more workers, the first ones that came. */
	struct live_share worker[16];
	size_t workers;
};

/* Returns false if the row is gone. `row` is one of live_window_sum()'s, or a copy. Free detail->sum with
 * blocker_sum_clear() in either case. */
bool live_window_detail(struct live_window *w, const struct live_query *query, const struct live_row *row,
			struct live_detail *detail);

/* Do both belong to one row? */
bool live_same_row(enum live_group group, const struct blocker *one, const struct blocker *other);

#endif
