/* window.h - what the blocks of the last while amount to now: what the live view shows.
 *
 * Times are ns on the target's CLOCK_BOOTTIME. What is looked at is bounded: the newest LIVE_BLOCKS, for LIVE_LONGEST.
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

/* What makes a row. */
enum live_group { GROUP_FUNCTION, GROUP_FILE, GROUP_TASK, GROUP_REASON, LIVE_GROUPS };
enum live_sort { SORT_TOTAL, SORT_COUNT, SORT_MAX, SORT_NAME, LIVE_SORTS };

/* What is asked for. */
struct live_query {
	uint64_t now, span; /* what ended in the last `span` before `now` */
	uint64_t since;	    /* and began at this time or later */
	uint64_t threshold; /* and took so long */
	enum live_group group;
	enum live_sort sort;
	unsigned hidden;    /* and have none of these reasons: bits 1 << enum reason */
	const char *filter; /* and of whose names one holds this, in any case; "": all */
	size_t cells;	    /* of a trend, at most LIVE_TREND_CELLS */
};

struct live_row {
	const struct blocker *of; /* of its blockers the one with most time */
	const char *name;	  /* raw: function, file, task or reason; NULL if it is not known */
	size_t blockers;
	bool estimated, mixed;		  /* mixed: their reasons differ */
	uint64_t count, total, max;	  /* total: within the span */
	uint64_t trend[LIVE_TREND_CELLS]; /* ns in each cell of LIVE_TREND / cells; now is in the last */
};

struct live_sum {
	const struct live_row *row; /* sorted; waits for a CPU last */
	size_t rows;
	uint64_t count;		     /* of all rows */
	uint64_t blocked, run_queue; /* all within the span, whatever filter and threshold */
	uint64_t from;		     /* since when all is there: now - span, or later */
};

/* Sums over the run, since a time that the user has chosen. */
struct live_run {
	uint64_t blocked, run_queue, blocks;
};

struct live_window;

/* Looks at `blocks`, which must outlive it. Exits the program when out of memory. */
struct live_window *live_window_new(const struct recent *blocks);
void live_window_free(struct live_window *w);

/* Takes in the blocks that have come since the last call, before more come than LIVE_BLOCKS; adds those to *run that began at `since` or
 * later. */
void live_window_take(struct live_window *w, uint64_t since, struct live_run *run);

/* How many blocks came, ever. */
uint64_t live_window_count(const struct live_window *w);

/* The directory that the user's own sources lie in (report/source-path.h), as far as is known; NULL if none. It stays the window's, until more
 * blocks come. */
const char *live_window_root(struct live_window *w);

/* Adds up. *sum points into the window, until the next call. */
void live_window_sum(struct live_window *w, const struct live_query *query, struct live_sum *sum);

/* The i-th newest of those that are asked for, whatever their row and age; NULL past the last. Ask in order, from 0 on. */
const struct recent_block *live_window_newest(struct live_window *w, const struct live_query *query,
					      size_t i);

/* How long a worker was blocked in a stretch of time, and why most of it. */
struct live_cell {
	uint64_t blocked, run_queue;
	enum reason reason; /* of most of both */
};

/* The `count` cells of `width` ns from `start` on, of worker `tid`. */
void live_window_lane(const struct live_window *w, const struct live_query *query, long tid, uint64_t start,
		      uint64_t width, struct live_cell *cell, size_t count);

/* Where the i-th of the stretches begins that durations are told apart by: 1, 2, 5, 10, ... us. */
#define LIVE_STRETCHES 25
uint64_t live_stretch(size_t i);

/* What a worker has of it. */
struct live_share {
	long tid;
	uint64_t count, total;
};

/* A row at length. */
struct live_detail {
	struct blocker_sum sum;		  /* its blocks, as the report adds them up */
	uint64_t stretch[LIVE_STRETCHES]; /* how many took how long */
	struct live_share worker[16];	  /* by total; of more than so many those that came first */
	size_t workers;
};

/* False if the row is gone. `row` is one that live_window_sum() gave, or a copy of one. In any case blocker_sum_clear() frees what is in
 * detail->sum. */
bool live_window_detail(struct live_window *w, const struct live_query *query, const struct live_row *row,
			struct live_detail *detail);

/* Are these of the same row? */
bool live_same_row(enum live_group group, const struct blocker *one, const struct blocker *other);

#endif
