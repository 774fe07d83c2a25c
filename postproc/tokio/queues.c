/* SPDX-License-Identifier: Apache-2.0 */
/* queues.c - see queues.h. What it says about Tokio is from runtime/scheduler/multi_thread/{worker,queue,idle}.rs
 * and runtime/{task,scheduler}/inject.rs of 1.24.2, 1.29.1, 1.43.1, 1.51.0 and 1.53.1. */
#include "tokio/queues.h"

#include <dwarf.h>

#include "tokio/look.h"
#include "tokio/rusttype.h"

#define ROOM 256u	      /* of a worker's queue, in all versions */
#define WORKERS_MAX 32768u    /* MAX_WORKERS is 2^15 - 1 */
#define INJECTED_MAX 1u << 30 /* more tasks are not believed */
#define SHIFT 16	      /* UNPARK_SHIFT of idle.rs */

#define IN_ARC RUSTTYPE_IN_ARC
#define QUEUE "run_queue.inner"		 /* in the core */
#define HANDLE "worker" IN_ARC ".handle" /* in the context */
#define SHARED HANDLE IN_ARC ".shared"

/* The offset at the end of a path; false if there is nothing of this size, in bytes. */
static bool field(const Dwarf_Die *root, const char *path, int size, uint64_t *offset)
{
	Dwarf_Die type;

	return rusttype_follow(root, path, &type, offset) && dwarf_bytesize(&type) == size;
}

/* Tokio 1.51.0, 1.51.1, 1.52.0 and 1.52.1 have the LIFO slot in the queue, where others can steal it. */
static bool lifo_of(const Dwarf_Die *core, struct tokio_queues *q)
{
	q->lifo_shared = !field(core, "lifo_slot", 8, &q->lifo);
	return !q->lifo_shared || field(core, QUEUE IN_ARC ".lifo", 8, &q->lifo);
}

struct tokio_queues tokio_queues_of(const Dwarf_Die *context, const Dwarf_Die *core)
{
	struct tokio_queues q = {0};

	return field(core, QUEUE, 8, &q.queue) && field(core, QUEUE IN_ARC ".head", 8, &q.head) &&
			       field(core, QUEUE IN_ARC ".tail", 4, &q.tail) && lifo_of(core, &q) &&
			       field(context, "worker", 8, &q.worker) &&
			       field(context, HANDLE, 8, &q.handle) &&
			       field(context, SHARED ".inject.len", 8, &q.inject) &&
			       field(context, SHARED ".idle.state", 8, &q.unparked) &&
			       field(context, SHARED ".remotes.length", 8, &q.workers)
		       ? q
		       : (struct tokio_queues){0};
}

/* The Arc at `addr`. */
static bool read_arc(pid_t pid, uint64_t addr, uint64_t *arc)
{
	return tokio_peek(pid, addr, arc, sizeof(*arc)) && tokio_is_arc(pid, *arc);
}

static bool read_local(pid_t pid, const struct tokio_queues *q, uint64_t core, struct tokio_ready *ready)
{
	uint64_t queue, lifo;
	uint32_t head[2], tail; /* head: the first task, and the first that is being stolen */

	if (!read_arc(pid, core + q->queue, &queue) ||
	    !tokio_peek(pid, queue + q->head, head, sizeof(head)) ||
	    !tokio_peek(pid, queue + q->tail, &tail, sizeof(tail)) ||
	    !tokio_peek(pid, (q->lifo_shared ? queue : core) + q->lifo, &lifo, sizeof(lifo)))
		return false;
	ready->local = tail - head[0];
	ready->lifo = lifo != 0;
	return ready->local <= ROOM && head[0] - head[1] <= ROOM && !(lifo & 7) && !(lifo >> 48);
}

static bool read_shared(pid_t pid, const struct tokio_queues *q, uint64_t context, struct tokio_ready *ready)
{
	uint64_t worker, handle, unparked;

	if (!read_arc(pid, context + q->worker, &worker) || !read_arc(pid, worker + q->handle, &handle) ||
	    !tokio_peek(pid, handle + q->inject, &ready->injected, 8) ||
	    !tokio_peek(pid, handle + q->unparked, &unparked, 8) ||
	    !tokio_peek(pid, handle + q->workers, &ready->workers, 8) || !ready->workers ||
	    ready->workers > WORKERS_MAX || unparked >> SHIFT > ready->workers ||
	    (unparked & ((1u << SHIFT) - 1)) > ready->workers)
		return false;
	ready->idle = ready->workers - (unparked >> SHIFT);
	return ready->injected < INJECTED_MAX;
}

bool tokio_queues_read(pid_t pid, const struct tokio_queues *q, uint64_t context, uint64_t core,
		       struct tokio_ready *ready)
{
	return q->head && read_local(pid, q, core, ready) && read_shared(pid, q, context, ready);
}
