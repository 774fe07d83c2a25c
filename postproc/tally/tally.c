/* SPDX-License-Identifier: Apache-2.0 */
/* tally.c - see tally.h. */
#include "tally/tally.h"

#include <stdlib.h>
#include <string.h>

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>

#include "base/grow.h"
#include "tally/blockers.h"
#include "tally/recent.h"
#include "tally/runtime-looks.h"
#include "tally/shares.h"
#include "tally/spans.h"
#include "tally/stalls.h"
#include "tally/standstill.h"
#include "tally/tasks.h"
#include "tally/timeline.h"
#include "tally/what-if.h"

#define MOST_GONE 4096 /* exited workers that are listed one by one, the latest */

struct thread {
	struct worker w;
	char *comm;
	uint64_t polled; /* long polls are counted until then */
	bool worker;	 /* ran a scheduler or polled a main future at some time */
	bool scheduler;	 /* ran a scheduler */
	bool main;	 /* polled a main future at some time */
	bool gone;	 /* since w.last */
	size_t index;	 /* among the model's workers */
};

/* A worker's exit. */
struct exit {
	long tid;
	uint64_t ns;
};

struct tally {
	uint64_t window;
	struct blockers *blockers;
	htab_t threads;
	struct exit *gone; /* workers, earliest first */
	size_t gones, gones_allocated, gones_first;
	struct worker left_out; /* sum of those that are not listed */
	size_t left_out_count;
	size_t left_out_early; /* of them, those there from the start: `first` is 0 */
	uint64_t left_out_time;
	struct recent *recent; /* for a window or the live view; otherwise NULL */
	struct tally *lately;  /* gets all that this one does, and has a window; or NULL */
	enum detail detail;
	enum ranking ranking;
	struct spans *spans;
	struct shares *shares;	/* NULL: not wanted */
	struct slicing *slices; /* NULL: not wanted */
	struct histogram run_queue_waits, blocks;
	struct duration_buckets run_queue_buckets, buckets;
	uint64_t blocked, run_queue;
	uint64_t polls, longest_poll;
	struct blocker *blocker;
	struct worker *worker;
	struct span *span;
	struct share *share;
	slice_times **timeline;
	struct tasks *tasks;
	struct stalls *stalls;
	struct what_if *what_if;
	struct runtime_looks *runtimes;
	struct standstills *standstills;
	struct task *task;
};

static hashval_t hash_thread(const void *p)
{
	return (hashval_t)((const struct thread *)p)->w.tid;
}

static int equal_threads(const void *one, const void *two)
{
	return ((const struct thread *)one)->w.tid == ((const struct thread *)two)->w.tid;
}

static void free_thread(void *p)
{
	free(((struct thread *)p)->comm);
	free(p);
}

struct tally *tally_new(uint64_t window, enum detail detail)
{
	struct tally *t = xcalloc(1, sizeof(*t));

	t->window = window;
	t->detail = detail;
	/* Lines are not fully in order, but what ended two windows ago does not count any more. */
	t->recent = window ? recent_new(2 * window) : NULL;
	t->spans = spans_new(detail == DETAIL_SPANS);
	t->shares = detail >= DETAIL_SHARES ? shares_new() : NULL;
	t->slices = detail >= DETAIL_TIMELINE ? timeline_new() : NULL;
	t->tasks = tasks_new();
	t->stalls = stalls_new();
	t->what_if = what_if_new();
	t->runtimes = runtime_looks_new();
	t->standstills = standstills_new();
	t->blockers = blockers_new();
	t->threads = htab_create(64, hash_thread, equal_threads, free_thread);
	return t;
}

void tally_free(struct tally *t)
{
	if (!t)
		return;
	tally_free(t->lately);
	recent_free(t->recent);
	blockers_free(t->blockers);
	htab_delete(t->threads);
	free(t->gone);
	free(t->blocker);
	free(t->worker);
	free(t->span);
	free(t->share);
	free(t->timeline);
	free(t->task);
	spans_free(t->spans);
	shares_free(t->shares);
	timeline_free(t->slices);
	tasks_free(t->tasks);
	stalls_free(t->stalls);
	what_if_free(t->what_if);
	runtime_looks_free(t->runtimes);
	standstills_free(t->standstills);
	free(t);
}

static struct thread *find_thread(const struct tally *t, long tid, enum insert_option insert)
{
	struct thread key = {.w.tid = tid};
	void **slot = htab_find_slot(t->threads, &key, insert);

	if (!slot && insert == INSERT)
		xmalloc_failed(sizeof(key));
	if (!slot)
		return NULL;
	if (!*slot) {
		*slot = xcalloc(1, sizeof(key));
		((struct thread *)*slot)->w.tid = tid;
	}
	return *slot;
}

/* Is it a main future's thread, which is counted apart from workers? Not if NULL. */
static bool is_main_future(const struct thread *thread)
{
	return thread && thread->main && !thread->scheduler;
}

void tally_thread(struct tally *t, long tid, uint64_t ns, const char *comm, enum role role)
{
	struct thread *thread = find_thread(t, tid, NO_INSERT);

	if (!thread) {
		thread = find_thread(t, tid, INSERT);
		thread->w.first = ns;
	}
	if (comm) {
		free(thread->comm);
		thread->comm = xstrdup(comm);
		thread->gone = false; /* another thread with the same id */
	}
	if (role != ROLE_UNKNOWN)
		thread->w.role = role;
	thread->scheduler |= role == ROLE_WORKER || role == ROLE_CURRENT_THREAD;
	thread->main |= role == ROLE_MAIN_FUTURE;
	thread->worker |= thread->scheduler || thread->main;
	if (t->lately)
		tally_thread(t->lately, tid, ns, comm, role);
}

static void remove_thread(struct tally *t, long tid)
{
	struct thread key = {.w.tid = tid};

	htab_remove_elt(t->threads, &key);
}

/* Replaces the worker that exited first by its part of the sum. */
static void leave_out_earliest(struct tally *t)
{
	const struct exit *exit = &t->gone[t->gones_first++];
	const struct thread *thread = find_thread(t, exit->tid, NO_INSERT);

	/* Another thread may have its id by now. And shares refer to workers, so those with shares stay. */
	if (!thread || !thread->gone || thread->w.last != exit->ns ||
	    (t->shares && (thread->w.blocked || thread->w.run_queue)))
		return;
	t->left_out_count++;
	t->left_out_early += thread->w.first == 0;
	t->left_out_time +=
		t->window || thread->w.last < thread->w.first ? 0 : thread->w.last - thread->w.first;
	if (!t->window) { /* too old to count */
		t->left_out.blocked += thread->w.blocked;
		t->left_out.run_queue += thread->w.run_queue;
		t->left_out.blocks += thread->w.blocks;
		if (thread->w.longest > t->left_out.longest)
			t->left_out.longest = thread->w.longest;
	}
	remove_thread(t, exit->tid);
}

/* With a window: is `end` too old to count? */
static bool outside_window(const struct tally *t, uint64_t end, uint64_t ns)
{
	return !t->window || end + 2 * t->window < ns;
}

void tally_gone(struct tally *t, long tid, uint64_t ns)
{
	struct thread *thread = find_thread(t, tid, NO_INSERT);

	if (t->lately)
		tally_gone(t->lately, tid, ns);
	if (!thread)
		return;
	if (!thread->worker) {
		remove_thread(t, tid);
		return;
	}
	thread->gone = true;
	thread->w.last = ns;
	if (t->gones - t->gones_first >= MOST_GONE && outside_window(t, t->gone[t->gones_first].ns, ns))
		leave_out_earliest(t);
	if (t->gones_first > t->gones / 2) {
		t->gones -= t->gones_first;
		memmove(t->gone, t->gone + t->gones_first, t->gones * sizeof(*t->gone));
		t->gones_first = 0;
	}
	GROW(t->gone, t->gones_allocated, t->gones + 1);
	t->gone[t->gones++] = (struct exit){tid, ns};
}

enum role tally_role(const struct tally *t, long tid)
{
	const struct thread *thread = find_thread(t, tid, NO_INSERT);

	return thread ? thread->w.role : ROLE_UNKNOWN;
}

/* A long poll, reported with its first block. */
static void add_poll(struct tally *t, struct thread *thread, const struct block *block,
		     const struct blocker *of)
{
	uint64_t start = block->start > thread->polled ? block->start : thread->polled;

	t->polls++;
	if (block->poll > t->longest_poll)
		t->longest_poll = block->poll;
	tasks_add(t->tasks, of->task, block->poll);
	if (thread->w.role != ROLE_WORKER)
		return;
	standstills_poll(t->standstills, block->start, block->poll_end, block->tid, of);
	if (block->poll_end <= start)
		return;
	stalls_add(t->stalls, start, block->poll_end);
	what_if_add(t->what_if, start, block->poll_end, of);
	thread->polled = block->poll_end;
}

/* Sums over all workers. */
static void add_to_workers(struct tally *t, const struct block *block)
{
	if (judge_is_wait(block->reason)) {
		t->run_queue += block->duration;
		histogram_add(&t->run_queue_waits, block->duration);
		duration_buckets_add(&t->run_queue_buckets, block->duration);
		return;
	}
	t->blocked += block->duration;
	histogram_add(&t->blocks, block->duration);
	duration_buckets_add(&t->buckets, block->duration);
}

/* Adds a block of blocker `of` to all sums. */
static void add(struct tally *t, const struct block *block, const struct blocker *of)
{
	struct thread *thread = find_thread(t, block->tid, INSERT);

	if (block->poll)
		add_poll(t, thread, block, of);
	if (judge_is_wait(block->reason)) {
		thread->w.run_queue += block->duration;
	} else {
		thread->w.blocked += block->duration;
		thread->w.blocks++;
		if (block->duration > thread->w.longest)
			thread->w.longest = block->duration;
	}
	if (!block->main_future)
		add_to_workers(t, block);
	thread->worker = true; /* a blocked thread is one */
	blockers_add(of, block);
	spans_add(t->spans, block, of);
	if (t->shares)
		shares_add(t->shares, block, of);
	if (t->slices)
		timeline_add(t->slices, block);
}

void tally_parked(struct tally *t, uint64_t ns, bool unpolled)
{
	standstills_parked(t->standstills, ns, unpolled);
	if (t->lately)
		tally_parked(t->lately, ns, unpolled);
}

void tally_runtime(struct tally *t, uint64_t ns, const struct runtime_look *look)
{
	runtime_looks_add(t->runtimes, ns, look);
}

void tally_pooled(struct tally *t, uint64_t handle, const struct pool_stand *thread)
{
	runtime_looks_pooled(t->runtimes, handle, thread);
}

void tally_worked(struct tally *t, uint64_t ns, const struct runtime_worked *worked)
{
	runtime_looks_worked(t->runtimes, ns, worked);
}

void tally_stopped(struct tally *t, uint64_t start, uint64_t end)
{
	standstills_stop(t->standstills, start, end);
	if (t->lately)
		tally_stopped(t->lately, start, end);
}

void tally_took(struct tally *t, const char *task, unsigned class, uint64_t count)
{
	if (class < TASK_CLASSES)
		tasks_took(t->tasks, task, class, count);
}

void tally_waited(struct tally *t, const char *task, unsigned class, uint64_t count)
{
	if (class < TASK_CLASSES)
		tasks_waited(t->tasks, task, class, count);
}

void tally_keep(struct tally *t, uint64_t blocks)
{
	t->recent = t->recent ? t->recent : recent_new(0);
	recent_keep(t->recent, blocks);
}

const struct recent *tally_recent(const struct tally *t)
{
	return t->recent;
}

void tally_add(struct tally *t, const struct block *told)
{
	struct block block = *told;

	block.main_future = is_main_future(find_thread(t, block.tid, NO_INSERT));
	const struct blocker *of = blockers_find(t->blockers, &block);

	if (t->recent)
		recent_add(t->recent, &block, of);
	/* With a window, what counts is known only at the end. */
	if (!t->window)
		add(t, &block, of);
	if (t->lately)
		tally_add(t->lately, told);
}

void tally_watch_lately(struct tally *t, uint64_t span, bool since)
{
	t->lately = tally_new(span, since ? DETAIL_SHARES : DETAIL_SUMS);
	if (since)
		recent_keep_from(t->lately->recent, 0);
}

void tally_rank_by(struct tally *t, enum ranking ranking)
{
	t->ranking = ranking;
}

static int by_tid(const void *one, const void *two)
{
	const struct thread *a = *(struct thread *const *)one, *b = *(struct thread *const *)two;

	return (a->w.tid > b->w.tid) - (a->w.tid < b->w.tid);
}

static int by_start(const void *one, const void *two)
{
	const struct span *a = one, *b = two;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->worker > b->worker) - (a->worker < b->worker);
}

static int collect(void **slot, void *end)
{
	void ***next = end;

	*(*next)++ = *slot;
	return 1;
}

static void add_main_future(struct main_futures *sum, const struct worker *w)
{
	sum->threads++;
	sum->time += w->last - w->first;
	sum->blocked += w->blocked;
	sum->run_queue += w->run_queue;
	sum->blocks += w->blocks;
	sum->longest = w->longest > sum->longest ? w->longest : sum->longest;
}

static void finish_workers(struct tally *t, struct model *model)
{
	size_t all = htab_elements(t->threads);
	struct thread **thread = xcalloc(all + 1, sizeof(*thread)), **end = thread;

	htab_traverse_noresize(t->threads, collect, &end);
	qsort(thread, all, sizeof(*thread), by_tid);
	t->worker = xcalloc(all + 1, sizeof(*t->worker));
	for (size_t i = 0; i < all; i++) {
		struct worker *w = &t->worker[model->workers];

		if (!thread[i]->worker)
			continue;
		*w = thread[i]->w;
		w->comm = thread[i]->comm ? thread[i]->comm : "";
		if (w->first < model->start)
			w->first = model->start;
		if (!thread[i]->gone)
			w->last = model->end;
		if (w->last < w->first)
			w->last = w->first;
		thread[i]->index = model->workers++;
		if (is_main_future(thread[i])) {
			w->role = ROLE_MAIN_FUTURE;
			add_main_future(&model->main_futures, w);
		} else {
			model->worker_time += w->last - w->first;
		}
	}
	free(thread);
	model->worker = t->worker;
	model->workers_left_out = t->left_out_count;
	model->left_out = t->left_out;
	model->left_out_time = t->window ? 0 : t->left_out_time - t->left_out_early * model->start;
	model->worker_time += model->left_out_time;
}

/* The model's worker with this tid; NULL if it is none. */
static const struct thread *worker_of(const struct tally *t, long tid)
{
	const struct thread *thread = find_thread(t, tid, NO_INSERT);

	return thread && thread->worker ? thread : NULL;
}

static void finish_spans(struct tally *t, struct model *model)
{
	size_t count;
	const struct kept_span *kept = spans_kept(t->spans, &count);

	model->span = t->span = xcalloc(count + 1, sizeof(*t->span));
	for (size_t i = 0; i < count; i++) {
		const struct thread *thread = worker_of(t, kept[i].tid);

		if (!thread)
			continue;
		struct span *span = &t->span[model->spans++];

		*span = kept[i].span;
		span->worker = thread->index;
		span->blocker = &t->blocker[blockers_rank(kept[i].blocker)];
	}
	qsort(t->span, model->spans, sizeof(*t->span), by_start);
}

static int by_share(const void *one, const void *two)
{
	const struct share *a = one, *b = two;
	int order = judge_order(a->stack, b->stack);

	if (a->blocker != b->blocker)
		return a->blocker < b->blocker ? -1 : 1;
	if (order)
		return order;
	return (a->worker > b->worker) - (a->worker < b->worker);
}

static void finish_shares(struct tally *t, struct model *model)
{
	size_t count = 0;
	const struct kept_share **kept = t->shares ? shares_kept(t->shares, &count) : NULL;

	model->share = t->share = xcalloc(count + 1, sizeof(*t->share));
	for (size_t i = 0; i < count; i++) {
		const struct thread *thread = worker_of(t, kept[i]->tid);

		if (!thread)
			continue;
		struct share *share = &t->share[model->shares++];

		*share = kept[i]->share;
		share->worker = thread->index;
		share->blocker = &t->blocker[blockers_rank(kept[i]->blocker)];
	}
	free(kept);
	qsort(t->share, model->shares, sizeof(*t->share), by_share);
}

static void finish_timeline(struct tally *t, struct model *model)
{
	free(t->timeline);
	t->timeline = NULL;
	if (!t->slices)
		return;
	model->timeline.worker = t->timeline = xcalloc(model->workers + 1, sizeof(*t->timeline));
	timeline_axis(t->slices, &model->timeline);
	for (size_t i = 0; i < model->workers; i++)
		t->timeline[i] = timeline_of(t->slices, model->worker[i].tid);
}

struct visit {
	tally_visitor *visitor;
	void *context;
};

static int visit_worker(void **slot, void *arg)
{
	const struct thread *thread = *slot;
	const struct visit *visit = arg;
	struct worker w = thread->w;

	w.comm = thread->comm ? thread->comm : "";
	if (is_main_future(thread))
		w.role = ROLE_MAIN_FUTURE;
	if (thread->worker)
		visit->visitor(visit->context, &w, thread->gone);
	return 1;
}

void tally_workers(const struct tally *t, tally_visitor *visit, void *context)
{
	htab_traverse_noresize(t->threads, visit_worker, &(struct visit){visit, context});
}

static int clear_thread(void **slot, void *unused)
{
	struct thread *thread = *slot;

	(void)unused;
	thread->w.blocked = thread->w.run_queue = thread->w.blocks = thread->w.longest = 0;
	thread->polled = 0;
	return 1;
}

/* Resets all sums; keeps threads, and what does not come with blocks. */
static void clear(struct tally *t)
{
	blockers_clear(t->blockers);
	htab_traverse_noresize(t->threads, clear_thread, NULL);
	spans_free(t->spans);
	t->spans = spans_new(t->detail == DETAIL_SPANS);
	shares_free(t->shares);
	t->shares = t->detail >= DETAIL_SHARES ? shares_new() : NULL;
	timeline_free(t->slices);
	t->slices = t->detail >= DETAIL_TIMELINE ? timeline_new() : NULL;
	stalls_free(t->stalls);
	t->stalls = stalls_new();
	what_if_free(t->what_if);
	t->what_if = what_if_new();
	tasks_clear(t->tasks);
	standstills_clear(t->standstills);
	t->run_queue_waits = t->blocks = (struct histogram){0};
	t->run_queue_buckets = t->buckets = (struct duration_buckets){0};
	t->blocked = t->run_queue = t->polls = t->longest_poll = 0;
}

/* Adds up what is known since block `first`. */
static void add_since(struct tally *t, uint64_t first)
{
	clear(t);
	for (uint64_t i = recent_first(t->recent); i < recent_end(t->recent); i++)
		if (i >= first)
			add(t, &recent_at(t->recent, i)->b, recent_at(t->recent, i)->of);
}

/* Adds up the window at the model's end; the model begins with it. */
static void add_window(struct tally *t, struct model *model)
{
	uint64_t from = model->end > t->window ? model->end - t->window : 0;

	if (from > model->start)
		model->start = from;
	clear(t);
	for (uint64_t i = recent_first(t->recent); i < recent_end(t->recent); i++) {
		const struct recent_block *block = recent_at(t->recent, i);

		if (block_end(&block->b) >= from)
			add(t, &block->b, block->of);
	}
}

static void take_all_blocked(void *tally, const struct blocker *blocker, uint64_t time)
{
	((struct tally *)tally)->blocker[blockers_rank(blocker)].all_blocked = time;
}

/* When all of so many workers were blocked, and what that is due to. */
static void finish_stalls(struct tally *t, struct model *model, size_t workers)
{
	for (size_t i = 0; i < model->blockers; i++)
		model->delay += model->blocker[i].held_up.delay;
	/* If workers come and go, it is not known how many there were at a time. */
	if (!model->tasks || model->workers_left_out)
		return;
	model->stalled = stalls_of(t->stalls, workers);
	what_if_visit(t->what_if, workers, take_all_blocked, t);
}

/* Completes the model with what is added up. */
static void finish(struct tally *t, struct model *model)
{
	free(t->blocker);
	free(t->worker);
	free(t->span);
	free(t->share);
	free(t->task);
	model->blocker = t->blocker =
		blockers_ranked(t->blockers, t->ranking, &model->blockers, &model->ranked);
	finish_workers(t, model);
	finish_spans(t, model);
	finish_shares(t, model);
	finish_timeline(t, model);
	/* It cannot be parted: a window, or what is left of a ring, is of a shorter time. */
	if (model->shorter.since < model->start)
		model->shorter = (struct shorter){0};
	model->blocked = t->blocked;
	model->run_queue = t->run_queue;
	model->polls = t->polls;
	model->longest_poll = t->longest_poll;
	model->task = t->task = tasks_ranked(t->tasks, &model->tasks);
	size_t multi_thread = 0;

	for (size_t i = 0; i < model->workers; i++)
		multi_thread += model->worker[i].role == ROLE_WORKER;
	finish_stalls(t, model, multi_thread);
	model->runtime = runtime_looks_all(t->runtimes, &model->runtimes);
	model->standstill = standstills_of(t->standstills, multi_thread);
	if (model->standstill.blocker)
		model->standstill.blocker = &t->blocker[blockers_rank(model->standstill.blocker)];
	model->blocks = t->blocks;
	model->run_queue_waits = t->run_queue_waits;
	model->buckets = t->buckets;
	model->run_queue_buckets = t->run_queue_buckets;
}

void tally_finish(struct tally *t, struct model *model)
{
	if (t->window)
		add_window(t, model);
	finish(t, model);
}

void tally_finish_lately(struct tally *t, uint64_t span, struct model *model)
{
	uint64_t widest = t->lately->window;

	t->lately->window = span;
	tally_finish(t->lately, model);
	t->lately->window = widest;
}

uint64_t tally_finish_since(struct tally *t, uint64_t first, struct model *model)
{
	struct tally *lately = t->lately;

	add_since(lately, first);
	finish(lately, model);
	recent_keep_from(lately->recent, recent_end(lately->recent));
	return recent_end(lately->recent);
}
