/* SPDX-License-Identifier: Apache-2.0 */
/* test_memory.c - a long trace takes no more memory than a short one of the same kind: only distinct stacks
 * are kept. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes(void); /* GCC does not install its header */
#endif

#include "replay/replay.h"

#define MS UINT64_C(1000000)
#define SLACK 65536 /* bytes */

/* Prints a round of a stream; `ns` is its start. Rounds are a second apart. */
typedef void round_writer(FILE *out, unsigned number, uint64_t ns);

/* On the heap now, in bytes. */
static size_t allocated(void)
{
#ifdef __SANITIZE_ADDRESS__
	return __sanitizer_get_current_allocated_bytes();
#else
	return mallinfo2().uordblks;
#endif
}

/* How many bytes are on the heap after reading `rounds` rounds. */
static size_t kept_after(unsigned rounds, const char *polls, round_writer *writer, struct model *model)
{
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	fprintf(out,
		"hud-trace 1\nmeta target app\nmeta pid 100\nmeta threshold-us 5000\nmeta hz 1000\n"
		"meta arch x86_64\nmeta polls %s\nthread 101 worker 1 w\nbegin 1000000000\n"
		"frame 5 whole call user 5 5 1 app f app::f - -\n"
		"frame 5 whole call runtime 20 20 1 app poll tokio::runtime::task::raw::poll - -\n"
		"frame 5 whole call runtime 30 30 1 app run multi_thread::worker::run - -\n",
		polls);
	for (unsigned i = 0; i < rounds; i++)
		writer(out, i, (i + 2) * 1000 * MS);
	fprintf(out, "end %llu interrupt\n", (unsigned long long)((rounds + 2) * 1000 * MS));
	fclose(out);

	FILE *in = fmemopen(text, length, "r");
	size_t before = allocated();
	struct replay *replay = replay_new(&(struct replay_options){0});

	assert_int_equal(replay_read(replay, in, model), 0);
	size_t kept = allocated() - before;

	assert_int_equal(model->bad_lines, 0);
	assert_int_equal(model->unknown_lines, 0);
	replay_free(replay);
	fclose(in);
	free(text);
	return kept;
}

static void does_not_grow(unsigned rounds, const char *polls, round_writer *writer, struct model *model)
{
	size_t some = kept_after(rounds, polls, writer, model);
	size_t more = kept_after(2 * rounds, polls, writer, model);

	if (more > some + SLACK)
		fail_msg("%zu bytes after %u rounds, %zu after twice as many", some, rounds, more);
}

static void events_of_one_thread(FILE *out, unsigned number, uint64_t ns)
{
	fprintf(out,
		"sample %llu 101 0 0 5\nsleep %llu 101 0 40000000 0 S 202 5 100 102 0 other%u\n"
		"poll %llu 101 %llu %llu %llu 40000000 7 1 M E\n",
		(unsigned long long)(ns + 20 * MS), (unsigned long long)(ns + 100 * MS), number % 8,
		(unsigned long long)(ns + 100 * MS), (unsigned long long)ns,
		(unsigned long long)(ns + 100 * MS), (unsigned long long)ns);
}

static void events(void **state)
{
	struct model m;
	(void)state;

	does_not_grow(10000, "tls DWARF", events_of_one_thread, &m);
	assert_int_equal(m.polls, 20000);
	assert_int_equal(m.workers, 1);
}

/* A thread of the blocking pool, or any thread: it appears, sleeps, is sampled, and exits. */
static void thread_of_a_pool(FILE *out, unsigned number, uint64_t ns)
{
	fprintf(out,
		"named %llu %u blocking-%u\nsample %llu %u 0 0 0\nsleep %llu %u 0 40000000 0 S 202 0 100 102 "
		"0 other\n"
		"gone %llu %u\n",
		(unsigned long long)ns, 1000 + number, number, (unsigned long long)(ns + 20 * MS),
		1000 + number, (unsigned long long)(ns + 100 * MS), 1000 + number,
		(unsigned long long)(ns + 101 * MS), 1000 + number);
}

static void threads_that_come_and_go(void **state)
{
	struct model m;
	(void)state;

	does_not_grow(5000, "tls DWARF", thread_of_a_pool, &m);
	assert_int_equal(m.events, 20000);
	does_not_grow(5000, "estimate asked", thread_of_a_pool, &m);
	assert_int_equal(m.workers, 1); /* the one in the head */
}

/* A runtime that lives for one poll. */
static void worker_that_goes(FILE *out, unsigned number, uint64_t ns)
{
	fprintf(out,
		"named %llu %u w\nsample %llu %u 0 0 5\npoll %llu %u %llu %llu %llu 0 7 1 M E\ngone %llu "
		"%u\n",
		(unsigned long long)ns, 1000 + number, (unsigned long long)(ns + 20 * MS), 1000 + number,
		(unsigned long long)(ns + 100 * MS), 1000 + number, (unsigned long long)ns,
		(unsigned long long)(ns + 100 * MS), (unsigned long long)ns,
		(unsigned long long)(ns + 200 * MS), 1000 + number);
}

static void workers_that_come_and_go(void **state)
{
	struct model m;
	(void)state;

	/* More than are kept one by one, and more blocks than charts show. */
	does_not_grow(25000, "tls DWARF", worker_that_goes, &m);
	assert_int_equal(m.polls, 50000);
	assert_int_equal(m.blocked, 50000 * 100 * MS);
	assert_true(m.workers >= 1000 && m.workers <= 10000);
	/* Each for 0.2 s, and the one in the head all the time. */
	assert_int_equal(m.workers + m.workers_left_out, 50001);
	assert_int_equal(m.left_out_time, m.workers_left_out * 200 * MS);
	assert_int_equal(m.left_out.blocked, m.workers_left_out * 100 * MS);
	assert_int_equal(m.worker_time, 50000 * 200 * MS + (m.end - m.start));
}

/* What is on a stack besides its frames differs each time, and so does its id. */
static void stack_of_its_own(FILE *out, unsigned number, uint64_t ns)
{
	fprintf(out,
		"stack %x 101 %x 7f0000000000 7f0000000010 1\nwords %x 101 0 0 %x 0 0 0 0 0 0 0 0 0 0 0 0 0 "
		"0\n"
		"sample %llu 101 0 0 %x\npoll %llu 101 %llu %llu %llu 0 7 1 M E\n",
		number + 16, 0x10000 + number % 8, number + 16, number, (unsigned long long)(ns + 20 * MS),
		number + 16, (unsigned long long)(ns + 100 * MS), (unsigned long long)ns,
		(unsigned long long)(ns + 100 * MS), (unsigned long long)ns);
}

static void stacks_that_differ(void **state)
{
	struct model m;
	(void)state;

	does_not_grow(60000, "tls DWARF", stack_of_its_own, &m);
	assert_int_equal(m.polls, 120000);
	assert_int_equal(m.stacks_missing, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events),
		cmocka_unit_test(threads_that_come_and_go),
		cmocka_unit_test(workers_that_come_and_go),
		cmocka_unit_test(stacks_that_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
