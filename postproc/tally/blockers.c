/* SPDX-License-Identifier: Apache-2.0 */
/* blockers.c - see blockers.h. */
#include "tally/blockers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>

#include "tally/blocker-sum.h"

/* A blocker while it grows. */
struct entry {
	struct blocker_sum
		sum; /* first member, and its own first member is the struct blocker that others hold */
	size_t rank;
};

struct blockers {
	htab_t entries;
};

static hashval_t hash_entry(const void *p)
{
	const struct entry *e = p;
	hashval_t h = iterative_hash(e->sum.b.function, strlen(e->sum.b.function),
				     2 * (hashval_t)e->sum.b.reason + e->sum.b.main_future);

	return e->sum.b.task ? iterative_hash(e->sum.b.task, strlen(e->sum.b.task), h) : h;
}

static int equal_entries(const void *one, const void *two)
{
	const struct blocker *a = &((const struct entry *)one)->sum.b,
			     *b = &((const struct entry *)two)->sum.b;

	return a->reason == b->reason && a->main_future == b->main_future &&
	       !strcmp(a->function, b->function) && !a->task == !b->task &&
	       (!a->task || !strcmp(a->task, b->task));
}

static void free_entry(void *p)
{
	struct entry *e = p;

	blocker_sum_clear(&e->sum);
	free((char *)e->sum.b.function);
	free((char *)e->sum.b.task);
	free(e);
}

struct blockers *blockers_new(void)
{
	struct blockers *all = xcalloc(1, sizeof(*all));

	all->entries = htab_create(64, hash_entry, equal_entries, free_entry);
	return all;
}

void blockers_free(struct blockers *all)
{
	if (!all)
		return;
	htab_delete(all->entries);
	free(all);
}

/* Is the blamed frame in the user's code, or a dependency's? Without names, what the user's code calls
 * counts, too (see judge/judge.c). */
static bool is_own(const struct verdict *v)
{
	enum origin origin = v->frame[v->blame]->origin;

	if (origin == ORIGIN_UNKNOWN)
		return v->blame + 1 < v->count && v->frame[v->blame + 1]->origin == ORIGIN_USER;
	return origin == ORIGIN_USER || origin == ORIGIN_DEPENDENCY;
}

static char *name_of(const struct verdict *v, const struct frame **frame)
{
	char *name;

	*frame = NULL;
	if (!v || !v->count)
		return xstrdup("(unknown)");
	*frame = v->frame[v->blame];
	/* A future's code that is inlined into the runtime's poll has no frame, but the poll tells whose it
	 * is. */
	if (v->task && !is_own(v)) {
		*frame = NULL;
		return xstrdup(v->task);
	}
	if ((*frame)->name)
		return xstrdup((*frame)->name);
	const char *base = strrchr((*frame)->module, '/');

	if (asprintf(&name, "%s+0x%llx", base ? base + 1 : (*frame)->module,
		     (unsigned long long)(*frame)->offset) < 0)
		xmalloc_failed(strlen((*frame)->module));
	return name;
}

char *blockers_name(const struct verdict *stack)
{
	const struct frame *frame;

	return name_of(stack, &frame);
}

/* The name of what is to blame for a block, and its frame, if it has one. The caller frees it. */
static char *blamed_name(const struct block *block, const struct frame **frame)
{
	*frame = NULL;
	if (judge_is_wait(block->reason) && (!block->stack || block->stack->idle))
		return xstrdup(block->main_future ? "(idle main future waiting for a CPU)"
						  : "(idle worker waiting for a CPU)");
	return name_of(block->stack, frame);
}

const struct blocker *blockers_find(struct blockers *all, const struct block *block)
{
	const struct frame *frame;
	struct blocker b = {.reason = block->reason,
			    .main_future = block->main_future,
			    .task = block->task	   ? block->task
				    : block->stack ? block->stack->task
						   : NULL};

	b.function = blamed_name(block, &frame);
	void **slot = htab_find_slot(all->entries, &(struct entry){.sum.b = b}, INSERT);

	if (*slot) {
		free((char *)b.function);
		return *slot;
	}
	struct entry *e = xcalloc(1, sizeof(*e));

	b.task = b.task ? xstrdup(b.task) : NULL;
	if (frame) {
		b.file = frame->file;
		b.line = frame->line;
	}
	e->sum.b = b;
	*slot = e;
	return &e->sum.b;
}

void blockers_add(const struct blocker *blocker, const struct block *block)
{
	blocker_sum_add((struct blocker_sum *)blocker, block);
}

static int clear_entry(void **slot, void *unused)
{
	(void)unused;
	blocker_sum_clear(&((struct entry *)*slot)->sum);
	return 1;
}

void blockers_clear(struct blockers *all)
{
	htab_traverse_noresize(all->entries, clear_entry, NULL);
}

static uint64_t ranked_by(const struct blocker *b, enum ranking ranking)
{
	return ranking == RANKING_MAX	  ? b->max
	       : ranking == RANKING_COUNT ? b->count
	       : ranking == RANKING_DELAY ? b->held_up.delay
					  : b->total;
}

/* Waits for a CPU, which no code is to blame for, come behind all code. */
static int by_rank(const void *one, const void *two, void *ranking)
{
	const struct entry *a = *(struct entry *const *)one, *b = *(struct entry *const *)two;
	uint64_t x = ranked_by(&a->sum.b, *(enum ranking *)ranking),
		 y = ranked_by(&b->sum.b, *(enum ranking *)ranking);
	bool waits = judge_is_wait(a->sum.b.reason);

	if (waits != judge_is_wait(b->sum.b.reason))
		return waits ? 1 : -1;
	if (x != y)
		return x < y ? 1 : -1;
	if (a->sum.b.total != b->sum.b.total)
		return a->sum.b.total < b->sum.b.total ? 1 : -1;
	return strcmp(a->sum.b.function, b->sum.b.function);
}

/* Only blockers that count: with a window, all blocks of a blocker may be too old. */
static int collect_entry(void **slot, void *end)
{
	struct entry ***next = end;

	if (((struct entry *)*slot)->sum.b.count)
		*(*next)++ = *slot;
	return 1;
}

struct blocker *blockers_ranked(struct blockers *all, enum ranking ranking, size_t *count, size_t *ranked)
{
	struct entry **entry = xcalloc(htab_elements(all->entries) + 1, sizeof(*entry)), **end = entry;

	htab_traverse_noresize(all->entries, collect_entry, &end);
	*count = (size_t)(end - entry);
	qsort_r(entry, *count, sizeof(*entry), by_rank, &ranking);
	struct blocker *blocker = xcalloc(*count + 1, sizeof(*blocker));

	*ranked = 0;
	for (size_t i = 0; i < *count; i++) {
		blocker_sum_finish(&entry[i]->sum);
		entry[i]->rank = i;
		blocker[i] = entry[i]->sum.b;
		*ranked += !judge_is_wait(blocker[i].reason);
	}
	free(entry);
	return blocker;
}

size_t blockers_rank(const struct blocker *blocker)
{
	return ((const struct entry *)blocker)->rank;
}
