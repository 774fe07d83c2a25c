/* SPDX-License-Identifier: Apache-2.0 */
#include "tally/polls.h"

#include <stdlib.h>
#include <string.h>

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>

#include "base/grow.h"

#define MOST_SEGMENTS 4096   /* of a thread that are kept */
#define STALE_NS 3000000000u /* running polls are reported every second: older segments are of a short one */

/* A segment, and how many others were merged into it. */
struct pending {
	struct segment segment;
	char *comm; /* owned */
	unsigned weight;
};

struct thread {
	long tid;
	struct pending *pending; /* by time */
	size_t count, allocated;
	struct poll open;  /* the poll that is running by the latest line; first is 0 if none is */
	uint64_t ready_in; /* when the poll began in which the following was read */
	struct ready ready;
};

/* Segments of one thing: the same function is to blame, for the same reason. */
struct group {
	const struct pending *lead; /* the one that took most */
	uint64_t lead_time;
	uint64_t time, asleep, run_queue;
	uint64_t samples;
};

/* A task whose name a stack has shown. */
struct named {
	uint64_t id;
	const char *name; /* the judge's */
};

#define MOST_NAMED 65536 /* tasks; then all are forgotten */

struct polls {
	htab_t named; /* by id */
	struct tally *tally;
	uint64_t period, threshold;
	htab_t threads;
};

static hashval_t hash_thread(const void *p)
{
	return (hashval_t)((const struct thread *)p)->tid;
}

static int equal_threads(const void *one, const void *two)
{
	return ((const struct thread *)one)->tid == ((const struct thread *)two)->tid;
}

static void free_thread(void *p)
{
	struct thread *t = p;

	for (size_t i = 0; i < t->count; i++)
		free(t->pending[i].comm);
	free(t->pending);
	free(t);
}

static hashval_t hash_named(const void *entry)
{
	return (hashval_t)((const struct named *)entry)->id;
}

static int equal_named(const void *one, const void *two)
{
	return ((const struct named *)one)->id == ((const struct named *)two)->id;
}

struct polls *polls_new(struct tally *tally, uint64_t period, uint64_t threshold)
{
	struct polls *p = xcalloc(1, sizeof(*p));

	p->tally = tally;
	p->period = period;
	p->threshold = threshold;
	p->named = htab_create(256, hash_named, equal_named, free);
	p->threads = htab_create(16, hash_thread, equal_threads, free_thread);
	return p;
}

void polls_free(struct polls *p)
{
	if (!p)
		return;
	htab_delete(p->threads);
	htab_delete(p->named);
	free(p);
}

static struct thread *thread_of(struct polls *p, long tid)
{
	struct thread key = {.tid = tid};
	void **slot = htab_find_slot(p->threads, &key, INSERT);

	if (!*slot)
		*slot = xmemdup(&key, sizeof(key), sizeof(key));
	return *slot;
}

static void drop(struct thread *t, size_t count)
{
	if (count == 0)
		return;
	for (size_t i = 0; i < count; i++)
		free(t->pending[i].comm);
	t->count -= count;
	memmove(t->pending, t->pending + count, t->count * sizeof(*t->pending));
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* How many segments at the start are not later than `ns`. */
static size_t until(const struct thread *t, uint64_t ns)
{
	size_t count = 0;

	while (count < t->count && t->pending[count].segment.ns <= ns)
		count++;
	return count;
}

/* A woken thread may wait for a CPU. Both the sleep and, if it was long, the wait include that time: it is
 * taken off the sleep. */
static void part_from_wait(struct segment *sleep, const struct segment *wait)
{
	if (!judge_is_wait(wait->block.reason) || wait->ns + sleep->block.run_queue < sleep->ns)
		return;
	uint64_t both = least(sleep->block.run_queue, wait->block.duration);

	sleep->block.run_queue -= both;
	sleep->block.duration -= both;
}

/* How many segments at the start are from before the poll. The wait from which its thread returned as it
 * began is reported a moment later. */
static size_t before(const struct thread *t, uint64_t first)
{
	size_t count = until(t, first);

	while (count < t->count && !t->pending[count].segment.sample &&
	       t->pending[count].segment.block.start < first)
		count++;
	return count;
}

void polls_segment(struct polls *p, const struct segment *segment)
{
	struct thread *t = thread_of(p, segment->block.tid);

	if (!t->open.first && segment->ns > STALE_NS) {
		size_t stale = until(t, segment->ns - STALE_NS);

		/* Many at a time, because the rest is moved. */
		drop(t, 2 * stale >= t->count ? stale : 0);
	}
	if (t->count == MOST_SEGMENTS)
		drop(t, MOST_SEGMENTS / 2);
	GROW(t->pending, t->allocated, t->count + 1);
	struct pending *pending = &t->pending[t->count++];

	*pending = (struct pending){.segment = *segment, .weight = 1};
	if (t->count > 1 && !segment->sample && !judge_is_wait(segment->block.reason))
		part_from_wait(&pending->segment, &pending[-1].segment);
	if (segment->block.peer.comm)
		pending->segment.block.peer.comm = pending->comm = xstrdup(segment->block.peer.comm);
}

static bool same_thing(const struct pending *one, const struct pending *two)
{
	const struct block *a = &one->segment.block, *b = &two->segment.block;

	return a->reason == b->reason && judge_same_blame(a->stack, b->stack);
}

static hashval_t hash_thing(const struct pending *k)
{
	const struct verdict *v = k->segment.block.stack;
	const struct frame *f = v && v->count ? v->frame[v->blame] : NULL;
	uint64_t pc = f ? f->pc : 0;

	return f && f->name ? iterative_hash(f->name, strlen(f->name), k->segment.block.reason)
			    : iterative_hash(&pc, sizeof(pc), k->segment.block.reason);
}

static bool same_stack(const struct pending *a, const struct pending *b)
{
	return a->segment.block.stack == b->segment.block.stack && a->segment.sample == b->segment.sample &&
	       a->segment.block.reason == b->segment.block.reason;
}

static hashval_t hash_sample(const struct pending *k)
{
	const void *stack = k->segment.block.stack;

	return iterative_hash(&stack, sizeof(stack), k->segment.block.reason * 2 + k->segment.sample);
}

/* A hash table of segments, one for all that are the same: keeps the work linear. */
struct firsts {
	size_t *slot; /* index + 1 of a segment; 0: empty */
	size_t mask;
	hashval_t (*hash)(const struct pending *k);
	bool (*same)(const struct pending *a, const struct pending *b);
};

static struct firsts firsts_of(size_t count, hashval_t (*hash)(const struct pending *),
			       bool (*same)(const struct pending *, const struct pending *))
{
	size_t size = 16;

	while (size < 2 * count)
		size *= 2;
	return (struct firsts){xcalloc(size, sizeof(size_t)), size - 1, hash, same};
}

/* The slot of the first segment that is the same as `k`, or the empty one for it. `pending` holds the table's
 * segments. */
static size_t *first_of(const struct firsts *firsts, const struct pending *pending, const struct pending *k)
{
	size_t at = firsts->hash(k) & firsts->mask;

	while (firsts->slot[at] && !firsts->same(&pending[firsts->slot[at] - 1], k))
		at = (at + 1) & firsts->mask;
	return &firsts->slot[at];
}

/* Merges equal segments: a long poll does the same things again and again. */
static void merge(struct thread *t)
{
	struct firsts firsts = firsts_of(t->count, hash_sample, same_stack);
	size_t end = 0;

	for (size_t i = 0; i < t->count; i++) {
		struct pending *k = &t->pending[i];
		size_t *first = first_of(&firsts, t->pending, k), j = *first - 1;

		if (!*first) {
			t->pending[end++] = *k;
			*first = end;
			continue;
		}
		t->pending[j].weight += k->weight;
		t->pending[j].segment.block.duration += k->segment.block.duration;
		t->pending[j].segment.block.asleep += k->segment.block.asleep;
		t->pending[j].segment.block.run_queue += k->segment.block.run_queue;
		free(k->comm);
	}
	t->count = end;
	free(firsts.slot);
}

/* Groups segments, into at most `count` groups. Returns how many. */
static size_t group_segments(const struct pending *pending, size_t count, struct group *groups)
{
	struct firsts firsts = firsts_of(count, hash_thing, same_thing);
	size_t n = 0, *group_of = xcalloc(count + 1, sizeof(*group_of));

	for (size_t i = 0; i < count; i++) {
		const struct block *b = &pending[i].segment.block;
		uint64_t weight = pending[i].segment.sample ? pending[i].weight : b->duration;
		size_t *first = first_of(&firsts, pending, &pending[i]);

		if (!*first) {
			groups[n] = (struct group){.lead = &pending[i]};
			group_of[i] = n++;
			*first = i + 1;
		}
		size_t g = group_of[*first - 1];

		groups[g].time += b->duration;
		groups[g].asleep += b->asleep;
		groups[g].run_queue += b->run_queue;
		groups[g].samples += pending[i].segment.sample ? pending[i].weight : 0;
		if (weight > groups[g].lead_time) {
			groups[g].lead_time = weight;
			groups[g].lead = &pending[i];
		}
	}
	free(group_of);
	free(firsts.slot);
	return n;
}

/* Distributes running time to groups by their samples. */
static void share_out(struct group *groups, size_t n, uint64_t running)
{
	uint64_t samples = 0;

	for (size_t i = 0; i < n; i++)
		samples += groups[i].samples;
	for (size_t i = 0; i < n && samples; i++)
		groups[i].time += (uint64_t)((double)running * (double)groups[i].samples / (double)samples);
}

static bool is_wait(const struct group *g)
{
	return judge_is_wait(g->lead->segment.block.reason);
}

/* The name of the poll's task, from one of its stacks, or from another poll of the task: not every stack
 * reaches it. NULL if none does. */
static const char *task_of(struct polls *p, const struct poll *poll, const struct pending *pending,
			   size_t count)
{
	struct named key = {.id = poll->id};

	for (size_t i = 0; i < count && !key.name; i++) {
		const struct verdict *stack = pending[i].segment.block.stack;

		key.name = stack && stack->in_poll ? stack->task : NULL;
	}
	if (!poll->id)
		return key.name;
	if (htab_elements(p->named) >= MOST_NAMED)
		htab_empty(p->named);
	void **slot = htab_find_slot(p->named, &key, key.name ? INSERT : NO_INSERT);

	if (slot && !*slot)
		*slot = xmemdup(&key, sizeof(key), sizeof(key));
	return slot ? ((const struct named *)*slot)->name : NULL;
}

/* What was ready to run while the poll went on. */
static struct ready ready_in(struct polls *p, const struct poll *poll)
{
	const struct thread *t = thread_of(p, poll->tid);

	return t->ready_in == poll->first ? t->ready : (struct ready){0};
}

/* Adds a block: `time` of the poll, from `start`; `elsewhere` of it in other code. In the poll's first block,
 * `whole` is how long the poll took, and `end` when it ended. */
static void add_block(struct polls *p, const struct poll *poll, const struct group *g, uint64_t start,
		      uint64_t time, uint64_t elsewhere, uint64_t whole, uint64_t end)
{
	struct block block = {.reason = REASON_COMPUTING};

	if (g) {
		block = g->lead->segment.block;
		block.asleep = least(g->asleep, time);
		block.run_queue = least(g->run_queue, time - block.asleep);
	}
	block.unfinished = poll->running;
	block.tid = poll->tid;
	/* A stack that shows its task is right. */
	block.task = poll->task && (!poll->guessed || !block.stack || !block.stack->task) ? poll->task : NULL;
	block.start = start;
	block.duration = time;
	block.elsewhere = least(elsewhere, time);
	block.poll = whole;
	block.poll_end = end;
	block.ready = ready_in(p, poll);
	tally_add(p->tally, &block);
}

/* When the thread first slept outside a poll, or in code that may block; 0: never. */
static uint64_t parked_at(const struct pending *pending, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct block *b = &pending[i].segment.block;

		if (!pending[i].segment.sample && b->stack &&
		    (b->stack->parked || b->stack->role == ROLE_BLOCKING))
			return b->start;
	}
	return 0;
}

/* The group with most time that is no wait for a CPU, or NULL. */
static struct group *longest_of(struct group *groups, size_t count)
{
	struct group *longest = NULL;

	for (size_t i = 0; i < count; i++)
		if (!is_wait(&groups[i]) && (!longest || groups[i].time > longest->time))
			longest = &groups[i];
	return longest;
}

/* The stack of a wait for a CPU in the poll, or NULL. */
static const struct verdict *waited_in(const struct group *groups, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct verdict *stack = groups[i].lead->segment.block.stack;

		if (stack && stack->in_poll)
			return stack;
	}
	return NULL;
}

/* Adds a block for each group of at least the threshold, and one for the rest, which goes to `longest`. */
static void add_blocks(struct polls *p, const struct poll *poll, struct group *groups, size_t count,
		       struct group *longest, uint64_t start, uint64_t end, uint64_t total)
{
	uint64_t others = 0, pieces = 0;

	for (size_t i = 0; i < count; i++) {
		struct group *g = &groups[i];

		if (g == longest || is_wait(g))
			continue;
		if (g->time < p->threshold || others + g->time > total) {
			pieces += g->time;
			continue;
		}
		others += g->time;
		add_block(p, poll, g, end - others, g->time, 0, 0, 0);
	}
	add_block(p, poll, longest, start, total - others, pieces, total, end);
}

/* The poll as reported, with its task's name from its stacks or earlier polls of the task. */
static struct poll with_task(struct polls *p, const struct poll *told, const struct pending *pending,
			     size_t count)
{
	struct poll poll = *told;
	const char *task = task_of(p, told, pending, count);

	poll.guessed |= !poll.task;
	poll.task = poll.task ? poll.task : task;
	return poll;
}

/* Adds the time off the CPU that no segment explains to the `longest` group: short sleeps or waits without
 * events, and a sleep that still goes on. Without a group, if that sleep was most of the poll, makes
 * `instead` one. Returns the group. */
static struct group *give_unseen(const struct poll *poll, struct group *longest, struct group *instead,
				 struct pending *lead, uint64_t unseen, uint64_t total)
{
	if (longest && longest->asleep) {
		longest->asleep += unseen;
	} else if (longest) {
		longest->run_queue += unseen;
	} else if (poll->off > poll->wait && poll->off - poll->wait > total / 2) {
		lead->segment.block.reason = REASON_SYSCALL;
		longest = instead;
		longest->asleep = poll->off - poll->wait;
		longest->run_queue = unseen - least(unseen, longest->asleep);
	}
	return longest;
}

/* Turns a poll and its segments into blocks. Waits for a CPU are blocks already, and nobody's fault. */
static void make_blocks(struct polls *p, const struct poll *told, const struct pending *pending, size_t count)
{
	struct poll poll = with_task(p, told, pending, count);
	struct group *groups = xcalloc(count + 1, sizeof(*groups));
	size_t n = group_segments(pending, count, groups);
	/* In the middle between the last moment outside and the first moment inside, at most two periods
	 * apart: while no poll can be long, there are only half as many looks. */
	uint64_t start = poll.first - least(poll.first - poll.before, 2 * p->period) / 2;
	uint64_t end = poll.last + least(poll.next - poll.last, 2 * p->period) / 2;
	uint64_t parked = parked_at(pending, count);

	/* Probes do not see every park. What follows one is not part of the poll. */
	if (parked && parked < end) {
		end = parked > start ? parked : start;
		while (count && pending[count - 1].segment.block.start >= end)
			count--;
		n = group_segments(pending, count, groups);
	}
	uint64_t total = end - start, off = 0, unseen, waits = 0;

	for (size_t i = 0; i < n; i++) {
		off += groups[i].time;
		waits += is_wait(&groups[i]) ? groups[i].time : 0;
	}
	total -= least(waits, total);
	unseen = poll.off > off && !parked ? poll.off - off : 0;
	off += unseen;
	share_out(groups, n, total + waits > off ? total + waits - off : 0);
	struct pending lead = {0};
	struct group instead = {.lead = &lead}, *longest = longest_of(groups, n);
	const struct verdict *stack = longest ? NULL : waited_in(groups, n);

	/* No sample hit it, but its stack was seen when it had to wait. */
	if (stack) {
		lead.segment.block = (struct block){.stack = stack, .reason = judge_running(stack)};
		longest = &instead;
	}
	if (!parked)
		longest = give_unseen(&poll, longest, &instead, &lead, unseen, total);
	/* Waits too short for events are part of a block, but do not make one. */
	uint64_t short_waits = poll.wait > waits && !parked ? poll.wait - waits : 0;

	if (total >= p->threshold + short_waits)
		add_blocks(p, &poll, groups, n, longest, start, end, total);
	free(groups);
}

void polls_ready(struct polls *p, long tid, uint64_t first, const struct ready *ready)
{
	struct thread *t = thread_of(p, tid);

	t->ready_in = first;
	t->ready = *ready;
}

static void close_poll(struct polls *p, struct thread *t, const struct poll *poll)
{
	drop(t, before(t, poll->first));
	size_t count = until(t, poll->next);

	make_blocks(p, poll, t->pending, count);
	drop(t, count);
	t->open.first = 0;
}

void polls_add(struct polls *p, const struct poll *poll)
{
	struct thread *t = thread_of(p, poll->tid);

	if (poll->taken_back) {
		drop(t, until(t, poll->next));
		t->open.first = 0;
		return;
	}
	if (t->open.first && t->open.first != poll->first) { /* its end was lost */
		struct poll open = t->open;

		close_poll(p, t, &open);
	}
	if (!poll->running) {
		close_poll(p, t, poll);
		return;
	}
	drop(t, before(t, poll->first));
	merge(t);
	t->open = *poll;
}

struct visit {
	polls_visitor *visitor;
	void *context;
};

static int visit_open(void **slot, void *arg)
{
	const struct thread *t = *slot;
	const struct visit *visit = arg;
	struct running running = {.tid = t->tid, .first = t->open.first, .seen = t->open.next};

	if (t->count)
		running.in = &t->pending[t->count - 1].segment.block;
	if (running.first)
		visit->visitor(visit->context, &running);
	return 1;
}

void polls_running(const struct polls *p, polls_visitor *visit, void *context)
{
	htab_traverse_noresize(p->threads, visit_open, &(struct visit){visit, context});
}

void polls_gone(struct polls *p, long tid, uint64_t ns)
{
	struct thread key = {.tid = tid};
	void **slot = htab_find_slot(p->threads, &key, NO_INSERT);

	if (!slot)
		return;
	struct thread *t = *slot;
	struct poll open = t->open;

	if (open.first) {
		open.running = false;
		open.next = ns > open.next ? ns : open.next;
		close_poll(p, t, &open);
	}
	htab_clear_slot(p->threads, slot);
}

static int close_open(void **slot, void *polls)
{
	struct thread *t = *slot;
	struct poll open = t->open;

	if (open.first)
		close_poll(polls, t, &open);
	return 1;
}

void polls_finish(struct polls *p)
{
	htab_traverse_noresize(p->threads, close_open, p);
}
