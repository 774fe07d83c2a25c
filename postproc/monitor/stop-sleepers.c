/* SPDX-License-Identifier: Apache-2.0 */
/* stop-sleepers.c - see stop-sleepers.h.
 *
 * A stack is taken when its thread returns from a sleep. A thread that sleeps in its poll forever never does:
 * a deadlock would be reported without its place. So each worker that has slept in one poll for a second is
 * stopped for a moment; then it goes on sleeping, but the probes see it return. If it slept already when the
 * probes came, which is not known here, it takes two such stops; so there are several. The same happens for
 * all sleeping workers when the trace is about to end.
 */
#include "monitor/stop-sleepers.h"

#include <libiberty/libiberty.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "head/roles.h"
#include "head/tokios.h"
#include "monitor/watch-runtimes.h"
#include "sandbox/confine.h"
#include "sandbox/message-relay.h"
#include "target/inspector.h"
#include "target/ptrace-stop.h"
#include "tokio/layout-fields.h"

#define OFTEN 20      /* so many seconds, every second */
#define SELDOM 30     /* later, every so many seconds */
#define BETWEEN_MS 20 /* the two stops */

/* Where each Tokio of the process keeps its state. */
struct layouts {
	struct tokio_layout layout[TOKIOS];
	size_t count; /* 0: not known */
};

/* What is known of a worker. */
struct worker {
	struct thread thread;
	struct tokio_poll poll; /* the one in which it slept when last checked */
	unsigned seconds;	/* how long it has slept in that poll */
};

static bool asleep(pid_t pid, pid_t tid)
{
	struct process_stat stat;

	return process_stat(pid, tid, &stat) && (stat.state == 'S' || stat.state == 'D');
}

static bool same_poll(const struct tokio_poll *a, const struct tokio_poll *b)
{
	return a->polls && b->polls && a->core == b->core && a->task == b->task && a->tick == b->tick;
}

/* Is it in a poll of one of the Tokios? */
static bool in_poll(pid_t pid, const struct thread *thread, const struct layouts *layouts,
		    struct tokio_poll *poll)
{
	for (size_t i = 0; i < layouts->count; i++)
		if (tokio_polls(pid, thread, &layouts->layout[i], poll))
			return true;
	return false;
}

static void look(pid_t pid, struct worker *w, const struct layouts *layouts)
{
	struct tokio_poll poll = {0};

	/* On a busy machine the thread may not have stopped in time. */
	if (!w->thread.thread_pointer)
		roles_read_thread_pointers(&w->thread, 1);
	bool known = w->thread.thread_pointer && asleep(pid, w->thread.tid) &&
		     in_poll(pid, &w->thread, layouts, &poll);

	w->seconds = known && same_poll(&poll, &w->poll) ? w->seconds + 1 : 0;
	if (w->seconds && (w->seconds <= OFTEN || w->seconds % SELDOM == 0))
		stopped_touch(w->thread.tid);
	w->poll = known ? poll : (struct tokio_poll){0};
}

enum next { A_SECOND, ABOUT_TO_END, ENDED };

/* Waits for a second; less if the process ends (another one may get its id) or the signal comes. */
static enum next wait_for(int pidfd, int signals)
{
	struct pollfd on[] = {{.fd = pidfd, .events = POLLIN}, {.fd = signals, .events = POLLIN}};

	int64_t until = clock_ms() + 1000;

	for (int64_t left; (left = until - clock_ms()) > 0;)
		if (poll(on, 2, (int)left) > 0)
			return on[0].revents ? ENDED : ABOUT_TO_END;
	return A_SECOND;
}

/* Finds the threads of `pid` with these ids. */
static size_t find_workers(pid_t pid, char *const *tids, size_t count, struct worker *workers)
{
	struct thread *threads;
	size_t all = threads_list(pid, &threads), found = 0;

	for (size_t i = 0; i < all; i++)
		for (size_t j = 0; j < count; j++)
			threads[i].watched |= strtol(tids[j], NULL, 10) == threads[i].tid;
	for (size_t i = 0; i < all && found < count; i++)
		if (threads[i].watched)
			workers[found++].thread = threads[i];
	free(threads);
	return found;
}

/* Makes the stack of each worker visible that sleeps in the same poll as a moment ago, if polls are known. If
 * it slept before the probes came, the first stop only shows that it sleeps. */
static void touch_all(int pidfd, pid_t pid, struct worker *workers, size_t count,
		      const struct layouts *layouts)
{
	for (int times = 0; times < 3; times++) {
		if (times)
			process_ends(pidfd, BETWEEN_MS);
		for (size_t i = 0; i < count; i++) {
			struct worker *w = &workers[i];
			struct tokio_poll poll = {0};
			bool sleeps = asleep(pid, w->thread.tid);

			if (layouts->count)
				sleeps = sleeps && w->thread.thread_pointer &&
					 in_poll(pid, &w->thread, layouts, &poll) &&
					 (same_poll(&poll, &w->poll) || times == 0);
			w->poll = poll;
			if (sleeps && times)
				stopped_touch(w->thread.tid);
		}
	}
}

/* Watches until the process or the trace ends. */
static void watch(int pidfd, pid_t pid, int signals, struct worker *workers, size_t count,
		  const struct layouts *layouts)
{
	struct watched_runtimes *runtimes = watched_runtimes_new(pid);
	enum next next;

	while ((next = wait_for(pidfd, signals)) == A_SECOND) {
		for (size_t i = 0; layouts->count && i < count; i++) {
			look(pid, &workers[i], layouts);
			for (size_t k = 0; k < layouts->count; k++)
				watched_runtimes_learn(runtimes, &workers[i].thread, &layouts->layout[k]);
		}
		watched_runtimes_write(runtimes, stdout);
	}
	watched_runtimes_free(runtimes);
	if (next == ABOUT_TO_END)
		touch_all(pidfd, pid, workers, count, layouts);
}

/* A descriptor for SIGUSR2. */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Reads a layout from each line of `text`. Returns false if a line is malformed. */
static bool read_layouts(const char *text, struct layouts *layouts)
{
	layouts->count = 0;
	while (text && *text) {
		if (layouts->count == TOKIOS || !tokio_read(text, &layouts->layout[layouts->count++]))
			return false;
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return true;
}

int stop_sleepers_run(int pidfd, pid_t pid, const char *tokio, char *const *tids, size_t count)
{
	struct layouts layouts;
	int signals = open_signals();

	if (!read_layouts(tokio, &layouts)) {
		fputs("hud-postproc: what tells where Tokio keeps its state is not as it should be\n",
		      stderr);
		return 1;
	}
	/* Ctrl-Z must not stop this process, or those it starts, while it holds a thread. */
	signal(SIGTSTP, SIG_IGN);
	/* Another process reads the memory, because that may block forever. */
	if (inspector_start(pid) || confine_to_tracer() || confine_inspector())
		return 1;
	struct worker *workers = xcalloc(count, sizeof(*workers));

	count = find_workers(pid, tids, count, workers);
	watch(pidfd, pid, signals, workers, count, &layouts);
	free(workers);
	inspector_end();
	messages_end();
	return 0;
}
