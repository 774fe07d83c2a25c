/* SPDX-License-Identifier: Apache-2.0 */
/* window.c - see window.h.
 *
 * Each redraw goes through all blocks once. Names are compared once per blocker, not once per block, as there
 * are far fewer blockers.
 */
#include "live/state/window.h"

#include <stdlib.h>
#include <string.h>

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>

#include "base/grow.h"
#include "judge/reasons.h"
#include "report/source-path.h"
#include "resolve/symbolize/names.h"

#define SECOND 1000000000u

/* A blocker, and what it has in the current sum. */
struct cause {
	const struct blocker *of;
	uint64_t pass; /* the pass that the following fields belong to */
	bool shown;    /* the filter lets it through */
	size_t row;    /* SIZE_MAX: no row yet */
	uint64_t total;
};

struct live_window {
	const struct recent *blocks;
	struct cause *cause[LIVE_BLOCKS]; /* ring: block i has index i % LIVE_BLOCKS */
	uint64_t first, next;		  /* the blocks in the window: from the first, up to the next */
	uint64_t dropped;		  /* when the newest block ended that had to make room */
	htab_t causes;
	uint64_t pass;
	struct live_row *row;
	size_t rows, allocated;
	char *root;
	size_t rooted; /* the number of causes `root` was found from */
	size_t at;     /* the block that live_window_newest() has reached */
};

static hashval_t hash_cause(const void *cause)
{
	return htab_hash_pointer(((const struct cause *)cause)->of);
}

static int same_cause(const void *one, const void *two)
{
	return ((const struct cause *)one)->of == ((const struct cause *)two)->of;
}

struct live_window *live_window_new(const struct recent *blocks)
{
	struct live_window *w = xcalloc(1, sizeof(*w));

	w->blocks = blocks;
	w->causes = htab_create(64, hash_cause, same_cause, free);
	return w;
}

void live_window_free(struct live_window *w)
{
	if (!w)
		return;
	htab_delete(w->causes);
	free(w->row);
	free(w->root);
	free(w);
}

static struct cause *cause_of(struct live_window *w, const struct blocker *of)
{
	void **slot = htab_find_slot(w->causes, &(struct cause){.of = of}, INSERT);

	if (!*slot) {
		struct cause *cause = xcalloc(1, sizeof(*cause));

		cause->of = of;
		*slot = cause;
	}
	return *slot;
}

static const struct block *block_at(const struct live_window *w, uint64_t i)
{
	return &recent_at(w->blocks, i)->b;
}

/* Drops the first block, to make room. */
static void drop_first(struct live_window *w)
{
	uint64_t ended = w->first < recent_first(w->blocks) ? recent_dropped(w->blocks)
							    : block_end(block_at(w, w->first));

	w->dropped = ended > w->dropped ? ended : w->dropped;
	w->first++;
}

void live_window_take(struct live_window *w, uint64_t since, struct live_run *run)
{
	while (w->next < recent_end(w->blocks)) {
		if (w->next - w->first == LIVE_BLOCKS)
			drop_first(w);
		if (w->next < recent_first(w->blocks)) {
			w->first = ++w->next;
			w->dropped = recent_dropped(w->blocks);
			continue;
		}
		const struct recent_block *block = recent_at(w->blocks, w->next);

		w->cause[w->next++ % LIVE_BLOCKS] = cause_of(w, block->of);
		if (block->b.start < since)
			continue;
		run->blocks++;
		if (block->b.main_future)
			continue;
		*(judge_is_wait(block->b.reason) ? &run->run_queue : &run->blocked) += block->b.duration;
	}
}

uint64_t live_window_count(const struct live_window *w)
{
	return recent_end(w->blocks);
}

const char *live_window_root(struct live_window *w)
{
	size_t causes = htab_elements(w->causes), n = 0;

	if (w->rooted == causes)
		return w->root;
	/* One stack per cause: that of its newest block. */
	struct model model = {.blocker = xcalloc(causes + 1, sizeof(*model.blocker))};

	w->pass++;
	for (uint64_t i = w->next; i-- > w->first;) {
		struct cause *c = w->cause[i % LIVE_BLOCKS];

		if (c->pass != w->pass && n < causes)
			model.blocker[n++].stack = block_at(w, i)->stack;
		c->pass = w->pass;
	}
	model.blockers = n;
	free(w->root);
	w->root = place_root(&model);
	w->rooted = causes;
	free(model.blocker);
	/* Invalidates the causes' fields of this pass: they answer no query. */
	w->pass++;
	return w->root;
}

static bool holds(const char *text, const char *part)
{
	return text && strcasestr(text, part);
}

static bool passes(const struct blocker *b, const char *filter)
{
	return !filter || !*filter || holds(b->function, filter) || holds(b->file, filter) ||
	       holds(b->task, filter) || holds(reason_info(b->reason)->word, filter);
}

/* Starts a cause's sum for this pass. */
static struct cause *cause_in(const struct live_window *w, uint64_t i, const char *filter)
{
	struct cause *c = w->cause[i % LIVE_BLOCKS];

	if (c->pass != w->pass) {
		c->pass = w->pass;
		c->row = SIZE_MAX;
		c->total = 0;
		c->shown = passes(c->of, filter);
	}
	return c;
}

bool live_same_row(enum live_group group, const struct blocker *a, const struct blocker *b)
{
	/* Waits for a CPU rank below the rest, and share no row with code. */
	if (judge_is_wait(a->reason) != judge_is_wait(b->reason))
		return false;
	switch (group) {
	case GROUP_FILE:
		return name_same(a->file, b->file);
	case GROUP_TASK:
		return name_same(a->task, b->task);
	case GROUP_REASON:
		return a->reason == b->reason;
	default:
		return a->reason == b->reason && name_same(a->function, b->function);
	}
}

static const char *name_in(enum live_group group, const struct blocker *b)
{
	return group == GROUP_FILE     ? b->file
	       : group == GROUP_TASK   ? b->task
	       : group == GROUP_REASON ? reason_info(b->reason)->word
				       : b->function;
}

static struct live_row *row_of(struct live_window *w, struct cause *c, enum live_group group)
{
	if (c->row != SIZE_MAX)
		return &w->row[c->row];
	for (c->row = 0; c->row < w->rows && !live_same_row(group, w->row[c->row].of, c->of); c->row++)
		;
	if (c->row == w->rows) {
		GROW(w->row, w->allocated, w->rows + 1);
		w->row[w->rows++] = (struct live_row){.of = c->of, .name = name_in(group, c->of)};
	}
	w->row[c->row].blockers++;
	return &w->row[c->row];
}

/* How much of the block lies between two times. */
static uint64_t overlap(const struct block *b, uint64_t from, uint64_t to)
{
	uint64_t start = b->start > from ? b->start : from, end = block_end(b) < to ? block_end(b) : to;

	return end > start ? end - start : 0;
}

static void add_trend(struct live_row *row, const struct block *b, const struct live_query *q)
{
	size_t cells = q->cells < LIVE_TREND_CELLS ? q->cells : LIVE_TREND_CELLS;

	if (!cells)
		return;
	/* Trends move once a second. */
	uint64_t width = LIVE_TREND / cells, end = (q->now / SECOND + 1) * SECOND;

	for (size_t i = 0; i < cells; i++) {
		uint64_t to = end - (cells - 1 - i) * width;

		if (end > (cells - i) * width)
			row->trend[i] += overlap(b, to - width, to);
	}
}

static enum live_sort sorting; /* qsort cannot pass it to the comparison */

static uint64_t sorted_by(const struct live_row *row)
{
	return sorting == SORT_COUNT   ? row->count
	       : sorting == SORT_MAX   ? row->max
	       : sorting == SORT_DELAY ? row->delay
				       : row->total;
}

static int by_rank(const void *one, const void *two)
{
	const struct live_row *a = one, *b = two;
	uint64_t x = sorted_by(a), y = sorted_by(b);
	bool waits = judge_is_wait(a->of->reason);

	if (waits != judge_is_wait(b->of->reason))
		return waits ? 1 : -1;
	if (x != y && sorting != SORT_NAME)
		return x < y ? 1 : -1;
	int order = strcmp(a->name ? a->name : "", b->name ? b->name : "");

	return order ? order : (a->of->reason > b->of->reason) - (a->of->reason < b->of->reason);
}

static uint64_t start_of(const struct live_query *q)
{
	uint64_t from = q->now > q->span ? q->now - q->span : 0;

	return q->since > from ? q->since : from;
}

/* Has it come by the query's time, and after the last reset? */
static bool in_time(const struct block *b, const struct live_query *q)
{
	return block_end(b) <= q->now && b->start >= q->since;
}

/* Is it also long enough, and is its reason shown? */
static bool asked_for(const struct block *b, const struct live_query *q)
{
	return in_time(b, q) && b->duration >= q->threshold && !(q->hidden >> b->reason & 1);
}

static void forget_old(struct live_window *w, uint64_t now)
{
	while (w->first < w->next && block_end(block_at(w, w->first)) + LIVE_LONGEST < now)
		w->first++;
}

/* Removes rows that have nothing but a trend. */
static void drop_empty(struct live_window *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->rows; i++)
		if (w->row[i].count)
			w->row[kept++] = w->row[i];
	w->rows = kept;
}

void live_window_sum(struct live_window *w, const struct live_query *q, struct live_sum *sum)
{
	uint64_t from = start_of(q);

	*sum = (struct live_sum){.from = from < w->dropped ? w->dropped : from};
	w->pass++;
	w->rows = 0;
	forget_old(w, q->now);
	for (uint64_t i = w->first; i < w->next; i++) {
		const struct block *b = block_at(w, i);
		uint64_t inside = overlap(b, from, q->now);
		bool counts = block_end(b) > from;

		if (!in_time(b, q) || (!counts && block_end(b) + LIVE_TREND < q->now))
			continue;
		if (!b->main_future)
			*(judge_is_wait(b->reason) ? &sum->run_queue : &sum->blocked) += inside;
		if (!asked_for(b, q))
			continue;
		struct cause *c = cause_in(w, i, q->filter);

		if (!c->shown)
			continue;
		struct live_row *row = row_of(w, c, q->group);

		add_trend(row, b, q);
		if (!counts)
			continue;
		row->mixed |= c->of->reason != row->of->reason;
		c->total += b->duration;
		if (c->of != row->of && c->total > cause_of(w, row->of)->total)
			row->of = c->of;
		row->count++;
		row->total += inside;
		row->max = b->duration > row->max ? b->duration : row->max;
		row->estimated |= b->estimated;
		row->delay += block_delay(b);
		row->delay_known |= b->ready.known;
		sum->delay_known |= b->ready.known;
		sum->count++;
	}
	drop_empty(w);
	sorting = q->sort;
	if (w->rows)
		qsort(w->row, w->rows, sizeof(*w->row), by_rank);
	sum->row = w->row;
	sum->rows = w->rows;
}

const struct recent_block *live_window_newest(struct live_window *w, const struct live_query *q, size_t i)
{
	if (i == 0) {
		w->pass++;
		w->at = 0;
	}
	for (; w->first + w->at < w->next; w->at++) {
		uint64_t n = w->next - 1 - w->at;
		const struct recent_block *block = recent_at(w->blocks, n);

		if (asked_for(&block->b, q) && cause_in(w, n, q->filter)->shown) {
			w->at++;
			return block;
		}
	}
	return NULL;
}

void live_window_lane(const struct live_window *w, const struct live_query *q, long tid, uint64_t start,
		      uint64_t width, struct live_cell *cell, size_t count)
{
	uint64_t(*time)[REASON_COUNT] = xcalloc(count + 1, sizeof(*time)), end = start + width * count;

	for (uint64_t i = w->first; i < w->next; i++) {
		const struct block *b = block_at(w, i);

		if (b->tid != tid || !asked_for(b, q) || block_end(b) <= start || b->start >= end)
			continue;
		size_t c = b->start > start ? (b->start - start) / width : 0;

		for (; c < count && start + c * width < block_end(b); c++)
			time[c][b->reason] += overlap(b, start + c * width, start + (c + 1) * width);
	}
	for (size_t c = 0; c < count; c++) {
		cell[c] = (struct live_cell){0};
		for (int r = 0; r < REASON_COUNT; r++) {
			if (time[c][r] > time[c][cell[c].reason])
				cell[c].reason = (enum reason)r;
			*(judge_is_wait(r) ? &cell[c].run_queue : &cell[c].blocked) += time[c][r];
		}
	}
	free(time);
}

/* Which stretch it falls into: 1, 2, 5, 10, ... us. */
static size_t stretch_of(uint64_t duration)
{
	size_t i = 0;

	while (i + 1 < LIVE_STRETCHES && duration >= live_stretch(i + 1))
		i++;
	return i;
}

uint64_t live_stretch(size_t i)
{
	static const uint64_t digit[] = {1000, 2000, 5000};
	uint64_t from = digit[i % 3];

	for (i /= 3; i; i--)
		from *= 10;
	return from;
}

static void add_worker(struct live_detail *d, const struct block *b, uint64_t inside)
{
	const size_t room = sizeof(d->worker) / sizeof(*d->worker);
	size_t i = 0;

	while (i < d->workers && i < room && d->worker[i].tid != b->tid)
		i++;
	if (i == room) /* few blockers are on more workers */
		return;
	if (i == d->workers) {
		d->worker[i].tid = b->tid;
		d->worker[i].count = d->worker[i].total = 0;
		d->workers++;
	}
	d->worker[i].count++;
	d->worker[i].total += inside;
}

static int by_worker_total(const void *one, const void *two)
{
	const struct live_share *a = one, *b = two;

	return (a->total < b->total) - (a->total > b->total);
}

bool live_window_detail(struct live_window *w, const struct live_query *q, const struct live_row *row,
			struct live_detail *d)
{
	const struct blocker *of = row->of;
	uint64_t from = start_of(q);

	*d = (struct live_detail){.sum.b = {.reason = of->reason,
					    .function = of->function,
					    .file = of->file,
					    .line = of->line,
					    .task = of->task}};
	w->pass++;
	for (uint64_t i = w->first; i < w->next; i++) {
		const struct block *b = block_at(w, i);

		if (!asked_for(b, q) || block_end(b) <= from || !cause_in(w, i, q->filter)->shown ||
		    !live_same_row(q->group, of, w->cause[i % LIVE_BLOCKS]->of))
			continue;
		blocker_sum_add(&d->sum, b);
		d->stretch[stretch_of(b->duration)]++;
		add_worker(d, b, overlap(b, from, q->now));
	}
	blocker_sum_finish(&d->sum);
	if (d->workers)
		qsort(d->worker, d->workers, sizeof(*d->worker), by_worker_total);
	return d->sum.b.count > 0;
}
