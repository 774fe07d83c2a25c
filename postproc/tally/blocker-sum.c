/* blocker-sum.c - see blocker-sum.h. */
#include "tally/blocker-sum.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#define MOST_PARTIES 64 /* different wakers or culprits counted for a blocker */
#define MOST_STACKS 256 /* different stacks counted for a blocker */

static void add_stack(struct blocker_sum *sum, const struct block *block)
{
	size_t i = 0;

	if (!block->stack)
		return;
	while (i < sum->shares && sum->share[i].stack != block->stack)
		i++;
	if (i == sum->shares) {
		if (i == MOST_STACKS)
			return;
		sum->share = xrealloc(sum->share, (i + 1) * sizeof(*sum->share));
		sum->share[sum->shares++] =
			(struct stack_share){.stack = block->stack, .syscall = block->syscall};
	}
	sum->share[i].total += block->duration;
}

/* Compares parties by where they were; without a stack by name. */
static void add_party(struct blocker_sum *sum, const struct block *block)
{
	size_t i = 0;

	if (!block->party.comm)
		return;
	while (i < sum->parties && (sum->party[i].stack != block->party.stack ||
				    strcmp(sum->party[i].comm, block->party.comm) != 0))
		i++;
	if (i == sum->parties) {
		if (i == MOST_PARTIES)
			return;
		sum->party = xrealloc(sum->party, (i + 1) * sizeof(*sum->party));
		sum->party[sum->parties++] = (struct party){
			.comm = xstrdup(block->party.comm),
			.same_process = block->party.same_process,
			.stack = block->party.stack,
		};
	}
	sum->party[i].pid = block->party.pid;
	sum->party[i].tid = block->party.tid;
	sum->party[i].count++;
	sum->party[i].total += block->duration;
}

void blocker_sum_add(struct blocker_sum *sum, const struct block *block)
{
	sum->b.count++;
	sum->b.total += block->duration;
	sum->b.asleep += block->asleep;
	sum->b.run_queue += block->run_queue;
	sum->b.estimated |= block->estimated;
	sum->b.unfinished += block->unfinished;
	if (block->duration > sum->b.max)
		sum->b.max = block->duration;
	histogram_add(&sum->b.durations, block->duration);
	add_stack(sum, block);
	add_party(sum, block);
}

static int by_party_total(const void *one, const void *two)
{
	const struct party *a = one, *b = two;

	return (a->total < b->total) - (a->total > b->total);
}

/* Who ended only a few of the waits says little about them. Who had the CPU matters. */
static bool is_telling(const struct blocker *b, const struct party *party)
{
	return judge_is_wait(b->reason) || 2 * party->count >= b->count;
}

void blocker_sum_finish(struct blocker_sum *sum)
{
	const struct stack_share *most = sum->share;

	for (size_t i = 1; i < sum->shares; i++)
		if (sum->share[i].total > most->total)
			most = &sum->share[i];
	sum->b.stacks = sum->shares;
	if (most) {
		const struct frame *f = most->stack->count ? most->stack->frame[most->stack->blame] : NULL;

		sum->b.stack = most->stack;
		sum->b.stack_total = most->total;
		if (f && f->name && !strcmp(f->name, sum->b.function)) {
			sum->b.file = f->file;
			sum->b.line = f->line;
		}
		if (most->syscall && *most->syscall)
			sum->b.syscall = most->syscall;
	}
	if (sum->parties)
		qsort(sum->party, sum->parties, sizeof(*sum->party), by_party_total);
	sum->b.parties = 0;
	for (size_t i = 0; i < sum->parties && sum->b.parties < PARTIES_SHOWN; i++)
		if (is_telling(&sum->b, &sum->party[i]))
			sum->b.party[sum->b.parties++] = sum->party[i];
}

void blocker_sum_clear(struct blocker_sum *sum)
{
	const struct blocker *b = &sum->b;

	for (size_t i = 0; i < sum->parties; i++)
		free((char *)sum->party[i].comm);
	free(sum->party);
	free(sum->share);
	*sum = (struct blocker_sum){.b = {.reason = b->reason,
					  .function = b->function,
					  .file = b->file,
					  .line = b->line,
					  .task = b->task}};
}
