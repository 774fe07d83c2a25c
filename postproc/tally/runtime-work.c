/* SPDX-License-Identifier: Apache-2.0 */
/* runtime-work.c - see runtime-work.h.
 *
 * Tokio writes down for how long a worker was busy when it parks, is back, and every so many polls (1.45 to 1.53:
 * runtime/metrics/batch.rs): the count of one that is in a long poll stands still, and grows by all of it at its end. If the
 * counts of a worker that is not parked stand still, it is in one poll: that time is taken as busy at once, and left out of
 * what is added later.
 */
#include "tally/runtime-work.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>

#include "base/grow.h"

#define BUSY_SHARE 90	  /* percent of the time between two looks: from here on it was busy, */
#define IDLE_SHARE 10	  /* and up to here idle */
#define WORKERS_KEPT 4096 /* of a runtime */

/* What is needed of a worker's look before. */
struct before {
	uint64_t ns, parks, busy;
	uint64_t taken; /* of its poll: ns that were taken as busy, and are not in its count yet */
};

struct runtime_work {
	struct runtime_worker *worker;
	struct before *before;
	size_t count, room, rooms;
	/* Of the latest look: how many workers, how many of them were busy and idle, and the busy one. */
	uint64_t ns, seen, busy, idle, who;
	uint64_t alone; /* the worker that was the only busy one at the look before */
};

struct runtime_work *runtime_work_new(void)
{
	return xcalloc(1, sizeof(struct runtime_work));
}

void runtime_work_free(struct runtime_work *work)
{
	if (!work)
		return;
	free(work->worker);
	free(work->before);
	free(work);
}

static size_t index_of(struct runtime_work *work, uint64_t index)
{
	size_t i = 0;

	while (i < work->count && work->worker[i].index != index)
		i++;
	if (i == work->count) {
		GROW(work->worker, work->room, i + 1);
		GROW(work->before, work->rooms, i + 1);
		work->worker[i] = (struct runtime_worker){.index = index};
		work->before[i] = (struct before){0};
		work->count++;
	}
	return i;
}

/* The time between two looks, `since` apart, in which the worker was busy. */
static uint64_t busy_since(struct before *before, const struct runtime_worked *now, uint64_t since)
{
	uint64_t grown = now->busy - before->busy;

	if (now->unparked && !grown && now->parks == before->parks) {
		before->taken += since;
		return since;
	}
	grown -= grown < before->taken ? grown : before->taken;
	before->taken = 0;
	return grown < since ? grown : since;
}

/* At the end of a look: was one busy, and no other? */
static void see_alone(struct runtime_work *work, struct runtime_sum *sum)
{
	bool alone = work->seen > 1 && work->busy == 1 && work->idle == work->seen - 1;

	sum->alone_now = !alone ? 0 : work->who == work->alone ? sum->alone_now + 1 : 1;
	work->alone = work->who;
	if (sum->alone_now > sum->alone) {
		sum->alone = sum->alone_now;
		sum->alone_worker = work->who;
	}
}

void runtime_work_add(struct runtime_work *work, uint64_t ns, const struct runtime_worked *now,
		      struct runtime_sum *sum)
{
	if (now->index >= WORKERS_KEPT)
		return;
	size_t i = index_of(work, now->index);
	struct runtime_worker *worker = &work->worker[i];
	struct before *before = &work->before[i];
	bool follows = before->ns && ns > before->ns && ns - before->ns < RUNTIME_GAP_NS &&
		       now->by_kernel == worker->by_kernel && now->parks >= before->parks &&
		       now->busy >= before->busy && (!now->by_kernel || now->tid == worker->tid);

	if (ns != work->ns)
		work->seen = work->busy = work->idle = 0;
	work->ns = ns;
	worker->tid = now->tid ? now->tid : worker->tid;
	worker->by_kernel = now->by_kernel;
	if (follows) {
		uint64_t since = ns - before->ns, busy = busy_since(before, now, since);

		worker->parks += now->parks - before->parks;
		worker->busy += busy;
		worker->time += since;
		work->seen++;
		work->idle += busy <= since / 100 * IDLE_SHARE;
		if (busy >= since / 100 * BUSY_SHARE) {
			work->busy++;
			work->who = now->index;
		}
	}
	*before = (struct before){ns, now->parks, now->busy, follows ? before->taken : 0};
	if (work->seen == sum->workers)
		see_alone(work, sum);
	sum->worker = work->worker;
	sum->workers_seen = work->count;
}
