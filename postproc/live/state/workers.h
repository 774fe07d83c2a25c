/* workers.h - the workers that the live view shows, and the polls that they are in. */
#ifndef HUD_LIVE_STATE_WORKERS_H
#define HUD_LIVE_STATE_WORKERS_H

#include "live/state/state.h"

/* A worker that is shown, and the poll that it is in if that lasts: since when, 0: none; and in what. */
struct live_worker {
	struct worker w;
	uint64_t running;
	enum reason reason;
	const struct verdict *stack; /* NULL: not known, nor is the reason */
};

/* They, by tid. */
struct live_workers {
	struct live_worker *worker;
	size_t count;
	size_t main_futures; /* of them: these are no workers, and their time does not count */
	uint64_t time;	     /* they were watched, within the span, ns */
	uint64_t run_time;   /* and since the last reset */
};

/* Those there are, now; their polls that still last are added to view->sum. The caller frees .worker. */
struct live_workers live_workers_now(struct live_view *view);

#endif
