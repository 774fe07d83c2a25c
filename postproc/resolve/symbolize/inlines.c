/* SPDX-License-Identifier: Apache-2.0 */
/* inlines.c - see inlines.h. */
#include "resolve/symbolize/inlines.h"

#include <dwarf.h>
#include <libiberty/libiberty.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/grow.h"
#include "resolve/symbolize/dwarfwalk.h"

struct range {
	Dwarf_Addr low, high;
};

/* An inlined function, or a block. */
struct piece {
	void *entry;		/* Dwarf_Die.addr */
	uint32_t depth;		/* 1: directly in the function */
	uint32_t behind;	/* index of the first one outside it */
	uint32_t range, ranges; /* index of its first range, and how many */
	bool inlined;
};

struct inlines {
	Dwarf_CU *cu;
	struct piece *pieces; /* in order of the section: outer ones before inner ones */
	uint32_t count, size;
	struct range *ranges;
	uint32_t range_count, range_size;
};

static void add_ranges(struct inlines *inlines, Dwarf_Die *die, size_t *limit)
{
	Dwarf_Addr base;
	struct range range;
	ptrdiff_t at = 0;

	while (*limit > 0 && (at = dwarf_ranges(die, at, &base, &range.low, &range.high)) > 0) {
		--*limit;
		GROW(inlines->ranges, inlines->range_size, inlines->range_count + 1);
		inlines->ranges[inlines->range_count++] = range;
	}
}

/* Adds an entry, if it has code. Returns whether it has: nothing is looked up inside entries without code. */
static bool add_piece(struct inlines *inlines, Dwarf_Die *die, int tag, size_t depth, size_t *limit)
{
	uint32_t range = inlines->range_count;

	add_ranges(inlines, die, limit);
	if (inlines->range_count == range)
		return false;
	GROW(inlines->pieces, inlines->size, inlines->count + 1);
	inlines->pieces[inlines->count++] = (struct piece){.entry = die->addr,
							   .depth = (uint32_t)depth,
							   .range = range,
							   .ranges = inlines->range_count - range,
							   .inlined = tag == DW_TAG_inlined_subroutine};
	return true;
}

static bool is_code(int tag)
{
	return tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block || tag == DW_TAG_try_block ||
	       tag == DW_TAG_catch_block;
}

/* Backwards: the next piece that is not deeper is the first one outside. */
static void link_pieces(struct inlines *inlines)
{
	for (uint32_t i = inlines->count; i-- > 0;) {
		uint32_t next = i + 1;

		while (next < inlines->count && inlines->pieces[next].depth > inlines->pieces[i].depth)
			next = inlines->pieces[next].behind;
		inlines->pieces[i].behind = next;
	}
}

struct inlines *inlines_read(Dwarf_Die *function, size_t *limit)
{
	struct inlines *inlines = xcalloc(1, sizeof(*inlines));
	struct dwarfwalk walk;

	inlines->cu = function->cu;
	for (bool more = dwarfwalk_begin(&walk, function); more && *limit > 0;) {
		int tag = dwarf_tag(&walk.die);

		more = dwarfwalk_next(&walk,
				      is_code(tag) && add_piece(inlines, &walk.die, tag, walk.depth, limit));
	}
	link_pieces(inlines);
	return inlines;
}

static bool is_in(const struct inlines *inlines, const struct piece *piece, Dwarf_Addr addr)
{
	const struct range *range = &inlines->ranges[piece->range];

	for (uint32_t i = 0; i < piece->ranges; i++)
		if (addr >= range[i].low && addr < range[i].high)
			return true;
	return false;
}

size_t inlines_at(const struct inlines *inlines, Dwarf_Addr addr, Dwarf_Die *chain, size_t limit)
{
	uint32_t i = 0, end = inlines->count;
	size_t count = 0;

	while (i < end && count < limit) {
		const struct piece *piece = &inlines->pieces[i];

		if (!is_in(inlines, piece, addr)) {
			i = piece->behind;
			continue;
		}
		if (piece->inlined)
			chain[count++] = (Dwarf_Die){.addr = piece->entry, .cu = inlines->cu};
		end = piece->behind;
		i++;
	}
	return count;
}

void inlines_free(struct inlines *inlines)
{
	if (!inlines)
		return;
	free(inlines->pieces);
	free(inlines->ranges);
	free(inlines);
}
