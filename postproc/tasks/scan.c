/* SPDX-License-Identifier: Apache-2.0 */
/* scan.c - see scan.h. */
#include "tasks/scan.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "target/memory.h"
#include "tasks/links.h"
#include "tasks/types.h"

#define TASKS_MAX 4000000u
#define SCANNED_MAX ((uint64_t)64 << 30) /* bytes */
#define AREA_MAX                                                                                             \
	((uint64_t)256 << 30) /* bytes: to ask for more pages takes seconds. Sanitizers reserve terabytes */
#define REFERENCES_MAX ((uint64_t)1 << 24)
#define ID_MAX ((uint64_t)1 << 48)

/* Thread control blocks begin with their own address. glibc (nptl/descr.h, 2.36 to 2.42) has it again at +16, and
 * the thread's id at +0x2d0; musl (src/internal/pthread_impl.h, 1.2) has the id at +48. */
enum { TCB_SELF = 2, TCB_GLIBC_TID = 0x2d0 / 8, TCB_MUSL_TID = 48 / 8, TCB_ALIGN = 8 };

/* The piece of memory that is visited. */
struct piece {
	struct scan *scan;
	uint64_t address;
	const uint64_t *word;
	size_t words;
};

void scan_begin(struct scan *scan, struct memory *memory, const struct task_types *types,
		struct scan_thread *thread, size_t threads)
{
	*scan = (struct scan){
		.memory = memory, .types = types, .thread = thread, .threads = threads, .slots = 1024};
	scan->slot = xcalloc(scan->slots, sizeof(*scan->slot));
}

void scan_free(struct scan *scan)
{
	free(scan->task);
	free(scan->slot);
}

/* --- the table of tasks --- */

/* Where the task at `address` is in the table, or where it would be. */
static size_t place_of(const struct scan *scan, uint64_t address)
{
	size_t at = (size_t)(address / 8 * 0x9e3779b97f4a7c15u >> 20) & (scan->slots - 1);

	while (scan->slot[at] && scan->task[scan->slot[at] - 1].header != address)
		at = (at + 1) & (scan->slots - 1);
	return at;
}

struct found_task *scan_find(const struct scan *scan, uint64_t address)
{
	uint32_t found = scan->slot[place_of(scan, address)];

	return found ? &scan->task[found - 1] : NULL;
}

static void index_tasks(struct scan *scan)
{
	memset(scan->slot, 0, scan->slots * sizeof(*scan->slot));
	for (size_t i = 0; i < scan->count; i++)
		scan->slot[place_of(scan, scan->task[i].header)] = (uint32_t)i + 1;
}

static void add(struct scan *scan, const struct found_task *task)
{
	if (scan->count == TASKS_MAX) {
		scan->too_many++;
		return;
	}
	GROW(scan->task, scan->room, scan->count + 1);
	scan->task[scan->count++] = *task;
	if (2 * scan->count < scan->slots) {
		scan->slot[place_of(scan, task->header)] = (uint32_t)scan->count;
		return;
	}
	scan->slots *= 2;
	scan->slot = xrealloc(scan->slot, scan->slots * sizeof(*scan->slot));
	index_tasks(scan);
}

/* --- one candidate --- */

/* Copies words of the piece, or of memory outside it. */
static bool words_at(const struct piece *p, uint64_t address, uint64_t *to, size_t count)
{
	uint64_t index = (address - p->address) / 8;

	if (address >= p->address && index < p->words && count <= p->words - index) {
		memcpy(to, p->word + index, count * sizeof(*to));
		return true;
	}
	return memory_read(p->scan->memory, address, to, count * sizeof(*to));
}

static bool plausible(const struct found_task *task, const struct task_type *type)
{
	uint64_t references = task->state / STATE_REFERENCE;

	if (!references || references >= REFERENCES_MAX || !task->id || task->id >= ID_MAX ||
	    (task->state & STATE_RUNNING && task->state & STATE_COMPLETE))
		return false;
	return type->blocking ? !task->owner : task->owner && task->handle && !(task->handle & 7);
}

/* Reads what may be a task whose word at header + 16 points to a vtable. */
static bool read_task(const struct piece *p, uint64_t header, uint64_t vtable, struct found_task *task)
{
	const struct task_type *type = task_types_at(p->scan->types, vtable);
	uint64_t head[4];

	*task = (struct found_task){.header = header,
				    .type = (uint32_t)(type - p->scan->types->type),
				    .runtime = UINT32_MAX,
				    .socket = -1};
	if (!words_at(p, header, head, 4) || !words_at(p, header + type->id, &task->id, 1) ||
	    !words_at(p, header + type->trailer, task->trailer, TRAILER_WORDS) ||
	    (!type->blocking && !words_at(p, header + type->scheduler, &task->handle, 1)))
		return false;
	task->state = head[HEADER_STATE / 8];
	task->owner = head[HEADER_OWNER / 8];
	return head[HEADER_VTABLE / 8] == vtable && plausible(task, type);
}

/* The same task in a later look? Its state and links may have changed. */
static void see_again(struct found_task *known, const struct found_task *seen, uint32_t look)
{
	bool same = known->id == seen->id && known->type == seen->type && known->owner == seen->owner &&
		    known->handle == seen->handle;
	struct found_task now = *seen;

	now.look = look;
	now.twice = same;
	now.linked = same && known->linked;
	*known = now;
}

static void found_vtable(const struct piece *p, uint64_t address, uint64_t vtable)
{
	struct found_task task, *known;

	if (address < p->address + HEADER_VTABLE && address < HEADER_VTABLE)
		return;
	if (!read_task(p, address - HEADER_VTABLE, vtable, &task))
		return;
	task.look = p->scan->looks;
	known = scan_find(p->scan, task.header);
	if (known)
		see_again(known, &task, p->scan->looks);
	else
		add(p->scan, &task);
}

static void found_self(const struct piece *p, uint64_t address)
{
	uint64_t tcb[TCB_GLIBC_TID + 1];

	if (address % (8 * TCB_ALIGN) || !words_at(p, address, tcb, TCB_GLIBC_TID + 1))
		return;
	uint64_t tid = tcb[TCB_SELF] == address ? tcb[TCB_GLIBC_TID] : tcb[TCB_MUSL_TID];

	for (size_t i = 0; i < p->scan->threads; i++)
		if ((uint32_t)tid == (uint32_t)p->scan->thread[i].tid && !p->scan->thread[i].thread_pointer)
			p->scan->thread[i].thread_pointer = address;
}

static void visit(void *context, uint64_t address, const uint64_t *word, size_t words)
{
	struct scan *scan = context;
	const struct piece piece = {scan, address, word, words};
	const struct task_types *types = scan->types;

	for (size_t i = 0; i < words; i++) {
		if (task_types_has(types, word[i]))
			found_vtable(&piece, address + 8 * i, word[i]);
		else if (word[i] == address + 8 * i && scan->looks == 1)
			found_self(&piece, address + 8 * i);
	}
	scan->scanned += words * 8;
}

const struct memory_area *scan_stack(const struct scan *scan, const struct scan_thread *thread, uint64_t *top)
{
	const struct memory_area *block = memory_area_at(scan->memory, thread->thread_pointer), *area = block;

	if (thread->first)
		return NULL; /* it is never searched */
	if (thread->stack_pointer)
		area = memory_area_at(scan->memory, thread->stack_pointer);
	else if (!area || area == scan->memory->area || area[-1].end != area->start || area[-1].readable)
		return NULL;
	*top = area && area == block ? thread->thread_pointer : area ? area->end : 0;
	return area;
}

/* Stacks have copies of headers. */
static void mark_stacks(struct scan *scan)
{
	for (size_t i = 0; i < scan->threads; i++) {
		uint64_t top;
		const struct memory_area *area = scan_stack(scan, &scan->thread[i], &top);

		for (size_t t = 0; t < scan->count && area; t++)
			if (scan->task[t].header >= area->start && scan->task[t].header < top)
				scan->task[t].on_a_stack = true;
	}
}

static bool may_hold_tasks(const struct memory_area *area)
{
	return area->readable && area->writable && !area->shared && strcmp(area->path, "[stack]") != 0;
}

void scan_look(struct scan *scan)
{
	uint64_t left = SCANNED_MAX;

	scan->looks++;
	scan->scanned = scan->unseen = 0;
	for (size_t i = 0; i < scan->memory->count; i++) {
		const struct memory_area *area = &scan->memory->area[i];

		if (!may_hold_tasks(area))
			continue;
		if (left && area->end - area->start <= AREA_MAX)
			left -= memory_visit(scan->memory, area, left, visit, scan);
		else
			scan->unseen += area->end - area->start;
	}
	mark_stacks(scan);
	links_check(scan);
}

/* --- in the end --- */

bool scan_moves(const struct scan *scan)
{
	for (size_t i = 0; i < scan->count; i++)
		if (scan->task[i].look == scan->looks && !(scan->task[i].linked && scan->task[i].twice) &&
		    !scan->task[i].on_a_stack)
			return true;
	return false;
}

static int by_header(const void *a, const void *b)
{
	uint64_t x = ((const struct found_task *)a)->header, y = ((const struct found_task *)b)->header;

	return x < y ? -1 : x > y;
}

void scan_settle(struct scan *scan, bool once)
{
	size_t kept = 0;

	for (size_t i = 0; i < scan->count; i++) {
		const struct found_task *task = &scan->task[i];

		if (task->on_a_stack)
			continue;
		if (task->look != scan->looks || (!once && !task->twice))
			scan->gone++;
		else if (!task->linked)
			scan->doubtful++;
		else
			scan->task[kept++] = *task;
	}
	scan->count = kept;
	qsort(scan->task, scan->count, sizeof(*scan->task), by_header);
	index_tasks(scan);
}
