/* SPDX-License-Identifier: Apache-2.0 */
/* watch-runtimes.c - see watch-runtimes.h. */
#include "monitor/watch-runtimes.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "stream/event.h"
#include "tokio/layout.h"
#include "tokio/look.h"
#include "tokio/runtime.h"
#include "tokio/thread.h"

#define RUNTIMES_MOST 64 /* that are looked at */
#define READS 5		 /* tries to read all figures within this time */
#define AT_ONCE_NS 1000000

struct known {
	uint64_t handle; /* 0: it has gone */
	bool multi_thread;
	const struct runtime_layout *layout;
};

struct watched_runtimes {
	pid_t pid;
	struct known known[RUNTIMES_MOST];
	size_t count;
	struct runtime_figures figures;
};

struct watched_runtimes *watched_runtimes_new(pid_t pid)
{
	struct watched_runtimes *r = xcalloc(1, sizeof(*r));

	r->pid = pid;
	return r;
}

void watched_runtimes_free(struct watched_runtimes *r)
{
	free(r);
}

void watched_runtimes_learn(struct watched_runtimes *r, const struct thread *thread,
			    const struct tokio_layout *layout)
{
	struct memory_reader memory = tokio_memory(&r->pid);
	struct runtime_driver driver;
	uint64_t end = tls_block_end(r->pid, thread->thread_pointer, &layout->block);
	size_t i = 0;

	if (!*layout->runtime.how || !end || !runtime_driven(&memory, layout, &layout->runtime, end, &driver))
		return;
	while (i < r->count && r->known[i].handle && r->known[i].handle != driver.handle)
		i++;
	if (i < RUNTIMES_MOST)
		r->known[i] = (struct known){driver.handle, driver.multi_thread, &layout->runtime};
	r->count = i == r->count && i < RUNTIMES_MOST ? i + 1 : r->count;
}

static void write_one(const struct runtime_figures *f, uint64_t ns, FILE *out)
{
	struct event e = {.kind = EVENT_RUNTIME,
			  .ns = ns,
			  .runtime = {.handle = f->handle,
				      .multi_thread = f->multi_thread,
				      .workers = f->workers,
				      .idle = f->awake <= f->workers ? f->workers - f->awake : UINT64_MAX,
				      .tasks = f->tasks,
				      .injected = f->injected,
				      .queued = f->multi_thread ? 0 : UINT64_MAX,
				      .threads = f->pool_threads,
				      .threads_idle = f->pool_idle,
				      .jobs = f->pool_queued,
				      .cap = f->pool_cap},
			  .text = f->name};

	for (uint64_t i = 0; f->multi_thread && i < f->workers; i++)
		if (f->queued[i] != RUNTIME_NUMBER_UNKNOWN)
			e.runtime.queued += f->queued[i];
	event_write(out, &e);
}

static uint64_t event_time(void)
{
	struct timespec now;

	clock_gettime(clock_of_events(), &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Reads a runtime's figures. On a busy machine this process may get no CPU in between; then it reads them again, so
 * that all are of the same moment. Sets *ns to that moment, or to 0 if it was never quick enough. Returns false if
 * there is no such runtime any more. */
static bool read_at_once(struct watched_runtimes *r, const struct known *known, uint64_t *ns)
{
	struct memory_reader memory = tokio_memory(&r->pid);

	for (unsigned tries = 0; tries < READS; tries++) {
		uint64_t before = event_time();

		if (!runtime_read(&memory, known->layout, known->handle, known->multi_thread, &r->figures))
			return false;
		*ns = before;
		if (event_time() - before < AT_ONCE_NS)
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
		if (!read_at_once(r, known, &ns))
			known->handle = 0;
		else if (ns)
			write_one(&r->figures, ns, out);
	}
	fflush(out);
}
