/* SPDX-License-Identifier: Apache-2.0 */
/* test_replay.c - whole streams into the model: sums, ranking, windows, and broken streams. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "base/arch.h"
#include "judge/judge.h"
#include "replay/replay.h"
#include "tally/samples.h"
#include "tally/tally.h"

#define HEAD                                                                                                 \
	"hud-trace 1\nmeta target app\nmeta pid 100\nmeta threshold-us 5000\nmeta hz 99\n"                   \
	"thread 101 worker 1 tokio-runtime-w\nthread 102 blocking-pool 1 tokio-runtime-w\nbegin "            \
	"1000000000\n"

static int read_text(const char *text, uint64_t window, struct model *model, struct replay **replay)
{
	FILE *in = fmemopen((void *)text, strlen(text), "r");

	*replay = replay_new(&(struct replay_options){.window = window});
	int result = replay_read(*replay, in, model), error = errno;

	fclose(in);
	errno = error;
	return result;
}

static void waits_are_added_up(void **state)
{
	(void)state;
	struct replay *replay;
	struct model m;

	assert_int_equal(read_text(HEAD "runq 2000000000 101 0 8000000 P 0 7 7 0 cc1\n"
					"runq 1900000000 101 0 6000000 W 0 0 0 0 swapper/0\n"
					"runq 2500000000 101 1 9000000 P 0 7 8 0 cc1\n"
					"runq 2600000000 101 1 1000000 P 0 7 8 0 cc1\n"
					"runq 2700000000 102 1 9000000 P 0 7 8 0 cc1\n"
					"from-the-future 1 2 3\nrunq 12 oops\n"
					"end 3000000000 interrupt\n",
				   0, &m, &replay),
			 0);
	assert_int_equal(m.events, 5);
	assert_int_equal(m.run_queue, 23000000);
	assert_int_equal(m.blocked, 0);
	assert_int_equal(m.other_role, 1);
	assert_int_equal(m.unknown_lines, 1);
	assert_int_equal(m.bad_lines, 1);
	assert_false(m.truncated);
	assert_int_equal(m.blockers, 1);
	assert_int_equal(m.blocker[0].count, 3);
	assert_int_equal(m.blocker[0].max, 9000000);
	assert_int_equal(m.blocker[0].peers, 2);
	assert_string_equal(m.blocker[0].peer[0].comm, "cc1");
	assert_int_equal(m.blocker[0].peer[0].total, 17000000);
	assert_int_equal(m.workers, 1);
	assert_int_equal(m.worker_time, 2000000000);
	assert_int_equal(m.spans, 3);
	assert_int_equal(m.span[0].start, 1894000000);
	replay_free(replay);
}

/* A poll of 617 ms, during which the process was stopped for 600: it computed for 17. */
static void a_stop_is_nobodys_fault(void **state)
{
	(void)state;
	struct replay *replay;
	struct model m;

	assert_int_equal(
		read_text(
			"hud-trace 1\nmeta target app\nmeta pid 100\nmeta threshold-us 5000\nmeta hz 99\n"
			"meta polls tls DWARF\nthread 101 worker 1 w\nbegin 1000000000\n"
			"frame a1 whole call user 10 10 7 /app app::hash app::hash - src/a.rs\n"
			"frame a1 whole call runtime 20 20 1 /app poll tokio::runtime::task::raw::poll - -\n"
			"sample 2010000000 101 0 10000000 a1\n"
			"sleep 2612000000 101 0 600000000 0 T -1 a1 0 0 0 -\n"
			"poll 2617000000 101 2000000000 2617000000 2000000000 600000000 4 9 M E\n"
			"end 3000000000 interrupt\n",
			0, &m, &replay),
		0);
	assert_int_equal(m.stops, 1);
	assert_int_equal(m.stopped, 600000000);
	assert_int_equal(m.blockers, 1);
	assert_string_equal(m.blocker[0].function, "app::hash");
	assert_int_equal(m.blocker[0].reason, REASON_COMPUTING);
	assert_int_equal(m.blocker[0].total, 17000000);
	assert_int_equal(m.longest_poll, 17000000);
	assert_int_equal(m.run_queue, 0);
	replay_free(replay);
}

/* Whatever its stacks show, and if they are cut. */
static void a_thread_that_workers_names_counts(void **state)
{
	(void)state;
	struct replay *replay;
	struct model m;

	assert_int_equal(read_text("hud-trace 1\nmeta target app\nmeta pid 100\nmeta threshold-us 5000\nmeta "
				   "workers --workers w: 1 of 2 threads\n"
				   "thread 101 unknown 1 w\nthread 102 unknown 0 x\nbegin 1000000000\n"
				   "frame a1 cut call system 10 10 0 /app sccp sccp - -\n"
				   "runq 2000000000 101 0 8000000 P a1 7 7 0 cc1\n"
				   "runq 2100000000 102 0 8000000 P a1 7 7 0 cc1\nend 3000000000 interrupt\n",
				   0, &m, &replay),
			 0);
	assert_int_equal(m.workers, 1);
	assert_int_equal(m.run_queue, 8000000);
	assert_int_equal(m.other_role, 1);
	replay_free(replay);
}

static void only_the_window_counts(void **state)
{
	(void)state;
	struct replay *replay;
	struct model m;

	assert_int_equal(read_text(HEAD
				   "runq 2000000000 101 0 8000000 P 0 7 7 0 a\n"
				   "runq 8000000000 101 0 7000000 P 0 7 7 0 b\nend 9000000000 duration\n",
				   2000000000, &m, &replay),
			 0);
	assert_int_equal(m.run_queue, 7000000);
	assert_int_equal(m.start, 7000000000);
	assert_int_equal(m.worker_time, 2000000000);
	replay_free(replay);
}

/* Asking for an intermediate result does not change later ones: with a window, it begins later. */
static void looked_at_on_the_way(void **state)
{
	static const char head
		[] = HEAD "meta polls tls DWARF\n",
	    early[] = "poll 1900000000 101 1100000000 1800000000 1000000000 700000000 7 1 M E - 0\n"
		      "sleep 1800000000 101 0 700000000 0 S 230 0 0 0 0 -\n"
		      "runq 2000000000 101 0 8000000 P 0 7 7 0 cc1\nrunq 3000000000 101 0 9000000 P 0 7 7 0 "
		      "ld\n",
	    late[] =
		    "runq 5000000000 101 0 6000000 P 0 7 7 0 cc1\ngone 5100000000 101\nend 6000000000 exit\n";
	(void)state;

	for (uint64_t window = 0; window <= 2500000000; window += 2500000000) {
		const struct replay_options options = {.window = window, .detail = DETAIL_SPANS};
		struct replay *looked = replay_new(&options), *other = replay_new(&options);
		struct model m, expected, so_far;

		replay_begin(looked, &m);
		replay_begin(other, &expected);
		assert_int_equal(replay_feed(looked, head, strlen(head)), 0);
		assert_int_equal(replay_feed(looked, early, strlen(early)), 0);
		replay_advance(looked, 4000000000);
		for (int i = 0; i < 2; i++) {
			replay_so_far(looked, &so_far);
			assert_true(so_far.truncated);
			assert_int_equal(so_far.run_queue, 17000000);
			assert_int_equal(so_far.worker[0].run_queue, 17000000);
			uint64_t blocks = 0;

			for (size_t b = 0; b < so_far.blockers; b++)
				blocks += so_far.blocker[b].count;
			assert_int_equal(so_far.spans, blocks);
		}
		assert_int_equal(replay_feed(looked, late, strlen(late)), 0);
		assert_int_equal(replay_feed(other, head, strlen(head)), 0);
		assert_int_equal(replay_feed(other, early, strlen(early)), 0);
		assert_int_equal(replay_feed(other, late, strlen(late)), 0);
		assert_int_equal(replay_end(looked), 0);
		assert_int_equal(replay_end(other), 0);
		assert_int_equal(m.run_queue, window ? 6000000 : 23000000);
		assert_int_equal(m.run_queue, expected.run_queue);
		assert_int_equal(m.blocked, expected.blocked);
		assert_int_equal(m.polls, expected.polls);
		assert_int_equal(m.tasks, expected.tasks);
		assert_int_equal(m.spans, expected.spans);
		assert_int_equal(m.worker_time, expected.worker_time);
		assert_int_equal(m.blockers, expected.blockers);
		for (size_t i = 0; i < m.blockers; i++) {
			assert_string_equal(m.blocker[i].function, expected.blocker[i].function);
			assert_int_equal(m.blocker[i].count, expected.blocker[i].count);
			assert_int_equal(m.blocker[i].peers, expected.blocker[i].peers);
			assert_int_equal(m.blocker[i].durations.count, expected.blocker[i].durations.count);
		}
		assert_int_equal(m.worker[0].run_queue, expected.worker[0].run_queue);
		assert_int_equal(m.run_queue_waits.count, expected.run_queue_waits.count);
		replay_free(looked);
		replay_free(other);
	}
}

static void broken_streams(void **state)
{
	(void)state;
	struct replay *replay;
	struct model m;

	assert_int_equal(
		read_text(HEAD "runq 2000000000 101 0 8000000 P 0 7 7 0 a\nrunq 20000", 0, &m, &replay), 0);
	assert_true(m.truncated);
	assert_int_equal(m.events, 1);
	replay_free(replay);
	assert_int_equal(read_text("hud-trace 9\nbegin 1\n", 0, &m, &replay), -1);
	assert_int_equal(errno, EPROTONOSUPPORT);
	replay_free(replay);
	assert_int_equal(read_text("GIF89a what is this\n", 0, &m, &replay), -1);
	assert_int_equal(errno, EINVAL);
	replay_free(replay);
}

/* A sleep in system call 101, on a machine of this kind. */
static const char *syscall_101(const char *arch, enum reason *reason)
{
	static char name[32];
	char text[1024];
	struct replay *replay;
	struct model m;

	snprintf(text, sizeof(text),
		 "hud-trace 1\n%smeta pid 100\nthread 101 worker 1 w\nbegin 1000000000\n"
		 "frame 5 whole call user 10 10 1 app f app::f - -\n"
		 "frame 5 whole call runtime 20 20 1 app poll tokio::runtime::task::raw::poll - -\n"
		 "frame 5 whole call runtime 30 30 1 app run multi_thread::worker::run - -\n"
		 "sleep 2000000000 101 0 8000000 0 S 101 5 0 0 0 -\nend 3000000000 exit\n",
		 arch);
	assert_int_equal(read_text(text, 0, &m, &replay), 0);
	assert_int_equal(m.blockers, 1);
	*reason = m.blocker[0].reason;
	snprintf(name, sizeof(name), "%s", m.blocker[0].syscall ? m.blocker[0].syscall : "");
	replay_free(replay);
	return name;
}

static void calls_are_the_recordings(void **state)
{
	(void)state;
	enum reason reason;

	assert_string_equal(syscall_101("meta arch aarch64\n", &reason), "nanosleep");
	assert_int_equal(reason, REASON_SLEEP);
	assert_string_equal(syscall_101("meta arch x86_64\n", &reason), "ptrace");
	assert_int_equal(reason, REASON_SYSCALL);
	assert_string_equal(syscall_101("meta arch riscv64\n", &reason), "");
	assert_int_equal(reason, REASON_SYSCALL);
	/* Without the line: this machine's. */
#if SYS_nanosleep == 101
	assert_string_equal(syscall_101("", &reason), "nanosleep");
#elif SYS_ptrace == 101
	assert_string_equal(syscall_101("", &reason), "ptrace");
#endif
}

/* Compares the names with those of this machine's C library. */
static void calls_have_their_numbers(void **state)
{
	(void)state;
	const struct {
		long number;
		const char *name;
	} calls[] = {
		{SYS_read, "read"},
		{SYS_futex, "futex"},
		{SYS_clock_nanosleep, "clock_nanosleep"},
		{SYS_accept4, "accept4"},
		{SYS_renameat2, "renameat2"},
		{SYS_statx, "statx"},
		{SYS_io_uring_enter, "io_uring_enter"},
		{SYS_epoll_pwait2, "epoll_pwait2"},
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		assert_string_equal(arch_syscall(arch_host(), calls[i].number), calls[i].name);
	for (long number = -2; number < 100000; number++) {
		const char *x86_64 = arch_syscall(&arch_x86_64, number),
			   *aarch64 = arch_syscall(&arch_aarch64, number);
		/* Calls added since Linux 5.1 have the same number everywhere. */
		if (x86_64 && aarch64 && number >= 424)
			assert_string_equal(x86_64, aarch64);
		if (number < 0 || number > 500)
			assert_true(!x86_64 && !aarch64);
	}
}

static const struct frame hash = {.function = "app::hash",
				  .name = "app::hash",
				  .file = "a.rs",
				  .line = 7,
				  .module = "app",
				  .origin = ORIGIN_USER};
static const struct frame zip = {
	.function = "app::zip", .name = "app::zip", .module = "app", .origin = ORIGIN_USER};
static const struct frame poll = {.function = "tokio::runtime::task::raw::poll",
				  .name = "poll",
				  .module = "app",
				  .origin = ORIGIN_RUNTIME};

/* 25 ms of hash, 5 ms of zip, a sample every 10 ms: one block, of hash. */
static void runs_of_samples_are_blocks(void **state)
{
	(void)state;
	struct judge *judge = judge_new();
	struct tally *tally = tally_new(0, DETAIL_SUMS);
	struct samples *samples = samples_new(tally, 10000000, 5000000);
	const struct verdict *in_hash =
		judge_stack(judge, (const struct frame *const[]){&hash, &poll}, 2, false);
	const struct verdict *in_zip =
		judge_stack(judge, (const struct frame *const[]){&zip, &poll}, 2, false);
	struct model m = {.start = 1, .end = 2000000000};

	tally_thread(tally, 1, 1, "w", ROLE_WORKER);
	samples_add(samples, 1, 1000000000, 2000000, in_hash);
	samples_add(samples, 1, 1010000000, 12000000, in_hash);
	samples_add(samples, 1, 1020000000, 22000000, in_hash);
	samples_add(samples, 1, 1030000000, 32000000, in_zip);
	/* It slept in between: two short polls. */
	samples_add(samples, 1, 1100000000, 3000000, in_zip);
	samples_add(samples, 1, 1110000000, 4000000, in_zip);
	samples_finish(samples);
	tally_finish(tally, &m);
	assert_int_equal(m.blockers, 1);
	assert_string_equal(m.blocker[0].function, "app::hash");
	assert_string_equal(m.blocker[0].file, "a.rs");
	assert_true(m.blocker[0].estimated);
	assert_int_equal(m.blocker[0].count, 1);
	/* From 2 ms before the first sample, when it woke up, until half a period after the last. */
	assert_int_equal(m.blocker[0].total, 27000000);
	samples_free(samples);
	tally_free(tally);
	judge_free(judge);
}

/* With a sample every 20 ms, polls of 8 to 25 ms get one or two. */
static void one_sample_of_a_worker_long_awake_is_a_block(void **state)
{
	(void)state;
	struct judge *judge = judge_new();
	struct tally *tally = tally_new(0, DETAIL_SUMS);
	struct samples *samples = samples_new(tally, 20000000, 5000000);
	const struct verdict *in_hash =
		judge_stack(judge, (const struct frame *const[]){&hash, &poll}, 2, false);
	const struct verdict *in_zip =
		judge_stack(judge, (const struct frame *const[]){&zip, &poll}, 2, false);
	struct model m = {.start = 1, .end = 2000000000};

	tally_thread(tally, 1, 1, "w", ROLE_WORKER);
	samples_add(samples, 1, 1000000000, 8000000, in_hash);	/* 8 ms, and as much again at most */
	samples_add(samples, 1, 1100000000, 15000000, in_hash); /* 15 ms, and half a period */
	samples_add(samples, 1, 1200000000, 4000000, in_hash);	/* below the threshold */
	/* It never slept between these: alternating short polls look the same. */
	samples_add(samples, 1, 1300000000, 0, in_hash);
	samples_add(samples, 1, 1320000000, 0, in_zip);
	samples_add(samples, 1, 1340000000, 900000000, in_hash);
	samples_add(samples, 1, 1360000000, 920000000, in_zip);
	samples_finish(samples);
	tally_finish(tally, &m);
	assert_int_equal(m.blockers, 1);
	assert_string_equal(m.blocker[0].function, "app::hash");
	assert_true(m.blocker[0].estimated);
	assert_int_equal(m.blocker[0].count, 2);
	assert_int_equal(m.blocker[0].max, 25000000);
	assert_int_equal(m.blocker[0].total, 16000000 + 25000000);
	samples_free(samples);
	tally_free(tally);
	judge_free(judge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_are_added_up),
		cmocka_unit_test(a_stop_is_nobodys_fault),
		cmocka_unit_test(a_thread_that_workers_names_counts),
		cmocka_unit_test(only_the_window_counts),
		cmocka_unit_test(looked_at_on_the_way),
		cmocka_unit_test(broken_streams),
		cmocka_unit_test(calls_are_the_recordings),
		cmocka_unit_test(calls_have_their_numbers),
		cmocka_unit_test(runs_of_samples_are_blocks),
		cmocka_unit_test(one_sample_of_a_worker_long_awake_is_a_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
