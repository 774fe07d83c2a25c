/* SPDX-License-Identifier: Apache-2.0 */
/* advice.c - see advice.h. */
#include "report/advice.h"

#include <libiberty/libiberty.h>
#include <string.h>

#include "judge/reasons.h"
#include "resolve/symbolize/origin.h"
#include "resolve/symbolize/pathname.h"

/* Does a frame from the leaf to the poll have this in its name? */
static bool calls(const struct verdict *v, const char *part)
{
	for (size_t i = 0; v && i < v->poll; i++)
		if (v->frame[i]->function && strstr(v->frame[i]->function, part))
			return true;
	return false;
}

/* Did the user's code call a library (another crate, or one in C) that continued by itself? */
static bool in_library(const struct verdict *v)
{
	for (size_t i = 0; v && i < v->poll && v->frame[i]->origin != ORIGIN_USER; i++)
		if (v->frame[i]->origin == ORIGIN_DEPENDENCY ||
		    (v->frame[i]->origin == ORIGIN_SYSTEM && !origin_is_libc(v->frame[i]->module)))
			return true;
	return false;
}

static const char in_library_advice[] = "A library waits here by itself, and that runs on the worker: put "
					"tokio::task::spawn_blocking around this call.";

static const char *of_sleep(const struct verdict *v)
{
	if (calls(v, "std::thread::") || !v)
		return reason_info(REASON_SLEEP)->advice;
	if (in_library(v))
		return in_library_advice;
	return "Use tokio::time::sleep(..).await: this sleep holds the worker.";
}

/* Is a file or disk what its holder was in most, as far as that is known? Waiting for a CPU was not its own doing. */
static bool held_in_file(const struct blocker *b)
{
	size_t i = 0;

	while (i < b->helds && judge_is_wait(b->held[i].reason))
		i++;
	return i < b->helds && b->held[i].reason == REASON_FILE;
}

static const char *of_lock(const struct blocker *b)
{
	const struct verdict *v = b->stack;

	if (b->peers && b->peer[0].tid == 0)
		return "It waits until its time is over, and nobody lets it go on before. Wait with Tokio's "
		       "own (tokio::time::timeout around a Notify, Semaphore or channel), with an async "
		       "pool, or in tokio::task::spawn_blocking.";
	if (calls(v, "rayon_core::") || calls(v, "rayon::"))
		return "The worker waits for rayon's threads: rayon::spawn the work there and .await a "
		       "tokio::sync::oneshot that it sends its result through.";
	if (held_in_file(b))
		return "It is held during a file or disk access: take that out of the locked part, or give "
		       "the file one writer thread and send it the data.";
	return in_library(v) && !calls(v, "std::") && !calls(v, "parking_lot")
		       ? in_library_advice
		       : reason_info(REASON_LOCK)->advice;
}

static const char *of_child(const struct verdict *v)
{
	if (calls(v, "tokio::process::"))
		return "Starting a program takes this long: forking a big process copies its page tables. "
		       "Without pre_exec, uid, gid and groups it is not forked (posix_spawn); or start it in "
		       "tokio::task::spawn_blocking, or from a small process.";
	return reason_info(REASON_CHILD)->advice;
}

static bool is_drop(const struct verdict *v)
{
	size_t length;
	const char *function = v && v->count ? v->frame[v->blame]->function : NULL;

	return function && pathname_dropped(function, &length);
}

static const char *of_run_queue(const struct blocker *b)
{
	/* Thread 0 is the idle thread: the CPU was free, but the worker was not allowed on it. */
	if (b->peers == 0 || b->peer[0].tid == 0)
		return reason_info(REASON_RUN_QUEUE)->advice;
	if (b->peer[0].same_process)
		return "This process competes with itself: more busy threads than CPUs. Run fewer worker or "
		       "blocking threads, bound the CPU-heavy pool, or give the process more CPUs.";
	return "CPU pressure from another process: not your code. Give this service CPUs of its own (cpuset, "
	       "weight, nice), or move the other load away.";
}

const char *reason_advice(const struct blocker *b)
{
	switch (b->reason) {
	case REASON_RUN_QUEUE:
		return of_run_queue(b);
	case REASON_SLEEP:
		return of_sleep(b->stack);
	case REASON_LOCK:
		return of_lock(b);
	case REASON_CHILD:
		return of_child(b->stack);
	case REASON_COMPUTING:
	case REASON_SYSCALL:
	case REASON_PAGE_FAULT:
		if (is_drop(b->stack))
			return "Dropping it takes this long. Drop it elsewhere: "
			       "tokio::task::spawn_blocking(move || "
			       "drop(value)), or in a thread that it is sent to.";
		return reason_info(b->reason)->advice;
	default:
		return reason_info(b->reason)->advice;
	}
}
