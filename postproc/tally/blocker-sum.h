/* blocker-sum.h - blocks of one blocker, added up: which stack had most of the time, who ended them. */
#ifndef HUD_TALLY_BLOCKER_SUM_H
#define HUD_TALLY_BLOCKER_SUM_H

#include "tally/block.h"
#include "tally/model.h"

struct blocker_sum {
	struct blocker
		b; /* what tells it from others is the caller's; the rest grows, and is complete after blocker_sum_finish() */
	struct stack_share {
		const struct verdict *stack;
		uint64_t total;
		const char *syscall;
	} * share;
	size_t shares;
	struct party *party;
	size_t parties;
};

/* Adds a block. Its stacks must outlive the sum; all else is copied. Exits the program when out of memory. */
void blocker_sum_add(struct blocker_sum *sum, const struct block *block);

/* Completes sum->b. More may be added after that. */
void blocker_sum_finish(struct blocker_sum *sum);

/* No blocks any more. What it is the sum of stays. */
void blocker_sum_clear(struct blocker_sum *sum);

#endif
