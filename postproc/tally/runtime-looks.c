/* SPDX-License-Identifier: Apache-2.0 */
/* runtime-looks.c - see runtime-looks.h. */
#include "tally/runtime-looks.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

/* A pool, whose threads may be looked at before the trace begins. */
struct pool {
	uint64_t handle;
	struct pool_stands stands;
};

struct runtime_looks {
	struct runtime_sum all[RUNTIMES_KEPT];
	uint64_t handle[RUNTIMES_KEPT], last[RUNTIMES_KEPT]; /* last: when it was looked at, ns */
	struct runtime_work *work[RUNTIMES_KEPT];
	size_t count;
	struct pool pool[RUNTIMES_KEPT];
	size_t pools;
};

struct runtime_looks *runtime_looks_new(void)
{
	return xcalloc(1, sizeof(struct runtime_looks));
}

void runtime_looks_free(struct runtime_looks *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++) {
		free((char *)r->all[i].name);
		runtime_work_free(r->work[i]);
	}
	free(r);
}

const struct runtime_sum *runtime_looks_all(struct runtime_looks *r, size_t *count)
{
	for (size_t i = 0; i < r->count; i++)
		for (size_t k = 0; k < r->pools; k++)
			if (r->pool[k].handle == r->handle[i])
				r->all[i].stands = r->pool[k].stands;
	*count = r->count;
	return r->all;
}

static bool is_known(uint64_t number)
{
	return number != UINT64_MAX;
}

/* Jobs wait for a thread of the blocking pool, and none is free. Workers that are no jobs may be among its threads. */
static void add_pool(struct runtime_sum *sum, const uint64_t *number, uint64_t since)
{
	uint64_t threads = number[RUNTIME_THREADS], jobs = number[RUNTIME_JOBS];

	if (!is_known(jobs) || !jobs || !is_known(threads) || number[RUNTIME_UNUSED] != 0)
		return;
	if (threads >= number[RUNTIME_CAP])
		sum->pool_full += since;
	else if (sum->multi_thread && threads <= sum->workers)
		sum->pool_none += since;
	else
		sum->pool_short += since;
	sum->jobs_waiting = jobs > sum->jobs_waiting ? jobs : sum->jobs_waiting;
}

static void add(struct runtime_sum *sum, const struct runtime_look *look, uint64_t since)
{
	uint64_t before = sum->number[RUNTIME_INJECTED].latest, now = look->number[RUNTIME_INJECTED];

	sum->grows = sum->looks && is_known(before) && is_known(now) && now > before ? sum->grows + 1 : 0;
	sum->grew = sum->grows > sum->grew ? sum->grows : sum->grew;
	sum->looks++;
	sum->workers = look->workers;
	for (size_t i = 0; i < RUNTIME_NUMBERS; i++) {
		sum->number[i].latest = look->number[i];
		if (is_known(look->number[i]))
			histogram_add(&sum->number[i].values, look->number[i]);
	}
	add_pool(sum, look->number, since);
}

void runtime_looks_add(struct runtime_looks *r, uint64_t ns, const struct runtime_look *look)
{
	size_t i = 0;

	while (i < r->count && r->handle[i] != look->handle)
		i++;
	if (i == RUNTIMES_KEPT)
		return;
	if (i == r->count) {
		r->handle[r->count++] = look->handle;
		r->all[i] = (struct runtime_sum){.multi_thread = look->multi_thread,
						 .name = *look->name ? xstrdup(look->name) : NULL};
		r->work[i] = runtime_work_new();
	}
	uint64_t since =
		r->last[i] && ns > r->last[i] && ns - r->last[i] < RUNTIME_GAP_NS ? ns - r->last[i] : 0;

	add(&r->all[i], look, since);
	r->last[i] = ns;
}

void runtime_looks_worked(struct runtime_looks *r, uint64_t ns, const struct runtime_worked *worked)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->handle[i] == worked->handle)
			runtime_work_add(r->work[i], ns, worked, &r->all[i]);
}

static void add_stand(struct pool_stands *all, const struct pool_stand *thread)
{
	size_t i = 0;

	all->threads += thread->threads;
	all->waiting += thread->waiting;
	while (i < all->count && (all->stand[i].reason != thread->reason ||
				  !judge_same_blame(all->stand[i].stack, thread->stack)))
		i++;
	if (i == POOL_STANDS)
		return;
	if (i == all->count)
		all->stand[all->count++] =
			(struct pool_stand){.reason = thread->reason, .stack = thread->stack};
	all->stand[i].threads += thread->threads;
	all->stand[i].waiting += thread->waiting;
}

void runtime_looks_pooled(struct runtime_looks *r, uint64_t handle, const struct pool_stand *thread)
{
	size_t i = 0;

	while (i < r->pools && r->pool[i].handle != handle)
		i++;
	if (i == RUNTIMES_KEPT)
		return;
	if (i == r->pools)
		r->pool[r->pools++] = (struct pool){.handle = handle};
	add_stand(&r->pool[i].stands, thread);
}
