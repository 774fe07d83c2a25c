/* SPDX-License-Identifier: Apache-2.0 */
/* percpu.h - offsets of the running kernel's per-CPU variables that show whether a CPU handles an interrupt,
 * and which. */
#ifndef HUD_TARGET_PERCPU_H
#define HUD_TARGET_PERCPU_H

#include <stdbool.h>
#include <stdint.h>

/* Offsets in the memory of a CPU. That memory begins `runqueues` below the CPU's run queue; cfs_rq->rq of a
 * running thread leads there. */
struct percpu {
	uint32_t runqueues;
	uint32_t preempt_count; /* 32 bits; on aarch64 an offset in the running thread's struct task_struct */
	uint32_t hard;		/* bits of it that are not 0 while a hard interrupt is handled */
	uint32_t
		hrtimer_bases; /* struct hrtimer_cpu_base; hard interrupts use the first four of its clocks */
	uint32_t timer_base[2]; /* struct timer_base; the same twice if there is only one */
};

/* Reads these from the kernel's BTF in file `path`. Returns false if BTF lacks one: an older or
 * different kernel, or no group scheduling. */
bool percpu_read(const char *path, struct percpu *percpu);

#endif
