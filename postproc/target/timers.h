/* timers.h - timer interrupts of all CPUs, at which programs on timer tracepoints look at what is interrupted. */
#ifndef HUD_TARGET_TIMERS_H
#define HUD_TARGET_TIMERS_H

#include <sched.h>
#include <stddef.h>

#define TIMERS_CPUS 8192 /* more than Linux has (NR_CPUS) */

/* All zero at first. */
struct timers {
	int *events; /* perf events, by CPU; -1: none. NULL: there are none at all */
	size_t cpus;
};

/* Has each CPU of `cpus`, a set with room for TIMERS_CPUS, that is online be interrupted at least `hz` times a second, in place of what
 * there was. The kernel's own tick is one
 * of these interrupts: the others divide the time between two ticks evenly, and one that falls together with a tick costs no
 * interrupt of its own (the kernel runs all timers that are due at once: hrtimer_interrupt, Linux 6.18). Where the kernel's ticks
 * are enough, there are no others. Takes a few ticks for each CPU. Returns 0; -1, with errno set, if that is not to be had: then
 * there are none. */
int timers_set(struct timers *timers, unsigned hz, const cpu_set_t *cpus);

/* Ends them. */
void timers_close(struct timers *timers);

#endif
