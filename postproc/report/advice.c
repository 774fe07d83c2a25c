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

/* Does the frame wait on behalf of its caller? Without names, a dependency or code of nobody's may. */
static bool only_waits(const struct frame *f)
{
	if (f->origin == ORIGIN_SYSTEM || f->origin == ORIGIN_STD)
		return true;
	if (f->origin != ORIGIN_DEPENDENCY && f->origin != ORIGIN_UNKNOWN)
		return false;
	return !f->function || strstr(f->function, "parking_lot") || strstr(f->function, "lock_api::");
}

/* The function of Tokio's that takes a lock, if it takes the lock for itself; otherwise NULL. */
static const struct frame *tokio_locking(const struct verdict *v)
{
	size_t i = 0;

	while (v && i < v->poll && only_waits(v->frame[i]))
		i++;
	return v && i && i < v->poll && v->frame[i]->origin == ORIGIN_RUNTIME ? v->frame[i] : NULL;
}

/* Advice about a lock of Tokio's own; NULL if it is another. */
static const char *of_tokios_lock(const struct verdict *v)
{
	const struct frame *f = tokio_locking(v);
	const char *text = !f ? "" : f->function ? f->function : f->runtime_files ? f->runtime_files : "";

	if (strstr(text, "shutdown"))
		return NULL;
	if (strstr(text, "tokio::runtime::blocking::pool::") || strstr(text, "/src/runtime/blocking/pool.rs"))
		return "This lock is Tokio's own: spawn_blocking takes it for each call, and so do tokio::fs "
		       "and "
		       "tokio::net's name lookup. It is held for a moment only, unless its holder has no "
		       "CPU: run fewer busy "
		       "threads, or give the process more CPUs. Fewer and larger calls take it less often.";
	if (strstr(text, "tokio::runtime::scheduler::") || strstr(text, "tokio::runtime::task::") ||
	    strstr(text, "tokio::runtime::time::") || strstr(text, "tokio::runtime::io::") ||
	    strstr(text, "tokio::sync::"))
		return "This lock is Tokio's own, and held for a moment only, unless its holder has no CPU: "
		       "run "
		       "fewer busy threads, or give the process more CPUs.";
	return NULL;
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
	const char *tokios = of_tokios_lock(v);

	if (tokios)
		return tokios;
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

/* Is this how the C library gives memory back? */
static bool frees(const struct frame *f)
{
	return f->origin == ORIGIN_SYSTEM && f->function &&
	       (!strcmp(f->function, "cfree") || !strcmp(f->function, "free") ||
		!strcmp(f->function, "__libc_free"));
}

/* Was something dropped? The compiler may have merged that into the function that owned it. */
static bool is_drop(const struct verdict *v)
{
	size_t length;

	if (!v || !v->count)
		return false;
	for (size_t i = 0; i < v->blame; i++)
		if (frees(v->frame[i]))
			return true;
	return v->frame[v->blame]->function && pathname_dropped(v->frame[v->blame]->function, &length);
}

const char *advice_run_queue(const struct cpu_shares *had)
{
	uint64_t known = had->own + had->others;

	/* The CPU was free, but the worker was not allowed on it. */
	if (!known || had->idle > known)
		return reason_info(REASON_RUN_QUEUE)->advice;
	if (had->own * 2 >= known)
		return "This process competes with itself: more busy threads than CPUs. Run fewer worker or "
		       "blocking threads, bound the CPU-heavy pool, or give the process more CPUs.";
	if (had->own * 5 >= known)
		return "Mostly other processes had the CPU, but often threads of this process did: give it "
		       "CPUs of its "
		       "own (cpuset, weight, nice) or move the other load away, and run fewer busy threads: "
		       "those that "
		       "often wake for a moment count, too.";
	return "CPU pressure from another process: not your code. Give this service CPUs of its own (cpuset, "
	       "weight, nice), or move the other load away.";
}

void advice_add_culprit(struct cpu_shares *had, const struct peer *p)
{
	*(!p->tid ? &had->idle : p->same_process ? &had->own : &had->others) += p->total;
}

static const char *of_run_queue(const struct blocker *b)
{
	struct cpu_shares had = {0};

	for (size_t i = 0; i < b->culprits; i++)
		advice_add_culprit(&had, &b->culprit[i]);
	return advice_run_queue(&had);
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
