/* SPDX-License-Identifier: Apache-2.0 */
/* recent.c - see recent.h. */
#include "tally/recent.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>

struct recent {
	uint64_t span, least;
	uint64_t kept_from;	    /* no block from this number on is dropped */
	struct recent_block *block; /* a ring: block i is at i % size */
	uint64_t size;
	uint64_t first, end;
	uint64_t newest, dropped; /* end times */
};

struct recent *recent_new(uint64_t span)
{
	struct recent *r = xcalloc(1, sizeof(*r));

	r->span = span;
	r->kept_from = UINT64_MAX;
	r->size = 64;
	r->block = xcalloc(r->size, sizeof(*r->block));
	return r;
}

void recent_keep(struct recent *r, uint64_t least)
{
	r->least = least;
}

void recent_keep_from(struct recent *r, uint64_t first)
{
	r->kept_from = first;
}

static struct recent_block *at(const struct recent *r, uint64_t number)
{
	return &r->block[number % r->size];
}

static void drop_first(struct recent *r)
{
	const struct block *b = &at(r, r->first)->b;

	if (block_end(b) > r->dropped)
		r->dropped = block_end(b);
	free((char *)b->peer.comm);
	r->first++;
}

void recent_free(struct recent *r)
{
	if (!r)
		return;
	while (r->first < r->end)
		drop_first(r);
	free(r->block);
	free(r);
}

static void make_room(struct recent *r)
{
	struct recent larger = *r;

	larger.size *= 2;
	larger.block = xcalloc(larger.size, sizeof(*larger.block));
	for (uint64_t i = r->first; i < r->end; i++)
		*at(&larger, i) = *at(r, i);
	free(r->block);
	*r = larger;
}

void recent_add(struct recent *r, const struct block *block, const struct blocker *of)
{
	if (block_end(block) > r->newest)
		r->newest = block_end(block);
	while (r->first < r->end && r->first < r->kept_from && r->end - r->first >= r->least &&
	       (!r->span || block_end(&at(r, r->first)->b) + r->span < r->newest))
		drop_first(r);
	if (r->end - r->first == r->size)
		make_room(r);
	struct recent_block *kept = at(r, r->end++);

	*kept = (struct recent_block){.b = *block, .of = of};
	kept->b.task = NULL;
	if (block->peer.comm)
		kept->b.peer.comm = xstrdup(block->peer.comm);
}

uint64_t recent_first(const struct recent *r)
{
	return r->first;
}

uint64_t recent_end(const struct recent *r)
{
	return r->end;
}

const struct recent_block *recent_at(const struct recent *r, uint64_t number)
{
	return at(r, number);
}

uint64_t recent_dropped(const struct recent *r)
{
	return r->dropped;
}
