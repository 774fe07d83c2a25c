/* SPDX-License-Identifier: Apache-2.0 */
/* workers.c - see workers.h. */
#include "live/state/workers.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>

/* Ns; a lasting poll is reported once a second, so after this long without a report it has ended. */
#define STALE 3000000000u

struct roll {
	struct live_workers *workers;
	struct live_sum *sum;
	uint64_t from, now, since, start;
};

static void see_worker(void *context, const struct worker *worker, bool gone)
{
	struct roll *roll = context;
	struct live_workers *w = roll->workers;
	uint64_t first = worker->first > roll->start ? worker->first : roll->start;
	uint64_t last = gone && worker->last < roll->now ? worker->last : roll->now;
	uint64_t from = first > roll->from ? first : roll->from,
		 since = first > roll->since ? first : roll->since;

	if (worker->role == ROLE_MAIN_FUTURE) {
		w->main_futures++;
	} else {
		w->time += last > from ? last - from : 0;
		w->run_time += last > since ? last - since : 0;
	}
	if (gone && last <= roll->from)
		return;
	w->worker = xrealloc(w->worker, (w->count + 1) * sizeof(*w->worker));
	w->worker[w->count++] = (struct live_worker){.w = *worker};
}

static int by_tid(const void *one, const void *two)
{
	const struct live_worker *a = one, *b = two;

	return (a->w.tid > b->w.tid) - (a->w.tid < b->w.tid);
}

/* A poll that has not ended counts up to now in time; its reason is known only when it ends. */
static void see_running(void *context, const struct running *running)
{
	struct roll *roll = context;
	uint64_t from = running->first > roll->from ? running->first : roll->from;

	if (running->seen + STALE < roll->now || running->first >= roll->now)
		return;
	for (size_t i = 0; i < roll->workers->count; i++) {
		struct live_worker *w = &roll->workers->worker[i];

		if (w->w.tid != running->tid)
			continue;
		w->running = running->first;
		w->stack = running->in ? running->in->stack : NULL;
		w->reason = running->in ? running->in->reason : REASON_COMPUTING;
		roll->sum->blocked += roll->now - from;
	}
}

struct live_workers live_workers_now(struct live_view *v)
{
	struct live_workers workers = {0};
	struct roll roll = {&workers, &v->sum, v->sum.from, v->query.now, v->query.since, v->model->start};

	replay_workers(v->replay, see_worker, &roll);
	replay_running(v->replay, see_running, &roll);
	if (workers.count)
		qsort(workers.worker, workers.count, sizeof(*workers.worker), by_tid);
	return workers;
}
