/* SPDX-License-Identifier: Apache-2.0 */
/* diff.c - see diff.h. words.c has the words that both writers use. */
#include "diff/diff.h"

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diff/significance.h"
#include "report/source-path.h"

#define BUILDS 64 /* counted in a trace */

/* A blocker and its slices, found by what it is matched by. */
struct entry {
	const struct blocker *blocker;
	struct slices slices;
	bool matched;
};

/* One trace. */
struct side {
	const struct model *model;
	struct entry *entry; /* in the order of model->blocker */
	struct slices blocked, run_queue;
	double worker_time, time;  /* seconds */
	const char *build[BUILDS]; /* of the executable, and of files with nameless code */
	size_t builds;
};

static hashval_t hash_entry(const void *p)
{
	const struct blocker *b = ((const struct entry *)p)->blocker;
	hashval_t h = iterative_hash(b->function, strlen(b->function), b->reason);

	return b->task ? iterative_hash(b->task, strlen(b->task), h) : h;
}

/* Offsets are only comparable within a build. */
static bool same_build(const struct blocker *a, const struct blocker *b)
{
	return !a->nameless_build == !b->nameless_build &&
	       (!a->nameless_build || (*a->nameless_build && !strcmp(a->nameless_build, b->nameless_build)));
}

static int equal_entries(const void *one, const void *two)
{
	const struct blocker *a = ((const struct entry *)one)->blocker,
			     *b = ((const struct entry *)two)->blocker;

	return a->reason == b->reason && !strcmp(a->function, b->function) && !a->task == !b->task &&
	       (!a->task || !strcmp(a->task, b->task)) && same_build(a, b);
}

static void add_build(struct side *side, const char *build)
{
	size_t i = 0;

	while (i < side->builds && strcmp(side->build[i], build) != 0)
		i++;
	if (i == side->builds && i < BUILDS)
		side->build[side->builds++] = build;
}

static void open_side(struct side *side, const struct model *m)
{
	*side = (struct side){
		.model = m,
		.entry = xcalloc(m->blockers + 1, sizeof(*side->entry)),
		.worker_time = (double)m->worker_time / 1e9,
		.time = (double)(m->end - m->start) / 1e9,
	};
	/* So that the mean of the slices is the blocked time per second of worker time. */
	double scale = m->worker_time ? NOISE_SLICES / side->worker_time : 0;

	if (m->target.build_id)
		add_build(side, m->target.build_id);
	for (size_t i = 0; i < m->blockers; i++) {
		side->entry[i].blocker = &m->blocker[i];
		if (m->blocker[i].nameless_build)
			add_build(side, m->blocker[i].nameless_build);
	}
	for (size_t i = 0; i < m->spans; i++) {
		const struct span *s = &m->span[i];
		double amount = (double)s->duration * scale;

		slices_add(&side->entry[s->blocker - m->blocker].slices, m->start, m->end, s->start, amount);
		slices_add(judge_is_wait(s->reason) ? &side->run_queue : &side->blocked, m->start, m->end,
			   s->start, amount);
	}
}

static struct rate rate_of(const struct side *side, uint64_t count, uint64_t total)
{
	return (struct rate){
		.count = count,
		.time = side->worker_time > 0 ? (double)total / side->worker_time : 0,
		.often = side->time > 0 ? (double)count / side->time : 0,
	};
}

static struct rate rate_of_sum(const struct side *side, bool run_queue)
{
	const struct model *m = side->model;

	if (run_queue)
		return rate_of(side, m->run_queue_waits.count, m->run_queue);
	return rate_of(side, m->polls ? m->polls : m->blocks.count, m->blocked);
}

/* What became of it, if the chance that nothing did is below `limit`. */
static enum change_kind kind_of(const struct change *c, const struct slices *was, const struct slices *is,
				double limit)
{
	bool certain = noise_chance(was, is) < limit;

	if (c->was.count == 0 && c->is.count)
		return certain ? CHANGE_NEW : CHANGE_MAYBE_NEW;
	if (c->is.count == 0 && c->was.count)
		return certain ? CHANGE_GONE : CHANGE_MAYBE_GONE;
	if (!certain)
		return CHANGE_NONE;
	return c->is.time > c->was.time ? CHANGE_WORSE : CHANGE_BETTER;
}

/* Are its blocks, on average, shorter than twice the threshold? How many of them are seen is then chance: as
 * many may have been a little shorter. */
static bool near_threshold(const struct blocker *b, const struct model *m)
{
	return !b || !b->count || (double)b->total / (double)b->count < 2 * (double)m->target.threshold;
}

static double size_of(const struct change *c)
{
	if (change_beyond_noise(c->kind))
		return fabs(c->is.time - c->was.time);
	return c->is.time > c->was.time ? c->is.time : c->was.time;
}

/* 0: significant, 1: not, 2: not comparable. */
static int class_of(const struct change *c)
{
	return change_beyond_noise(c->kind) ? 0 : c->kind == CHANGE_UNMATCHED ? 2 : 1;
}

static int by_importance(const void *one, const void *two)
{
	const struct change *a = one, *b = two;
	const struct blocker *x = change_blocker(a), *y = change_blocker(b);
	int order = judge_is_wait(x->reason) - judge_is_wait(y->reason);

	if (!order)
		order = class_of(a) - class_of(b);
	if (!order)
		order = (size_of(a) < size_of(b)) - (size_of(a) > size_of(b));
	if (!order)
		order = strcmp(x->function, y->function);
	if (!order)
		order = (int)x->reason - (int)y->reason;
	return order ? order : strcmp(x->task ? x->task : "", y->task ? y->task : "");
}

/* Is the build of a blocker's offset known to be in the other trace? */
static bool matchable(const struct blocker *b, const struct side *other)
{
	size_t i = 0;

	if (!b || !b->nameless_build)
		return true;
	while (i < other->builds && strcmp(other->build[i], b->nameless_build) != 0)
		i++;
	return *b->nameless_build && i < other->builds;
}

static void add(struct diff *d, const struct side sides[2], const struct entry *was, const struct entry *is,
		double limit)
{
	static const struct slices none;
	struct change *c = &d->change[d->changes++];
	const struct blocker *before = was ? was->blocker : NULL, *after = is ? is->blocker : NULL;

	*c = (struct change){.before = before, .after = after};
	if (before)
		c->was = rate_of(&sides[0], before->count, before->total);
	if (after)
		c->is = rate_of(&sides[1], after->count, after->total);
	if ((!after && !matchable(before, &sides[1])) || (!before && !matchable(after, &sides[0])))
		c->kind = CHANGE_UNMATCHED;
	else
		c->kind = kind_of(c, was ? &was->slices : &none, is ? &is->slices : &none, limit);
	if (change_beyond_noise(c->kind) && near_threshold(before, sides[0].model) &&
	    near_threshold(after, sides[1].model))
		c->kind += CHANGE_MAYBE_NEW - CHANGE_NEW;
	if (judge_is_wait(change_blocker(c)->reason)) {
		d->waits += change_beyond_noise(c->kind);
		return;
	}
	d->kinds[c->kind]++;
	d->ranked++;
}

/* Finds the rows: all blockers before, and those after that were not there before. */
static size_t match(struct side sides[2], htab_t entries, struct entry **partner)
{
	size_t rows = sides[0].model->blockers;

	for (size_t i = 0; i < sides[1].model->blockers; i++)
		*htab_find_slot(entries, &sides[1].entry[i], INSERT) = &sides[1].entry[i];
	for (size_t i = 0; i < sides[0].model->blockers; i++) {
		partner[i] = htab_find(entries, &sides[0].entry[i]);
		if (partner[i])
			partner[i]->matched = true;
	}
	for (size_t i = 0; i < sides[1].model->blockers; i++)
		rows += !sides[1].entry[i].matched;
	return rows;
}

void diff_make(struct diff *d, const struct model *before, const struct model *after)
{
	struct side sides[2];
	htab_t entries = htab_create(64, hash_entry, equal_entries, NULL);
	struct entry **partner = xcalloc(before->blockers + 1, sizeof(struct entry *));

	*d = (struct diff){
		.before = before,
		.after = after,
		.root_before = place_root(before),
		.root_after = place_root(after),
	};
	open_side(&sides[0], before);
	open_side(&sides[1], after);
	size_t rows = match(sides, entries, partner);
	/* The chance to be wrong is divided among all rows and the two sums (Bonferroni). */
	double limit = NOISE_CHANCE / (double)(rows + 2);

	d->change = xcalloc(rows + 1, sizeof(*d->change));
	for (size_t i = 0; i < before->blockers; i++)
		add(d, sides, &sides[0].entry[i], partner[i], limit);
	for (size_t i = 0; i < after->blockers; i++)
		if (!sides[1].entry[i].matched)
			add(d, sides, NULL, &sides[1].entry[i], limit);
	qsort(d->change, d->changes, sizeof(*d->change), by_importance);

	d->blocked.was = rate_of_sum(&sides[0], false);
	d->blocked.is = rate_of_sum(&sides[1], false);
	d->blocked.kind = kind_of(&d->blocked, &sides[0].blocked, &sides[1].blocked, limit);
	d->run_queue.was = rate_of_sum(&sides[0], true);
	d->run_queue.is = rate_of_sum(&sides[1], true);
	d->run_queue.kind = kind_of(&d->run_queue, &sides[0].run_queue, &sides[1].run_queue, limit);
	htab_delete(entries);
	free(partner);
	free(sides[0].entry);
	free(sides[1].entry);
}

void diff_free(struct diff *diff)
{
	free(diff->root_before);
	free(diff->root_after);
	free(diff->change);
}

bool change_beyond_noise(enum change_kind kind)
{
	return kind <= CHANGE_BETTER;
}

const struct blocker *change_blocker(const struct change *change)
{
	return change->after ? change->after : change->before;
}
