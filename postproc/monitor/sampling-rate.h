/* sampling-rate.h - how often the programs of a trace get to see who runs. */
#ifndef HUD_MONITOR_SAMPLING_RATE_H
#define HUD_MONITOR_SAMPLING_RATE_H

#include <stdint.h>
#include <sys/types.h>

/* Timer interrupts a second. */
struct sampling_rates {
	unsigned rest;	       /* while no poll is long, for sure */
	unsigned slow;	       /* while polls may be long */
	unsigned fast;	       /* while polls are long */
	uint64_t threshold_ns; /* from here up they are */
};

/* Gives up all but that by a filter, as the same user. Until bpftrace, process `bpftrace` to which `pidfd` refers, ends: has each CPU that process `target` may use be interrupted by a timer so often. The
 * script says what is needed once its variable @begun is 1: it adds up the time (ns) of long polls in @worked, and @doubt is another number
 * after each that may have been one. Returns an exit status: not 0, after a message, if the kernel makes no timer interrupts. */
int sampling_rate_run(int pidfd, pid_t bpftrace, pid_t target, const struct sampling_rates *rates);

#endif
