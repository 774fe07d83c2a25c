/* SPDX-License-Identifier: Apache-2.0 */
/* shares.h - adds up blocks by worker, blocker and stack: no more sums than there are different stacks. */
#ifndef HUD_TALLY_SHARES_H
#define HUD_TALLY_SHARES_H

#include "tally/block.h"
#include "tally/model.h"

struct shares;

/* A sum. `share` lacks the worker and blocker of the model. */
struct kept_share {
	struct share share;
	long tid;
	const struct blocker *blocker; /* from blockers.h */
};

/* Exits the program when out of memory. */
struct shares *shares_new(void);
void shares_free(struct shares *shares);

/* Adds a block of `blocker`. Its stack must outlive the shares. */
void shares_add(struct shares *shares, const struct block *block, const struct blocker *blocker);

/* All sums, in no order; *count of them. They belong to the shares; the caller frees the array. */
const struct kept_share **shares_kept(const struct shares *shares, size_t *count);

#endif
