/* SPDX-License-Identifier: Apache-2.0 */
/* block.h - a stretch in which a worker was blocked: judged, not yet added up. */
#ifndef HUD_TALLY_BLOCK_H
#define HUD_TALLY_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "judge/judge.h"

/* What was ready to run while a worker was in a poll, at the last look inside it. */
struct ready {
	bool known;
	uint64_t local, lifo;	 /* tasks in the worker's own queue; in its LIFO slot: 0 or 1 */
	uint64_t injected, idle; /* tasks in its runtime's injection queue; workers with nothing to do */
};

/* A stretch in which a worker did not return to its scheduler, or did not get a CPU. Times in ns. */
struct block {
	uint64_t start, duration;
	uint64_t asleep, run_queue; /* parts of the duration; the rest is running */
	uint64_t
		elsewhere; /* another part: what other code of the same poll took, in pieces shorter than the threshold */
	long tid;
	enum reason reason;
	bool estimated;
	bool main_future; /* of a thread that polls a runtime's main future; set by tally_add() */
	bool unfinished;  /* it went on when the trace ended */
	/* In the first block of a poll: how long the whole poll took, without waits for a CPU; otherwise
	 * 0. */
	uint64_t poll;
	uint64_t poll_end;   /* when that poll ended */
	struct ready ready;  /* in each block of the poll */
	const char *syscall; /* static; "": name not known; NULL: none */
	const struct verdict *stack;
	/* The future's type, if known from elsewhere than the stack, which it overrides; copied. */
	const char *task;
	struct {
		const char *comm; /* NULL: unknown; copied */
		long pid, tid;
		bool same_process;
		const struct verdict *stack;
	} peer; /* waker or culprit */
	struct {
		enum reason reason;
		const char *syscall;	     /* as above */
		const struct verdict *stack; /* NULL: not known */
	} held; /* of a wait for a lock: what its holder did for most of that time */
};

/* For how long ready tasks waited for the blocked worker, added up, ns: its time x tasks. */
static inline uint64_t block_delay(const struct block *block)
{
	return block->duration * (block->ready.local + block->ready.lifo);
}

#endif
