/* overhead.h - what tracing costs, measured while it lasts. */
#ifndef HUD_MONITOR_OVERHEAD_H
#define HUD_MONITOR_OVERHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define OVERHEAD_PROCESSES 16 /* whose CPU time counts */

/* What is too much, in percent of a CPU; INFINITY: nothing is. */
struct overhead_limits {
	double all;  /* probes and processes together */
	double hits; /* traps into breakpoints, whoever runs into them */
};

enum overhead_verdict {
	OVERHEAD_FINE,
	OVERHEAD_COSTLY, /* more than limits.all for three seconds in a row */
	OVERHEAD_HITS,	 /* more than limits.hits, likewise */
};

/* What the probes have taken, and how often a breakpoint of theirs was hit, whoever ran into it. */
struct overhead_probes {
	uint64_t ns, hits;
	size_t programs;
};

struct overhead {
	/* Set by the caller: */
	struct overhead_limits limits;
	pid_t bpftrace;
	int pidfd;    /* of bpftrace */
	bool verbose; /* print each measurement */
	/* The last measurement: */
	double probes, processes; /* of a CPU, from 0 up */
	double hits;		  /* a second */
	/* Its own: */
	struct overhead_process {
		pid_t pid; /* 0: none */
		int64_t cpu;
	} process[OVERHEAD_PROCESSES];
	struct overhead_probes before;
	uint64_t started, then; /* when counting started, when CPU times were last read; ns */
	int counting;		/* keeps the kernel counting; -1: it cannot */
	bool counts;		/* it counts now */
	bool unsettled;		/* programs are still being attached */
	size_t programs, hushed;
	unsigned costly, hit; /* so many seconds in a row */
};

/* Counts the CPU time of process `pid` from now on; ignores it if there are too many. */
void overhead_add(struct overhead *overhead, pid_t pid);

/* It has ended. */
void overhead_remove(struct overhead *overhead, pid_t pid);

/* Goes on measuring; to be called again after *wait_ms. */
enum overhead_verdict overhead_step(struct overhead *overhead, unsigned *wait_ms);

#endif
