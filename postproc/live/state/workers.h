/* SPDX-License-Identifier: Apache-2.0 */
/* workers.h - the workers that the live view shows, and the polls they are in. */
#ifndef HUD_LIVE_STATE_WORKERS_H
#define HUD_LIVE_STATE_WORKERS_H

#include "live/state/state.h"

/* A worker, and the poll it is in, if that one already lasts long: since when (0: none), and in which
 * code. */
struct live_worker {
	struct worker w;
	uint64_t running;
	enum reason reason;
	const struct verdict *stack; /* NULL: code and reason are unknown */
};

/* The workers, by tid. */
struct live_workers {
	struct live_worker *worker;
	size_t count;
	/* How many are main futures: these are no workers, and their time does not count. */
	size_t main_futures;
	uint64_t time;	   /* how long they were watched within the span, ns */
	uint64_t run_time; /* and since the last reset */
};

/* The workers there are now; the polls that still last are added to view->sum. The caller frees .worker. */
struct live_workers live_workers_now(struct live_view *view);

#endif
