/* stuck.c - hud-postproc stuck: makes the stacks of sleeps be seen that never end, or not before the trace does.
 *
 * A stack is taken when its thread is back from a sleep. One that sleeps in its poll for good never is: a deadlock would be
 * told without its place. So each worker that has slept in the same poll for a second is stopped for a moment, and goes on
 * sleeping; that is seen as a coming back. It takes two of these when the thread slept already as the probes came, and when
 * that is nobody knows here, so it is done several times. The same when the trace is about to end, with all that sleep then: SIGUSR1 tells that
 * it has begun, from which on it lasts so long, and SIGUSR2 that it ends now.
 */
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
#include "command/command.h"
#include "head/roles.h"
#include "head/tokios.h"
#include "sandbox/confine.h"
#include "sandbox/messages.h"
#include "target/inspector.h"
#include "target/ptrace-stop.h"
#include "tokio/layout-fields.h"

#define OFTEN 20  /* so many seconds every second */
#define SELDOM 30 /* later every so many seconds */

#define BEFORE_END_MS                                                                                        \
	300	      /* what sleeps is seen so long before the end: what tells of the begin may be late */
#define BETWEEN_MS 20 /* the two times that it takes */

/* Where each Tokio of the process keeps its state. */
struct layouts {
	struct tokio_layout layout[TOKIOS];
	size_t count; /* 0: not known */
};

/* What is known of a worker. */
struct worker {
	struct thread thread;
	struct tokio_poll poll; /* the one that it slept in when it was last looked at */
	unsigned seconds;	/* for how long it has slept in that poll */
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

	/* A thread of a busy machine may not have stopped in time to tell. */
	if (!w->thread.thread_pointer)
		roles_read_thread_pointers(&w->thread, 1);
	bool known = w->thread.thread_pointer && asleep(pid, w->thread.tid) &&
		     in_poll(pid, &w->thread, layouts, &poll);

	w->seconds = known && same_poll(&poll, &w->poll) ? w->seconds + 1 : 0;
	if (w->seconds && (w->seconds <= OFTEN || w->seconds % SELDOM == 0))
		stopped_touch(w->thread.tid);
	w->poll = known ? poll : (struct tokio_poll){0};
}

/* What tells when something is to be done: the process's end, and signals. */
struct events {
	struct pollfd on[2]; /* in that order */
	uint64_t end;	     /* when the trace is about to end, ms; 0: not known */
	unsigned duration;
};

enum next { A_SECOND, ABOUT_TO_END, ENDED };

/* Waits for `ms`, or less. The id of a process that has ended may soon be another's. */
static enum next wait_for(struct events *events, uint64_t ms)
{
	uint64_t until = (uint64_t)clock_ms() + ms;

	for (uint64_t now; (now = (uint64_t)clock_ms()) < until;) {
		uint64_t stop = events->end && events->end < until ? events->end : until;
		struct signalfd_siginfo got;

		if (events->end && now >= events->end)
			return ABOUT_TO_END;
		if (poll(events->on, 2, (int)(stop - now)) <= 0)
			continue;
		if (events->on[0].revents || read(events->on[1].fd, &got, sizeof(got)) != sizeof(got))
			return ENDED;
		if (got.ssi_signo == SIGUSR2)
			return ABOUT_TO_END;
		if (events->duration > 2 * BEFORE_END_MS)
			events->end = (uint64_t)clock_ms() + events->duration - BEFORE_END_MS;
	}
	return A_SECOND;
}

/* Which of the threads of `pid` those are. */
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

/* Has each worker that sleeps, in the same poll as a moment ago if that is known, be seen. Of what slept before the probes came the first
 * time tells only that it sleeps. */
static void touch_all(struct events *events, pid_t pid, struct worker *workers, size_t count,
		      const struct layouts *layouts)
{
	for (int times = 0; times < 3; times++) {
		if (times)
			poll(events->on, 1, BETWEEN_MS);
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

/* Until the process or the trace ends. */
static void watch(struct events *events, pid_t pid, struct worker *workers, size_t count,
		  const struct layouts *layouts)
{
	enum next next;

	while ((next = wait_for(events, 1000)) == A_SECOND)
		for (size_t i = 0; layouts->count && i < count; i++)
			look(pid, &workers[i], layouts);
	if (next == ABOUT_TO_END)
		touch_all(events, pid, workers, count, layouts);
}

/* The two signals, which are not to end this program. */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* One from each line of `text`, if that is not empty. False if a line is not as it should be. */
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

int stuck_main(int argc, char **argv)
{
	static const char usage[] =
		"usage: hud-postproc stuck PID DURATION FIELDS TID...\n"
		"\n"
		"Until process PID ends: stops each of its workers TID for a moment that has slept in one\n"
		"poll for a second, so that its stack is seen; and each that sleeps DURATION ms after "
		"SIGUSR1,\n"
		"or at SIGUSR2, then it ends. FIELDS are those of a stream's tokio lines; if they\n"
		"are empty, polls are not known, and it is only done before the end, with all that sleep.\n";
	struct layouts layouts;

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return fputs(usage, stdout) < 0;
	struct events events = {.on[1] = {.fd = open_signals(), .events = POLLIN}};

	if (argc < 5 || !read_layouts(argv[3], &layouts)) {
		fputs(usage, stderr);
		return 2;
	}
	pid_t pid = command_pid("stuck", "PID", argv[1]);

	events.duration = (unsigned)command_number("stuck", "DURATION", argv[2], 0, 4e9);
	/* Memory is read by another process: it may never answer. */
	if (looker_start(pid) || confine_to_tracer() || confine_looker())
		return 1;
	size_t count = (size_t)argc - 4;
	int pidfd = process_open(pid);

	events.on[0] = (struct pollfd){.fd = pidfd, .events = POLLIN};
	if (pidfd < 0)
		return 1;
	struct worker *workers = xcalloc(count, sizeof(*workers));

	count = find_workers(pid, argv + 4, count, workers);
	watch(&events, pid, workers, count, &layouts);
	close(pidfd);
	free(workers);
	looker_end();
	messages_end();
	return 0;
}
