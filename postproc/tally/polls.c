#include "tally/polls.h"

#include <stdlib.h>
#include <string.h>

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>

#include "base/grow.h"

#define MOST_PIECES 4096 /* kept of a thread */
#define STALE_NS                                                                                             \
	3000000000u /* a poll that lasts is told every second: a piece that none has claimed by then is of a short one */

/* A piece with the number of others that were merged into it. */
struct kept {
	struct piece piece;
	char *comm; /* owned */
	unsigned weight;
};

struct thread {
	long tid;
	struct kept *kept; /* by time */
	size_t count, allocated;
	struct poll open; /* the poll that was last said to be running; first is 0 if there is none */
};

/* Pieces that are one thing: the same function is to blame, for the same reason. */
struct group {
	const struct kept *lead; /* the one that took most */
	uint64_t lead_time;
	uint64_t time, asleep, run_queue;
	uint64_t samples;
};

/* A task whose name a stack has told. */
struct named {
	uint64_t id;
	const char *name; /* the judge's */
};

#define MOST_NAMED 65536 /* tasks; then it begins anew */

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
		free(t->kept[i].comm);
	free(t->kept);
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
		free(t->kept[i].comm);
	t->count -= count;
	memmove(t->kept, t->kept + count, t->count * sizeof(*t->kept));
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* How many pieces at the start are not later than `ns`. */
static size_t until(const struct thread *t, uint64_t ns)
{
	size_t count = 0;

	while (count < t->count && t->kept[count].piece.ns <= ns)
		count++;
	return count;
}

/* Who is woken may wait for a CPU: that is told of the sleep and, if it was long, of the wait as well. */
static void part_from_wait(struct piece *sleep, const struct piece *wait)
{
	if (!judge_is_wait(wait->block.reason) || wait->ns + sleep->block.run_queue < sleep->ns)
		return;
	uint64_t both = least(sleep->block.run_queue, wait->block.duration);

	sleep->block.run_queue -= both;
	sleep->block.duration -= both;
}

/* How many pieces at the start are from before the poll. What its thread came back from as it began is told a moment later. */
static size_t before(const struct thread *t, uint64_t first)
{
	size_t count = until(t, first);

	while (count < t->count && !t->kept[count].piece.sample && t->kept[count].piece.block.start < first)
		count++;
	return count;
}

void polls_piece(struct polls *p, const struct piece *piece)
{
	struct thread *t = thread_of(p, piece->block.tid);

	if (!t->open.first && piece->ns > STALE_NS) {
		size_t stale = until(t, piece->ns - STALE_NS);

		/* Many at a time: the rest is moved each time. */
		drop(t, 2 * stale >= t->count ? stale : 0);
	}
	if (t->count == MOST_PIECES)
		drop(t, MOST_PIECES / 2);
	GROW(t->kept, t->allocated, t->count + 1);
	struct kept *kept = &t->kept[t->count++];

	*kept = (struct kept){.piece = *piece, .weight = 1};
	if (t->count > 1 && !piece->sample && !judge_is_wait(piece->block.reason))
		part_from_wait(&kept->piece, &kept[-1].piece);
	if (piece->block.party.comm)
		kept->piece.block.party.comm = kept->comm = xstrdup(piece->block.party.comm);
}

static bool same_function(const struct verdict *a, const struct verdict *b)
{
	return a == b || (a && b && a->count && b->count &&
			  judge_same_function(a->frame[a->blame], b->frame[b->blame]));
}

static bool same_thing(const struct kept *one, const struct kept *two)
{
	const struct block *a = &one->piece.block, *b = &two->piece.block;

	return a->reason == b->reason && same_function(a->stack, b->stack);
}

static hashval_t hash_thing(const struct kept *k)
{
	const struct verdict *v = k->piece.block.stack;
	const struct frame *f = v && v->count ? v->frame[v->blame] : NULL;
	uint64_t pc = f ? f->pc : 0;

	return f && f->name ? iterative_hash(f->name, strlen(f->name), k->piece.block.reason)
			    : iterative_hash(&pc, sizeof(pc), k->piece.block.reason);
}

static bool same_stack(const struct kept *a, const struct kept *b)
{
	return a->piece.block.stack == b->piece.block.stack && a->piece.sample == b->piece.sample &&
	       a->piece.block.reason == b->piece.block.reason;
}

static hashval_t hash_sample(const struct kept *k)
{
	const void *stack = k->piece.block.stack;

	return iterative_hash(&stack, sizeof(stack), k->piece.block.reason * 2 + k->piece.sample);
}

/* A table of pieces, each of which stands for those that are the same: work stays linear in their number. */
struct firsts {
	size_t *slot; /* index + 1 of a piece; 0: free */
	size_t mask;
	hashval_t (*hash)(const struct kept *k);
	bool (*same)(const struct kept *a, const struct kept *b);
};

static struct firsts firsts_of(size_t count, hashval_t (*hash)(const struct kept *),
			       bool (*same)(const struct kept *, const struct kept *))
{
	size_t size = 16;

	while (size < 2 * count)
		size *= 2;
	return (struct firsts){xcalloc(size, sizeof(size_t)), size - 1, hash, same};
}

/* Where the first piece that is the same as `k` stands, or where `k` would. `kept` holds all that are in the table. */
static size_t *first_of(const struct firsts *firsts, const struct kept *kept, const struct kept *k)
{
	size_t at = firsts->hash(k) & firsts->mask;

	while (firsts->slot[at] && !firsts->same(&kept[firsts->slot[at] - 1], k))
		at = (at + 1) & firsts->mask;
	return &firsts->slot[at];
}

/* A poll that goes on and on does the same things again and again: each is kept once. */
static void merge(struct thread *t)
{
	struct firsts firsts = firsts_of(t->count, hash_sample, same_stack);
	size_t end = 0;

	for (size_t i = 0; i < t->count; i++) {
		struct kept *k = &t->kept[i];
		size_t *first = first_of(&firsts, t->kept, k), j = *first - 1;

		if (!*first) {
			t->kept[end++] = *k;
			*first = end;
			continue;
		}
		t->kept[j].weight += k->weight;
		t->kept[j].piece.block.duration += k->piece.block.duration;
		t->kept[j].piece.block.asleep += k->piece.block.asleep;
		t->kept[j].piece.block.run_queue += k->piece.block.run_queue;
		free(k->comm);
	}
	t->count = end;
	free(firsts.slot);
}

/* Sorts pieces into at most `count` groups; returns how many. */
static size_t group_pieces(const struct kept *kept, size_t count, struct group *groups)
{
	struct firsts firsts = firsts_of(count, hash_thing, same_thing);
	size_t n = 0, *group_of = xcalloc(count + 1, sizeof(*group_of));

	for (size_t i = 0; i < count; i++) {
		const struct block *b = &kept[i].piece.block;
		uint64_t weight = kept[i].piece.sample ? kept[i].weight : b->duration;
		size_t *first = first_of(&firsts, kept, &kept[i]);

		if (!*first) {
			groups[n] = (struct group){.lead = &kept[i]};
			group_of[i] = n++;
			*first = i + 1;
		}
		size_t g = group_of[*first - 1];

		groups[g].time += b->duration;
		groups[g].asleep += b->asleep;
		groups[g].run_queue += b->run_queue;
		groups[g].samples += kept[i].piece.sample ? kept[i].weight : 0;
		if (weight > groups[g].lead_time) {
			groups[g].lead_time = weight;
			groups[g].lead = &kept[i];
		}
	}
	free(group_of);
	free(firsts.slot);
	return n;
}

/* Running time goes to what was sampled, in proportion. */
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
	return judge_is_wait(g->lead->piece.block.reason);
}

/* The name of the poll's task, by one of its stacks, or by one of another poll of the same task: not each reaches it. NULL if none
 * does. */
static const char *task_of(struct polls *p, const struct poll *poll, const struct kept *kept, size_t count)
{
	struct named key = {.id = poll->id};

	for (size_t i = 0; i < count && !key.name; i++) {
		const struct verdict *stack = kept[i].piece.block.stack;

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

/* Adds one block: `time` of the poll, from `start` on. In its first block, `whole`: how long the poll took; `end`: when it was
 * over. */
static void add_block(struct polls *p, const struct poll *poll, const struct group *g, uint64_t start,
		      uint64_t time, uint64_t whole, uint64_t end)
{
	struct block block = {.reason = REASON_COMPUTING};

	if (g) {
		block = g->lead->piece.block;
		block.asleep = least(g->asleep, time);
		block.run_queue = least(g->run_queue, time - block.asleep);
	}
	block.unfinished = poll->running;
	block.tid = poll->tid;
	/* A stack that tells its task itself is right. */
	block.task = poll->task && (!poll->guessed || !block.stack || !block.stack->task) ? poll->task : NULL;
	block.start = start;
	block.duration = time;
	block.poll = whole;
	block.poll_end = end;
	tally_add(p->tally, &block);
}

/* When the thread first slept without a poll on its stack, or in what may block; 0: never. */
static uint64_t parked_at(const struct kept *kept, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct block *b = &kept[i].piece.block;

		if (!kept[i].piece.sample && b->stack &&
		    (b->stack->parked || b->stack->role == ROLE_BLOCKING))
			return b->start;
	}
	return 0;
}

/* The one that took most of those that are no waits for a CPU; NULL if there is none. */
static struct group *longest_of(struct group *groups, size_t count)
{
	struct group *longest = NULL;

	for (size_t i = 0; i < count; i++)
		if (!is_wait(&groups[i]) && (!longest || groups[i].time > longest->time))
			longest = &groups[i];
	return longest;
}

/* Where the poll had to wait for a CPU, if its stack was seen then; else NULL. */
static const struct verdict *waited_in(const struct group *groups, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct verdict *stack = groups[i].lead->piece.block.stack;

		if (stack && stack->in_poll)
			return stack;
	}
	return NULL;
}

/* Adds a block for each group that is one by itself, and one for the rest, which is of `longest`. */
static void add_blocks(struct polls *p, const struct poll *poll, struct group *groups, size_t count,
		       struct group *longest, uint64_t start, uint64_t end, uint64_t total)
{
	uint64_t others = 0;

	for (size_t i = 0; i < count; i++) {
		struct group *g = &groups[i];

		if (g == longest || is_wait(g) || g->time < p->threshold || others + g->time > total)
			continue;
		others += g->time;
		add_block(p, poll, g, end - others, g->time, 0, 0);
	}
	add_block(p, poll, longest, start, total - others, total, end);
}

/* What is said of a poll, with the name that its stacks or earlier polls of its task tell. */
static struct poll with_task(struct polls *p, const struct poll *told, const struct kept *kept, size_t count)
{
	struct poll poll = *told;
	const char *task = task_of(p, told, kept, count);

	poll.guessed |= !poll.task;
	poll.task = poll.task ? poll.task : task;
	return poll;
}

/* Gives the time off the CPU that no piece explains to the `longest` group: short sleeps or waits that came without an
 * event, and a sleep that still goes on. Without a group: if that sleep was most of the poll, it makes one of `instead`.
 * Returns the group. */
static struct group *give_unseen(const struct poll *poll, struct group *longest, struct group *instead,
				 struct kept *lead, uint64_t unseen, uint64_t total)
{
	if (longest && longest->asleep) {
		longest->asleep += unseen;
	} else if (longest) {
		longest->run_queue += unseen;
	} else if (poll->off > poll->wait && poll->off - poll->wait > total / 2) {
		lead->piece.block.reason = REASON_SYSCALL;
		longest = instead;
		longest->asleep = poll->off - poll->wait;
		longest->run_queue = unseen - least(unseen, longest->asleep);
	}
	return longest;
}

/* Makes blocks of a poll that is over, or runs on, and its pieces. Waits for a CPU are blocks of their own already, and
 * nobody's fault. */
static void settle(struct polls *p, const struct poll *told, const struct kept *kept, size_t count)
{
	struct poll poll = with_task(p, told, kept, count);
	struct group *groups = xcalloc(count + 1, sizeof(*groups));
	size_t n = group_pieces(kept, count, groups);
	/* The middle between what is known for sure and what is possible, within the distance of two looks: as long as no poll may have
	 * been long, there are only half as many. */
	uint64_t start = poll.first - least(poll.first - poll.before, 2 * p->period) / 2;
	uint64_t end = poll.last + least(poll.next - poll.last, 2 * p->period) / 2;
	uint64_t parked = parked_at(kept, count);

	/* Probes do not see every park, and what stands behind one is not of the poll. */
	if (parked && parked < end) {
		end = parked > start ? parked : start;
		while (count && kept[count - 1].piece.block.start >= end)
			count--;
		n = group_pieces(kept, count, groups);
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
	struct kept lead = {0};
	struct group instead = {.lead = &lead}, *longest = longest_of(groups, n);
	const struct verdict *stack = longest ? NULL : waited_in(groups, n);

	/* No sample came at the right moment, but it was seen where it had to wait. */
	if (stack) {
		lead.piece.block = (struct block){.stack = stack, .reason = judge_running(stack)};
		longest = &instead;
	}
	if (!parked)
		longest = give_unseen(&poll, longest, &instead, &lead, unseen, total);
	/* Waits that are too short for events of their own are part of the block, but do not make one. */
	uint64_t short_waits = poll.wait > waits && !parked ? poll.wait - waits : 0;

	if (total >= p->threshold + short_waits)
		add_blocks(p, &poll, groups, n, longest, start, end, total);
	free(groups);
}

static void close_poll(struct polls *p, struct thread *t, const struct poll *poll)
{
	drop(t, before(t, poll->first));
	size_t count = until(t, poll->next);

	settle(p, poll, t->kept, count);
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

struct sight {
	polls_seer *see;
	void *context;
};

static int see_open(void **slot, void *arg)
{
	const struct thread *t = *slot;
	const struct sight *sight = arg;
	struct running running = {.tid = t->tid, .first = t->open.first, .seen = t->open.next};

	if (t->count)
		running.in = &t->kept[t->count - 1].piece.block;
	if (running.first)
		sight->see(sight->context, &running);
	return 1;
}

void polls_running(const struct polls *p, polls_seer *see, void *context)
{
	htab_traverse_noresize(p->threads, see_open, &(struct sight){see, context});
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
