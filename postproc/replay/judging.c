/* SPDX-License-Identifier: Apache-2.0 */
/* judging.c - what an event means: a block of a worker, a poll, or a thread that came or went. */
#include <string.h>

#include "base/arch.h"
#include "judge/judge.h"
#include "replay/state.h"
#include "replay/wakers.h"
#include "tally/polls.h"
#include "tally/samples.h"
#include "tally/tally.h"
#include "tokio/frame-kinds.h"
#include "tokio/role.h"

#define QUEUE_ROOM 256 /* of a worker's queue in Tokio: with more, it was none */

/* Is it a poll of the future of a current-thread runtime's block_on, which Tokio's state does not show in this build? */
static bool is_of_hidden_block_on(const struct replay *r, const struct verdict *v)
{
	const char *how = r->model->target.polls;

	return r->block_on_by_stacks && v && v->of_block_on && v->role == ROLE_CURRENT_THREAD && how &&
	       !strncmp(how, "tls ", 4);
}

static size_t place_of(const struct replay *r, long tid)
{
	return (size_t)tid % (sizeof(r->in_block_on) / sizeof(*r->in_block_on));
}

/* Notes that the event was in such a poll. */
static void note_block_on(struct replay *r, const struct event *e, const struct verdict *v)
{
	if (!is_of_hidden_block_on(r, v))
		return;
	r->in_block_on[place_of(r, e->tid)].tid = e->tid;
	r->in_block_on[place_of(r, e->tid)].ns = e->ns;
}

/* Is what Tokio's state shows as a poll one of block_on's future? If a task of spawn_blocking's calls block_on, that task's id
 * may stay. */
static bool is_block_ons(const struct replay *r, const struct poll *poll)
{
	size_t place = place_of(r, poll->tid);

	/* At its end, the thread may be in another poll already. */
	return r->in_block_on[place].tid == poll->tid && r->in_block_on[place].ns > poll->first &&
	       r->in_block_on[place].ns <= poll->last && r->in_block_on[place].ns < poll->next;
}

/* The meaning of the event's stack, and by it what the thread is now. If the stack does not tell, the thread
 * is what it was. */
static const struct verdict *verdict_of(struct replay *r, const struct event *e, bool *worker)
{
	const struct verdict *v = stacks_verdict(r->stacks, e->stack);

	if (!v && e->stack)
		r->model->stacks_missing++;
	tally_thread(r->tally, e->tid, e->ns, NULL, v ? v->role : ROLE_UNKNOWN);
	note_block_on(r, e, v);
	enum role role = tally_role(r->tally, e->tid);

	*worker = role == ROLE_WORKER || role == ROLE_CURRENT_THREAD || role == ROLE_MAIN_FUTURE;
	if (!*worker)
		r->model->other_role++;
	return v;
}

static void set_peer(struct replay *r, struct block *block, const struct event *e)
{
	block->peer.comm = e->other.comm && *e->other.comm ? e->other.comm : NULL;
	block->peer.pid = e->other.pid;
	block->peer.tid = e->other.tid;
	block->peer.same_process = e->other.pid == r->model->target.pid;
	block->peer.stack = stacks_verdict(r->stacks, e->other.stack);
}

static uint64_t period(const struct replay *r)
{
	return 1000000000 / (r->model->target.hz ? r->model->target.hz : 99);
}

/* Does the stream tell polls apart? Then they need not be estimated from stacks. */
static struct polls *exact_polls(struct replay *r)
{
	const char *how = r->model->target.polls;

	if (r->estimating)
		return NULL;
	if (!r->polls && how && strncmp(how, "estimate", 8) != 0)
		r->polls = polls_new(r->tally, period(r), r->model->target.threshold);
	return r->polls;
}

/* The same for what thread `tid` polls where it has stack `v` (or NULL): polls of a main future are never told apart. */
static struct polls *exact_polls_of(struct replay *r, long tid, const struct verdict *v)
{
	return tally_role(r->tally, tid) == ROLE_MAIN_FUTURE || is_of_hidden_block_on(r, v) ? NULL
											    : exact_polls(r);
}

/* The thread was stopped: time in which a poll could not run, and nobody's fault. */
static void judge_stop(struct replay *r, const struct event *e, const struct verdict *v)
{
	struct segment segment = {.ns = e->ns,
				  .block = {.start = e->ns - e->asleep,
					    .duration = e->asleep,
					    .tid = e->tid,
					    .reason = REASON_RUN_QUEUE,
					    .stack = v}};

	r->model->stops++;
	r->model->stopped += e->asleep;
	tally_stopped(r->tally, e->ns - e->asleep, e->ns);
	if (exact_polls_of(r, e->tid, v))
		polls_segment(r->polls, &segment);
}

static void judge_sleep_event(struct replay *r, const struct event *e)
{
	bool worker;
	const struct verdict *v = verdict_of(r, e, &worker);

	if (e->state == 'T') {
		judge_stop(r, e, v);
		return;
	}
	uint64_t duration = e->asleep + e->run_queue;
	const char *syscall = e->syscall < 0 ? NULL : arch_syscall(r->arch, e->syscall);

	if (e->syscall >= 0 && !syscall)
		syscall = "";
	else if (v && syscall && !strcmp(syscall, "restart_syscall"))
		syscall = judge_restarted(v);
	struct asleep asleep = {.syscall = syscall, .state = e->state, .number = -1};

	seen_descriptors_find(r->descriptors, e, v, &asleep);
	struct segment segment = {
		.ns = e->ns,
		.block = {.start = e->ns - duration,
			  .duration = duration,
			  .asleep = e->asleep,
			  .run_queue = e->run_queue,
			  .tid = e->tid,
			  .reason = v ? judge_sleep(v, &asleep) : REASON_SYSCALL,
			  .syscall = syscall,
			  .stack = v},
	};

	waker_find(&(struct waker_facts){.event = e,
					 .stack = stacks_verdict(r->stacks, e->other.stack),
					 .syscall = syscall,
					 .asleep = v,
					 .reason = segment.block.reason,
					 .pid = r->model->target.pid,
					 .certain = r->wakers_certain},
		   &segment.block);
	holders_find(r->holders, &segment.block);
	holders_did(r->holders, &segment.block);
	if (exact_polls_of(r, e->tid, v)) {
		polls_segment(r->polls, &segment);
		return;
	}
	if (v && v->parked)
		r->model->parks++;
	if (worker && v && v->in_poll && duration >= r->model->target.threshold)
		tally_add(r->tally, &segment.block);
}

static void judge_runq_event(struct replay *r, const struct event *e)
{
	bool worker;
	const struct verdict *v = verdict_of(r, e, &worker);
	struct segment segment = {
		.ns = e->ns,
		.block = {.start = e->ns - e->run_queue,
			  .duration = e->run_queue,
			  .run_queue = e->run_queue,
			  .tid = e->tid,
			  .reason = throttle_covers(r->throttle, e->ns - e->run_queue, e->ns)
					    ? REASON_THROTTLED
					    : REASON_RUN_QUEUE,
			  .stack = v},
	};

	holders_did(r->holders, &segment.block);
	if (e->run_queue < r->model->target.threshold)
		return;
	if (exact_polls_of(r, e->tid, v))
		polls_segment(r->polls, &segment); /* the poll could not run in this time */
	if (!worker)				   /* no worker's time includes it */
		return;
	if (segment.block.reason == REASON_RUN_QUEUE)
		set_peer(r, &segment.block, e);
	tally_add(r->tally, &segment.block);
}

/* Used if polls are estimated. If they are known exactly except for main futures, there are fewer looks: 1.25
 * in the time of the threshold. */
static struct samples *samples_of(struct replay *r)
{
	uint64_t threshold = r->model->target.threshold, rare = threshold * 4 / 5;
	struct samples **samples = exact_polls(r) ? &r->main_samples : &r->samples;

	if (!*samples)
		*samples = samples_new(r->tally, exact_polls(r) && rare > period(r) ? rare : period(r),
				       threshold);
	return *samples;
}

static void judge_sample(struct replay *r, const struct event *e)
{
	bool worker;
	const struct verdict *v = verdict_of(r, e, &worker);

	struct block block = {.tid = e->tid, .reason = v ? judge_running(v) : REASON_COMPUTING, .stack = v};
	struct block seen = block;

	seen.start = e->ns;
	holders_did(r->holders, &seen);
	if (exact_polls_of(r, e->tid, v)) {
		polls_segment(r->polls, &(struct segment){.ns = e->ns, .sample = true, .block = block});
		/* Between two samples of block_on's future, a task was polled. */
		if (r->main_samples && r->block_on_by_stacks)
			samples_gone(r->main_samples, e->tid);
		return;
	}
	if (worker && v)
		samples_add(samples_of(r), e->tid, e->ns, e->age, v);
}

static void judge_poll(struct replay *r, const struct event *e)
{
	enum role role = tally_role(r->tally, e->tid);
	struct poll poll = {.tid = e->tid,
			    .before = e->poll.before,
			    .first = e->poll.first,
			    .last = e->poll.last,
			    .next = e->ns,
			    .off = e->poll.off,
			    .wait = e->poll.wait,
			    .running = e->poll.running,
			    .taken_back = e->poll.taken_back,
			    .task = futures_at(r->futures, e->poll.site),
			    .id = e->poll.id};

	if (!exact_polls(r) || is_block_ons(r, &poll))
		return;
	/* A thread that polls tasks is a worker, whatever its stacks have shown. */
	if (role != ROLE_WORKER && role != ROLE_CURRENT_THREAD)
		tally_thread(r->tally, e->tid, e->ns, NULL, ROLE_WORKER);
	polls_add(r->polls, &poll);
}

static void judge_ready(struct replay *r, const struct event *e)
{
	if (exact_polls(r))
		polls_ready(r->polls, e->tid, e->ready.first,
			    &(struct ready){.known = e->ready.local <= QUEUE_ROOM,
					    .local = e->ready.local,
					    .lifo = e->ready.lifo,
					    .injected = e->ready.injected,
					    .idle = e->ready.idle});
}

/* No poll outlives its thread. And a process may start threads without end, so they are forgotten. */
static void judge_gone(struct replay *r, const struct event *e)
{
	if (r->polls)
		polls_gone(r->polls, e->tid, e->ns);
	if (r->samples)
		samples_gone(r->samples, e->tid);
	if (r->main_samples)
		samples_gone(r->main_samples, e->tid);
	holders_gone(r->holders, e->tid);
	tally_gone(r->tally, e->tid, e->ns);
}

/* Is the loop of a blocking pool's thread on the stack? */
static bool is_in_pool(const struct verdict *v)
{
	for (size_t i = 0; i < v->count; i++)
		if (frame_kinds_of(v->frame[i]) & FRAME_POOL)
			return true;
	return v->cut;
}

/* Where a thread of a blocking pool stood. A job that waits in a runtime's block_on looks like a thread of that runtime. */
static void judge_pooled(struct replay *r, const struct event *e)
{
	const struct verdict *v = stacks_verdict(r->stacks, e->stack);
	const char *syscall = e->pooled.runs ? NULL : arch_syscall(r->arch, e->syscall);
	struct asleep asleep = {.syscall = syscall ? syscall : "", .number = -1};
	struct pool_stand thread = {.stack = v, .threads = 1, .waiting = e->pooled.waits};

	if (!v || v->role == ROLE_WORKER || !is_in_pool(v))
		return;
	if (v->role == ROLE_MAIN_FUTURE || v->role == ROLE_CURRENT_THREAD)
		thread.reason = REASON_BLOCK_ON;
	else
		thread.reason = e->pooled.runs ? judge_running(v) : judge_sleep(v, &asleep);
	tally_pooled(r->tally, e->pooled.handle, &thread);
}

void replay_judge(struct replay *r, const struct event *e)
{
	switch (e->kind) {
	case EVENT_SLEEP:
		judge_sleep_event(r, e);
		break;
	case EVENT_RUNQ:
		judge_runq_event(r, e);
		break;
	case EVENT_POLL:
		judge_poll(r, e);
		break;
	case EVENT_READY:
		judge_ready(r, e);
		break;
	case EVENT_POOLED:
		judge_pooled(r, e);
		break;
	case EVENT_NAMED:
		tally_thread(r->tally, e->tid, e->ns, e->text, ROLE_UNKNOWN);
		break;
	case EVENT_GONE:
		judge_gone(r, e);
		break;
	default:
		judge_sample(r, e);
	}
}
