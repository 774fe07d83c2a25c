/* SPDX-License-Identifier: Apache-2.0 */
/* test_holders.c - what is said of the holder of a lock, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <libiberty/libiberty.h>

#include "replay/holders.h"

#define MS UINT64_C(1000000)
#define HOLDER 7
#define WAITER 8

#define FRAME(n, o) (&(const struct frame){.function = n, .name = n, .module = "app", .origin = o})
#define STACK(...)                                                                                           \
	{                                                                                                    \
		.role = ROLE_WORKER, .in_poll = true,                                                        \
		.blame = ARRAY_SIZE(((const struct frame *const[]){__VA_ARGS__})) - 1,                       \
		.poll = ARRAY_SIZE(((const struct frame *const[]){__VA_ARGS__})) - 1,                        \
		.count = ARRAY_SIZE(((const struct frame *const[]){__VA_ARGS__})),                           \
		.frame = (const struct frame *const[])                                                       \
		{                                                                                            \
			__VA_ARGS__                                                                          \
		}                                                                                            \
	}

static const struct verdict mutex =
	STACK(FRAME("syscall", ORIGIN_SYSTEM),
	      FRAME("std::sys::sync::mutex::futex::Mutex::lock_contended", ORIGIN_STD),
	      FRAME("app::add", ORIGIN_USER));
static const struct verdict condvar = STACK(
	FRAME("syscall", ORIGIN_SYSTEM), FRAME("std::sys::sync::condvar::futex::Condvar::wait", ORIGIN_STD),
	FRAME("std::sync::Mutex", ORIGIN_STD), FRAME("app::wait", ORIGIN_USER));
static const struct verdict channel =
	STACK(FRAME("syscall", ORIGIN_SYSTEM),
	      FRAME("<std::sync::mpsc::Receiver<alloc::sync::Arc<std::sync::Mutex<u64>>>>::recv", ORIGIN_STD),
	      FRAME("app::take", ORIGIN_USER));
static const struct verdict own_name =
	STACK(FRAME("syscall", ORIGIN_SYSTEM), FRAME("app::Mutex::wait", ORIGIN_USER));
static const struct verdict sync_file =
	STACK(FRAME("fdatasync", ORIGIN_SYSTEM), FRAME("app::sync", ORIGIN_USER));
static const struct verdict count_up = STACK(FRAME("app::count", ORIGIN_USER));

static int setup(void **state)
{
	*state = holders_new();
	return 0;
}

static int teardown(void **state)
{
	holders_free(*state);
	return 0;
}

static void did(struct holders *h, long tid, uint64_t start, uint64_t duration, enum reason reason,
		const struct verdict *stack)
{
	holders_did(h, &(struct block){.tid = tid,
				       .start = start * MS,
				       .duration = duration * MS,
				       .reason = reason,
				       .syscall = reason == REASON_FILE ? "fdatasync" : NULL,
				       .stack = stack});
}

/* WAITER waited with this stack from 100 to 120 ms, then HOLDER let it go on. */
static struct block waited(struct holders *h, const struct verdict *stack)
{
	struct block wait = {.tid = WAITER,
			     .start = 100 * MS,
			     .duration = 21 * MS,
			     .asleep = 20 * MS,
			     .reason = REASON_LOCK,
			     .stack = stack,
			     .peer = {.comm = "worker", .pid = 1, .tid = HOLDER, .same_process = true}};

	holders_find(h, &wait);
	return wait;
}

static void what_the_holder_slept_in(void **state)
{
	(void)state;
	did(*state, HOLDER, 90, 29, REASON_FILE, &sync_file);
	struct block wait = waited(*state, &mutex);

	assert_ptr_equal(wait.held.stack, &sync_file);
	assert_int_equal(wait.held.reason, REASON_FILE);
	assert_string_equal(wait.held.syscall, "fdatasync");
}

static void what_the_holder_was_seen_computing(void **state)
{
	(void)state;
	did(*state, HOLDER, 50, 52, REASON_FILE, &sync_file);
	did(*state, HOLDER, 105, 0, REASON_COMPUTING, &count_up);
	did(*state, HOLDER, 112, 0, REASON_COMPUTING, &count_up);
	assert_ptr_equal(waited(*state, &mutex).held.stack, &count_up);
}

/* It did something else meanwhile, too: less than half of the time says nothing. */
static void what_took_less_than_half_is_not_said(void **state)
{
	(void)state;
	did(*state, HOLDER, 100, 9, REASON_FILE, &sync_file);
	assert_null(waited(*state, &mutex).held.stack);
}

/* Who waits for a lock does not hold it: only what came after that counts. */
static void before_the_holder_got_it_does_not_count(void **state)
{
	(void)state;
	did(*state, HOLDER, 90, 22, REASON_FILE, &sync_file);
	did(*state, HOLDER, 113, 5, REASON_LOCK, &mutex);
	assert_null(waited(*state, &mutex).held.stack);
}

/* HOLDER was woken, or had lost the CPU, and waited for one. */
static void queued(struct holders *h, uint64_t start, uint64_t asleep, uint64_t run_queue, enum reason reason,
		   const struct verdict *stack)
{
	holders_did(h, &(struct block){.tid = HOLDER,
				       .start = start * MS,
				       .duration = (asleep + run_queue) * MS,
				       .run_queue = run_queue * MS,
				       .reason = reason,
				       .syscall = reason == REASON_FILE ? "fdatasync" : NULL,
				       .stack = stack});
}

/* Wherever that was, it is one thing. */
static void that_the_holder_waited_for_a_cpu(void **state)
{
	(void)state;
	queued(*state, 98, 3, 6, REASON_FILE, &sync_file);
	queued(*state, 101, 0, 6, REASON_RUN_QUEUE, &sync_file); /* told twice */
	queued(*state, 107, 0, 2, REASON_RUN_QUEUE, &sync_file);
	assert_null(waited(*state, &mutex).held.stack);
	queued(*state, 112, 0, 3, REASON_RUN_QUEUE, &count_up);
	struct block wait = waited(*state, &mutex);

	assert_int_equal(wait.held.reason, REASON_RUN_QUEUE);
	assert_non_null(wait.held.stack);
	assert_null(wait.held.syscall);
}

/* It may not have got it before. */
static void who_loses_the_cpu_in_a_lock_does_not_hold_it(void **state)
{
	(void)state;
	queued(*state, 100, 0, 19, REASON_RUN_QUEUE, &mutex);
	assert_null(waited(*state, &mutex).held.stack);
	queued(*state, 90, 5, 25, REASON_LOCK, &mutex);
	queued(*state, 95, 0, 25, REASON_RUN_QUEUE, &mutex);
	assert_null(waited(*state, &mutex).held.stack);
}

static void only_locks_are_held(void **state)
{
	(void)state;
	did(*state, HOLDER, 90, 29, REASON_FILE, &sync_file);
	assert_null(waited(*state, &condvar).held.stack);
	assert_null(waited(*state, &channel).held.stack);
	assert_null(waited(*state, &own_name).held.stack);
	assert_null(waited(*state, &count_up).held.stack);
}

static void of_others_nothing_is_known(void **state)
{
	struct block wait = {.tid = WAITER,
			     .start = 100 * MS,
			     .asleep = 20 * MS,
			     .reason = REASON_LOCK,
			     .stack = &mutex,
			     .peer = {.comm = "other", .pid = 2, .tid = HOLDER}};

	(void)state;
	did(*state, WAITER, 90, 29, REASON_FILE, &sync_file);
	assert_null(waited(*state, &mutex).held.stack); /* of a thread that is not watched */
	did(*state, HOLDER, 90, 29, REASON_FILE, &sync_file);
	holders_find(*state, &wait); /* another process's */
	assert_null(wait.held.stack);
	holders_gone(*state, HOLDER);
	assert_null(waited(*state, &mutex).held.stack);
}

/* More than is kept: the newest count. */
static void the_newest_are_kept(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 1000; i++)
		did(*state, HOLDER, i / 20, 1, REASON_FILE, &sync_file);
	assert_null(waited(*state, &mutex).held.stack);
	for (uint64_t i = 100; i < 120; i++)
		did(*state, HOLDER, i, 1, REASON_FILE, &sync_file);
	assert_ptr_equal(waited(*state, &mutex).held.stack, &sync_file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_the_holder_slept_in, setup, teardown),
		cmocka_unit_test_setup_teardown(what_the_holder_was_seen_computing, setup, teardown),
		cmocka_unit_test_setup_teardown(what_took_less_than_half_is_not_said, setup, teardown),
		cmocka_unit_test_setup_teardown(before_the_holder_got_it_does_not_count, setup, teardown),
		cmocka_unit_test_setup_teardown(that_the_holder_waited_for_a_cpu, setup, teardown),
		cmocka_unit_test_setup_teardown(who_loses_the_cpu_in_a_lock_does_not_hold_it, setup,
						teardown),
		cmocka_unit_test_setup_teardown(only_locks_are_held, setup, teardown),
		cmocka_unit_test_setup_teardown(of_others_nothing_is_known, setup, teardown),
		cmocka_unit_test_setup_teardown(the_newest_are_kept, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
