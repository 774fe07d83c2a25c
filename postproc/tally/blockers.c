/* blockers.c - see blockers.h. */
#include "tally/blockers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>

#define MOST_PARTIES 64 /* distinct wakers or culprits told apart within a blocker */
#define MOST_STACKS 256 /* distinct stacks told apart within a blocker */

struct stack_share {
	const struct verdict *stack;
	uint64_t total;
	const char *syscall;
};

/* A blocker while it grows. */
struct entry {
	struct blocker b; /* the first: this is what others hold */
	struct stack_share *share;
	size_t shares;
	struct party *party;
	size_t parties;
	size_t rank;
};

struct blockers {
	htab_t entries;
};

static hashval_t hash_entry(const void *p)
{
	const struct entry *e = p;
	hashval_t h = iterative_hash(e->b.function, strlen(e->b.function), e->b.reason);

	return e->b.task ? iterative_hash(e->b.task, strlen(e->b.task), h) : h;
}

static int equal_entries(const void *one, const void *two)
{
	const struct blocker *a = &((const struct entry *)one)->b, *b = &((const struct entry *)two)->b;

	return a->reason == b->reason && !strcmp(a->function, b->function) && !a->task == !b->task &&
	       (!a->task || !strcmp(a->task, b->task));
}

static void free_entry(void *p)
{
	struct entry *e = p;

	for (size_t i = 0; i < e->parties; i++)
		free((char *)e->party[i].comm);
	free(e->party);
	free(e->share);
	free((char *)e->b.function);
	free((char *)e->b.task);
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

/* Is the blamed frame of the user's code, or of a dependency's? Without names, what the user's code calls is taken for that, too (see
 * judge/judge.c). */
static bool is_own(const struct verdict *v)
{
	enum origin origin = v->frame[v->blame]->origin;

	if (origin == ORIGIN_UNKNOWN)
		return v->blame + 1 < v->count && v->frame[v->blame + 1]->origin == ORIGIN_USER;
	return origin == ORIGIN_USER || origin == ORIGIN_DEPENDENCY;
}

/* The name of the blamed function, or where it is when nobody knows its name. The caller frees it. */
static char *blamed_name(const struct block *block, const struct frame **frame)
{
	const struct verdict *v = block->stack;
	char *name;

	*frame = NULL;
	if (judge_is_wait(block->reason) && (!v || v->idle))
		return xstrdup("(a worker with nothing to do, woken)");
	if (!v || !v->count)
		return xstrdup("(unknown)");
	*frame = v->frame[v->blame];
	/* A future's code that was inlined into the runtime's poll has no frame, but the poll says whose it is. */
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

static struct entry *find_entry(struct blockers *all, const struct block *block)
{
	const struct frame *frame;
	struct entry key = {.b.reason = block->reason,
			    .b.task = block->task    ? block->task
				      : block->stack ? block->stack->task
						     : NULL};

	key.b.function = blamed_name(block, &frame);
	void **slot = htab_find_slot(all->entries, &key, INSERT);

	if (*slot) {
		free((char *)key.b.function);
		return *slot;
	}
	struct entry *e = xcalloc(1, sizeof(*e));

	e->b.reason = block->reason;
	e->b.function = key.b.function;
	e->b.task = key.b.task ? xstrdup(key.b.task) : NULL;
	if (frame) {
		e->b.file = frame->file;
		e->b.line = frame->line;
	}
	*slot = e;
	return e;
}

static void add_stack(struct entry *e, const struct block *block)
{
	size_t i = 0;

	if (!block->stack)
		return;
	while (i < e->shares && e->share[i].stack != block->stack)
		i++;
	if (i == e->shares) {
		if (i == MOST_STACKS)
			return;
		e->share = xrealloc(e->share, (i + 1) * sizeof(*e->share));
		e->share[e->shares++] =
			(struct stack_share){.stack = block->stack, .syscall = block->syscall};
	}
	e->share[i].total += block->duration;
}

/* Parties are told apart by where they were, and without a stack by their name. */
static void add_party(struct entry *e, const struct block *block)
{
	size_t i = 0;

	if (!block->party.comm)
		return;
	while (i < e->parties &&
	       (e->party[i].stack != block->party.stack || strcmp(e->party[i].comm, block->party.comm) != 0))
		i++;
	if (i == e->parties) {
		if (i == MOST_PARTIES)
			return;
		e->party = xrealloc(e->party, (i + 1) * sizeof(*e->party));
		e->party[e->parties++] = (struct party){
			.comm = xstrdup(block->party.comm),
			.same_process = block->party.same_process,
			.stack = block->party.stack,
		};
	}
	e->party[i].pid = block->party.pid;
	e->party[i].tid = block->party.tid;
	e->party[i].count++;
	e->party[i].total += block->duration;
}

const struct blocker *blockers_find(struct blockers *all, const struct block *block)
{
	return &find_entry(all, block)->b;
}

const struct blocker *blockers_add(struct blockers *all, const struct block *block)
{
	struct entry *e = find_entry(all, block);

	e->b.count++;
	e->b.total += block->duration;
	e->b.asleep += block->asleep;
	e->b.run_queue += block->run_queue;
	e->b.estimated |= block->estimated;
	e->b.unfinished += block->unfinished;
	if (block->duration > e->b.max)
		e->b.max = block->duration;
	histogram_add(&e->b.durations, block->duration);
	add_stack(e, block);
	add_party(e, block);
	return &e->b;
}

static int by_total(const void *one, const void *two)
{
	const struct entry *a = *(struct entry *const *)one, *b = *(struct entry *const *)two;

	if (a->b.total != b->b.total)
		return a->b.total < b->b.total ? 1 : -1;
	return strcmp(a->b.function, b->b.function);
}

static int by_party_total(const void *one, const void *two)
{
	const struct party *a = one, *b = two;

	return (a->total < b->total) - (a->total > b->total);
}

/* Only what counts: with a window, a blocker may have been named for blocks that are too old by now. */
static int collect_entry(void **slot, void *end)
{
	struct entry ***next = end;

	if (((struct entry *)*slot)->b.count)
		*(*next)++ = *slot;
	return 1;
}

static void finish_entry(struct entry *e)
{
	const struct stack_share *most = e->share;

	for (size_t i = 1; i < e->shares; i++)
		if (e->share[i].total > most->total)
			most = &e->share[i];
	e->b.stacks = e->shares;
	if (most) {
		const struct frame *f = most->stack->count ? most->stack->frame[most->stack->blame] : NULL;

		e->b.stack = most->stack;
		e->b.stack_total = most->total;
		if (f && f->name && !strcmp(f->name, e->b.function)) {
			e->b.file = f->file;
			e->b.line = f->line;
		}
		if (most->syscall && *most->syscall)
			e->b.syscall = most->syscall;
	}
	if (e->parties)
		qsort(e->party, e->parties, sizeof(*e->party), by_party_total);
	e->b.parties = e->parties < PARTIES_SHOWN ? e->parties : PARTIES_SHOWN;
	for (size_t i = 0; i < e->b.parties; i++)
		e->b.party[i] = e->party[i];
}

struct blocker *blockers_ranked(struct blockers *all, size_t *count)
{
	struct entry **entry = xcalloc(htab_elements(all->entries) + 1, sizeof(*entry)), **end = entry;

	htab_traverse_noresize(all->entries, collect_entry, &end);
	*count = (size_t)(end - entry);
	qsort(entry, *count, sizeof(*entry), by_total);
	struct blocker *blocker = xcalloc(*count + 1, sizeof(*blocker));

	for (size_t i = 0; i < *count; i++) {
		finish_entry(entry[i]);
		entry[i]->rank = i;
		blocker[i] = entry[i]->b;
	}
	free(entry);
	return blocker;
}

size_t blockers_rank(const struct blocker *blocker)
{
	return ((const struct entry *)blocker)->rank;
}
