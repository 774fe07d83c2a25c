/* block.h - one stretch in which a worker was blocked, as it is judged and before it is added up. */
#ifndef HUD_TALLY_BLOCK_H
#define HUD_TALLY_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "judge/judge.h"

/* One stretch in which a worker did not come back to its scheduler, or did not get a CPU. Times in ns. */
struct block {
	uint64_t start, duration;
	uint64_t asleep, run_queue; /* parts of the duration; the rest is running */
	long tid;
	enum reason reason;
	bool estimated;
	bool main_future; /* of a thread that polls the main future of a runtime: tally_add() sets it */
	bool unfinished;  /* it still went on when the trace ended */
	uint64_t poll; /* in the first block of a poll, how long all of it took but waits for a CPU; else 0 */
	uint64_t poll_end;   /* when that poll was over */
	const char *syscall; /* static; "": its name is not known, NULL: none */
	const struct verdict *stack;
	const char *
		task; /* the future's type where it is known otherwise than from the stack, which it goes before; copied */
	struct {
		const char *comm; /* NULL: unknown; copied */
		long pid, tid;
		bool same_process;
		const struct verdict *stack;
	} party; /* waker or culprit */
};

#endif
