/* SPDX-License-Identifier: Apache-2.0 */
/* spans.c - see spans.h. */
#include "tally/spans.h"

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>

#define NEWEST 20000

struct spans {
	bool all;
	struct kept_span *ring; /* a ring of NEWEST, or all */
	size_t size;
	uint64_t count; /* how many ever */
	htab_t names;	/* of peers, interned */
};

struct spans *spans_new(bool all)
{
	struct spans *spans = xcalloc(1, sizeof(*spans));

	spans->all = all;
	spans->names = htab_create_alloc(64, htab_hash_string, htab_eq_string, free, xcalloc, free);
	return spans;
}

void spans_free(struct spans *spans)
{
	if (!spans)
		return;
	htab_delete(spans->names);
	free(spans->ring);
	free(spans);
}

/* Who ended this block. Keeps names only if all spans are kept: a process may have any number of them. */
static struct peer peer_of(struct spans *spans, const struct block *block)
{
	if (!spans->all || !block->peer.comm)
		return (struct peer){0};
	void **slot = htab_find_slot(spans->names, block->peer.comm, INSERT);

	if (!*slot)
		*slot = xstrdup(block->peer.comm);
	return (struct peer){.comm = *slot,
			     .pid = block->peer.pid,
			     .tid = block->peer.tid,
			     .same_process = block->peer.same_process,
			     .stack = block->peer.stack};
}

void spans_add(struct spans *spans, const struct block *block, const struct blocker *blocker)
{
	if (spans->count == spans->size && (spans->all || spans->size < NEWEST)) {
		spans->size = spans->size ? 2 * spans->size : 256;
		if (!spans->all && spans->size > NEWEST)
			spans->size = NEWEST;
		spans->ring = xrealloc(spans->ring, spans->size * sizeof(*spans->ring));
	}
	spans->ring[spans->count++ % spans->size] = (struct kept_span){
		.span = {.start = block->start,
			 .duration = block->duration,
			 .reason = block->reason,
			 .stack = block->stack,
			 .peer = peer_of(spans, block),
			 .ready = block->ready},
		.tid = block->tid,
		.blocker = blocker,
	};
}

const struct kept_span *spans_kept(const struct spans *spans, size_t *count)
{
	*count = spans->count < spans->size ? (size_t)spans->count : spans->size;
	return spans->ring;
}
