/* SPDX-License-Identifier: Apache-2.0 */
/* blocker-sum.h - adds up the blocks of one blocker: the stack with most time, and who ended them. */
#ifndef HUD_TALLY_BLOCKER_SUM_H
#define HUD_TALLY_BLOCKER_SUM_H

#include "tally/block.h"
#include "tally/model.h"

struct blocker_sum {
	/* The caller sets its identity; the rest grows, and is complete after blocker_sum_finish() */
	struct blocker b;
	struct stack_share {
		const struct verdict *stack;
		uint64_t total;
		const char *syscall;
	} * share;
	size_t shares;
	struct peer *peer;
	size_t peers;
	struct peer *culprit; /* of waits for a CPU: the same, but by name alone */
	size_t culprits;
	struct held *held;
	size_t helds;
};

/* Adds a block. Its stacks must outlive the sum; everything else is copied. Exits the program when out of
 * memory. */
void blocker_sum_add(struct blocker_sum *sum, const struct block *block);

/* Are two who had a CPU one? What runs under one name counts as one, in however many processes; and who is thread 0 on a CPU is nobody on
 * each. */
bool blocker_sum_same_culprit(const struct peer *one, const struct peer *two);

/* For qsort(3): orders peers by their total, largest first. */
int blocker_sum_by_peer_total(const void *one, const void *two);

/* Completes sum->b. More may be added after that. */
void blocker_sum_finish(struct blocker_sum *sum);

/* Removes all blocks; keeps the blocker's identity. */
void blocker_sum_clear(struct blocker_sum *sum);

#endif
