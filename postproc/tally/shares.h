/* shares.h - blocks added up by what each worker had with each blocker and each of its stacks: as few as there are distinct stacks. */
#ifndef HUD_TALLY_SHARES_H
#define HUD_TALLY_SHARES_H

#include "tally/block.h"
#include "tally/model.h"

struct shares;

/* One of them. What tells which worker and which blocker of a model it is of, is not set in `share`. */
struct kept_share {
	struct share share;
	long tid;
	const struct blocker *blocker; /* of those that blockers.h adds up */
};

/* Exits the program when out of memory. */
struct shares *shares_new(void);
void shares_free(struct shares *shares);

/* Adds the block, which counts for `blocker`. Its stack must outlive the shares. */
void shares_add(struct shares *shares, const struct block *block, const struct blocker *blocker);

/* All of them, in no order; *count. They are the shares'; the array is the caller's to free. */
const struct kept_share **shares_kept(const struct shares *shares, size_t *count);

#endif
