/* SPDX-License-Identifier: Apache-2.0 */
/* what-if.c - see what-if.h: sweeps over starts and ends of polls. Between two of these, all polls that go on are known;
 * the time counts once for each blocker among them. */
#include "tally/what-if.h"

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tally/stalls.h"

#define EDGES 4096 /* kept until their order is certain */

struct edge {
	uint64_t ns;
	bool start;
	const struct blocker *blocker;
};

/* How long a worker was in the blocker while so many were in long polls: the first is for one. */
struct due {
	const struct blocker *blocker;
	uint64_t time[STALLS_WORKERS];
};

struct what_if {
	struct edge edge[EDGES];
	size_t edges;
	uint64_t swept;				      /* the time swept so far */
	const struct blocker *active[STALLS_WORKERS]; /* of the polls that go on then */
	size_t count;
	htab_t due;
};

static hashval_t hash_due(const void *due)
{
	return htab_hash_pointer(((const struct due *)due)->blocker);
}

static int equal_due(const void *one, const void *two)
{
	return ((const struct due *)one)->blocker == ((const struct due *)two)->blocker;
}

struct what_if *what_if_new(void)
{
	struct what_if *w = xcalloc(1, sizeof(*w));

	w->due = htab_create(16, hash_due, equal_due, free);
	return w;
}

void what_if_free(struct what_if *w)
{
	if (!w)
		return;
	htab_delete(w->due);
	free(w);
}

static struct due *due_of(struct what_if *w, const struct blocker *blocker)
{
	void **slot = htab_find_slot(w->due, &(struct due){.blocker = blocker}, INSERT);

	if (!*slot) {
		struct due *due = xcalloc(1, sizeof(*due));

		due->blocker = blocker;
		*slot = due;
	}
	return *slot;
}

/* Is the i-th active poll the first of its blocker? */
static bool is_first(const struct what_if *w, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (w->active[k] == w->active[i])
			return false;
	return true;
}

static void pass(struct what_if *w, const struct edge *edge)
{
	for (size_t i = 0; i < w->count && edge->ns > w->swept; i++)
		if (is_first(w, i))
			due_of(w, w->active[i])->time[w->count - 1] += edge->ns - w->swept;
	w->swept = edge->ns;
	if (edge->start && w->count < STALLS_WORKERS)
		w->active[w->count++] = edge->blocker;
	for (size_t i = 0; i < w->count && !edge->start; i++)
		if (w->active[i] == edge->blocker) {
			w->active[i] = w->active[--w->count];
			break;
		}
}

/* Ends first: a poll that begins when another ends does not overlap it. */
static int by_time(const void *one, const void *two)
{
	const struct edge *a = one, *b = two;

	if (a->ns != b->ns)
		return a->ns < b->ns ? -1 : 1;
	return a->start - b->start;
}

/* Passes the first edges. */
static void sweep(struct what_if *w, size_t count)
{
	qsort(w->edge, w->edges, sizeof(*w->edge), by_time);
	for (size_t i = 0; i < count; i++)
		pass(w, &w->edge[i]);
	w->edges -= count;
	memmove(w->edge, w->edge + count, w->edges * sizeof(*w->edge));
}

void what_if_add(struct what_if *w, uint64_t start, uint64_t end, const struct blocker *blocker)
{
	if (w->edges + 2 > EDGES)
		sweep(w, EDGES / 2);
	if (start < w->swept)
		start = w->swept;
	if (end <= start)
		return;
	w->edge[w->edges++] = (struct edge){start, true, blocker};
	w->edge[w->edges++] = (struct edge){end, false, blocker};
}

static int copy_due(void **slot, void *to)
{
	const struct due *due = *slot;

	*due_of(to, due->blocker) = *due;
	return 1;
}

struct visit {
	what_if_visitor *visitor;
	void *context;
	size_t workers;
};

static int visit_due(void **slot, void *arg)
{
	const struct due *due = *slot;
	const struct visit *visit = arg;
	uint64_t time = 0;

	for (size_t i = visit->workers - 1; i < STALLS_WORKERS; i++)
		time += due->time[i];
	visit->visitor(visit->context, due->blocker, time);
	return 1;
}

void what_if_visit(const struct what_if *w, size_t workers, what_if_visitor *visitor, void *context)
{
	struct what_if *copy = what_if_new();
	htab_t due = copy->due;

	if (workers >= 1 && workers <= STALLS_WORKERS) {
		htab_traverse_noresize(w->due, copy_due, copy);
		*copy = *w;
		copy->due = due;
		sweep(copy, copy->edges);
		htab_traverse_noresize(due, visit_due, &(struct visit){visitor, context, workers});
	}
	what_if_free(copy);
}
