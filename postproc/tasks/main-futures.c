/* SPDX-License-Identifier: Apache-2.0 */
/* main-futures.c - see main-futures.h. */
#include "tasks/main-futures.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "target/memory.h"
#include "tasks/look.h"

#define STACK_MAX ((uint64_t)8 << 20) /* bytes that are searched */
#define FD_MAX (1 << 20)

/* A stack that is searched. */
struct search {
	struct look *look;
	uint64_t code; /* an address in the module of the tasks */
	uint64_t top;  /* where the stack ends */
	struct await_task *found;
	size_t count;
};

static enum await_belief there_if(bool there)
{
	return there ? AWAIT_THERE : AWAIT_NOT_THERE;
}

static bool is_readable(struct look *look, uint64_t address)
{
	uint64_t word;

	return address && !(address & 7) && memory_read(look->memory, address, &word, sizeof(word));
}

/* Bytes that only look like a future hardly lead to something that is there. */
static enum await_belief believe(void *arg, const struct await_node *leaf)
{
	struct look *look = arg;

	switch (leaf->on) {
	case AWAIT_ON_TASK:
		return there_if(scan_find(&look->scan, leaf->task) != NULL);
	case AWAIT_ON_SOCKET:
		return there_if(leaf->fd >= 0 && leaf->fd < FD_MAX);
	case AWAIT_ON_SLEEP:
		return there_if(leaf->deadline != 0);
	case AWAIT_ON_UNKNOWN:
	case AWAIT_ON_NOTHING:
	case AWAIT_ON_SIGNAL:
	case AWAIT_ON_PROCESS:
		return AWAIT_PERHAPS;
	default:
		return there_if(is_readable(look, leaf->object));
	}
}

static void visit(void *context, uint64_t address, const uint64_t *word, size_t words)
{
	struct search *search = context;
	uint64_t end = address + words * 8;
	struct await_task *chain;

	(void)word;
	if (end > search->top)
		end = search->top;
	chain = end > address ? chain_on_stack(search->look->chains, search->code, address, end, believe,
					       search->look)
			      : NULL;
	if (!chain)
		return;
	if (search->count++)
		awaits_task_free(chain);
	else
		search->found = chain;
}

static const struct memory_area *first_stack(struct look *look, uint64_t *top)
{
	for (size_t i = 0; i < look->memory->count; i++)
		if (!strcmp(look->memory->area[i].path, "[stack]")) {
			*top = look->memory->area[i].end;
			return &look->memory->area[i];
		}
	return NULL;
}

static bool drives_current_thread(const struct look *look, pid_t tid)
{
	for (size_t i = 0; i < look->runtimes.count; i++)
		for (size_t k = 0; k < look->runtimes.runtime[i].threads; k++)
			if (look->runtimes.runtime[i].thread[k].tid == tid)
				return !look->runtimes.runtime[i].thread[k].driver.multi_thread;
	return false;
}

static struct main_future main_future(struct look *look, pid_t tid, struct await_task *chain)
{
	struct tree_node *root = arena_alloc(look->arena, sizeof(*root));

	*root = (struct tree_node){0};
	return (struct main_future){.tid = tid, .chain = chain, .place = tree_add(look->arena, root, chain)};
}

size_t main_futures_find(struct look *look, struct main_future **found)
{
	size_t count = 0;

	*found = xcalloc(look->scan.threads + 1, sizeof(**found));
	for (size_t i = 0; i < look->scan.threads && look->scan.count; i++) {
		const struct scan_thread *thread = &look->scan.thread[i];
		struct search search = {.look = look, .code = look->types.type[look->scan.task[0].type].poll};
		const struct memory_area *area = NULL;

		if (thread->first)
			area = first_stack(look, &search.top);
		else if (drives_current_thread(look, thread->tid))
			area = scan_stack(&look->scan, thread, &search.top);
		if (area)
			memory_visit(look->memory, area, STACK_MAX, visit, &search);
		if (search.count > 1)
			awaits_task_free(search.found);
		if (search.count == 1)
			(*found)[count++] = main_future(look, thread->tid, search.found);
	}
	return count;
}

void main_futures_free(struct main_future *found, size_t count)
{
	for (size_t i = 0; i < count; i++)
		awaits_task_free(found[i].chain);
	free(found);
}
