/* SPDX-License-Identifier: Apache-2.0 */
/* samples.c - see samples.h. */
#include "tally/samples.h"

#include <stdlib.h>
#include <string.h>

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>

#define MOST_STACKS 16 /* different stacks counted in a run */

/* Consecutive samples of a worker in the same work. */
struct run {
	long tid;
	uint64_t first, last, earliest; /* first and last sample; it began at `earliest` or later */
	uint64_t sampled;		/* the latest sample of the thread */
	bool woken; /* it woke up after the sample before, and did nothing else since, as far as is known */
	unsigned samples;
	struct {
		const struct verdict *stack;
		unsigned count;
	} seen[MOST_STACKS];
	unsigned stacks;
};

struct samples {
	struct tally *tally;
	uint64_t period, threshold;
	htab_t runs; /* by tid */
};

static hashval_t hash_run(const void *p)
{
	return (hashval_t)((const struct run *)p)->tid;
}

static int equal_runs(const void *one, const void *two)
{
	return ((const struct run *)one)->tid == ((const struct run *)two)->tid;
}

struct samples *samples_new(struct tally *tally, uint64_t period, uint64_t threshold)
{
	struct samples *s = xcalloc(1, sizeof(*s));

	s->tally = tally;
	s->period = period;
	s->threshold = threshold;
	s->runs = htab_create(16, hash_run, equal_runs, free);
	return s;
}

void samples_free(struct samples *s)
{
	if (!s)
		return;
	htab_delete(s->runs);
	free(s);
}

/* The outermost frame of the user's code, which is often the same for everything that a service does. */
static size_t outermost_user(const struct verdict *v)
{
	for (size_t i = v->poll; i-- > 0;)
		if (v->frame[i]->origin == ORIGIN_USER)
			return i;
	return v->count;
}

/* Does it mean the same work if two stacks share this function? A user's function does; but a nameless one
 * with sources from several files may be a whole task merged into one function. */
static bool tells_work(const struct frame *f)
{
	return f->origin == ORIGIN_USER && (f->function || f->line);
}

/* Two stacks are the same work if they are in the same poll and the same function is blamed, or they share a
 * user's function below the outermost one. */
static bool same_work(const struct verdict *a, const struct verdict *b)
{
	if (a == b)
		return true;
	if (!a->task != !b->task || (a->task && strcmp(a->task, b->task) != 0))
		return false;
	if (judge_same_function(a->frame[a->blame], b->frame[b->blame]))
		return true;
	size_t most_a = outermost_user(a), most_b = outermost_user(b);

	for (size_t i = 0; i < most_a && most_a < a->count; i++)
		for (size_t j = 0; tells_work(a->frame[i]) && j < most_b && most_b < b->count; j++)
			if (tells_work(b->frame[j]) && judge_same_function(a->frame[i], b->frame[j]))
				return true;
	return false;
}

/* Estimates when the work of a run began and how long it took. Returns false if the samples do not tell: a
 * single one only does if it is known how long the worker had been awake. */
static bool estimate(const struct samples *s, const struct run *run, uint64_t *start, uint64_t *duration)
{
	uint64_t half = s->period / 2, age = run->first - run->earliest;

	if (run->samples >= 2) {
		*start = run->first > half ? run->first - half : 0;
		*start = *start < run->earliest ? run->earliest : *start;
		*duration = run->last + half - *start;
		return true;
	}
	/* On average it goes on as long again, but not until the next sample. */
	*start = run->earliest;
	*duration = age + (age < half ? age : half);
	return run->woken && age >= s->threshold;
}

static void close_run(struct samples *s, struct run *run)
{
	uint64_t start, duration;
	unsigned most = 0;

	if (estimate(s, run, &start, &duration) && duration >= s->threshold) {
		for (unsigned i = 1; i < run->stacks; i++)
			if (run->seen[i].count > run->seen[most].count)
				most = i;
		tally_add(s->tally, &(struct block){
					    .start = start,
					    .duration = duration,
					    .tid = run->tid,
					    .reason = judge_running(run->seen[most].stack),
					    .estimated = true,
					    .stack = run->seen[most].stack,
				    });
	}
	run->samples = 0;
	run->stacks = 0;
}

static void count_stack(struct run *run, const struct verdict *stack)
{
	unsigned i = 0;

	while (i < run->stacks && run->seen[i].stack != stack)
		i++;
	if (i == MOST_STACKS)
		return;
	run->stacks += i == run->stacks;
	run->seen[i].count = run->seen[i].stack == stack ? run->seen[i].count + 1 : 1;
	run->seen[i].stack = stack;
}

void samples_add(struct samples *s, long tid, uint64_t ns, uint64_t age, const struct verdict *stack)
{
	struct run key = {.tid = tid};
	void **slot = htab_find_slot(s->runs, &key, INSERT);

	if (!*slot)
		*slot = xmemdup(&key, sizeof(key), sizeof(key));
	struct run *run = *slot;
	bool goes_on = run->samples && ns >= run->last && ns - run->last <= s->period + s->period / 2 &&
		       (age == 0 || age >= ns - run->last) && stack->in_poll &&
		       same_work(run->seen[0].stack, stack);

	if (run->samples && !goes_on)
		close_run(s, run);
	uint64_t before = run->sampled;

	run->sampled = ns;
	if (!stack->in_poll)
		return;
	if (run->samples++ == 0) {
		run->woken = age && age <= ns && ns - age >= before;
		run->first = ns;
		run->earliest = age && age <= ns ? ns - age : 0;
	}
	run->last = ns;
	count_stack(run, stack);
}

static int close_slot(void **slot, void *s)
{
	struct run *run = *slot;

	if (run->samples)
		close_run(s, run);
	return 1;
}

void samples_gone(struct samples *s, long tid)
{
	struct run key = {.tid = tid};
	void **slot = htab_find_slot(s->runs, &key, NO_INSERT);

	if (!slot)
		return;
	close_slot(slot, s);
	htab_clear_slot(s->runs, slot);
}

void samples_finish(struct samples *s)
{
	htab_traverse_noresize(s->runs, close_slot, s);
}
