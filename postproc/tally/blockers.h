/* blockers.h - blocks added up by what is to blame for them: the function, the reason and the task. */
#ifndef HUD_TALLY_BLOCKERS_H
#define HUD_TALLY_BLOCKERS_H

#include <stddef.h>

#include "tally/block.h"
#include "tally/model.h"

struct blockers;

struct blockers *blockers_new(void);
void blockers_free(struct blockers *blockers);

/* The blocker that the block belongs to, without the block. It stays where it is, and is owned by `blockers`. */
const struct blocker *blockers_find(struct blockers *blockers, const struct block *block);

/* Adds the block to its blocker, which is returned, as blockers_find() does. */
const struct blocker *blockers_add(struct blockers *blockers, const struct block *block);

/* All that have blocks, completed, by their total, largest first; *count of them. The caller frees the array; what it points to is owned
 * by `blockers`. */
struct blocker *blockers_ranked(struct blockers *blockers, size_t *count);

/* Where a blocker that blockers_add() has returned was in the array that blockers_ranked() made last. */
size_t blockers_rank(const struct blocker *blocker);

#endif
