/* SPDX-License-Identifier: Apache-2.0 */
/* tasks.c - see tasks.h. */
#include "tally/tasks.h"

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

struct tasks {
	htab_t by_name;
};

static hashval_t hash_task(const void *p)
{
	const char *name = ((const struct task *)p)->name;

	return name ? htab_hash_string(name) : 0;
}

static int equal_tasks(const void *one, const void *two)
{
	const char *a = ((const struct task *)one)->name, *b = ((const struct task *)two)->name;

	return a && b ? !strcmp(a, b) : a == b;
}

static void free_task(void *p)
{
	free((char *)((struct task *)p)->name);
	free(p);
}

struct tasks *tasks_new(void)
{
	struct tasks *t = xcalloc(1, sizeof(*t));

	t->by_name = htab_create(32, hash_task, equal_tasks, free_task);
	return t;
}

void tasks_free(struct tasks *t)
{
	if (!t)
		return;
	htab_delete(t->by_name);
	free(t);
}

static struct task *find(struct tasks *t, const char *name)
{
	struct task key = {.name = name}, *task;
	void **slot = htab_find_slot(t->by_name, &key, INSERT);

	if (!*slot) {
		*slot = task = xcalloc(1, sizeof(*task));
		task->name = name ? xstrdup(name) : NULL;
	}
	return *slot;
}

void tasks_add(struct tasks *t, const char *name, uint64_t ns)
{
	struct task *task = find(t, name);

	task->total += ns;
	histogram_add(&task->durations, ns);
}

void tasks_took(struct tasks *t, const char *name, unsigned class, uint64_t count)
{
	struct task *task = find(t, name);

	task->polls += count;
	task->took[class] += count;
}

void tasks_waited(struct tasks *t, const char *name, unsigned class, uint64_t count)
{
	struct task *task = find(t, name);

	task->waits += count;
	task->waited[class] += count;
}

static int clear(void **slot, void *unused)
{
	struct task *task = *slot;

	(void)unused;
	task->total = 0;
	task->durations = (struct histogram){0};
	return 1;
}

void tasks_clear(struct tasks *t)
{
	htab_traverse_noresize(t->by_name, clear, NULL);
}

static int collect(void **slot, void *end)
{
	const struct task *task = *slot;
	struct task **next = end;

	if (task->durations.count || task->polls)
		*(*next)++ = *task;
	return 1;
}

static int by_total(const void *one, const void *two)
{
	const struct task *a = one, *b = two;

	if (a->total != b->total)
		return a->total < b->total ? 1 : -1;
	if (a->polls != b->polls)
		return a->polls < b->polls ? 1 : -1;
	return strcmp(a->name ? a->name : "", b->name ? b->name : "");
}

struct task *tasks_ranked(const struct tasks *t, size_t *count)
{
	struct task *task = xcalloc(htab_elements(t->by_name) + 1, sizeof(*task)), *end = task;

	htab_traverse_noresize(t->by_name, collect, &end);
	*count = (size_t)(end - task);
	qsort(task, *count, sizeof(*task), by_total);
	return task;
}
