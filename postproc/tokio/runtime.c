/* SPDX-License-Identifier: Apache-2.0 */
/* runtime.c - see runtime.h. */
#include "tokio/runtime.h"

#include <string.h>

#include "tokio/layout.h"

#define TRIES 8				/* to read two numbers of a queue that belong together */
#define TASKS_MAX ((uint64_t)1 << 32)	/* larger numbers of tasks are not believed */
#define THREADS_MAX ((uint64_t)1 << 24) /* of a pool */
#define HANDLE_BYTES 1024u		/* of a handle that are searched for its pool */
#define IDLE_SEARCHING 0xffffu		/* idle.rs: UNPARK_SHIFT is 16 */

struct reading {
	const struct memory_reader *memory;
	const int32_t *at;
};

static bool has(const struct reading *r, enum runtime_field field)
{
	return r->at[field] != RUNTIME_UNKNOWN;
}

static bool word_at(const struct reading *r, uint64_t base, enum runtime_field field, uint64_t *word)
{
	return has(r, field) && memory_word(r->memory, base + (uint64_t)r->at[field], word);
}

/* The number in a field, unless it is more than `most`. */
static uint64_t number_at(const struct reading *r, uint64_t base, enum runtime_field field, uint64_t most)
{
	uint64_t word;

	return word_at(r, base, field, &word) && word <= most ? word : RUNTIME_NUMBER_UNKNOWN;
}

/* An Arc's value begins with two counts. */
static bool is_arc(const struct reading *r, uint64_t pointer)
{
	uint64_t counts[2];

	return pointer && !(pointer & 7) &&
	       r->memory->read(r->memory->arg, pointer, counts, sizeof(counts)) && counts[0] && counts[1] &&
	       !(counts[0] >> 32) && !(counts[1] >> 32);
}

static bool arc_at(const struct reading *r, uint64_t base, enum runtime_field field, uint64_t *arc)
{
	return word_at(r, base, field, arc) && is_arc(r, *arc);
}

/* A queue's two counts are read one after the other, and tasks may come and go in between. The lower half of
 * the head is where the next task is taken from. */
static bool read_queue(const struct reading *r, struct runtime_queue *queue)
{
	for (int tries = 0; tries < TRIES; tries++) {
		uint64_t head;
		uint32_t tail;

		if (!word_at(r, queue->arc, MT_QUEUE_HEAD, &head) || !has(r, MT_QUEUE_TAIL) ||
		    !r->memory->read(r->memory->arg, queue->arc + (uint64_t)r->at[MT_QUEUE_TAIL], &tail,
				     sizeof(tail)))
			return false;
		queue->head = (uint32_t)head;
		queue->length = tail - queue->head;
		if (queue->length <= QUEUE_CAPACITY)
			return true;
	}
	return false;
}

bool runtime_queue_read(const struct memory_reader *memory, const struct runtime_layout *layout,
			uint64_t handle, uint64_t worker, struct runtime_queue *queue)
{
	const struct reading r = {memory, layout->at};
	uint64_t remotes;

	return has(&r, MT_REMOTE_SIZE) && worker < RUNTIME_WORKERS_MAX &&
	       word_at(&r, handle, MT_REMOTES, &remotes) &&
	       arc_at(&r, remotes + worker * (uint64_t)layout->at[MT_REMOTE_SIZE], MT_REMOTE_QUEUE,
		      &queue->arc) &&
	       read_queue(&r, queue);
}

/* Returns false if there are no workers' queues here. */
static bool read_workers(const struct reading *r, struct runtime_figures *f)
{
	uint64_t remotes, idle;

	if (!word_at(r, f->handle, MT_REMOTES, &remotes) || !has(r, MT_REMOTE_SIZE) ||
	    !has(r, MT_REMOTE_QUEUE))
		return false;
	f->workers = number_at(r, f->handle, MT_REMOTES_COUNT, RUNTIME_WORKERS_MAX);
	if (f->workers == RUNTIME_NUMBER_UNKNOWN || !f->workers)
		return false;
	for (uint64_t i = 0; i < f->workers; i++) {
		struct runtime_queue queue;

		if (!arc_at(r, remotes + i * (uint64_t)r->at[MT_REMOTE_SIZE], MT_REMOTE_QUEUE, &queue.arc))
			return false;
		f->queued[i] = read_queue(r, &queue) ? queue.length : RUNTIME_NUMBER_UNKNOWN;
	}
	if (!word_at(r, f->handle, MT_IDLE, &idle))
		return true;
	f->searching = idle & IDLE_SEARCHING;
	f->awake = idle >> 16;
	/* A worker that goes to sleep changes both numbers at once. */
	return f->searching <= f->workers && f->awake <= f->workers;
}

/* What is counted of each worker; all or nothing. */
static void read_work(const struct reading *r, struct runtime_figures *f)
{
	uint64_t metrics = f->handle + (uint64_t)r->at[CT_METRICS];

	f->counts = has(r, f->multi_thread ? MT_METRICS : CT_METRICS) && has(r, METRICS_SIZE) &&
		    (!f->multi_thread || word_at(r, f->handle, MT_METRICS, &metrics));
	for (uint64_t i = 0; i < f->workers && f->counts; i++, metrics += (uint64_t)r->at[METRICS_SIZE]) {
		uint64_t unparks;

		f->counts = word_at(r, metrics, METRICS_BUSY, &f->work[i].busy) &&
			    word_at(r, metrics, METRICS_PARKS, &f->work[i].parks) &&
			    word_at(r, metrics, METRICS_UNPARKS, &unparks);
		f->work[i].parked = f->counts && unparks & 1;
	}
}

/* Reads the pool at f->pool. Returns false if it cannot be one. */
static bool read_pool_at(const struct reading *r, struct runtime_figures *f)
{
	uint64_t namer;

	f->pool_cap = number_at(r, f->pool, POOL_CAP, THREADS_MAX);
	f->pool_threads = number_at(r, f->pool, POOL_THREADS, THREADS_MAX);
	f->pool_idle = number_at(r, f->pool, POOL_IDLE, THREADS_MAX);
	f->pool_queued = number_at(r, f->pool, POOL_QUEUED, TASKS_MAX);
	if (has(r, POOL_NAMER) && !arc_at(r, f->pool, POOL_NAMER, &namer))
		return false;
	return f->pool_cap && f->pool_cap != RUNTIME_NUMBER_UNKNOWN && f->pool_threads <= f->pool_cap &&
	       f->pool_idle != RUNTIME_NUMBER_UNKNOWN && f->pool_queued != RUNTIME_NUMBER_UNKNOWN;
}

/* Finds the one pointer in the handle that leads to a pool; without one, or with several, it is not known. */
static void search_pool(const struct reading *r, struct runtime_figures *f)
{
	uint64_t found = 0, pool;

	for (uint64_t at = 16; at < HANDLE_BYTES; at += 8) {
		if (!memory_word(r->memory, f->handle + at, &pool))
			break;
		f->pool = pool;
		if (pool == found || !is_arc(r, pool) || !read_pool_at(r, f))
			continue;
		if (found) {
			found = 0;
			break;
		}
		found = pool;
	}
	f->pool = found;
	if (!found || !read_pool_at(r, f))
		f->pool_threads = f->pool_idle = f->pool_queued = f->pool_cap = RUNTIME_NUMBER_UNKNOWN;
}

static bool read_pool(const struct reading *r, enum runtime_field field, struct runtime_figures *f)
{
	if (!has(r, field) || !has(r, POOL_CAP))
		return true; /* this layout does not tell */
	if (r->at[field] == RUNTIME_SEARCHED) {
		search_pool(r, f);
		return true;
	}
	return arc_at(r, f->handle, field, &f->pool) && read_pool_at(r, f);
}

/* Option<String>: the capacity is beyond all that there can be if there is none. */
static void read_name(const struct reading *r, bool multi_thread, struct runtime_figures *f)
{
	uint64_t address, length, capacity;

	if (!word_at(r, f->handle, multi_thread ? MT_NAME : CT_NAME, &address) ||
	    !word_at(r, f->handle, multi_thread ? MT_NAME_LENGTH : CT_NAME_LENGTH, &length) ||
	    !word_at(r, f->handle, multi_thread ? MT_NAME_CAPACITY : CT_NAME_CAPACITY, &capacity) ||
	    capacity >> 63 || length > capacity)
		return;
	if (length > RUNTIME_NAME_MAX)
		length = RUNTIME_NAME_MAX;
	if (!r->memory->read(r->memory->arg, address, f->name, length))
		length = 0;
	f->name[length] = '\0';
}

bool runtime_read(const struct memory_reader *memory, const struct runtime_layout *layout, uint64_t handle,
		  bool multi_thread, struct runtime_figures *figures)
{
	const struct reading r = {memory, layout->at};
	const uint64_t none = RUNTIME_NUMBER_UNKNOWN;

	figures->multi_thread = multi_thread;
	figures->handle = handle;
	figures->workers = 1;
	figures->searching = figures->awake = none;
	figures->pool = 0;
	figures->pool_threads = figures->pool_idle = figures->pool_queued = figures->pool_cap = none;
	figures->name[0] = '\0';
	if (!is_arc(&r, handle) || !has(&r, multi_thread ? MT_POOL : CT_POOL))
		return false;
	figures->owner = number_at(&r, handle, multi_thread ? MT_OWNER : CT_OWNER, none - 1);
	figures->tasks = number_at(&r, handle, multi_thread ? MT_TASKS : CT_TASKS, TASKS_MAX);
	figures->injected = number_at(&r, handle, multi_thread ? MT_INJECTED : CT_INJECTED, TASKS_MAX);
	if (!figures->owner || figures->owner == none ||
	    (has(&r, multi_thread ? MT_INJECTED : CT_INJECTED) && figures->injected == none))
		return false;
	if ((multi_thread && !read_workers(&r, figures)) ||
	    !read_pool(&r, multi_thread ? MT_POOL : CT_POOL, figures))
		return false;
	read_work(&r, figures);
	read_name(&r, multi_thread, figures);
	return true;
}

/* Before Rust 1.67, a VecDeque has two indexes, and a capacity that is a power of two; since then, one and a length. */
static bool read_indexes(const struct reading *r, uint64_t base, enum runtime_field tail,
			 enum runtime_field head, uint64_t capacity, uint64_t *first, uint64_t *length)
{
	uint64_t end;

	if (!word_at(r, base, tail, first) || !word_at(r, base, head, &end))
		return false;
	*length = (end - *first) & (capacity - 1);
	return *first < capacity && end < capacity && !(capacity & (capacity - 1));
}

/* --- jobs --- */

/* pool.rs, Task: the pointer to a task's header, and whether it is mandatory (1.24 to 1.53) */
#define JOB_BYTES 16u
#define JOBS_MAX (1u << 24)

static bool read_ring(const struct reading *r, uint64_t pool, uint64_t *first, uint64_t *length,
		      uint64_t *capacity)
{
	if (!word_at(r, pool, POOL_JOBS_CAP, capacity) || *capacity > JOBS_MAX || !*capacity)
		return false;
	if (has(r, POOL_JOBS_LEN))
		return word_at(r, pool, POOL_JOBS_HEAD, first) && word_at(r, pool, POOL_JOBS_LEN, length) &&
		       *first < *capacity && *length <= *capacity;
	return read_indexes(r, pool, POOL_JOBS_TAIL, POOL_JOBS_HEAD, *capacity, first, length);
}

size_t runtime_pool_jobs(const struct memory_reader *memory, const struct runtime_layout *layout,
			 uint64_t pool, uint64_t *jobs, size_t most)
{
	const struct reading r = {memory, layout->at};
	uint64_t buffer, first, length, capacity;
	size_t count = 0;

	if (!word_at(&r, pool, POOL_JOBS_BUFFER, &buffer) || !read_ring(&r, pool, &first, &length, &capacity))
		return 0;
	for (uint64_t i = 0; i < length && count < most; i++)
		if (memory_word(memory, buffer + (first + i) % capacity * JOB_BYTES, &jobs[count]) &&
		    jobs[count])
			count++;
	return count;
}

/* --- threads --- */

static uint64_t current_queue(const struct reading *r, uint64_t core)
{
	uint64_t capacity, first, length;

	if (has(r, CT_CORE_QUEUE_LEN))
		return number_at(r, core, CT_CORE_QUEUE_LEN, TASKS_MAX);
	if (!word_at(r, core, CT_CORE_QUEUE_CAP, &capacity) ||
	    !read_indexes(r, core, CT_CORE_QUEUE_TAIL, CT_CORE_QUEUE_HEAD, capacity, &first, &length))
		return RUNTIME_NUMBER_UNKNOWN;
	return length;
}

/* The worker whose context this is, in a multi-thread runtime. */
static bool read_driver(const struct reading *r, uint64_t context, bool multi_thread,
			struct runtime_driver *d)
{
	uint64_t core, worker;

	*d = (struct runtime_driver){.multi_thread = multi_thread, .queued = RUNTIME_NUMBER_UNKNOWN};
	if (!word_at(r, context, multi_thread ? MT_CONTEXT_CORE : CT_CONTEXT_CORE, &core) || core & 7)
		return false;
	d->has_core = core;
	if (!multi_thread) {
		if (core)
			d->queued = current_queue(r, core);
		return arc_at(r, context, CT_CONTEXT_HANDLE, &d->handle);
	}
	if (!core || !word_at(r, core, MT_CORE_LIFO, &d->lifo))
		d->lifo = 0;
	return arc_at(r, context, MT_CONTEXT_WORKER, &worker) &&
	       arc_at(r, worker, MT_WORKER_HANDLE, &d->handle) &&
	       word_at(r, worker, MT_WORKER_INDEX, &d->worker) && d->worker < RUNTIME_WORKERS_MAX;
}

bool runtime_driven(const struct memory_reader *memory, const struct tokio_layout *tokio,
		    const struct runtime_layout *layout, uint64_t end, struct runtime_driver *driver)
{
	const struct tokio_scheduler *both[] = {&tokio->multi_thread, &tokio->current_thread};
	const struct reading r = {memory, layout->at};

	for (int i = 0; i < 2; i++) {
		bool multi_thread = i == 0;
		int32_t core = layout->at[multi_thread ? MT_CONTEXT_CORE : CT_CONTEXT_CORE];
		uint64_t context;
		uint32_t tag = 0;

		if (!both[i]->pointer || core == RUNTIME_UNKNOWN ||
		    !memory_word(memory, end - both[i]->pointer, &context) || !context || context & 7)
			continue;
		if (tokio->tagged && (!memory->read(memory->arg, context + tokio->tag, &tag, sizeof(tag)) ||
				      tag != both[i]->tag))
			continue;
		/* Since 1.29 the context stands in an enum of both; both offsets of the core tell where. */
		if (read_driver(&r, context + both[i]->core - (uint64_t)core, multi_thread, driver))
			return true;
	}
	return false;
}
