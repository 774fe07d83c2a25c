/* wakers.c - see wakers.h. */
#include "replay/wakers.h"

#include <libiberty/libiberty.h>
#include <string.h>

#include "resolve/symbolize/origin.h"

/* Of these a thread is the waker, or a timer: no device has to do with them. */
static bool is_among_threads(const char *syscall)
{
	static const char *const calls[] = {"futex", "futex_wait", "futex_waitv", "nanosleep",
					    "clock_nanosleep"};

	for (size_t i = 0; syscall && i < ARRAY_SIZE(calls); i++)
		if (!strcmp(syscall, calls[i]))
			return true;
	return false;
}

/* Does this stack say that its thread was computing, rather than in the system call that a wake-up takes? It calls the C library for
 * that, or has the call in a function made for it. */
static bool was_interrupted(const struct verdict *v)
{
	const struct frame *leaf = v && v->count ? v->frame[0] : NULL;

	if (!leaf || leaf->origin == ORIGIN_SYSTEM)
		return false;
	if (leaf->function)
		return !strstr(leaf->function, "syscall") && !strstr(leaf->function, "rustix");
	/* Of a static executable without names, nobody knows which is the C library's. */
	for (size_t i = 1; i < v->count; i++)
		if (origin_is_libc(v->frame[i]->module))
			return true;
	return false;
}

/* Was the sleep to last for a certain time at most? */
static bool had_timeout(const struct verdict *v)
{
	for (size_t i = 0; v && i < v->poll; i++)
		if (v->frame[i]->function &&
		    (strstr(v->frame[i]->function, "timeout") || strstr(v->frame[i]->function, "timed") ||
		     strstr(v->frame[i]->function, "wait_until") ||
		     strstr(v->frame[i]->function, "deadline")))
			return true;
	return false;
}

/* What only another process can have ended, or one of this process. */
static bool is_of_processes(enum reason reason)
{
	return reason == REASON_FILE_LOCK || reason == REASON_CHILD || reason == REASON_PIPE ||
	       reason == REASON_STDIN || reason == REASON_STDOUT || reason == REASON_STDERR;
}

/* Is it a socket of this machine's, which only processes write to? */
static bool is_local_socket(enum reason reason, const struct verdict *v)
{
	for (size_t i = 0; v && reason == REASON_SOCKET && i < v->poll; i++)
		if (v->frame[i]->function && strstr(v->frame[i]->function, "os::unix::net::"))
			return true;
	return false;
}

/* A device ends these by an interrupt, and the waker is whoever that has hit. */
static bool is_of_device(enum reason reason, char state)
{
	return reason == REASON_FILE || reason == REASON_PAGE_FAULT ||
	       (reason == REASON_SYSCALL && state == 'D');
}

static void set_interrupt(struct block *block, bool timer)
{
	block->party.comm = timer ? "timer" : "interrupt";
}

void waker_find(const struct waker_facts *facts, struct block *block)
{
	const struct event *e = facts->event;
	const char *comm = e->other.comm ? e->other.comm : "";
	bool among_threads = is_among_threads(facts->syscall), same = e->other.pid == facts->pid;

	/* That a nanosleep ends says its own name. And a name without a thread may be an old one. */
	if (facts->reason == REASON_SLEEP || !*comm)
		return;
	if (e->other.tid == 0) {
		if (!strcmp(comm, "timer") || !strcmp(comm, "interrupt"))
			set_interrupt(block, *comm == 't');
		else if (!strncmp(comm, "swapper/", 8)) /* an idle CPU wakes nobody by itself */
			set_interrupt(block, among_threads);
		return;
	}
	if (is_of_device(facts->reason, e->state))
		return;
	if (!facts->certain && same && was_interrupted(facts->stack)) {
		set_interrupt(block, among_threads);
		return;
	}
	if (!facts->certain && !same && !is_of_processes(facts->reason) &&
	    !is_local_socket(facts->reason, facts->asleep)) {
		if (among_threads && had_timeout(facts->asleep))
			set_interrupt(block, true);
		return;
	}
	block->party.comm = comm;
	block->party.pid = e->other.pid;
	block->party.tid = e->other.tid;
	block->party.same_process = same;
	block->party.stack = facts->stack;
}
