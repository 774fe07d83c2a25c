/* recent.h - the blocks of the last while, one by one, in the order in which they became known: what --window counts, and the live view shows.
 */
#ifndef HUD_TALLY_RECENT_H
#define HUD_TALLY_RECENT_H

#include <stdint.h>

#include "tally/block.h"
#include "tally/model.h"

struct recent;

struct recent_block {
	struct block b; /* its poll's task is not kept: `of` has it */
	const struct blocker
		*of; /* that it counts for; what tells it from others is set in it (blockers.h) */
};

/* Keeps all that ended within `span` (ns) of the newest. Exits the program when out of memory. */
struct recent *recent_new(uint64_t span);
void recent_free(struct recent *recent);

/* From now on keeps the newest `least` in any case. */
void recent_keep(struct recent *recent, uint64_t least);

/* Adds a copy of the block. Its stacks and the blocker must outlive it. */
void recent_add(struct recent *recent, const struct block *block, const struct blocker *of);

/* Those that are kept have numbers from recent_first() up to, but without, recent_end(): how many came, ever. */
uint64_t recent_first(const struct recent *recent);
uint64_t recent_end(const struct recent *recent);

/* One of them, until the next is added. */
const struct recent_block *recent_at(const struct recent *recent, uint64_t number);

/* When the latest of those ended that are not kept any more, 0 if all are. */
uint64_t recent_dropped(const struct recent *recent);

/* When a block ended. */
static inline uint64_t block_end(const struct block *block)
{
	return block->start + block->duration;
}

#endif
