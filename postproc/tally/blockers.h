/* blockers.h - blocks added up by what is to blame for them: the function, the reason and the task. */
#ifndef HUD_TALLY_BLOCKERS_H
#define HUD_TALLY_BLOCKERS_H

#include <stddef.h>

#include "tally/block.h"
#include "tally/model.h"

struct blockers;

struct blockers *blockers_new(void);
void blockers_free(struct blockers *blockers);

/* The blocker that the block belongs to, without the block. It stays where it is, and is owned by `blockers`. Until blockers_ranked() only
 * what tells it from others is set in it: reason, function, file, line, task. */
const struct blocker *blockers_find(struct blockers *blockers, const struct block *block);

/* Adds a block to a blocker that blockers_find() has returned for it. */
void blockers_add(const struct blocker *blocker, const struct block *block);

/* No blocks any more; the blockers stay where they are. */
void blockers_clear(struct blockers *blockers);

/* All that have blocks, completed, by their total, largest first; *count of them. The caller frees the array; what it points to is owned
 * by `blockers`. */
struct blocker *blockers_ranked(struct blockers *blockers, size_t *count);

/* Where a blocker that blockers_find() has returned was in the array that blockers_ranked() made last. */
size_t blockers_rank(const struct blocker *blocker);

#endif
