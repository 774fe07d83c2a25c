/* SPDX-License-Identifier: Apache-2.0 */
/* timer-interrupts.h - timer interrupts on all CPUs: programs on timer tracepoints run there, and see what was
 * interrupted. */
#ifndef HUD_TARGET_TIMER_INTERRUPTS_H
#define HUD_TARGET_TIMER_INTERRUPTS_H

#include <sched.h>
#include <stddef.h>

#define TIMERS_CPUS 8192 /* more than Linux has (NR_CPUS) */

/* All 0 at first. */
struct timers {
	int *events; /* perf events by CPU; -1: none. NULL: none at all */
	size_t cpus;
};

/* Programs a timer on each online CPU of `cpus` (a set with room for TIMERS_CPUS) so that it is interrupted
 * at least `hz` times a second; replaces earlier timers. The kernel's own ticks count: the timers divide the
 * time between two ticks evenly, and one that coincides with a tick costs no interrupt of its own (the kernel
 * runs all due timers at once: hrtimer_interrupt, Linux 6.18). If the ticks are enough, there are no timers.
 * Takes a few ticks for each CPU. Returns 0; or -1 with errno set, and no timers. */
int timers_set(struct timers *timers, unsigned hz, const cpu_set_t *cpus);

/* Removes the timers. */
void timers_close(struct timers *timers);

#endif
