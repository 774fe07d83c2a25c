/* SPDX-License-Identifier: Apache-2.0 */
/* test_judge.c - the meaning of stacks, with frames as in Tokio 1.24 to 1.53. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "judge/judge.h"

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

#define SLEEP(v, name) judge_sleep(v, &(struct asleep){.syscall = name})

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
	assert_int_equal(SLEEP(v, "clock_nanosleep"), REASON_SLEEP);
	assert_int_equal(SLEEP(v, "futex"), REASON_LOCK);
	assert_string_equal(judge_restarted(v), "futex");
	assert_int_equal(SLEEP(v, "fsync"), REASON_FILE);
	assert_int_equal(SLEEP(v, "recvfrom"), REASON_SOCKET);
	assert_int_equal(SLEEP(v, "wait4"), REASON_CHILD);
	assert_int_equal(SLEEP(v, "munmap"), REASON_SYSCALL);
	assert_int_equal(SLEEP(v, ""), REASON_SYSCALL);
	assert_int_equal(SLEEP(v, NULL), REASON_PAGE_FAULT);
}

static void the_same_chain_is_judged_once(void **state)
{
	const struct verdict *once = JUDGE(false, &user, &poll, &worker),
			     *again = JUDGE(false, &user, &poll, &worker);

	assert_ptr_equal(once, again);
	assert_ptr_not_equal(once, JUDGE(true, &user, &poll, &worker));
}

static void frames_without_a_name_tell_no_role(void **state)
{
	static const struct frame nameless = {.name = "app+0x10", .module = "/usr/bin/app"};

	assert_int_equal(JUDGE(false, &epoll, &user, &start)->role, ROLE_OTHER);
	assert_int_equal(JUDGE(false, &epoll, &nameless, &start)->role, ROLE_UNKNOWN);
	assert_int_equal(JUDGE(false, &epoll, &nameless, &worker, &start)->role, ROLE_WORKER);
	assert_int_equal(JUDGE(true, &epoll, &user)->role, ROLE_UNKNOWN);
}

/* The optimiser may have removed the poll's frame, or its name. */
static void code_that_the_scheduler_calls_is_in_a_poll(void **state)
{
	static const struct frame nameless = {.name = "app+0x10", .module = "/usr/bin/app"},
				  jit = {.module = "[anon]"}, clock = FRAME(ORIGIN_SYSTEM, "clock_gettime"),
				  next = FRAME(ORIGIN_RUNTIME, "tokio::runtime::scheduler::inject::pop");
	const struct verdict *v = JUDGE(false, &clock, &user, &dependency, &nameless, &worker, &start);

	assert_true(v->in_poll);
	assert_int_equal(v->blame, 1);
	assert_int_equal(v->poll, 4);
	assert_string_equal(v->task, "app::hash");
	assert_true(JUDGE(false, &clock, &dependency, &worker, &start)->in_poll);
	/* What the scheduler does between polls. */
	v = JUDGE(false, &next, &worker, &start);
	assert_false(v->in_poll);
	assert_true(v->idle);
	assert_true(JUDGE(false, &epoll, &parker, &worker, &start)->idle);
	/* It is not known, so the thread is not called idle. Rather blamed than the vdso or the C library
	 * that was called. */
	v = JUDGE(false, &clock, &nameless, &worker, &start);
	assert_false(v->idle);
	assert_int_equal(v->blame, 1);
	assert_int_equal(JUDGE(false, &epoll, &jit, &nameless, &start)->blame, 2);
	assert_false(JUDGE(false, &epoll, &clock, &jit, &start)->idle);
}

static void the_spawned_type_names_the_task(void **state)
{
	const struct verdict *v = JUDGE(false, &user, &generic_poll, &worker);

	assert_non_null(strstr(v->task, "app::Job"));
	assert_null(strstr(v->task, "Arc"));
}

static void async_blocks_of_one_function_are_told_apart(void **state)
{
#define BLOCK(n)                                                                                             \
	{                                                                                                    \
		.function = "tokio::runtime::task::raw::poll", .name = "tokio::runtime::task::raw::poll",    \
		.generics = "app::main::{async_block#0}::{async_block_env#" #n "}, alloc::sync::Arc<S>",     \
		.module = "/usr/bin/app", .origin = ORIGIN_RUNTIME                                           \
	}
	static const struct frame first = BLOCK(0), second = BLOCK(1),
				  body = {.function = "app::main::{{closure}}::{{closure}}",
					  .name = "app::main",
					  .line = 30,
					  .declared = 27,
					  .module = "/usr/bin/app",
					  .origin = ORIGIN_USER};

	assert_string_equal(JUDGE(false, &user, &body, &second, &worker)->task, "app::main:27");
	/* Without debug info of the block. */
	assert_string_equal(JUDGE(false, &user, &second, &worker)->task, "app::main#1");
	assert_string_equal(JUDGE(false, &user, &first, &worker)->task, "app::main");
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
	/* A hand-written future is the task, in both manglings. */
	assert_string_equal(JUDGE(false, &user, &busy, &legacy_poll, &worker)->task, "lab::handlers::Busy");
	/* A dependency's, too: in debug info, the user's code inside it is not the task. */
	static const struct frame conn =
		FRAME(ORIGIN_DEPENDENCY,
		      "<hyper::server::NewSvcTask<I,N,S,E,W> as core::future::future::Future>::poll");
	assert_string_equal(JUDGE(false, &user, &conn, &legacy_poll, &worker)->task,
			    "hyper::server::NewSvcTask");
	/* One that a dependency's async function awaits is not, however much of it the stack shows. */
	static const struct frame serve = {.function = "axum::serve::handle_connection::{{closure}}",
					   .name = "axum::serve::handle_connection",
					   .module = "/usr/bin/app",
					   .origin = ORIGIN_DEPENDENCY};

	assert_string_equal(JUDGE(false, &start, &serve, &legacy_poll, &worker)->task,
			    "axum::serve::handle_connection");
	assert_string_equal(JUDGE(false, &user, &conn, &serve, &legacy_poll, &worker)->task,
			    "axum::serve::handle_connection");
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
	assert_int_equal(SLEEP(JUDGE(false, &lookup, &user, &poll, &worker), "poll"), REASON_NAME_LOOKUP);
	/* What is outside the poll has nothing to do with the task. */
	assert_int_equal(judge_running(JUDGE(false, &user, &poll, &read_file, &worker)), REASON_COMPUTING);
}

#define NAMED(o, n) (&(struct frame)FRAME(o, n))
#define CALLED(...) JUDGE(false, __VA_ARGS__, &user, &poll, &worker)
#define ON(v, name, kind, fd)                                                                                \
	judge_sleep(v, &(struct asleep){.syscall = name, .state = 'S', .descriptor = kind, .number = fd})
#define IN(v, name, how) judge_sleep(v, &(struct asleep){.syscall = name, .state = how})

/* What was called counts more than the system call that it led to. */
static void what_was_called_gives_the_reason(void **state)
{
	const struct frame *read = NAMED(ORIGIN_SYSTEM, "read"), *wait = NAMED(ORIGIN_SYSTEM, "syscall"),
			   *pipe = NAMED(ORIGIN_STD, "std::sys::unix::pipe::AnonPipe::read"),
			   *file = NAMED(ORIGIN_STD, "<std::fs::File as std::io::Read>::read"),
			   *output = NAMED(ORIGIN_STD, "std::process::Command::output"),
			   *print = NAMED(ORIGIN_STD, "std::io::stdio::_print"),
			   *std_pipe =
				   NAMED(ORIGIN_STD, "<std::io::pipe::PipeReader as std::io::Read>::read"),
			   *block_on = NAMED(ORIGIN_DEPENDENCY, "pollster::block_on"),
			   *typed = &(struct frame){.function = "std::io::default_read_to_end",
						    .name = "std::io::default_read_to_end",
						    .generics = "std::process::ChildStdout",
						    .module = "/usr/bin/app",
						    .origin = ORIGIN_STD};
	static const struct {
		const char *syscall;
		char state;
		enum reason reason;
	} starts[] = {{"clone3", 'D', REASON_CHILD},
		      {"clone", 'D', REASON_CHILD},
		      {"vfork", 'D', REASON_CHILD},
		      {"execve", 'D', REASON_CHILD}};

	assert_int_equal(IN(CALLED(read, pipe), "read", 'S'), REASON_CHILD);
	assert_int_equal(IN(CALLED(read, pipe, std_pipe), "read", 'S'), REASON_PIPE);
	assert_int_equal(IN(CALLED(read, typed), "read", 'S'), REASON_CHILD);
	assert_int_equal(IN(CALLED(read, output), "poll", 'S'), REASON_CHILD);
	assert_int_equal(IN(CALLED(read, file, output), "openat", 'D'), REASON_CHILD);
	assert_int_equal(IN(CALLED(read, print), "write", 'S'), REASON_STDOUT);
	assert_int_equal(IN(CALLED(wait, print), "futex", 'S'), REASON_STDOUT);
	assert_int_equal(IN(CALLED(wait, block_on), "futex", 'S'), REASON_BLOCK_ON);
	assert_int_equal(IN(CALLED(read, file, block_on), "read", 'D'), REASON_FILE);
	assert_int_equal(IN(CALLED(read, file), "read", 'S'), REASON_FILE);
	assert_int_equal(IN(CALLED(read), "read", 'D'), REASON_FILE);
	assert_int_equal(IN(CALLED(read), "read", 'S'), REASON_SYSCALL);
	/* What the descriptor is counts more than a guess. */
	assert_int_equal(ON(CALLED(read), "read", DESCRIPTOR_PIPE, 7), REASON_PIPE);
	assert_int_equal(ON(CALLED(read), "read", DESCRIPTOR_PIPE, 0), REASON_STDIN);
	assert_int_equal(ON(CALLED(read), "write", DESCRIPTOR_TERMINAL, 2), REASON_STDERR);
	assert_int_equal(ON(CALLED(read), "read", DESCRIPTOR_SOCKET, 7), REASON_SOCKET);
	assert_int_equal(ON(CALLED(read), "read", DESCRIPTOR_OTHER, 7), REASON_SYSCALL);
	assert_int_equal(ON(CALLED(read, file), "write", DESCRIPTOR_PIPE, 7), REASON_PIPE);
	assert_int_equal(ON(CALLED(read, print), "write", DESCRIPTOR_FILE, 1), REASON_FILE);
	assert_int_equal(ON(CALLED(read, output), "read", DESCRIPTOR_PIPE, 7), REASON_CHILD);
	/* A call that waits for no descriptor only sleeps. */
	assert_int_equal(ON(CALLED(wait), "poll", DESCRIPTOR_NONE, 0), REASON_SLEEP);
	assert_int_equal(ON(CALLED(wait), "poll", DESCRIPTOR_UNKNOWN, -1), REASON_SOCKET);
	assert_int_equal(ON(CALLED(read), "read", DESCRIPTOR_NONE, 5), REASON_SLEEP);
	/* Names that only end like another crate's. */
	assert_int_equal(IN(CALLED(wait, NAMED(ORIGIN_DEPENDENCY, "product::load")), "futex", 'S'),
			 REASON_LOCK);
	assert_int_equal(IN(CALLED(wait, NAMED(ORIGIN_DEPENDENCY, "duct::Expression::read")), "futex", 'S'),
			 REASON_CHILD);
	assert_int_equal(IN(CALLED(wait, NAMED(ORIGIN_STD,
					       "<std::sync::condvar::Condvar>::wait_timeout::<app::State>")),
			    "futex", 'S'),
			 REASON_LOCK);
	assert_int_equal(IN(CALLED(wait, NAMED(ORIGIN_USER, "app::subprocess::start")), "futex", 'S'),
			 REASON_LOCK);
	/* The user's code decides what its callers do not. */
	assert_int_equal(IN(CALLED(wait, &handler, print), "futex", 'S'), REASON_LOCK);
	assert_int_equal(IN(CALLED(wait), "flock", 'S'), REASON_FILE_LOCK);
	assert_int_equal(IN(CALLED(wait), "fcntl", 'S'), REASON_FILE_LOCK);
	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		assert_int_equal(IN(CALLED(wait), starts[i].syscall, starts[i].state), starts[i].reason);
	assert_int_equal(IN(CALLED(wait, NAMED(ORIGIN_SYSTEM, "pthread_create")), "clone3", 'D'),
			 REASON_SYSCALL);
	assert_int_equal(judge_running(CALLED(NAMED(ORIGIN_SYSTEM, "fork"), output)), REASON_CHILD);
	assert_int_equal(judge_running(CALLED(print)), REASON_COMPUTING);
}

/* The types in a generic function's name say nothing about what it does. */
static void type_arguments_are_no_calls(void **state)
{
	const struct frame *stage = NAMED(ORIGIN_RUNTIME,
					  "core::ptr::drop_in_place<tokio::runtime::task::core::"
					  "Stage<app::session::{{closure}}>>"),
			   *session =
				   NAMED(ORIGIN_USER, "core::ptr::drop_in_place<app::session::{{closure}}>"),
			   *cache = NAMED(ORIGIN_USER, "core::ptr::drop_in_place<app::Cache>"),
			   *entry = NAMED(ORIGIN_USER, "core::ptr::drop_in_place<app::Entry>"),
			   *sort =
				   &(struct frame){
					   .function = "core::slice::sort::quicksort::<std::fs::DirEntry>",
					   .name = "core::slice::sort::quicksort",
					   .module = "/usr/bin/app",
					   .origin = ORIGIN_STD},
			   *drop = NAMED(ORIGIN_USER, "<app::Entry as core::ops::drop::Drop>::drop");
	const struct verdict *v = JUDGE(false, &start, entry, cache, session, stage, &generic_poll, &worker);

	assert_int_equal(v->poll, 5);
	assert_int_equal(v->blame, 2);
	assert_string_equal(v->task, "app::Job<(u8, Vec<u8>)>");
	assert_int_equal(JUDGE(false, &start, session, stage, &generic_poll, &worker)->blame, 1);
	/* User code that runs then is more to blame. */
	assert_int_equal(JUDGE(false, &start, drop, entry, cache, &poll, &worker)->blame, 1);
	assert_int_equal(JUDGE(false, &start, &user, drop, cache, &poll, &worker)->blame, 1);
	assert_int_equal(JUDGE(false, &start, cache, &handler, session, &poll, &worker)->blame, 1);
	assert_int_equal(judge_running(CALLED(sort)), REASON_COMPUTING);
}

static void without_user_code_a_dependency_is_blamed(void **state)
{
	assert_int_equal(JUDGE(false, &epoll, &dependency, &poll, &worker)->blame, 1);
	assert_int_equal(JUDGE(false, &epoll, &poll, &worker)->blame, 0);
}

/* --- without names: only by the source files that code refers to --- */

#define TOKIO "/home/me/.cargo/registry/src/i-1/tokio-1.43.1/src/runtime/"
#define REFERS(o, n, f, runtime)                                                                             \
	{                                                                                                    \
		.name = n, .module = "/usr/bin/app", .origin = o, .file = f, .runtime_files = runtime        \
	}
#define OF_TOKIO(n, path) REFERS(ORIGIN_RUNTIME, n, TOKIO path, TOKIO path)

static const struct frame s_user = REFERS(ORIGIN_USER, "app+0x10", "src/api.rs", NULL),
			  s_called = REFERS(ORIGIN_UNKNOWN, "app+0x20", NULL, NULL),
			  s_std = REFERS(ORIGIN_STD, "app+0x30", NULL, NULL),
			  s_core = OF_TOKIO("app+0x40", "task/core.rs"),
			  s_merged = REFERS(ORIGIN_USER, "app+0x50", "src/api.rs", TOKIO "task/core.rs"),
			  s_worker = OF_TOKIO("app+0x60", "scheduler/multi_thread/worker.rs"),
			  s_park = OF_TOKIO("app+0x70", "scheduler/multi_thread/park.rs"),
			  s_driver = OF_TOKIO("app+0x80", "io/driver.rs"),
			  s_pool = OF_TOKIO("app+0x90", "blocking/pool.rs"),
			  s_exit = OF_TOKIO("app+0xa0", "context/runtime_mt.rs"),
			  s_old_exit = OF_TOKIO("app+0xb0", "context.rs"),
			  s_current = OF_TOKIO("app+0xc0", "scheduler/current_thread/mod.rs"),
			  s_main = REFERS(ORIGIN_USER, "app+0xd0", "src/main.rs",
					  TOKIO "scheduler/current_thread/mod.rs\n" TOKIO
						"scheduler/multi_thread/worker.rs"),
			  s_block_on = OF_TOKIO("app+0xf0", "scheduler/multi_thread/mod.rs"),
			  s_waits = OF_TOKIO("app+0x100", "park.rs"),
			  s_runs = REFERS(ORIGIN_USER, "app+0x110", "src/main.rs",
					  TOKIO "scheduler/multi_thread/mod.rs"),
			  s_spawns = REFERS(ORIGIN_USER, "app+0xe0", "src/api.rs", TOKIO "blocking/pool.rs"),
			  read_call = FRAME(ORIGIN_SYSTEM, "read"),
			  write_call = FRAME(ORIGIN_SYSTEM, "write"), futex = FRAME(ORIGIN_SYSTEM, "syscall");

#define FROM_WORKER &s_worker, &s_core, &s_pool, &start

static void nameless_polls(void **state)
{
	const struct verdict *v = JUDGE(false, &s_called, &s_user, &s_core, FROM_WORKER);

	assert_int_equal(v->role, ROLE_WORKER);
	assert_true(v->in_poll);
	assert_int_equal(v->poll, 2);
	assert_int_equal(v->blame, 0); /* the user's code calls it */
	assert_string_equal(v->task, "app+0x10");
	assert_int_equal(JUDGE(false, &s_called, &s_called, &s_user, &s_core, FROM_WORKER)->blame, 1);
	assert_int_equal(JUDGE(false, &futex, &s_std, &s_user, &s_core, FROM_WORKER)->blame, 2);
	/* The future is inlined into its poll. */
	v = JUDGE(false, &futex, &s_std, &s_merged, FROM_WORKER);
	assert_true(v->in_poll);
	assert_int_equal(v->blame, 2);
	assert_int_equal(JUDGE(false, &s_spawns, &s_core, FROM_WORKER)->role, ROLE_WORKER);
}

static void nameless_parks(void **state)
{
	assert_true(JUDGE(false, &futex, &s_park, FROM_WORKER)->parked);
	assert_true(JUDGE(false, &epoll, &s_driver, FROM_WORKER)->parked);
	assert_true(JUDGE(true, &epoll, &s_driver)->parked);
	/* Even if only the loop is known. */
	assert_false(JUDGE(false, &epoll, &s_called, FROM_WORKER)->in_poll);
	assert_int_equal(JUDGE(false, &epoll, &s_called, FROM_WORKER)->role, ROLE_WORKER);
	/* A task that wakes another one unparks, and one that creates a socket uses the driver. */
	assert_true(JUDGE(false, &write_call, &s_park, &s_user, &s_core, FROM_WORKER)->in_poll);
	assert_true(JUDGE(false, &s_driver, &s_user, &s_core, FROM_WORKER)->in_poll);
	assert_false(JUDGE(false, &s_driver, &s_user, &s_core, FROM_WORKER)->parked);
}

static void nameless_threads_that_may_block(void **state)
{
	assert_int_equal(JUDGE(false, &s_user, &s_core, &s_pool, &start)->role, ROLE_BLOCKING);
	assert_int_equal(JUDGE(false, &futex, &s_std, &s_exit, &s_user, &s_core, FROM_WORKER)->role,
			 ROLE_BLOCKING);
	assert_int_equal(JUDGE(false, &futex, &s_std, &s_old_exit, &s_user, &s_core, FROM_WORKER)->role,
			 ROLE_BLOCKING);
	/* Functions that enter a runtime refer to the same file. */
	assert_int_equal(JUDGE(false, &s_user, &s_core, &s_worker, &s_old_exit, FROM_WORKER)->role,
			 ROLE_WORKER);
	/* main contains code of both kinds of block_on; the multi-thread kind calls nothing back. */
	assert_int_equal(JUDGE(false, &futex, &s_main, &start)->role, ROLE_OTHER);
	assert_int_equal(JUDGE(false, &epoll, &s_driver, &s_main, &start)->role, ROLE_CURRENT_THREAD);
}

static void a_nameless_current_thread_runtime(void **state)
{
	assert_int_equal(JUDGE(false, &s_user, &s_core, &s_current, &start)->role, ROLE_CURRENT_THREAD);
	assert_true(JUDGE(false, &s_user, &s_core, &s_current, &start)->in_poll);
	assert_true(JUDGE(false, &epoll, &s_driver, &s_current, &start)->parked);
	assert_true(JUDGE(false, &s_user, &s_current, &start)->in_poll);
	assert_false(JUDGE(false, &epoll, &s_called, &s_current, &start)->in_poll);
}

/* Each kind of code that calls CachedParkThread::block_on, as in Tokio 1.24 and 1.43. */
static void block_on_of_a_runtime_and_of_a_channel(void **state)
{
#define RUNTIME(name) FRAME(ORIGIN_RUNTIME, "tokio::" name)
	static const struct frame waits = RUNTIME("runtime::park::CachedParkThread::park"),
				  polls = RUNTIME("runtime::park::CachedParkThread::block_on"),
				  region = RUNTIME(
					  "runtime::context::blocking::BlockingRegionGuard::block_on"),
				  multi = RUNTIME("runtime::scheduler::multi_thread::MultiThread::block_on"),
				  runtime = RUNTIME("runtime::runtime::Runtime::block_on"),
				  handle = RUNTIME("runtime::handle::Handle::block_on"),
				  inner = RUNTIME("runtime::handle::Handle::block_on_inner"),
				  enter = RUNTIME("runtime::context::runtime::enter_runtime"),
				  plain = RUNTIME("future::block_on::block_on"),
				  receive = RUNTIME("sync::mpsc::bounded::Receiver<T>::blocking_recv"),
				  end = RUNTIME("runtime::blocking::shutdown::Receiver::wait");
#undef RUNTIME
	const struct frame *const entered[] = {&multi, &runtime, &handle, &inner, &enter};

	for (size_t i = 0; i < sizeof(entered) / sizeof(*entered); i++) {
		const struct verdict *v = JUDGE(false, &user, &polls, &region, entered[i], &handler, &start);

		assert_int_equal(v->role, ROLE_MAIN_FUTURE);
		assert_true(v->in_poll);
		assert_int_equal(v->poll, 1);
		v = JUDGE(false, &futex, &waits, &polls, &region, entered[i], &handler, &start);
		assert_int_equal(v->role, ROLE_MAIN_FUTURE);
		assert_true(v->parked);
	}
	assert_int_equal(JUDGE(false, &futex, &waits, &polls, &region, &plain, &receive, &user, &start)->role,
			 ROLE_OTHER);
	assert_int_equal(JUDGE(false, &polls, &region, &plain, &receive, &user, &start)->role, ROLE_OTHER);
	assert_int_equal(JUDGE(false, &futex, &waits, &polls, &region, &end, &user, &start)->role,
			 ROLE_OTHER);
	/* All between is inlined, and only symbols are known: it could be either. */
	assert_int_equal(JUDGE(false, &futex, &waits, &polls, &user, &start)->role, ROLE_OTHER);
	/* A runtime that is entered below it is another one's. */
	assert_int_equal(JUDGE(false, &runtime, &polls, &region, &plain, &start)->role, ROLE_OTHER);
}

static void a_nameless_main_future(void **state)
{
	const struct verdict *v = JUDGE(false, &s_std, &s_called, &s_user, &s_block_on, &s_called, &start);

	assert_int_equal(v->role, ROLE_MAIN_FUTURE);
	assert_true(v->in_poll);
	assert_int_equal(v->poll, 3);
	/* What polls it may refer to the file of what waits. */
	assert_true(JUDGE(false, &s_user, &s_waits, &s_block_on, &start)->in_poll);
	v = JUDGE(false, &futex, &s_std, &s_waits, &s_user, &s_block_on, &start);
	assert_int_equal(v->role, ROLE_MAIN_FUTURE);
	assert_true(v->parked);
	/* main has block_on in it, and does other things besides. */
	assert_int_equal(JUDGE(false, &futex, &s_std, &s_waits, &s_runs, &start)->role, ROLE_MAIN_FUTURE);
	assert_int_not_equal(JUDGE(false, &s_std, &s_user, &s_runs, &start)->role, ROLE_MAIN_FUTURE);
	/* A runtime's end; and a thread that waits for a channel of Tokio's. */
	assert_int_not_equal(JUDGE(false, &futex, &s_std, &s_called, &s_block_on, &s_user, &start)->role,
			     ROLE_MAIN_FUTURE);
	assert_int_not_equal(JUDGE(false, &futex, &s_std, &s_waits, &s_user, &start)->role, ROLE_MAIN_FUTURE);
}

static void nameless_file_access(void **state)
{
	static const struct frame own = {
		.name = "libc.so.6+0x10", .module = "/lib/libc.so.6", .origin = ORIGIN_SYSTEM};

	assert_int_equal(judge_running(JUDGE(false, &read_call, &s_std, &s_user, &s_core, FROM_WORKER)),
			 REASON_FILE);
	assert_int_equal(
		judge_running(JUDGE(false, &own, &own, &read_call, &s_std, &s_user, &s_core, FROM_WORKER)),
		REASON_FILE);
	assert_int_equal(judge_running(JUDGE(false, &own, &own, &s_std, &s_user, &s_core, FROM_WORKER)),
			 REASON_COMPUTING);
	/* An eventfd of the runtime. */
	assert_int_equal(
		judge_running(JUDGE(false, &write_call, &s_std, &s_driver, &s_user, &s_core, FROM_WORKER)),
		REASON_COMPUTING);
}

static void v0_names(void **state)
{
	static const struct frame guard = {
		.function = "<tokio::runtime::scheduler::current_thread::CoreGuard>::block_on::<F>",
		.name = "tokio::runtime::scheduler::current_thread::CoreGuard::block_on",
		.module = "/usr/bin/app",
		.origin = ORIGIN_RUNTIME};
	static const struct frame run = {.function = "<tokio::runtime::blocking::pool::Inner>::run",
					 .name = "tokio::runtime::blocking::pool::Inner::run",
					 .module = "/usr/bin/app",
					 .origin = ORIGIN_RUNTIME};

	assert_int_equal(JUDGE(false, &user, &guard, &start)->role, ROLE_CURRENT_THREAD);
	assert_int_equal(JUDGE(false, &user, &poll, &run, &start)->role, ROLE_BLOCKING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_worker_in_a_poll, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(the_same_chain_is_judged_once, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(frames_without_a_name_tell_no_role, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(code_that_the_scheduler_calls_is_in_a_poll, make_judge,
						drop_judge),
		cmocka_unit_test_setup_teardown(async_blocks_of_one_function_are_told_apart, make_judge,
						drop_judge),
		cmocka_unit_test_setup_teardown(the_spawned_type_names_the_task, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(a_v0_name_names_the_task, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(what_the_standard_library_was_called_for, make_judge,
						drop_judge),
		cmocka_unit_test_setup_teardown(parks_are_not_blocking, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(who_may_block, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(a_current_thread_runtime, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(library_calls_tell_the_reason, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(what_was_called_gives_the_reason, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(type_arguments_are_no_calls, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(without_user_code_a_dependency_is_blamed, make_judge,
						drop_judge),
		cmocka_unit_test_setup_teardown(nameless_polls, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(nameless_parks, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(nameless_threads_that_may_block, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(a_nameless_current_thread_runtime, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(block_on_of_a_runtime_and_of_a_channel, make_judge,
						drop_judge),
		cmocka_unit_test_setup_teardown(a_nameless_main_future, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(nameless_file_access, make_judge, drop_judge),
		cmocka_unit_test_setup_teardown(v0_names, make_judge, drop_judge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
