/* SPDX-License-Identifier: Apache-2.0 */
/* wakers.c - see wakers.h. */
#include "replay/wakers.h"

#include <libiberty/libiberty.h>
#include <string.h>

#include "resolve/symbolize/origin.h"

/* A thread or a timer ends these; no device does. */
static bool is_among_threads(const char *syscall)
{
	static const char *const calls[] = {"futex", "futex_wait", "futex_waitv", "nanosleep",
					    "clock_nanosleep"};

	for (size_t i = 0; syscall && i < ARRAY_SIZE(calls); i++)
		if (!strcmp(syscall, calls[i]))
			return true;
	return false;
}

/* Does this stack show that its thread was computing, not in the system call that wakes others? For such a
 * call it would be in the C library, or in a function named for it. */
static bool was_interrupted(const struct verdict *v)
{
	const struct frame *leaf = v && v->count ? v->frame[0] : NULL;

	if (!leaf || leaf->origin == ORIGIN_SYSTEM)
		return false;
	if (leaf->function)
		return !strstr(leaf->function, "syscall") && !strstr(leaf->function, "rustix");
	/* In a static executable without names, the C library's code is not recognised. */
	for (size_t i = 1; i < v->count; i++)
		if (origin_is_libc(v->frame[i]->module))
			return true;
	return false;
}

/* Did the sleep have a timeout? */
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

/* Only another process, or this one, can have ended these. */
static bool is_of_processes(enum reason reason)
{
	return reason == REASON_FILE_LOCK || reason == REASON_CHILD || reason == REASON_PIPE ||
	       reason == REASON_STDIN || reason == REASON_STDOUT || reason == REASON_STDERR;
}

/* Is it a local socket, which only processes write to? */
static bool is_local_socket(enum reason reason, const struct verdict *v)
{
	for (size_t i = 0; v && reason == REASON_SOCKET && i < v->poll; i++)
		if (v->frame[i]->function && strstr(v->frame[i]->function, "os::unix::net::"))
			return true;
	return false;
}

/* A device ends these by an interrupt; the thread that it interrupts seems to be the waker. */
static bool is_of_device(enum reason reason, char state)
{
	return reason == REASON_FILE || reason == REASON_PAGE_FAULT ||
	       (reason == REASON_SYSCALL && state == 'D');
}

static void set_interrupt(struct block *block, bool timer)
{
	block->peer.comm = timer ? "timer" : "interrupt";
}

void waker_find(const struct waker_facts *facts, struct block *block)
{
	const struct event *e = facts->event;
	const char *comm = e->other.comm ? e->other.comm : "";
	bool among_threads = is_among_threads(facts->syscall), same = e->other.pid == facts->pid;

	/* The end of a nanosleep is named by itself. And a name without a thread may be stale. */
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
	block->peer.comm = comm;
	block->peer.pid = e->other.pid;
	block->peer.tid = e->other.tid;
	block->peer.same_process = same;
	block->peer.stack = facts->stack;
}
