/* SPDX-License-Identifier: Apache-2.0 */
/* overhead.h - measures what tracing costs, while it runs. */
#ifndef HUD_MONITOR_OVERHEAD_H
#define HUD_MONITOR_OVERHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define OVERHEAD_PROCESSES 16 /* whose CPU time counts */

/* Limits, in percent of a CPU; INFINITY: none. */
struct overhead_limits {
	double all;  /* probes and processes together */
	double hits; /* traps into breakpoints, in any process */
};

enum overhead_verdict {
	OVERHEAD_FINE,
	OVERHEAD_COSTLY, /* above limits.all for three seconds in a row */
	OVERHEAD_HITS,	 /* above limits.hits, likewise */
};

/* How long the probes ran, and how often their breakpoints were hit, in any process. */
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
	bool begun;   /* all probes are attached: from now on limits.all counts */
	/* The latest measurement: */
	double probes, processes; /* of a CPU, 0 or more */
	double hits;		  /* a second */
	/* Internal: */
	struct overhead_process {
		pid_t pid; /* 0: none */
		int64_t cpu;
	} process[OVERHEAD_PROCESSES];
	struct overhead_probes before;
	uint64_t started, then; /* when measuring began, when CPU times were last read; ns */
	int counting;		/* keeps the kernel measuring; -1: it cannot */
	bool counts;		/* it measures now */
	bool unsettled;		/* programs are still being attached */
	size_t programs, hushed;
	unsigned costly, hit; /* seconds in a row above the limit */
};

/* Includes the CPU time of process `pid` from now on; ignored if there are too many. */
void overhead_add(struct overhead *overhead, pid_t pid);

/* The process has ended. */
void overhead_remove(struct overhead *overhead, pid_t pid);

/* Continues measuring; call it again after *wait_ms. */
enum overhead_verdict overhead_step(struct overhead *overhead, unsigned *wait_ms);

#endif
