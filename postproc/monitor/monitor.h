/* monitor.h - looks after a trace while it lasts: what it costs, how often it takes samples, and what becomes of the processes that matter.
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
	pid_t process[MONITOR_PROCESSES]; /* further ones of the trace's */
	size_t processes;
	char *const *tids; /* workers, as procfs_run() takes them */
	size_t workers;
	const char *tokio;    /* as stuck_run() takes it; NULL: no worker is stopped */
	uint64_t duration_ms; /* of the trace, from its begin; 0: not known */
	struct overhead_limits limits;
	struct sampling_rates rates; /* fast 0: the sampling rate is nobody's to choose */
	bool thin;		     /* no stacks are copied, because of what tracing cost before */
	bool verbose;		     /* print each measurement of the overhead */
	/* Descriptors; -1: there is none. */
	int news;  /* where to write what has happened */
	int begin; /* where a line tells that tracing has begun; -1: it has */
	int quit;  /* the end of a pipe whose other end is closed when the user wants tracing to end */
	int lines; /* where to write event lines about the target */
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
 *     hits COUNT HOW         breakpoints are hit so often in a second that this is more than o->limits.hits
 *
 * HOW is what follows: "thin", the script copies no stacks any more; "end", it ends, both within a second; "kill": the caller has to end bpftrace.
 *
 * At SIGUSR2 the trace is about to end: it ends when workers that sleep have been stopped once more. Ignores signals that a terminal sends.
 * Returns an exit status. */
int monitor_run(const struct monitor_options *o);

#endif
