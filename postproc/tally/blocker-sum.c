/* SPDX-License-Identifier: Apache-2.0 */
/* blocker-sum.c - see blocker-sum.h. */
#include "tally/blocker-sum.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#define MOST_PEERS 64	/* distinct wakers or culprits told apart within a blocker */
#define MOST_HELD 16	/* distinct things that holders of a lock did */
#define MOST_STACKS 256 /* distinct stacks told apart within a blocker */

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

/* Of the target's threads any that were in the same function: each of several workers may end less than half of the waits. Of others where they
 * were, and without a stack their name. */
static bool same_peer(const struct peer *one, const struct peer *two)
{
	if (one->same_process && two->same_process && one->stack && two->stack)
		return judge_same_blame(one->stack, two->stack);
	return one->stack == two->stack && !strcmp(one->comm, two->comm);
}

bool blocker_sum_same_culprit(const struct peer *one, const struct peer *two)
{
	return one->same_process == two->same_process && !one->tid == !two->tid &&
	       (!one->tid || !strcmp(one->comm, two->comm));
}

static void add_to_peer(struct peer *sum, const struct peer *peer)
{
	if (peer->tid && strcmp(sum->comm, peer->comm) != 0) {
		free((char *)sum->comm);
		sum->comm = xstrdup(peer->comm);
		sum->names = true;
	}
	sum->processes |= sum->pid != peer->pid;
	sum->threads |= sum->tid != peer->tid;
	sum->pid = peer->pid;
	sum->tid = peer->tid;
	sum->count++;
	sum->total += peer->total;
}

/* Adds to the peer in the list that is the same, or to a new one. */
static void add_peer(struct peer **list, size_t *count, bool same(const struct peer *, const struct peer *),
		     const struct peer *peer)
{
	size_t i = 0;

	while (i < *count && !same(&(*list)[i], peer))
		i++;
	if (i == *count) {
		if (i == MOST_PEERS)
			return;
		*list = xrealloc(*list, (i + 1) * sizeof(**list));
		(*list)[i] = *peer;
		(*list)[i].comm = xstrdup(peer->comm);
		(*list)[i].count = (*list)[i].total = 0;
		++*count;
	}
	add_to_peer(&(*list)[i], peer);
}

static void add_peers(struct blocker_sum *sum, const struct block *block)
{
	struct peer peer = {.comm = block->peer.comm,
			    .pid = block->peer.pid,
			    .tid = block->peer.tid,
			    .same_process = block->peer.same_process,
			    .stack = block->peer.stack,
			    .total = block->duration};

	if (!peer.comm)
		return;
	add_peer(&sum->peer, &sum->peers, same_peer, &peer);
	peer.stack = NULL;
	if (judge_is_wait(block->reason))
		add_peer(&sum->culprit, &sum->culprits, blocker_sum_same_culprit, &peer);
}

static bool same_held(const struct held *held, const struct block *block)
{
	return held->reason == block->held.reason &&
	       (judge_is_wait(held->reason) || judge_same_blame(held->stack, block->held.stack));
}

static void add_held(struct blocker_sum *sum, const struct block *block)
{
	size_t i = 0;

	if (!block->held.stack)
		return;
	sum->b.held_known++;
	while (i < sum->helds && !same_held(&sum->held[i], block))
		i++;
	if (i == MOST_HELD)
		return;
	if (i == sum->helds) {
		sum->held = xrealloc(sum->held, ++sum->helds * sizeof(*sum->held));
		sum->held[i] = (struct held){.reason = block->held.reason,
					     .syscall = block->held.syscall,
					     .stack = block->held.stack};
	}
	sum->held[i].count++;
	sum->held[i].total += block->duration;
}

static void add_held_up(struct held_up *sum, const struct block *block)
{
	const struct ready *r = &block->ready;

	if (!r->known)
		return;
	sum->known++;
	sum->lifo += r->lifo;
	histogram_add(&sum->tasks, r->local + r->lifo);
	sum->delay += block_delay(block);
	if (!r->idle && r->injected > sum->injected)
		sum->injected = r->injected;
}

void blocker_sum_add(struct blocker_sum *sum, const struct block *block)
{
	sum->b.count++;
	sum->b.total += block->duration;
	sum->b.asleep += block->asleep;
	sum->b.run_queue += block->run_queue;
	sum->b.elsewhere += block->elsewhere;
	sum->b.estimated |= block->estimated;
	sum->b.unfinished += block->unfinished;
	if (block->duration > sum->b.max)
		sum->b.max = block->duration;
	histogram_add(&sum->b.durations, block->duration);
	add_held_up(&sum->b.held_up, block);
	add_stack(sum, block);
	add_peers(sum, block);
	add_held(sum, block);
}

int blocker_sum_by_peer_total(const void *one, const void *two)
{
	const struct peer *a = one, *b = two;

	return (a->total < b->total) - (a->total > b->total);
}

static int by_held_total(const void *one, const void *two)
{
	const struct held *a = one, *b = two;

	return (a->total < b->total) - (a->total > b->total);
}

/* Who ended few of the waits says nothing about them. Who had the CPU does; and so does who reads standard output or standard
 * error, where all but one thread wait for each other: who has the lock waits for the reader. */
static bool is_telling(const struct blocker *b, const struct peer *peer)
{
	bool reads = (b->reason == REASON_STDOUT || b->reason == REASON_STDERR) && !peer->same_process;

	return judge_is_wait(b->reason) || reads || 2 * peer->count >= b->count;
}

static void finish_peers(struct blocker_sum *sum)
{
	if (sum->peers)
		qsort(sum->peer, sum->peers, sizeof(*sum->peer), blocker_sum_by_peer_total);
	sum->b.peers = 0;
	for (size_t i = 0; i < sum->peers && sum->b.peers < PEERS_SHOWN; i++)
		if (is_telling(&sum->b, &sum->peer[i]))
			sum->b.peer[sum->b.peers++] = sum->peer[i];
	if (sum->culprits)
		qsort(sum->culprit, sum->culprits, sizeof(*sum->culprit), blocker_sum_by_peer_total);
	sum->b.culprits = sum->culprits < PEERS_SHOWN ? sum->culprits : PEERS_SHOWN;
	for (size_t i = 0; i < sum->b.culprits; i++)
		sum->b.culprit[i] = sum->culprit[i];
}

static void finish_helds(struct blocker_sum *sum)
{
	if (sum->helds)
		qsort(sum->held, sum->helds, sizeof(*sum->held), by_held_total);
	sum->b.helds = sum->helds < HELD_SHOWN ? sum->helds : HELD_SHOWN;
	for (size_t i = 0; i < sum->b.helds; i++)
		sum->b.held[i] = sum->held[i];
}

/* The frame of the user's code that is nearest to the task; NULL if there is none. */
static const struct frame *outermost_own(const struct verdict *v)
{
	for (size_t i = v->poll < v->count ? v->poll + 1 : v->count; v->in_poll && i-- > 0;)
		if (v->frame[i]->origin == ORIGIN_USER)
			return v->frame[i];
	return NULL;
}

/* Of the functions that the task called first the one with most time. */
static void find_within(struct blocker_sum *sum)
{
	sum->b.within = NULL;
	sum->b.within_total = 0;
	for (size_t i = 0; i < sum->shares; i++) {
		const struct frame *own = outermost_own(sum->share[i].stack);
		uint64_t total = 0;

		for (size_t k = 0; k < sum->shares && own; k++) {
			const struct frame *other = outermost_own(sum->share[k].stack);

			total += other && judge_same_function(own, other) ? sum->share[k].total : 0;
		}
		if (total <= sum->b.within_total)
			continue;
		sum->b.within = own;
		sum->b.within_total = total;
	}
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
	find_within(sum);
	finish_peers(sum);
	finish_helds(sum);
}

static void free_peers(struct peer *peer, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free((char *)peer[i].comm);
	free(peer);
}

void blocker_sum_clear(struct blocker_sum *sum)
{
	const struct blocker *b = &sum->b;

	free_peers(sum->peer, sum->peers);
	free_peers(sum->culprit, sum->culprits);
	free(sum->held);
	free(sum->share);
	*sum = (struct blocker_sum){.b = {.reason = b->reason,
					  .function = b->function,
					  .file = b->file,
					  .line = b->line,
					  .task = b->task}};
}
