/* SPDX-License-Identifier: Apache-2.0 */
/* recent.h - the latest blocks, one by one, in the order in which they became known: for --window and the
 * live view. */
#ifndef HUD_TALLY_RECENT_H
#define HUD_TALLY_RECENT_H

#include <stdint.h>

#include "tally/block.h"
#include "tally/model.h"

struct recent;

struct recent_block {
	struct block b;		  /* its poll's task is not kept: `of` has it */
	const struct blocker *of; /* its blocker, of which only the identity is set (blockers.h) */
};

/* Keeps the blocks that ended within `span` (ns) before the newest. Exits the program when out of memory. */
struct recent *recent_new(uint64_t span);
void recent_free(struct recent *recent);

/* Keeps at least the newest `least` from now on. */
void recent_keep(struct recent *recent, uint64_t least);

/* Keeps all from number `first` on, until it is called again. */
void recent_keep_from(struct recent *recent, uint64_t first);

/* Adds a copy of the block. Its stacks and the blocker must outlive it. */
void recent_add(struct recent *recent, const struct block *block, const struct blocker *of);

/* Numbers of the kept blocks: from recent_first() up to, but without, recent_end(), which is how many there
 * were ever. */
uint64_t recent_first(const struct recent *recent);
uint64_t recent_end(const struct recent *recent);

/* The block with this number; valid until the next one is added. */
const struct recent_block *recent_at(const struct recent *recent, uint64_t number);

/* The latest end of a block that is not kept any more; 0 if all are kept. */
uint64_t recent_dropped(const struct recent *recent);

/* When the block ended. */
static inline uint64_t block_end(const struct block *block)
{
	return block->start + block->duration;
}

#endif
