/* SPDX-License-Identifier: Apache-2.0 */
/* monitor.h - watches a trace: what it costs, how often it should sample, and whether the processes that
 * matter still run.
 *
 * It stays root, and of the target only reads when that was started. Whatever else looks at the target are children of its own, with fewer rights. */
#ifndef HUD_MONITOR_MONITOR_H
#define HUD_MONITOR_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "monitor/overhead.h"
#include "monitor/procfs.h"
#include "monitor/sampling-rate.h"

#define MONITOR_PROCESSES 8

struct monitor_options {
	pid_t bpftrace;
	struct procfs_program target;	  /* pid 0: none */
	pid_t process[MONITOR_PROCESSES]; /* further processes of the trace */
	size_t processes;
	char *const *tids; /* workers, as for procfs_run() */
	size_t workers;
	const char *tokio;    /* as for stop_sleepers_run(); NULL: workers are not stopped */
	uint64_t duration_ms; /* of the trace, from its begin; 0: not known */
	struct overhead_limits limits;
	struct sampling_rates rates; /* fast 0: the sampling rate is fixed */
	bool thin;		     /* no stacks are copied, because of an earlier measurement */
	bool verbose;		     /* print each measurement of the overhead */
	/* Descriptors; -1: none. */
	int news;  /* events are reported here */
	int begin; /* a line comes here when tracing has begun; -1: it has */
	int quit;  /* the other end of this pipe is closed when the user wants tracing to end */
	int lines; /* event lines about the target are written here */
};

/* Until bpftrace ends: writes a line to o->news when something has happened:
 *
 *     begun                  tracing has begun
 *     quit                   the user wants tracing to end
 *     unread                 nobody reads standard output any more
 *     ended, replaced        the target has ended; runs another program
 *     finished PID           one of o->process has ended
 *     killed NAME SIGNAL     a child of the monitor's was killed, and is started again
 *     lost NAME SIGNAL       the same, but not started again, because it was too often before
 *     costly ALL PROBES REST HOW   tracing costs more than o->limits.all: percent of a CPU, in probes, in processes
 *     tick                   nothing; at least once a second, so that the reader need not limit its wait
 *     hits COUNT HOW         breakpoints are hit so often in a second that this is more than o->limits.hits
 *
 * HOW is what follows: "thin", the script copies little of stacks from now on; "end", it ends, both within a second; "kill": the caller has to end bpftrace.
 *
 * At SIGUSR2 the trace is about to end: it ends when workers that sleep have been stopped once more. Ignores signals that a terminal sends.
 * Returns an exit status. */
int monitor_run(const struct monitor_options *o);

#endif
