/* SPDX-License-Identifier: Apache-2.0 */
/* reorder.c - see reorder.h. */
#include "stream/reorder.h"

#include <stdlib.h>

#include <libiberty/libiberty.h>

#include "base/grow.h"

struct held {
	uint64_t ns; /* the event's time: most work is comparing it */
	struct event *event;
};

struct reorder {
	struct held *heap; /* earliest first */
	size_t count, allocated;
	struct event *given; /* last result of reorder_next() */
};

struct reorder *reorder_new(void)
{
	return xcalloc(1, sizeof(struct reorder));
}

static void free_event(struct event *e)
{
	if (e) {
		free((char *)e->other.comm);
		free((char *)e->text);
	}
	free(e);
}

void reorder_free(struct reorder *r)
{
	if (!r)
		return;
	while (r->count)
		free_event(r->heap[--r->count].event);
	free_event(r->given);
	free(r->heap);
	free(r);
}

static void swap(struct held *a, struct held *b)
{
	struct held c = *a;

	*a = *b;
	*b = c;
}

void reorder_add(struct reorder *r, const struct event *e)
{
	struct event *copy = xmemdup(e, sizeof(*e), sizeof(*e));

	if (e->other.comm)
		copy->other.comm = xstrdup(e->other.comm);
	if (e->text)
		copy->text = xstrdup(e->text);
	GROW(r->heap, r->allocated, r->count + 1);
	size_t i = r->count++;

	r->heap[i] = (struct held){e->ns, copy};
	for (; i > 0 && r->heap[i].ns < r->heap[(i - 1) / 2].ns; i = (i - 1) / 2)
		swap(&r->heap[i], &r->heap[(i - 1) / 2]);
}

const struct event *reorder_next(struct reorder *r, uint64_t ns)
{
	if (!r->count || (r->heap[0].ns > ns && r->count <= REORDER_MOST))
		return NULL;
	free_event(r->given);
	r->given = r->heap[0].event;
	r->heap[0] = r->heap[--r->count];
	for (size_t i = 0, child; (child = 2 * i + 1) < r->count; i = child) {
		child += child + 1 < r->count && r->heap[child + 1].ns < r->heap[child].ns;
		if (r->heap[i].ns <= r->heap[child].ns)
			break;
		swap(&r->heap[i], &r->heap[child]);
	}
	return r->given;
}
