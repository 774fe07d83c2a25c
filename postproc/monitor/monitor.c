/* SPDX-License-Identifier: Apache-2.0 */
/* monitor.c - see monitor.h. */
#include "monitor/monitor.h"

#include <errno.h>
#include <libiberty/libiberty.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/complain.h"
#include "base/process.h"
#include "monitor/child.h"
#include "monitor/stop-sleepers.h"
#include "sandbox/confine.h"
#include "target/bpfmap.h"

#define BEFORE_END_MS                                                                                        \
	300 /* how long before the end sleepers are stopped; more, because the begin may be reported late */
#define FIRST_MEASURE_MS 900

/* What it waits for. */
enum source {
	BEGIN,
	QUIT,
	OUTPUT,
	SIGNALS,
	TARGET,
	BPFTRACE,
	PROCESSES,
	SOURCES = PROCESSES + MONITOR_PROCESSES
};

enum { PROCFS, RATE, STUCK, CHILDREN };

/* Requests to the script (probes/parts/end.bt): to copy no more stacks; to end because breakpoints are hit
 * too often, or because tracing costs too much. */
enum asked { ASKED_NOTHING, ASKED_THIN, ASKED_LIMIT = 4, ASKED_END };

struct monitor {
	const struct monitor_options *o;
	struct pollfd on[SOURCES]; /* negative descriptors are ignored */
	struct child child[CHILDREN];
	struct overhead overhead;
	int64_t measure_at, touch_at; /* ms; 0: never */
	enum asked asked;
	bool ending, done;
};

__attribute__((format(printf, 2, 3))) static void tell(const struct monitor *m, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (m->o->news >= 0)
		vdprintf(m->o->news, format, arguments);
	va_end(arguments);
}

static void forget(struct monitor *m, enum source source)
{
	if (m->on[source].fd >= 0 && source != OUTPUT)
		close(m->on[source].fd);
	m->on[source].fd = -1;
}

/* --- its children --- */

static int run_procfs(const void *context)
{
	const struct monitor *m = context;

	return procfs_run(m->on[TARGET].fd, &m->o->target, m->o->tids, m->o->workers);
}

static int run_rate(const void *context)
{
	const struct monitor *m = context;

	return sampling_rate_run(m->on[BPFTRACE].fd, m->o->bpftrace, m->o->target.pid, &m->o->rates);
}

static int run_stuck(const void *context)
{
	const struct monitor *m = context;

	return stop_sleepers_run(m->on[TARGET].fd, m->o->target.pid, m->o->tokio, m->o->tids, m->o->workers);
}

static void start(struct monitor *m, struct child *child)
{
	if (child_start(child))
		overhead_add(&m->overhead, child->pid);
}

/* Nothing can be watched in a target that has ended. */
static void start_children(struct monitor *m)
{
	const struct monitor_options *o = m->o;
	bool there = m->on[TARGET].fd >= 0;

	m->child[PROCFS] = (struct child){"hud-procfs", run_procfs, m, m->on[TARGET].fd, o->lines, 0, 0};
	m->child[RATE] = (struct child){"hud-rate", run_rate, m, m->on[BPFTRACE].fd, -1, 0, 0};
	m->child[STUCK] = (struct child){"hud-stuck", run_stuck, m, m->on[TARGET].fd, o->lines, 0, 0};
	if (there && o->lines >= 0)
		start(m, &m->child[PROCFS]);
	if (o->rates.fast)
		start(m, &m->child[RATE]);
	if (there && o->tokio)
		start(m, &m->child[STUCK]);
}

/* One of them has ended with this status of wait(2). */
static void child_has_ended(struct monitor *m, struct child *child, int status)
{
	bool looks_at_target = child != &m->child[RATE];

	overhead_remove(&m->overhead, child->pid);
	child->pid = 0;
	if (child == &m->child[PROCFS] && WIFEXITED(status) && WEXITSTATUS(status) == PROCFS_REPLACED)
		tell(m, "replaced\n");
	if (child == &m->child[STUCK] && m->ending)
		m->done = true;
	if (m->done || !WIFSIGNALED(status) || (looks_at_target && m->on[TARGET].fd < 0))
		return;
	bool again = child->starts < CHILD_STARTS;

	tell(m, "%s %s %d\n", again ? "killed" : "lost", child->name, WTERMSIG(status));
	if (again)
		start(m, child);
}

static void reap(struct monitor *m)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < CHILDREN; i++)
			if (m->child[i].pid == pid)
				child_has_ended(m, &m->child[i], status);
}

/* Makes the stacks of sleeping workers visible. */
static void touch_sleepers(struct monitor *m)
{
	m->touch_at = 0;
	if (m->child[STUCK].pid)
		kill(m->child[STUCK].pid, SIGUSR2);
}

/* --- what happens --- */

static void take_signal(struct monitor *m)
{
	struct signalfd_siginfo got;

	if (read(m->on[SIGNALS].fd, &got, sizeof(got)) != sizeof(got))
		return;
	reap(m);
	if (got.ssi_signo != SIGUSR2)
		return;
	m->ending = true;
	touch_sleepers(m);
	m->done = !m->child[STUCK].pid;
}

/* A line reports that tracing has begun; at the end of the pipe nobody can report it any more. */
static void take_begin(struct monitor *m)
{
	char line[16];

	if (read(m->on[BEGIN].fd, line, sizeof(line)) > 0) {
		tell(m, "begun\n");
		if (m->o->duration_ms > 2 * BEFORE_END_MS)
			m->touch_at = clock_ms() + (int64_t)m->o->duration_ms - BEFORE_END_MS;
	}
	forget(m, BEGIN);
}

static void take_end(struct monitor *m, enum source source)
{
	if (source == BPFTRACE)
		m->done = true;
	else if (source == TARGET)
		tell(m, "ended\n");
	else
		tell(m, "finished %ld\n", (long)m->o->process[source - PROCESSES]);
	forget(m, source);
}

static void take(struct monitor *m, enum source source)
{
	if (source == BEGIN) {
		take_begin(m);
	} else if (source == SIGNALS) {
		take_signal(m);
	} else if (source == OUTPUT || source == QUIT) {
		tell(m, source == OUTPUT ? "unread\n" : "quit\n");
		forget(m, source);
	} else {
		take_end(m, source);
	}
}

/* Sends a request to the script. Returns false after a message if that fails: the kernel only lets root write
 * its variables, and not if Yama or another module forbids it. */
static bool ask(struct monitor *m, enum asked asked)
{
	int map = bpfmap_open(m->on[BPFTRACE].fd, m->o->bpftrace, "asked");
	bool set = map >= 0 && bpfmap_set_number(map, asked);

	if (!set)
		complain("hud-postproc: bpftrace cannot be told: %s\n", strerror(errno));
	if (map >= 0)
		close(map);
	m->asked = asked;
	return set;
}

/* What else there is comes last: a busy bpftrace may notice it late. */
static void restrain(struct monitor *m)
{
	const struct overhead *o = &m->overhead;
	const char *what = "kill";

	if (m->asked == ASKED_NOTHING && ask(m, ASKED_THIN))
		what = "thin";
	else if (m->asked == ASKED_THIN && ask(m, ASKED_END))
		what = "end";
	tell(m, "costly %.0f %.0f %.0f %s\n", (o->probes + o->processes) * 100, o->probes * 100,
	     o->processes * 100, what);
}

/* A sign of life, unless the reader is stopped and the pipe is full. */
static void tick(const struct monitor *m)
{
	struct pollfd news = {.fd = m->o->news, .events = POLLOUT};

	if (poll(&news, 1, 0) == 1 && news.revents == POLLOUT)
		tell(m, "tick\n");
}

static void measure(struct monitor *m)
{
	unsigned wait_ms;

	m->overhead.begun = m->on[BEGIN].fd < 0;
	switch (overhead_step(&m->overhead, &wait_ms)) {
	case OVERHEAD_COSTLY:
		restrain(m);
		break;
	case OVERHEAD_HITS:
		tell(m, "hits %.0f %s\n", m->overhead.hits, ask(m, ASKED_LIMIT) ? "end" : "kill");
		break;
	case OVERHEAD_FINE:
		break;
	}
	m->measure_at = clock_ms() + wait_ms;
	tick(m);
}

/* Waits until there is something to do, and does it. */
static void wait_and_take(struct monitor *m)
{
	int64_t next = m->measure_at, now = clock_ms();

	if (m->touch_at && m->touch_at < next)
		next = m->touch_at;
	if (poll(m->on, SOURCES, next > now ? (int)(next - now) : 0) > 0)
		for (enum source source = 0; source < SOURCES && !m->done; source++)
			if (m->on[source].fd >= 0 && m->on[source].revents)
				take(m, source);
	now = clock_ms();
	if (m->touch_at && now >= m->touch_at)
		touch_sleepers(m);
	if (now >= m->measure_at)
		measure(m);
}

/* --- begin and end --- */

/* Its own signals come through a descriptor; signals that a terminal sends do not end it. Its children
 * inherit both. */
static int open_signals(void)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	sigset_t set;

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* The process that has the target's id keeps it while the descriptor is open. Returns a descriptor; -1 if the
 * target has ended. */
static int open_target(const struct procfs_program *target)
{
	int fd = process_open(target->pid);
	struct process_stat stat;

	if (fd < 0 || (process_stat(target->pid, 0, &stat) && stat.start == target->start))
		return fd;
	close(fd);
	return -1;
}

static void open_sources(struct monitor *m)
{
	const struct monitor_options *o = m->o;

	for (size_t i = 0; i < SOURCES; i++)
		m->on[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	m->on[BEGIN].fd = o->begin;
	m->on[QUIT].fd = o->quit;
	/* poll(2) always reports a pipe without a reader, and a terminal that is gone. */
	m->on[OUTPUT] = (struct pollfd){.fd = STDOUT_FILENO};
	m->on[SIGNALS].fd = open_signals();
	m->on[BPFTRACE].fd = process_open(o->bpftrace);
	if (o->target.pid)
		m->on[TARGET].fd = open_target(&o->target);
	for (size_t i = 0; i < o->processes; i++)
		m->on[PROCESSES + i].fd = process_open(o->process[i]);
}

/* Reports processes that ended before they could be watched. */
static void tell_missing(struct monitor *m)
{
	if (m->o->target.pid && m->on[TARGET].fd < 0)
		tell(m, "ended\n");
	for (size_t i = 0; i < m->o->processes; i++)
		if (m->on[PROCESSES + i].fd < 0)
			tell(m, "finished %ld\n", (long)m->o->process[i]);
}

int monitor_run(const struct monitor_options *o)
{
	struct monitor m = {.o = o, .asked = o->thin ? ASKED_THIN : ASKED_NOTHING};

	if (confine_to_monitor())
		return 1;
	open_sources(&m);
	if (m.on[BPFTRACE].fd < 0)
		return 0;
	m.overhead = (struct overhead){.limits = o->limits,
				       .bpftrace = o->bpftrace,
				       .pidfd = m.on[BPFTRACE].fd,
				       .verbose = o->verbose};
	overhead_add(&m.overhead, o->bpftrace);
	overhead_add(&m.overhead, getpid());
	for (size_t i = 0; i < o->processes; i++)
		overhead_add(&m.overhead, o->process[i]);
	start_children(&m);
	tell_missing(&m);
	m.measure_at = clock_ms() + FIRST_MEASURE_MS;
	while (!m.done)
		wait_and_take(&m);
	for (size_t i = 0; i < CHILDREN; i++)
		child_end(&m.child[i]);
	return 0;
}
