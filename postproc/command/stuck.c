/* stuck.c - hud-postproc stuck: makes the stacks of polls that never end be seen.
 *
 * A stack is taken when its thread is back from a sleep. One that sleeps in its poll for good never is: a deadlock would be
 * told without its place. So each worker that has slept in the same poll for a second is stopped for a moment, and goes on
 * sleeping; that is seen as a coming back. It takes two of these when the thread slept already as the probes came, and when
 * that is nobody knows here, so it is done several times.
 */
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* Where each Tokio of the process keeps its state. */
struct layouts {
	struct tokio_layout layout[TOKIOS];
	size_t count;
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
	bool known = w->thread.thread_pointer && asleep(pid, w->thread.tid) && in_poll(pid, &w->thread, layouts, &poll);

	w->seconds = known && same_poll(&poll, &w->poll) ? w->seconds + 1 : 0;
	if (w->seconds && (w->seconds <= OFTEN || w->seconds % SELDOM == 0))
		stopped_touch(w->thread.tid);
	w->poll = known ? poll : (struct tokio_poll){0};
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

/* One from each line. False if there is none, or a line is not as it should be. */
static bool read_layouts(const char *text, struct layouts *layouts)
{
	layouts->count = 0;
	do {
		if (layouts->count == TOKIOS || !tokio_read(text, &layouts->layout[layouts->count++]))
			return false;
		text = strchr(text, '\n');
	} while (text && *++text);
	return true;
}

int stuck_main(int argc, char **argv)
{
	static const char usage[] =
		"usage: hud-postproc stuck PID FIELDS TID...\n"
		"\n"
		"Until process PID ends: stops each of its workers TID for a moment that has slept in one\n"
		"poll for a second, so that its stack is seen. FIELDS are those of a stream's tokio lines.\n";
	struct layouts layouts;

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return fputs(usage, stdout) < 0;
	if (argc < 4 || !read_layouts(argv[2], &layouts)) {
		fputs(usage, stderr);
		return 2;
	}
	pid_t pid = command_pid("stuck", "PID", argv[1]);

	/* Memory is read by another process: it may never answer. */
	if (looker_start(pid) || confine_to_tracer() || confine_looker())
		return 1;
	size_t count = (size_t)argc - 3;
	int pidfd = process_open(pid);

	if (pidfd < 0)
		return 1;
	struct worker *workers = xcalloc(count, sizeof(*workers));

	count = find_workers(pid, argv + 3, count, workers);
	while (!process_ends(pidfd, 1000))
		for (size_t i = 0; i < count; i++)
			look(pid, &workers[i], &layouts);
	close(pidfd);
	free(workers);
	looker_end();
	messages_end();
	return 0;
}
