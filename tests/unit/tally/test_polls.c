/* SPDX-License-Identifier: Apache-2.0 */
/* test_polls.c - streams in which polls are told apart: whole polls become blocks, and no time counts
 * twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "replay/replay.h"

#define SECOND UINT64_C(1000000000)
#define MS UINT64_C(1000000)

/* Two stacks of one task: f computes, g waits for a lock. Times below are in seconds from 1 on. */
#define FRAMES(id, function)                                                                                 \
	"frame " id " whole call user " id " " id " 1 app " function " app::" function " - -\n"              \
	"frame " id " whole call runtime 20 20 1 app poll tokio::runtime::task::raw::poll - -\n"             \
	"frame " id " whole call runtime 30 30 1 app run multi_thread::worker::run - -\n"
#define HEAD                                                                                                 \
	"hud-trace 1\nmeta target app\nmeta pid 100\nmeta threshold-us 5000\nmeta hz 1000\n"                 \
	"meta arch x86_64\nmeta polls tls DWARF\nthread 101 worker 1 tokio-rt-worker\n"                      \
	"thread 102 unknown 1 tokio-rt-worker\nbegin 1000000000\n" FRAMES("5", "f") FRAMES("6", "g")
#define END "end 9000000000 interrupt\n"

struct outcome {
	struct replay *replay;
	struct model model;
};

static const struct blocker *find(const struct outcome *o, const char *function, enum reason reason)
{
	for (size_t i = 0; i < o->model.blockers; i++)
		if (!strcmp(o->model.blocker[i].function, function) && o->model.blocker[i].reason == reason)
			return &o->model.blocker[i];
	return NULL;
}

static void play(struct outcome *o, const char *text)
{
	FILE *in = fmemopen((void *)text, strlen(text), "r");

	o->replay = replay_new(&(struct replay_options){0});
	assert_int_equal(replay_read(o->replay, in, &o->model), 0);
	assert_int_equal(o->model.bad_lines, 0);
	assert_int_equal(o->model.unknown_lines, 0);
	fclose(in);
}

static void a_poll_that_computes(void **state)
{
	struct outcome o;
	(void)state;

	/* Seen from 2.000 to 2.019 s, and not a millisecond before or after: half of each counts. Other
	 * samples belong to no poll. */
	play(&o, HEAD "sample 1990000000 101 0 0 6\n"
		      "sample 2010000000 101 0 0 5\nsample 2011000000 101 0 0 5\n"
		      "poll 2020000000 101 2000000000 2019000000 1999000000 0 7 1 M E\n"
		      "sample 2030000000 101 0 0 6\n" END);
	assert_int_equal(o.model.blockers, 1);
	const struct blocker *f = find(&o, "f", REASON_COMPUTING);

	assert_non_null(f);
	assert_int_equal(f->count, 1);
	assert_int_equal(f->total, 20 * MS);
	assert_int_equal(f->asleep, 0);
	assert_false(f->estimated);
	assert_int_equal(o.model.polls, 1);
	assert_int_equal(o.model.longest_poll, 20 * MS);
	assert_int_equal(o.model.blocked, 20 * MS);
	replay_free(o.replay);
}

/* As for code on its own stack, which does not lead to the poll. */
static void a_stack_that_is_cut_has_the_task_of_another(void **state)
{
	struct outcome o;
	(void)state;

	play(&o, HEAD
	     "frame 7 cut call user 7 7 1 app h app::h - -\nframe 8 cut call user 8 8 1 app k app::k - -\n"
	     "sample 2010000000 101 0 0 5\npoll 2020000000 101 2000000000 2020000000 2000000000 0 7 1 M E\n"
	     "sample 3010000000 101 0 0 7\npoll 3020000000 101 3000000000 3020000000 3000000000 0 7 2 M E\n"
	     "sample 4010000000 101 0 0 8\npoll 4020000000 101 4000000000 4020000000 4000000000 0 9 3 M "
	     "E\n" END);
	const struct blocker *h = find(&o, "h", REASON_COMPUTING), *k = find(&o, "k", REASON_COMPUTING);

	assert_non_null(h);
	assert_non_null(k);
	assert_string_equal(h->task, "f");
	assert_null(k->task);
	replay_free(o.replay);
}

static void a_poll_is_divided_among_what_it_did(void **state)
{
	struct outcome o;
	(void)state;

	/* 100 ms: 60 running in f, then 40 asleep in g. The edges are exact. */
	play(&o, HEAD "sample 2020000000 101 0 0 5\nsample 2040000000 101 0 0 5\n"
		      "sleep 2100000000 101 0 40000000 0 S 202 6 100 102 0 other\n"
		      "poll 2100000000 101 2000000000 2100000000 2000000000 40000000 7 1 M E\n" END);
	const struct blocker *f = find(&o, "f", REASON_COMPUTING), *g = find(&o, "g", REASON_LOCK);

	assert_int_equal(o.model.blockers, 2);
	assert_non_null(f);
	assert_non_null(g);
	assert_int_equal(f->total, 60 * MS);
	assert_int_equal(g->total, 40 * MS);
	assert_int_equal(g->asleep, 40 * MS);
	assert_string_equal(g->peer[0].comm, "other");
	assert_int_equal(o.model.polls, 1);
	assert_int_equal(o.model.longest_poll, 100 * MS);
	assert_int_equal(o.model.blocked, 100 * MS);
	replay_free(o.replay);
}

static void what_is_shorter_than_the_threshold_belongs_to_the_longest_and_is_told(void **state)
{
	struct outcome o;
	(void)state;

	/* 20 ms: 16 in f and 4 in g, by four samples and one. */
	play(&o, HEAD "sample 2004000000 101 0 0 5\nsample 2008000000 101 0 0 5\n"
		      "sample 2012000000 101 0 0 5\nsample 2016000000 101 0 0 5\n"
		      "sample 2018000000 101 0 0 6\n"
		      "poll 2020000000 101 2000000000 2020000000 2000000000 0 7 1 M E\n" END);
	const struct blocker *f = find(&o, "f", REASON_COMPUTING);

	assert_int_equal(o.model.blockers, 1);
	assert_non_null(f);
	assert_int_equal(f->total, 20 * MS);
	assert_int_equal(f->elsewhere, 4 * MS);
	replay_free(o.replay);
}

static void a_wait_for_a_cpu_after_a_sleep_counts_once(void **state)
{
	struct outcome o;
	(void)state;

	/* 63 ms: 20 running in f, 3 asleep in g, and then 40 without a CPU, which both lines include. */
	play(&o, HEAD "sample 2010000000 101 0 0 5\n"
		      "runq 2062999000 101 0 40000000 W 6 9 9 0 cc1\n"
		      "sleep 2063000000 101 0 3000000 40000000 S 202 6 0 0 0 -\n"
		      "poll 2063000000 101 2000000000 2063000000 2000000000 43000000 7 1 M E\n" END);
	const struct blocker *f = find(&o, "f", REASON_COMPUTING);

	assert_non_null(f);
	assert_null(find(&o, "g", REASON_LOCK));
	assert_int_equal(f->total, 23 * MS);
	assert_int_equal(o.model.blocked, 23 * MS);
	assert_int_equal(o.model.run_queue, 40 * MS);
	replay_free(o.replay);
}

static void short_sleeps_add_up(void **state)
{
	struct outcome o;
	(void)state;

	/* Ten sleeps of 1 ms; the last four were seen with their stack. */
	play(&o, HEAD "sleep 2007000000 101 0 1000000 0 S 202 6 0 0 0 -\n"
		      "sleep 2008000000 101 0 1000000 0 S 202 6 0 0 0 -\n"
		      "sleep 2009000000 101 0 1000000 0 S 202 6 0 0 0 -\n"
		      "sleep 2010000000 101 0 1000000 0 S 202 6 0 0 0 -\n"
		      "poll 2010000000 101 2000000000 2010000000 2000000000 10000000 7 1 M E\n" END);
	const struct blocker *g = find(&o, "g", REASON_LOCK);

	assert_int_equal(o.model.blockers, 1);
	assert_non_null(g);
	assert_int_equal(g->count, 1);
	assert_int_equal(g->total, 10 * MS);
	replay_free(o.replay);
}

static void waits_for_a_cpu_are_not_the_polls(void **state)
{
	struct outcome o;
	(void)state;

	/* 12 ms with a wait of 8: no code blocked the worker for the threshold. 30 ms with a wait of 20: 10
	 * remain. */
	play(&o, HEAD "sample 2002000000 101 0 0 5\n"
		      "runq 2010000000 101 0 8000000 P 5 7 7 0 cc1\n"
		      "poll 2012000000 101 2000000000 2012000000 2000000000 8000000 7 1 M E\n"
		      "sample 3002000000 101 0 0 5\n"
		      "runq 3025000000 101 0 20000000 P 5 7 7 0 cc1\n"
		      "poll 3030000000 101 3000000000 3030000000 3000000000 20000000 7 2 M E\n" END);
	const struct blocker *f = find(&o, "f", REASON_COMPUTING), *wait = find(&o, "f", REASON_RUN_QUEUE);

	assert_int_equal(o.model.blockers, 2);
	assert_non_null(f);
	assert_non_null(wait);
	assert_int_equal(f->count, 1);
	assert_int_equal(f->total, 10 * MS);
	assert_int_equal(wait->total, 28 * MS);
	assert_int_equal(o.model.longest_poll, 10 * MS);
	assert_int_equal(o.model.polls, 1);
	replay_free(o.replay);
}

static void short_waits_make_no_block(void **state)
{
	struct outcome o;
	(void)state;

	/* Two polls of 8 ms. One waited for 4, in pieces too short for events; the other for 2, which are
	 * part of it. */
	play(&o, HEAD "sample 2002000000 101 0 0 5\n"
		      "poll 2008000000 101 2000000000 2008000000 2000000000 4000000 7 1 M E - 4000000\n"
		      "sample 3002000000 101 0 0 6\n"
		      "poll 3008000000 101 3000000000 3008000000 3000000000 2000000 7 2 M E - 2000000\n" END);
	const struct blocker *g = find(&o, "g", REASON_COMPUTING);

	assert_int_equal(o.model.blockers, 1);
	assert_non_null(g);
	assert_int_equal(g->total, 8 * MS);
	assert_int_equal(g->run_queue, 2 * MS);
	assert_int_equal(o.model.run_queue, 0);
	replay_free(o.replay);
}

static void a_wait_before_the_poll_is_not_the_polls(void **state)
{
	struct outcome o;
	(void)state;

	/* It returned from a park, with a wait for a CPU, which is reported a moment later. */
	play(&o, HEAD "runq 2000010000 101 0 8000000 W 0 7 7 0 cc1\n"
		      "sample 2004000000 101 0 0 5\n"
		      "poll 2010000000 101 2000000000 2010000000 2000000000 0 7 1 M E - 0\n" END);
	const struct blocker *f = find(&o, "f", REASON_COMPUTING);

	assert_non_null(f);
	assert_int_equal(f->total, 10 * MS);
	assert_int_equal(o.model.run_queue, 8 * MS);
	replay_free(o.replay);
}

static void without_a_sample_a_wait_tells_the_function(void **state)
{
	struct outcome o;
	(void)state;

	play(&o, HEAD "runq 2009000000 101 0 7000000 P 5 7 7 0 cc1\n"
		      "poll 2014000000 101 2000000000 2014000000 2000000000 7000000 7 1 M E - 7000000\n" END);
	const struct blocker *f = find(&o, "f", REASON_COMPUTING);

	assert_non_null(f);
	assert_int_equal(f->total, 7 * MS);
	assert_int_equal(o.model.run_queue, 7 * MS);
	replay_free(o.replay);
}

static void without_an_event_a_sleep_is_not_computing(void **state)
{
	struct outcome o;
	(void)state;

	/* 20 ms, 15 of them off its CPU and 2 of these ready; no line says where. */
	play(&o,
	     HEAD "poll 2020000000 101 2000000000 2020000000 2000000000 15000000 7 1 M E - 2000000\n" END);
	const struct blocker *b = o.model.blocker;

	assert_int_equal(o.model.blockers, 1);
	assert_int_equal(b->reason, REASON_SYSCALL);
	assert_int_equal(b->total, 20 * MS);
	assert_int_equal(b->asleep, 13 * MS);
	assert_int_equal(b->run_queue, 2 * MS);
	replay_free(o.replay);
}

static void a_pool_thread_may_wait_for_a_cpu(void **state)
{
	struct outcome o;
	(void)state;

	/* 103 is in the blocking pool; 102 is not known to be a worker before its first long poll. */
	play(&o, HEAD "thread 103 blocking-pool 1 tokio-rt-worker\n"
		      "runq 2010000000 103 0 8000000 P 0 7 7 0 cc1\n"
		      "runq 2020000000 102 0 9000000 P 0 7 7 0 cc1\n"
		      "runq 2030000000 101 0 7000000 P 0 7 7 0 cc1\n" END);
	assert_int_equal(o.model.blockers, 1);
	assert_int_equal(o.model.run_queue, 7 * MS);
	assert_int_equal(o.model.workers, 1);
	replay_free(o.replay);
}

static void polls_that_never_end(void **state)
{
	struct outcome o;
	(void)state;

	/* One still runs when the trace ends; the end of another was lost, which the next poll of its thread
	 * shows. */
	play(&o, HEAD "sample 2500000000 101 0 0 5\n"
		      "poll 3000000000 101 2000000000 3000000000 2000000000 0 7 1 M R\n"
		      "sample 3500000000 101 0 0 5\nsample 3600000000 101 0 0 5\n"
		      "poll 4000000000 101 2000000000 4000000000 2000000000 0 7 1 M R\n"
		      "sleep 3000000000 102 0 500000000 0 S 202 6 0 0 0 -\n"
		      "poll 3000000000 102 2000000000 3000000000 2000000000 500000000 8 1 M R\n"
		      "poll 4100000000 102 4000000000 4100000000 4000000000 0 9 2 M E\n" END);
	const struct blocker *f = find(&o, "f", REASON_COMPUTING);

	assert_non_null(f);
	assert_int_equal(f->count, 1);
	assert_int_equal(f->total, 2 * SECOND);
	assert_int_equal(f->unfinished, 1);
	assert_int_equal(o.model.polls, 3);
	assert_int_equal(o.model.longest_poll, 2 * SECOND);
	assert_int_equal(o.model.blocked, 3 * SECOND + 100 * MS);
	/* Nothing had said that 102 is a worker. */
	assert_int_equal(o.model.workers, 2);
	replay_free(o.replay);
}

static void a_thread_that_exits_ends_its_poll(void **state)
{
	struct outcome o;
	(void)state;

	/* Last seen at 3 s, gone within a period. Then another thread has the id, and is in a poll at the
	 * end. */
	play(&o, HEAD "sample 2500000000 102 0 0 5\n"
		      "poll 3000000000 102 2000000000 3000000000 2000000000 0 7 1 M R\n"
		      "gone 3000500000 102\nnamed 5000000000 102 other\n"
		      "sample 6500000000 102 0 0 6\n"
		      "poll 7000000000 102 6000000000 7000000000 6000000000 0 8 1 M R\n" END);
	const struct blocker *f = find(&o, "f", REASON_COMPUTING), *g = find(&o, "g", REASON_COMPUTING);

	assert_non_null(f);
	assert_int_equal(f->total, SECOND + MS / 4);
	assert_int_equal(f->unfinished, 0);
	assert_non_null(g);
	assert_int_equal(g->unfinished, 1);
	replay_free(o.replay);
}

static void no_more_is_kept_than_can_count(void **state)
{
	static char text[1 << 20];
	struct outcome o;
	char *at = text;
	(void)state;

	/* A poll of ten seconds with 9,000 samples, and as many in no long poll. */
	at = stpcpy(at, HEAD);
	for (unsigned i = 0; i < 9000; i++)
		at += sprintf(at, "sample %llu 102 0 0 6\n", 1000000000ull + i * 1000000ull);
	for (unsigned i = 0; i < 9000; i++) {
		at += sprintf(at, "sample %llu 101 0 0 5\n", 10000000001ull + i * 1000000ull);
		if (i % 1000 == 999)
			at += sprintf(at, "poll %llu 101 10000000000 %llu 10000000000 0 7 1 M R\n",
				      10000000001ull + i * 1000000ull, 10000000001ull + i * 1000000ull);
	}
	strcpy(at,
	       "poll 20000000000 101 10000000000 20000000000 10000000000 0 7 1 M E\nend 20000000000 exit\n");
	play(&o, text);
	assert_int_equal(o.model.blockers, 1);
	assert_int_equal(o.model.blocker[0].total, 10 * SECOND);
	assert_string_equal(o.model.blocker[0].function, "f");
	replay_free(o.replay);
}

#define UPROBE                                                                                               \
	"hud-trace 1\nmeta target app\nmeta pid 100\nmeta threshold-us 5000\nmeta hz 1000\n"                 \
	"meta arch x86_64\nmeta polls uprobe 1\nsite P a0 20 0 app::Future\nsite P b0 30 0 -\nsite K c0 40 " \
	"1 -\n"                                                                                              \
	"thread 101 worker 1 tokio-rt-worker\nbegin 1000000000\n" FRAMES("5", "f") FRAMES(                   \
		"6",                                                                                         \
		"g") "frame 7 whole call system 7 7 1 libc futex futex - -\n"                                \
		     "frame 7 whole call runtime 20 20 1 app park multi_thread::park::Inner::park - -\n"     \
		     "frame 7 whole call runtime 30 30 1 app run multi_thread::worker::run - -\n"

/* The site where a poll begins tells its future's type. */
static void probes_name_the_future(void **state)
{
	(void)state;
	struct outcome o;

	play(&o, UPROBE "sample 2005000000 101 0 0 5\n"
			"poll 2010000000 101 2000000000 2010000000 2000000000 0 - - - E a0\n"
			"sample 3005000000 101 0 0 6\n"
			"poll 3010000000 101 3000000000 3010000000 3000000000 0 - - - E b0\n" END);
	const struct blocker *f = find(&o, "f", REASON_COMPUTING), *g = find(&o, "g", REASON_COMPUTING);

	assert_non_null(f);
	assert_non_null(g);
	assert_string_equal(f->task, "app::Future");
	assert_int_equal(f->total, 10 * MS);
	assert_true(!g->task || strcmp(g->task, "app::Future") != 0);
	assert_int_equal(o.model.bad_lines, 0);
	replay_free(o.replay);
}

/* A park that no probe saw ends a poll. */
static void what_is_behind_a_park_is_not_the_polls(void **state)
{
	(void)state;
	struct outcome o;

	play(&o, UPROBE "sample 2005000000 101 0 0 5\n"
			"sleep 2990000000 101 0 980000000 0 S 202 7 100 102 0 -\n"
			"poll 3000000000 101 2000000000 3000000000 2000000000 980000000 - - - E a0\n" END);
	assert_int_equal(o.model.polls, 1);
	assert_int_equal(o.model.longest_poll, 10 * MS);
	assert_int_equal(o.model.blocked, 10 * MS);
	replay_free(o.replay);
}

/* Taken back: it was in block_in_place. */
static void a_poll_that_does_not_count(void **state)
{
	(void)state;
	struct outcome o;

	play(&o, UPROBE "poll 3000000000 101 2000000000 3000000000 2000000000 0 - - - R a0\n"
			"poll 3500000000 101 2000000000 2000000000 2000000000 0 - - - E 0\n"
			"poll 4000000000 101 3600000000 4000000000 3600000000 0 - - - R a0 0\n"
			"poll 4500000000 101 3600000000 3600000000 3600000000 0 - - - E 0 0\n" END);
	assert_int_equal(o.model.polls, 0);
	assert_int_equal(o.model.blocked, 0);
	replay_free(o.replay);
}

/* After the limit, polls are estimated, and nothing exact is known. */
static void probes_that_cost_too_much(void **state)
{
	(void)state;
	struct outcome o;
	char text[8192], *to = text;

	to += sprintf(to, "%s",
		      UPROBE "sample 2005000000 101 0 0 5\n"
			     "poll 2010000000 101 2000000000 2010000000 2000000000 0 - - - E a0\n"
			     "end 3000000000 limit\nbegin 5000000000\n");
	for (int i = 0; i < 20; i++) /* 20 ms */
		to += sprintf(to, "sample %d000000 101 0 %d000000 6\n", 6000 + i, i);
	strcpy(to, END);
	play(&o, text);
	assert_int_equal(o.model.estimated_from, 3 * SECOND);
	assert_int_equal(o.model.unseen, 2 * SECOND);
	assert_int_equal(o.model.end, 9 * SECOND);
	assert_string_equal(o.model.ended, "interrupt");
	assert_int_equal(o.model.polls, 1);
	const struct blocker *f = find(&o, "f", REASON_COMPUTING), *g = find(&o, "g", REASON_COMPUTING);

	assert_true(f && !f->estimated);
	assert_true(g && g->estimated);
	replay_free(o.replay);
}

/* 20 ms with 3 tasks in the queue and 1 in the slot, 30 ms with nothing, and one that was not looked at. A later look
 * in a poll replaces an earlier one; one from another poll does not count. */
static void ready_tasks_are_held_up(void **state)
{
	struct outcome o;
	(void)state;

	play(&o, HEAD "sample 2010000000 101 0 0 5\nready 2010000000 101 2000000000 1 0 9 0\n"
		      "ready 2015000000 101 2000000000 3 1 5 0\n"
		      "poll 2020000000 101 2000000000 2020000000 2000000000 0 7 1 M E\n"
		      "sample 3010000000 101 0 0 5\nready 3010000000 101 3000000000 0 0 8 1\n"
		      "poll 3030000000 101 3000000000 3030000000 3000000000 0 7 2 M E\n"
		      "sample 4010000000 101 0 0 5\n"
		      "poll 4030000000 101 4000000000 4030000000 4000000000 0 7 2 M E\n" END);
	const struct blocker *f = find(&o, "f", REASON_COMPUTING);

	assert_non_null(f);
	assert_int_equal(f->count, 3);
	assert_int_equal(f->held_up.known, 2);
	assert_int_equal(f->held_up.tasks.max, 4);
	assert_int_equal(histogram_quantile(&f->held_up.tasks, 0), 0);
	assert_int_equal(f->held_up.lifo, 1);
	assert_int_equal(f->held_up.delay, 80 * MS);
	/* The 8 had a worker that could take them. */
	assert_int_equal(f->held_up.injected, 5);
	replay_free(o.replay);
}

static void impossible_times_are_refused(void **state)
{
	(void)state;
	static const char text[] =
		HEAD "poll 2000000000 101 2500000000 2600000000 1 0 7 1 M E\n"
		     "poll 2000000000 101 1500000000 1400000000 1 0 7 1 M E\n"
		     "poll 2000000000 101 1500000000 1600000000 1700000000 0 7 1 M E\n"
		     "poll 2000000000 101 1500000000 1600000000 1400000000 0 7 1 X E\n" END;
	FILE *in = fmemopen((void *)text, strlen(text), "r");
	struct replay *replay = replay_new(&(struct replay_options){0});
	struct model model;

	assert_int_equal(replay_read(replay, in, &model), 0);
	fclose(in);
	assert_int_equal(model.bad_lines, 4);
	assert_int_equal(model.blockers, 0);
	replay_free(replay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stack_that_is_cut_has_the_task_of_another),
		cmocka_unit_test(a_poll_that_computes),
		cmocka_unit_test(a_poll_is_divided_among_what_it_did),
		cmocka_unit_test(what_is_shorter_than_the_threshold_belongs_to_the_longest_and_is_told),
		cmocka_unit_test(a_wait_for_a_cpu_after_a_sleep_counts_once),
		cmocka_unit_test(short_sleeps_add_up),
		cmocka_unit_test(waits_for_a_cpu_are_not_the_polls),
		cmocka_unit_test(short_waits_make_no_block),
		cmocka_unit_test(a_wait_before_the_poll_is_not_the_polls),
		cmocka_unit_test(without_a_sample_a_wait_tells_the_function),
		cmocka_unit_test(without_an_event_a_sleep_is_not_computing),
		cmocka_unit_test(a_pool_thread_may_wait_for_a_cpu),
		cmocka_unit_test(polls_that_never_end),
		cmocka_unit_test(a_thread_that_exits_ends_its_poll),
		cmocka_unit_test(no_more_is_kept_than_can_count),
		cmocka_unit_test(probes_name_the_future),
		cmocka_unit_test(what_is_behind_a_park_is_not_the_polls),
		cmocka_unit_test(a_poll_that_does_not_count),
		cmocka_unit_test(probes_that_cost_too_much),
		cmocka_unit_test(ready_tasks_are_held_up),
		cmocka_unit_test(impossible_times_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
