/* test_judge.c - what stacks mean, by frames as Tokio 1.24 to 1.53 leaves them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "judge.h"

#define FRAME(o, n)                                                                                          \
	{                                                                                                    \
		.function = n, .name = n, .module = "/usr/bin/app", .origin = o                              \
	}

static const struct frame user = FRAME(ORIGIN_USER, "app::hash"),
			  handler = FRAME(ORIGIN_USER, "app::handler");
static const struct frame dependency = FRAME(ORIGIN_DEPENDENCY, "hyper::proto::h1::dispatch::poll_loop");
static const struct frame poll = FRAME(ORIGIN_RUNTIME, "tokio::runtime::task::raw::poll");
static const struct frame generic_poll = {.function = "tokio::runtime::task::raw::poll",
					  .name = "tokio::runtime::task::raw::poll",
					  .generics =
						  "app::Job<(u8, alloc::vec::Vec<u8>)>, alloc::sync::Arc<S>",
					  .module = "/usr/bin/app",
					  .origin = ORIGIN_RUNTIME};
static const struct frame worker =
	FRAME(ORIGIN_RUNTIME, "tokio::runtime::scheduler::multi_thread::worker::Context::run");
static const struct frame pool = FRAME(ORIGIN_RUNTIME, "tokio::runtime::blocking::pool::Inner::run");
static const struct frame in_place =
	FRAME(ORIGIN_RUNTIME, "tokio::runtime::scheduler::multi_thread::worker::block_in_place");
static const struct frame current =
	FRAME(ORIGIN_RUNTIME, "tokio::runtime::scheduler::current_thread::CoreGuard::block_on");
static const struct frame parker =
	FRAME(ORIGIN_RUNTIME, "tokio::runtime::scheduler::multi_thread::park::Parker::park");
static const struct frame start = FRAME(ORIGIN_SYSTEM, "clone3"), epoll = FRAME(ORIGIN_SYSTEM, "epoll_wait");
static const struct frame read_file = FRAME(ORIGIN_STD, "std::fs::read::inner");
static const struct frame lookup = FRAME(ORIGIN_SYSTEM, "getaddrinfo");

#define JUDGE(cut, ...)                                                                                      \
	judge_stack(*state, (const struct frame *const[]){__VA_ARGS__},                                      \
		    sizeof((const struct frame *const[]){__VA_ARGS__}) / sizeof(struct frame *), cut)

static int make_judge(void **state)
{
	*state = judge_new();
	return 0;
}

static int drop_judge(void **state)
{
	judge_free(*state);
	return 0;
}

static void a_worker_in_a_poll(void **state)
{
	const struct verdict *v =
		JUDGE(false, &user, &handler, &dependency, &poll, &worker, &poll, &pool, &start);

	assert_int_equal(v->role, ROLE_WORKER);
	assert_true(v->in_poll);
	assert_false(v->parked);
	assert_int_equal(v->poll, 3);
	assert_int_equal(v->blame, 0);
	assert_string_equal(v->task, "app::handler");
	assert_int_equal(judge_running(v), REASON_COMPUTING);
	assert_int_equal(judge_sleep(v, "clock_nanosleep"), REASON_SLEEP);
	assert_int_equal(judge_sleep(v, "futex"), REASON_LOCK);
	assert_int_equal(judge_sleep(v, "fsync"), REASON_FILE);
	assert_int_equal(judge_sleep(v, "recvfrom"), REASON_SOCKET);
	assert_int_equal(judge_sleep(v, "wait4"), REASON_CHILD);
	assert_int_equal(judge_sleep(v, "munmap"), REASON_SYSCALL);
	assert_int_equal(judge_sleep(v, ""), REASON_SYSCALL);
	assert_int_equal(judge_sleep(v, NULL), REASON_PAGE_FAULT);
}

static void the_same_chain_is_judged_once(void **state)
{
	const struct verdict *once = JUDGE(false, &user, &poll, &worker),
			     *again = JUDGE(false, &user, &poll, &worker);

	assert_ptr_equal(once, again);
	assert_ptr_not_equal(once, JUDGE(true, &user, &poll, &worker));
}

static void the_spawned_type_names_the_task(void **state)
{
	const struct verdict *v = JUDGE(false, &user, &generic_poll, &worker);

	assert_non_null(strstr(v->task, "app::Job"));
	assert_null(strstr(v->task, "Arc"));
}

static void a_v0_name_names_the_task(void **state)
{
	static const struct frame v0_poll =
		FRAME(ORIGIN_RUNTIME, "<tokio::runtime::task::harness::Harness<tiny::naps::{closure#0}, "
				      "alloc::sync::Arc<S>>>::poll");
	static const struct frame legacy_poll =
		FRAME(ORIGIN_RUNTIME, "tokio::runtime::task::harness::Harness<T,S>::poll");
	static const struct frame busy =
		FRAME(ORIGIN_USER, "<lab::handlers::Busy as core::future::future::Future>::poll");

	assert_string_equal(JUDGE(false, &user, &v0_poll, &worker)->task, "tiny::naps");
	assert_string_equal(JUDGE(false, &start, &v0_poll, &worker)->task, "tiny::naps");
	assert_string_equal(JUDGE(false, &user, &handler, &legacy_poll, &worker)->task, "app::handler");
	assert_null(JUDGE(false, &start, &legacy_poll, &worker)->task);
	/* A future written by hand is the task under both manglings. */
	assert_string_equal(JUDGE(false, &user, &busy, &legacy_poll, &worker)->task, "lab::handlers::Busy");
}

static void what_the_standard_library_was_called_for(void **state)
{
	static const struct frame nanosleep = FRAME(ORIGIN_SYSTEM, "clock_nanosleep"),
				  inner = FRAME(ORIGIN_STD, "std::sys::thread::unix::sleep"),
				  sleep = FRAME(ORIGIN_STD, "std::thread::functions::sleep"),
				  pin = FRAME(ORIGIN_STD,
					      "<core::pin::Pin<P> as core::future::Future>::poll");

	assert_int_equal(JUDGE(false, &nanosleep, &inner, &sleep, &pin, &poll, &worker)->blame, 2);
	assert_int_equal(JUDGE(false, &nanosleep, &sleep, &dependency, &poll, &worker)->blame, 2);
	assert_int_equal(JUDGE(false, &nanosleep, &pin, &poll, &worker)->blame, 0);
	assert_int_equal(JUDGE(false, &nanosleep, &sleep, &worker)->blame, 0);
}

static void parks_are_not_blocking(void **state)
{
	const struct verdict *v = JUDGE(false, &epoll, &parker, &worker, &poll, &pool, &start);

	assert_true(v->parked);
	assert_false(v->in_poll);
	assert_int_equal(v->role, ROLE_WORKER);
	assert_true(JUDGE(true, &epoll, &parker)->parked);
}

static void who_may_block(void **state)
{
	assert_int_equal(JUDGE(false, &user, &poll, &pool, &start)->role, ROLE_BLOCKING);
	assert_int_equal(JUDGE(false, &user, &in_place, &poll, &worker, &pool)->role, ROLE_BLOCKING);
	assert_int_equal(JUDGE(false, &user, &start)->role, ROLE_OTHER);
	assert_int_equal(JUDGE(true, &user)->role, ROLE_UNKNOWN);
}

static void a_current_thread_runtime(void **state)
{
	const struct verdict *v = JUDGE(false, &user, &current, &start);

	assert_int_equal(v->role, ROLE_CURRENT_THREAD);
	assert_true(v->in_poll);
	assert_false(JUDGE(false, &epoll, &current, &start)->in_poll);
}

static void library_calls_tell_the_reason(void **state)
{
	assert_int_equal(judge_running(JUDGE(false, &read_file, &user, &poll, &worker)), REASON_FILE);
	assert_int_equal(judge_sleep(JUDGE(false, &lookup, &user, &poll, &worker), "poll"),
			 REASON_NAME_LOOKUP);
	/* Beyond the poll it is no matter of the task's. */
	assert_int_equal(judge_running(JUDGE(false, &user, &poll, &read_file, &worker)), REASON_COMPUTING);
}

static void without_user_code_a_dependency_is_blamed(void **state)
{
	assert_int_equal(JUDGE(false, &epoll, &dependency, &poll, &worker)->blame, 1);
	assert_int_equal(JUDGE(false, &epoll, &poll, &worker)->blame, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_worker_in_a_poll, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(the_same_chain_is_judged_once, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(the_spawned_type_names_the_task, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(a_v0_name_names_the_task, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(what_the_standard_library_was_called_for, make_judge,
						drop_judge),
		cmocka_unit_test_setup_teardown(parks_are_not_blocking, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(who_may_block, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(a_current_thread_runtime, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(library_calls_tell_the_reason, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(without_user_code_a_dependency_is_blamed, make_judge,
						drop_judge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
