/* SPDX-License-Identifier: Apache-2.0 */
/* holders.c - see holders.h. */
#include "replay/holders.h"

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "resolve/symbolize/pathname.h"

#define DEEDS 32 /* kept of a thread: the newest */
#define THINGS 8 /* told apart while one lock is held */

/* What a thread did, or was seen doing. */
struct deed {
	uint64_t start, ready, end; /* from `ready` on it waited for a CPU */
	enum reason reason;
	const char *syscall;
	const struct verdict *stack;
};

struct thread {
	long tid;
	struct deed deed[DEEDS]; /* a ring */
	size_t count;		 /* ever */
};

/* Deeds that are one thing. */
struct thing {
	const struct deed *deed;
	enum reason reason; /* the deed's, or REASON_RUN_QUEUE */
	uint64_t time;
	unsigned samples;
};

struct holders {
	htab_t threads; /* by tid */
};

static hashval_t hash_thread(const void *p)
{
	return (hashval_t)((const struct thread *)p)->tid;
}

static int equal_threads(const void *one, const void *two)
{
	return ((const struct thread *)one)->tid == ((const struct thread *)two)->tid;
}

struct holders *holders_new(void)
{
	struct holders *h = xcalloc(1, sizeof(*h));

	h->threads = htab_create(16, hash_thread, equal_threads, free);
	return h;
}

void holders_free(struct holders *h)
{
	if (!h)
		return;
	htab_delete(h->threads);
	free(h);
}

void holders_did(struct holders *h, const struct block *did)
{
	void **slot = htab_find_slot(h->threads, &(struct thread){.tid = did->tid}, INSERT);

	if (!slot)
		xmalloc_failed(sizeof(struct thread));
	if (!*slot) {
		struct thread *new = xcalloc(1, sizeof(*new));

		new->tid = did->tid;
		*slot = new;
	}
	struct thread *t = *slot;
	uint64_t end = did->start + did->duration;

	/* The sleep that was told before includes it. */
	if (judge_is_wait(did->reason) && t->count && t->deed[(t->count - 1) % DEEDS].end == end)
		return;
	t->deed[t->count++ % DEEDS] = (struct deed){.start = did->start,
						    .ready = end - did->run_queue,
						    .end = end,
						    .reason = did->reason,
						    .syscall = did->syscall,
						    .stack = did->stack};
}

void holders_gone(struct holders *h, long tid)
{
	htab_remove_elt(h->threads, &(struct thread){.tid = tid});
}

static bool has_one_of(const char *name, const char *const parts[])
{
	for (size_t i = 0; parts[i]; i++)
		if (strstr(name, parts[i]))
			return true;
	return false;
}

/* Is this in a lock that somebody may hold? What the user's code has called says so: other code waits by a futex as well. */
static bool in_lock(const struct verdict *v)
{
	static const char *const held[] = {"Mutex", "mutex", "RwLock", "rwlock", "_lll_lock", NULL};
	static const char *const not_held[] = {"ondvar", "_cond_", NULL};
	bool found = false;

	for (size_t i = 0; v && i < v->count && i < v->poll && v->frame[i]->origin != ORIGIN_USER; i++) {
		/* Without what it is generic over: a channel may be one of locks. */
		char *name = pathname_bare(v->frame[i]->function ? v->frame[i]->function : "");
		bool other = has_one_of(name, not_held);

		found = found || has_one_of(name, held);
		free(name);
		if (other)
			return false;
	}
	return found;
}

static bool is_held(const struct block *wait)
{
	return wait->reason == REASON_FILE_LOCK || (wait->reason == REASON_LOCK && in_lock(wait->stack));
}

/* It had no lock then: it waited for one, perhaps this one, or had nothing to do. Or that is not sure: it lost the CPU as it took one. */
static bool without_lock(const struct deed *d)
{
	return d->reason == REASON_LOCK || d->reason == REASON_FILE_LOCK ||
	       (d->stack && (d->stack->parked || d->stack->idle)) ||
	       (judge_is_wait(d->reason) && in_lock(d->stack));
}

/* Where it waited for a CPU does not part that. */
static bool same_thing(const struct thing *a, const struct thing *b)
{
	return a->reason == b->reason &&
	       (a->reason == REASON_RUN_QUEUE || judge_same_blame(a->deed->stack, b->deed->stack));
}

static void add_thing(struct thing *things, size_t *count, const struct thing *more)
{
	size_t i = 0;

	while (i < *count && !same_thing(&things[i], more))
		i++;
	if (i == THINGS || !(more->time || more->samples))
		return;
	if (i == *count) {
		things[(*count)++] = *more;
		return;
	}
	things[i].time += more->time;
	things[i].samples += more->samples;
}

static uint64_t within(uint64_t start, uint64_t end, uint64_t from, uint64_t to)
{
	start = start > from ? start : from;
	end = end < to ? end : to;
	return end > start ? end - start : 0;
}

/* What the thread did between `*from` and `to`. *from becomes when it can have got the lock at the earliest. Returns how many things. */
static size_t things_of(const struct thread *t, uint64_t *from, uint64_t to, struct thing *things)
{
	size_t kept = t->count < DEEDS ? t->count : DEEDS, count = 0;

	for (size_t i = 1; i <= kept; i++) {
		const struct deed *d = &t->deed[(t->count - i) % DEEDS];

		if (d->start > to)
			continue;
		if (d->end < *from)
			break;
		if (without_lock(d)) {
			*from = d->end < to ? d->end : to;
			break;
		}
		add_thing(things, &count,
			  &(struct thing){d, d->reason, within(d->start, d->ready, *from, to),
					  d->start == d->end});
		add_thing(things, &count,
			  &(struct thing){d, REASON_RUN_QUEUE, within(d->ready, d->end, *from, to), 0});
	}
	return count;
}

/* The rest it ran, in what samples have seen. */
static void share_out(struct thing *things, size_t count, uint64_t whole)
{
	unsigned samples = 0;

	for (size_t i = 0; i < count; i++) {
		samples += things[i].samples;
		whole -= things[i].time < whole ? things[i].time : whole;
	}
	for (size_t i = 0; i < count && samples; i++)
		things[i].time += whole * things[i].samples / samples;
}

void holders_find(const struct holders *h, struct block *wait)
{
	struct thread key = {.tid = wait->peer.tid};
	uint64_t from = wait->start, to = wait->start + wait->asleep;
	struct thing things[THINGS], *most = things;

	if (!wait->peer.comm || !wait->peer.same_process || !wait->peer.tid || !is_held(wait))
		return;
	const struct thread *t = htab_find(h->threads, &key);
	size_t count = t ? things_of(t, &from, to, things) : 0;

	share_out(things, count, to - from);
	for (size_t i = 1; i < count; i++)
		if (things[i].time > most->time)
			most = &things[i];
	if (!count || !most->deed->stack || 2 * most->time < wait->asleep)
		return;
	wait->held.reason = most->reason;
	wait->held.syscall = most->reason == REASON_RUN_QUEUE ? NULL : most->deed->syscall;
	wait->held.stack = most->deed->stack;
}
