/* SPDX-License-Identifier: Apache-2.0 */
/* sampling-rate.h - how often the probes at timer interrupts run. */
#ifndef HUD_MONITOR_SAMPLING_RATE_H
#define HUD_MONITOR_SAMPLING_RATE_H

#include <stdint.h>
#include <sys/types.h>

/* Timer interrupts a second. */
struct sampling_rates {
	unsigned rest;	       /* while certainly no poll is long */
	unsigned slow;	       /* while polls may be long */
	unsigned fast;	       /* while polls are long */
	uint64_t threshold_ns; /* polls from this length on are long */
};

/* Gives up all other rights by a filter, without changing its user. Then, until bpftrace (process `bpftrace`,
 * `pidfd` refers to it) ends: has each CPU that process `target` may use interrupted by a timer at these
 * rates. The script shows what is needed once its variable @begun is 1: it adds the time (ns) of long polls
 * to @worked, and changes @doubt after each poll that may have been long. Returns an exit status: not 0,
 * after a message, if the kernel makes no timer interrupts. */
int sampling_rate_run(int pidfd, pid_t bpftrace, pid_t target, const struct sampling_rates *rates);

#endif
