/* SPDX-License-Identifier: Apache-2.0 */
/* behind.c - see behind.h. */
#include "tasks/behind.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>

#include "target/memory.h"
#include "tasks/look.h"

/* The ring's pointer is one of the first words of the queue (queue.rs: head, tail, buffer, in an order that the compiler
 * chooses; 1.53 has a LIFO slot there, too). */
#define QUEUE_WORDS 40

/* How many tasks of each type. */
struct counts {
	const struct look *look;
	size_t *of_type;
};

static void add(struct counts *counts, uint64_t header)
{
	const struct found_task *task = scan_find(&counts->look->scan, header);

	if (task)
		counts->of_type[task->type]++;
}

/* Are all of the queue's entries tasks, if this is its ring? */
static bool is_ring(const struct look *look, uint64_t ring, const struct runtime_queue *queue,
		    uint64_t *entry)
{
	size_t tasks = 0;

	if (!ring || ring & 7 || !memory_read(look->memory, ring, entry, QUEUE_CAPACITY * sizeof(*entry)))
		return false;
	for (uint32_t i = 0; i < queue->length; i++)
		tasks += scan_find(&look->scan, entry[(queue->head + i) % QUEUE_CAPACITY]) != NULL;
	/* Some may have come since they were looked for. */
	return 2 * tasks > queue->length;
}

static void add_queue(struct counts *counts, const struct runtime *runtime, uint64_t worker)
{
	const struct memory_reader reader = memory_reader_of(counts->look->memory);
	uint64_t word[QUEUE_WORDS], entry[QUEUE_CAPACITY];
	struct runtime_queue queue;

	if (!runtime_queue_read(&reader, runtime->layout, runtime->handle, worker, &queue) ||
	    !memory_read(counts->look->memory, queue.arc, word, sizeof(word)))
		return;
	for (size_t i = 2; i < QUEUE_WORDS && queue.length; i++) {
		if (!is_ring(counts->look, word[i], &queue, entry))
			continue;
		for (uint32_t k = 0; k < queue.length; k++)
			add(counts, entry[(queue.head + k) % QUEUE_CAPACITY]);
		return;
	}
}

/* One thread has all of the runtime's tasks. */
static void add_scheduled(struct counts *counts, const struct runtime *runtime)
{
	const struct scan *scan = &counts->look->scan;
	uint32_t index = (uint32_t)(runtime - counts->look->runtimes.runtime);

	for (size_t i = 0; i < scan->count; i++)
		if (scan->task[i].runtime == index && task_state(scan->task[i].state) == TASK_SCHEDULED)
			counts->of_type[scan->task[i].type]++;
}

static int by_count(const void *one, const void *two)
{
	const struct behind *a = one, *b = two;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return (a->type > b->type) - (a->type < b->type);
}

size_t tasks_behind(const struct look *look, const struct runtime *runtime,
		    const struct runtime_thread *thread, struct behind **behind)
{
	struct counts counts = {look, xcalloc(look->types.count + 1, sizeof(*counts.of_type))};
	size_t count = 0;

	*behind = xcalloc(look->types.count + 1, sizeof(**behind));
	if (thread->placed && !thread->parked && !thread->driver.multi_thread) {
		add_scheduled(&counts, runtime);
	} else if (thread->placed && !thread->parked && runtime->layout) {
		add_queue(&counts, runtime, thread->driver.worker);
		add(&counts, thread->driver.lifo);
	}
	for (uint32_t i = 0; i < look->types.count; i++)
		if (counts.of_type[i])
			(*behind)[count++] = (struct behind){i, counts.of_type[i]};
	qsort(*behind, count, sizeof(**behind), by_count);
	free(counts.of_type);
	return count;
}
