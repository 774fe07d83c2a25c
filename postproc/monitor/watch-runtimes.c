/* SPDX-License-Identifier: Apache-2.0 */
/* watch-runtimes.c - see watch-runtimes.h. */
#include "monitor/watch-runtimes.h"

#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/grow.h"
#include "base/process.h"
#include "monitor/pool-stacks.h"
#include "stream/event.h"
#include "target/block-reader.h"
#include "tokio/layout.h"
#include "tokio/look.h"
#include "tokio/runtime.h"
#include "tokio/thread.h"

#define RUNTIMES_MOST 64 /* that are looked at */
#define WORKERS_TOLD 256 /* of each: workers that have lines of their own */
#define JOBS_TOLD 4096	 /* of each: jobs that are looked for on its pool's stacks */
#define READS 5		 /* tries to read all figures within this time */
#define AT_ONCE_NS 1000000
#define AT_ONCE_NS_WORKER 50000 /* more, for each worker */

struct known {
	uint64_t handle; /* 0: it has gone */
	bool multi_thread;
	const struct runtime_layout *layout;
	uint64_t queued; /* current-thread: tasks in its queue when its thread was looked at */
	unsigned full;	 /* looks in which jobs waited for its pool, and no thread was free */
	bool shown;	 /* it was told where the pool's threads stood */
	pid_t *tid;	 /* of each worker, as far as it is known; otherwise 0 */
	size_t tids, room;
};

struct watched_runtimes {
	pid_t pid;
	struct memory_reader memory;
	struct block_reader *blocks;
	struct known known[RUNTIMES_MOST];
	size_t count;
	struct runtime_figures figures;
};

struct watched_runtimes *watched_runtimes_new(pid_t pid)
{
	struct watched_runtimes *r = xcalloc(1, sizeof(*r));

	r->pid = pid;
	r->memory = tokio_memory(&r->pid);
	r->blocks = block_reader_new(&r->memory);
	return r;
}

void watched_runtimes_free(struct watched_runtimes *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->known[i].tid);
	block_reader_free(r->blocks);
	free(r);
}

/* The runtime with this handle; if it is new, in the place of one that has gone. NULL if there are too many. */
static struct known *known_of(struct watched_runtimes *r, uint64_t handle)
{
	struct known *free_one = NULL;

	for (size_t i = 0; i < r->count; i++) {
		if (r->known[i].handle == handle)
			return &r->known[i];
		if (!r->known[i].handle)
			free_one = &r->known[i];
	}
	if (!free_one && r->count < RUNTIMES_MOST)
		free_one = &r->known[r->count++];
	if (free_one) {
		free_one->handle = handle;
		free_one->tids = 0;
		free_one->full = 0;
		free_one->shown = false;
	}
	return free_one;
}

void watched_runtimes_learn(struct watched_runtimes *r, const struct thread *thread,
			    const struct tokio_layout *layout)
{
	struct memory_reader memory = block_reader_memory(r->blocks);
	struct runtime_driver driver;
	uint64_t end = tls_block_end(r->pid, thread->thread_pointer, &layout->block);
	struct known *known;

	block_reader_forget(r->blocks);
	if (!*layout->runtime.how || !end || !runtime_driven(&memory, layout, &layout->runtime, end, &driver))
		return;
	known = known_of(r, driver.handle);
	if (!known)
		return;
	known->multi_thread = driver.multi_thread;
	known->layout = &layout->runtime;
	known->queued = driver.queued;
	if (driver.worker >= WORKERS_TOLD)
		return;
	GROW(known->tid, known->room, driver.worker + 1);
	while (known->tids <= driver.worker)
		known->tid[known->tids++] = 0;
	known->tid[driver.worker] = thread->tid;
}

/* Tasks in all workers' queues; not known if one of them is not. */
static uint64_t queued_in_all(const struct known *known, const struct runtime_figures *f)
{
	uint64_t sum = 0;

	if (!f->multi_thread)
		return known->queued;
	for (uint64_t i = 0; i < f->workers; i++) {
		if (f->queued[i] == RUNTIME_NUMBER_UNKNOWN)
			return UINT64_MAX;
		sum += f->queued[i];
	}
	return sum;
}

static void write_runtime(const struct known *known, const struct runtime_figures *f, uint64_t ns, FILE *out)
{
	event_write(out, &(struct event){.kind = EVENT_RUNTIME,
					 .ns = ns,
					 .runtime = {.handle = f->handle,
						     .multi_thread = f->multi_thread,
						     .workers = f->workers,
						     .idle = f->awake <= f->workers ? f->workers - f->awake
										    : UINT64_MAX,
						     .tasks = f->tasks,
						     .injected = f->injected,
						     .queued = queued_in_all(known, f),
						     .threads = f->pool_threads,
						     .threads_idle = f->pool_idle,
						     .jobs = f->pool_queued,
						     .cap = f->pool_cap},
					 .text = f->name});
}

/* What the kernel counts of a thread: its CPU time (ns), and how often it went to sleep. Returns false if the thread has
 * ended. */
static bool read_thread(pid_t pid, pid_t tid, uint64_t *cpu, uint64_t *sleeps)
{
	static const char voluntary[] = "\nvoluntary_ctxt_switches:";
	char name[64], text[4096];
	const char *found;

	snprintf(name, sizeof(name), "task/%d/schedstat", (int)tid);
	if (!process_read(pid, name, text, sizeof(text)) || sscanf(text, "%" SCNu64, cpu) != 1)
		return false;
	snprintf(name, sizeof(name), "task/%d/status", (int)tid);
	process_read(pid, name, text, sizeof(text));
	found = strstr(text, voluntary);
	return found && sscanf(found + strlen(voluntary), "%" SCNu64, sleeps) == 1;
}

/* What each worker did: by Tokio's own counts where it has them (since 1.45), otherwise by the kernel's of its thread. */
static void write_workers(const struct watched_runtimes *r, const struct known *known, uint64_t ns, FILE *out)
{
	const struct runtime_figures *f = &r->figures;

	for (uint64_t i = 0; i < f->workers && i < WORKERS_TOLD; i++) {
		struct event e = {.kind = EVENT_WORKED,
				  .ns = ns,
				  .tid = i < known->tids ? known->tid[i] : 0,
				  .worked = {.handle = f->handle,
					     .worker = i,
					     .by_kernel = !f->counts,
					     .parks = f->work[i].parks,
					     .busy = f->work[i].busy,
					     .parked = f->counts ? f->work[i].parked : UINT64_MAX}};

		if (f->counts ||
		    (e.tid && read_thread(r->pid, (pid_t)e.tid, &e.worked.busy, &e.worked.parks)))
			event_write(out, &e);
	}
}

/* Once, where the pool's threads stand while jobs wait for one, when that is seen for the second time. */
static void write_pool(const struct watched_runtimes *r, struct known *known, uint64_t ns, FILE *out)
{
	struct memory_reader memory = block_reader_memory(r->blocks);
	const struct runtime_figures *f = &r->figures;
	bool full = f->pool_idle == 0 && f->pool_queued && f->pool_queued != RUNTIME_NUMBER_UNKNOWN;

	known->full += full;
	if (!full || known->full < 2 || known->shown)
		return;
	uint64_t *job = xcalloc(JOBS_TOLD, sizeof(*job));
	struct pool_place place = {.pid = r->pid,
				   .ns = ns,
				   .handle = f->handle,
				   .pool = f->pool,
				   .worker = known->tid,
				   .workers = known->tids,
				   .job = job};

	place.jobs = runtime_pool_jobs(&memory, known->layout, f->pool, job, JOBS_TOLD);
	/* On a busy machine a thread may not stop in time. */
	known->shown = pool_stacks_write(&place, out);
	free(job);
}

/* Reads a runtime's figures. On a busy machine this process may get no CPU in between; then it reads them again, so
 * that all are of the same moment. Sets *ns to that moment, or to 0 if it was never quick enough. Returns false if
 * there is no such runtime any more. */
static bool read_at_once(struct watched_runtimes *r, const struct known *known, uint64_t *ns)
{
	struct memory_reader memory = block_reader_memory(r->blocks);

	for (unsigned tries = 0; tries < READS; tries++) {
		uint64_t before = clock_events_ns();

		block_reader_forget(r->blocks);
		if (!runtime_read(&memory, known->layout, known->handle, known->multi_thread, &r->figures))
			return false;
		*ns = before;
		if (clock_events_ns() - before < AT_ONCE_NS + r->figures.workers * AT_ONCE_NS_WORKER)
			return true;
	}
	*ns = 0;
	return true;
}

void watched_runtimes_write(struct watched_runtimes *r, FILE *out)
{
	for (size_t i = 0; i < r->count; i++) {
		struct known *known = &r->known[i];
		uint64_t ns;

		if (!known->handle)
			continue;
		if (!read_at_once(r, known, &ns)) {
			known->handle = 0;
		} else if (ns) {
			write_runtime(known, &r->figures, ns, out);
			write_workers(r, known, ns, out);
			write_pool(r, known, ns, out);
		}
	}
	fflush(out);
}
