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

/* What Arc<T> points to: ArcInner<T>, which has T as `data`. Returns T's type; its offset in *offset. */
static bool behind_arc(Dwarf_Die *arc, Dwarf_Die *type, uint64_t *offset)
{
	Dwarf_Die pointer, target, inner;
	uint64_t at = 0;

	*offset = 0;
	return rusttype_member(arc, "ptr", &pointer, &at) &&
	       rusttype_member(&pointer, "pointer", &target, &at) && at == 0 &&
	       dwarf_tag(&target) == DW_TAG_pointer_type && rusttype_of(&target, &inner) &&
	       rusttype_member(&inner, "data", type, offset);
}

/* The offset of a member of this size behind an Arc. */
static bool field(Dwarf_Die *type, const char *name, uint64_t base, int size, uint64_t *offset)
{
	Dwarf_Die member;

	*offset = base;
	return rusttype_member(type, name, &member, offset) && dwarf_bytesize(&member) == size;
}

/* Tokio 1.51.0, 1.51.1, 1.52.0 and 1.52.1 have the LIFO slot in the queue, where others can steal it. */
static bool lifo_of(Dwarf_Die *core, Dwarf_Die *inner, uint64_t base, struct tokio_queues *q)
{
	if (field(core, "lifo_slot", 0, 8, &q->lifo))
		return true;
	q->lifo_shared = true;
	return field(inner, "lifo", base, 8, &q->lifo);
}

static bool local_queue(Dwarf_Die *core, struct tokio_queues *q)
{
	Dwarf_Die local, arc, inner;
	uint64_t base;

	q->queue = 0;
	return rusttype_member(core, "run_queue", &local, &q->queue) &&
	       rusttype_member(&local, "inner", &arc, &q->queue) && behind_arc(&arc, &inner, &base) &&
	       field(&inner, "head", base, 8, &q->head) && field(&inner, "tail", base, 4, &q->tail) &&
	       lifo_of(core, &inner, base, q);
}

static bool shared_state(Dwarf_Die *context, struct tokio_queues *q)
{
	Dwarf_Die arc, worker, handle, shared, inject, idle;
	uint64_t base, at;

	q->worker = 0;
	if (!rusttype_member(context, "worker", &arc, &q->worker) || !behind_arc(&arc, &worker, &q->handle) ||
	    !rusttype_member(&worker, "handle", &arc, &q->handle) || !behind_arc(&arc, &handle, &base) ||
	    !rusttype_member(&handle, "shared", &shared, &base))
		return false;
	at = base;
	if (!rusttype_member(&shared, "inject", &inject, &at) || !field(&inject, "len", at, 8, &q->inject))
		return false;
	at = base;
	return rusttype_member(&shared, "idle", &idle, &at) && field(&idle, "state", at, 8, &q->unparked) &&
	       field(&idle, "num_workers", at, 8, &q->workers);
}

struct tokio_queues tokio_queues_of(Dwarf_Die *context, Dwarf_Die *core)
{
	struct tokio_queues queues = {0};

	return local_queue(core, &queues) && shared_state(context, &queues) ? queues
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
