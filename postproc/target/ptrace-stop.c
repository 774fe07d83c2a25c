/* SPDX-License-Identifier: Apache-2.0 */
#include "target/ptrace-stop.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"

#define STOP_WAIT_NS 50000000u /* for a thread to stop: it may wait for a CPU, or sleep uninterruptibly */
#define SPIN_NS 500000u /* of that, in a busy loop: most stop at once, and the target loses all this time */

bool stopped_begin(pid_t tid, int *signal)
{
	uint64_t start;
	int status;

	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL))
		return false;
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	start = clock_ns();
	for (;;) {
		pid_t got = waitpid(tid, &status, __WALL | WNOHANG);
		uint64_t waited = clock_ns() - start;

		if (got == tid)
			break;
		if ((got < 0 && errno != EINTR) || waited > STOP_WAIT_NS)
			return false;
		if (waited < SPIN_NS)
			sched_yield();
		else
			nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
	}
	if (!WIFSTOPPED(status))
		return false;
	*signal = status >> 16 == PTRACE_EVENT_STOP ? 0 : WSTOPSIG(status);
	return true;
}

void stopped_end(pid_t tid, int signal)
{
	ptrace(PTRACE_DETACH, tid, NULL, (void *)(intptr_t)signal);
}

/* A job for a thread of this process, and its result. */
struct job {
	pid_t tid;
	bool stopped, rseq;
};

static void *run_job(void *arg)
{
	struct __ptrace_rseq_configuration rseq = {0};
	struct job *e = arg;
	int signal;

	if (!stopped_begin(e->tid, &signal))
		return NULL;
	e->stopped = true;
	e->rseq = ptrace(PTRACE_GET_RSEQ_CONFIGURATION, e->tid, (void *)sizeof(rseq), &rseq) > 0 &&
		  rseq.rseq_abi_pointer != 0;
	stopped_end(e->tid, signal);
	return NULL;
}

static struct job run(pid_t tid)
{
	struct job job = {.tid = tid};
	pthread_t runner;

	if (!pthread_create(&runner, NULL, run_job, &job))
		pthread_join(runner, NULL);
	return job;
}

bool stopped_rseq(pid_t tid)
{
	return run(tid).rseq;
}

bool stopped_touch(pid_t tid)
{
	return run(tid).stopped;
}
