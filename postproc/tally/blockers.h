/* SPDX-License-Identifier: Apache-2.0 */
/* blockers.h - adds up blocks by what is to blame: function, reason and task. */
#ifndef HUD_TALLY_BLOCKERS_H
#define HUD_TALLY_BLOCKERS_H

#include <stddef.h>

#include "tally/block.h"
#include "tally/model.h"

struct blockers;

struct blockers *blockers_new(void);
void blockers_free(struct blockers *blockers);

/* Returns the block's blocker, and does not add the block. It stays at its address, owned by `blockers`.
 * Until blockers_ranked(), only its identity is set: reason, function, file, line, task. */
const struct blocker *blockers_find(struct blockers *blockers, const struct block *block);

/* The name of the function that a stack blames, or where it is when nobody knows its name. The caller frees it. */
char *blockers_name(const struct verdict *stack);

/* Adds a block to a blocker that blockers_find() has returned for it. */
void blockers_add(const struct blocker *blocker, const struct block *block);

/* Removes all blocks; blockers stay at their addresses. */
void blockers_clear(struct blockers *blockers);

/* All that have blocks, completed: *count of them, the first *ranked are code, the others waits for a CPU; each by `ranking`, largest
 * first. The caller frees the array; what it points to is owned by `blockers`. */
struct blocker *blockers_ranked(struct blockers *blockers, enum ranking ranking, size_t *count,
				size_t *ranked);

/* The index of a blocker from blockers_find() in the latest array of blockers_ranked(). */
size_t blockers_rank(const struct blocker *blocker);

#endif
