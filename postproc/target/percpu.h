/* percpu.h - where the running kernel keeps what tells whether an interrupt is being handled, and whose: variables of each CPU. */
#ifndef HUD_TARGET_PERCPU_H
#define HUD_TARGET_PERCPU_H

#include <stdbool.h>
#include <stdint.h>

/* Offsets in the memory of a CPU, which begins `runqueues` below its run queue: cfs_rq->rq of a thread that runs there leads to that. */
struct percpu {
	uint32_t runqueues;
	uint32_t preempt_count; /* 32 bits */
	uint32_t hard;		/* of these: not 0 while a hard interrupt is handled */
	uint32_t
		hrtimer_bases; /* struct hrtimer_cpu_base; the first four of its clocks belong to hard interrupts */
	uint32_t timer_base
		[2]; /* struct timer_base; the same one twice where there is but one for what sleeps */
};

/* Reads that from the kernel's BTF in file `path`, for x86-64. False if that does not tell: an older kernel, another one, no group scheduling. */
bool percpu_read(const char *path, struct percpu *percpu);

#endif
