/* SPDX-License-Identifier: Apache-2.0 */
/* frame-kinds.c - see frame-kinds.h. Names and files of Tokio 1.24 to 1.53; if they changed, the old and the
 * new one are here. */
#include "tokio/frame-kinds.h"

#include <stdlib.h>
#include <string.h>

#include <libiberty/libiberty.h>

#include "resolve/symbolize/pathname.h"

#define FRAME_CONTEXT 0x10000 /* undecided */

struct rule {
	const char *part; /* of a demangled name or a source path */
	unsigned kinds;
};

static const struct rule name_rules[] = {
	{"tokio::runtime::blocking::pool::Inner::run", FRAME_POOL},
	{"tokio::task::blocking::block_in_place", FRAME_HANDED_OVER},
	{"multi_thread::worker::block_in_place", FRAME_HANDED_OVER},
	{"thread_pool::worker::block_in_place", FRAME_HANDED_OVER},
	{"multi_thread::worker::Context::", FRAME_WORKER},
	{"multi_thread::worker::run", FRAME_WORKER},
	{"multi_thread_alt::worker::Worker::", FRAME_WORKER},
	{"multi_thread_alt::worker::run", FRAME_WORKER},
	{"current_thread::CoreGuard::block_on", FRAME_CURRENT_THREAD | FRAME_BLOCK_ON},
	{"current_thread::CurrentThread::block_on", FRAME_CURRENT_THREAD},
	{"current_thread::Context::", FRAME_CURRENT_THREAD},
	{"current_thread::CoreGuard::enter", FRAME_CURRENT_THREAD},
	{"multi_thread::worker::Context::park", FRAME_PARK},
	{"multi_thread::park::", FRAME_PARK},
	{"multi_thread_alt::park::", FRAME_PARK},
	{"current_thread::Context::park", FRAME_PARK},
	{"tokio::runtime::driver::", FRAME_PARK},
	{"tokio::runtime::io::driver::Driver::turn", FRAME_PARK},
	{"tokio::runtime::io::Driver::turn", FRAME_PARK},
	{"tokio::runtime::park::CachedParkThread::block_on", FRAME_MAIN_FUTURE},
	{"tokio::park::thread::CachedParkThread::block_on", FRAME_MAIN_FUTURE},
	{"multi_thread::MultiThread::block_on", FRAME_MAIN_FUTURE | FRAME_ENTERED},
	{"tokio::runtime::runtime::Runtime::block_on", FRAME_ENTERED},
	{"tokio::runtime::handle::Handle::block_on", FRAME_ENTERED},
	{"tokio::runtime::context::runtime::enter_runtime", FRAME_ENTERED},
	{"tokio::runtime::park::CachedParkThread::park", FRAME_MAIN_PARK},
	{"tokio::runtime::park::Inner::park", FRAME_MAIN_PARK},
	{"tokio::runtime::task::raw::poll", FRAME_POLL},
	{"tokio::runtime::task::raw::RawTask::poll", FRAME_POLL},
	{"tokio::runtime::task::harness::", FRAME_POLL},
	{"tokio::runtime::task::core::", FRAME_POLL},
};

/* A task's poll is Core::poll, which has the panic "unexpected stage" in every version. One file of the
 * scheduler and one of the driver are enough: they call each other. */
static const struct rule file_rules[] = {
	{"/src/runtime/blocking/pool.rs", FRAME_POOL},
	/* exit_runtime, which is block_in_place's alone: since 1.28 in a file of its own, in 1.24 with much else */
	{"/src/runtime/context/runtime_mt.rs", FRAME_HANDED_OVER},
	{"/src/runtime/context.rs", FRAME_CONTEXT},
	{"/src/runtime/scheduler/multi_thread/worker.rs", FRAME_WORKER},
	{"/src/runtime/scheduler/multi_thread_alt/worker.rs", FRAME_WORKER},
	{"/src/runtime/scheduler/current_thread.rs", FRAME_CURRENT_THREAD | FRAME_BLOCK_ON},
	{"/src/runtime/scheduler/current_thread/mod.rs", FRAME_CURRENT_THREAD | FRAME_BLOCK_ON},
	{"/src/runtime/scheduler/multi_thread/park.rs", FRAME_PARK},
	{"/src/runtime/scheduler/multi_thread_alt/park.rs", FRAME_PARK},
	{"/src/runtime/driver.rs", FRAME_PARK},
	{"/src/runtime/io/mod.rs", FRAME_PARK},
	{"/src/runtime/io/driver.rs", FRAME_PARK},
	{"/src/runtime/time/mod.rs", FRAME_PARK},
	/* "failed to park thread" of a multi-thread runtime's block_on, and what it waits with */
	{"/src/runtime/scheduler/multi_thread/mod.rs", FRAME_MAIN_FUTURE | FRAME_ENTERED},
	{"/src/runtime/park.rs", FRAME_MAIN_PARK},
	{"/src/runtime/task/core.rs", FRAME_POLL},
	{"/src/runtime/task/harness.rs", FRAME_POLL},
	{"/src/runtime/task/raw.rs", FRAME_POLL},
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define LOOP (FRAME_WORKER | FRAME_CURRENT_THREAD)

static unsigned matching(const char *text, const struct rule *rules, size_t count)
{
	unsigned kinds = 0;

	for (size_t i = 0; text && i < count; i++)
		if (strstr(text, rules[i].part))
			kinds |= rules[i].kinds;
	return kinds;
}

static bool has_name(const struct frame *f)
{
	return f->function != NULL;
}

static bool of_user(const struct frame *f)
{
	return f->origin == ORIGIN_USER || f->origin == ORIGIN_DEPENDENCY;
}

/* Is one of the frames from `i` to the root inside a task's poll of an outer scheduler? The blocking pool's
 * task that runs the scheduler itself does not count: no scheduler is around it. */
static bool inside_poll(const unsigned *kinds, size_t i, size_t count)
{
	bool poll = false;

	for (; i < count; i++) {
		if (poll && kinds[i] & LOOP)
			return true;
		poll |= (kinds[i] & FRAME_POLL) != 0;
	}
	return false;
}

/* Tasks are polled through a table of functions, so a worker's loop contains no user code: user code is where
 * a runtime is created. A current-thread loop may be inlined into main. So may block_on of the other
 * scheduler, but that does nothing that a loop does. */
static void decide_users_loop(const struct frame *const *frame, unsigned *kinds, size_t i)
{
	bool loop = false;

	for (size_t j = 0; j < i; j++)
		loop |= kinds[j] & (FRAME_POLL | FRAME_PARK) ||
			(kinds[j] & FRAME_CURRENT_THREAD && frame[j]->origin == ORIGIN_RUNTIME);
	kinds[i] &= ~(unsigned)(loop ? FRAME_WORKER : LOOP | FRAME_BLOCK_ON);
}

/* The scheduler's files are used by its loop, by block_in_place, and by code that wakes or spawns a task or
 * creates a runtime. */
static void decide_loop(const struct frame *const *frame, unsigned *kinds, size_t i, size_t count)
{
	bool user = false;

	if (!(kinds[i] & LOOP))
		return;
	if (!inside_poll(kinds, i + 1, count)) {
		if (frame[i]->origin == ORIGIN_USER)
			decide_users_loop(frame, kinds, i);
		return;
	}
	for (size_t j = 0; j <= i; j++)
		user |= frame[j]->origin == ORIGIN_USER;
	kinds[i] &= ~(unsigned)(LOOP | FRAME_BLOCK_ON);
	if (user)
		kinds[i] |= FRAME_HANDED_OVER;
}

/* exit_runtime calls the closure of block_in_place, inside a poll. Other code in that file calls only
 * Tokio. */
static void decide_context(const struct frame *const *frame, unsigned *kinds, size_t i, size_t count)
{
	bool calls = i > 0 && frame[i - 1]->origin != ORIGIN_RUNTIME;

	if (!(kinds[i] & FRAME_CONTEXT))
		return;
	for (size_t j = 0; j < i; j++)
		calls |= frame[j]->origin == ORIGIN_USER ||
			 (frame[j]->origin == ORIGIN_UNKNOWN && frame[j]->name);
	if (calls && !of_user(frame[i]) && !(kinds[i] & LOOP) && inside_poll(kinds, i + 1, count))
		kinds[i] |= FRAME_HANDED_OVER;
}

/* spawn_blocking uses the pool's file, too; then the caller's poll is further out. */
static void decide_pool(unsigned *kinds, size_t i, size_t count)
{
	for (size_t j = i; j < count; j++)
		if (kinds[j] & FRAME_POLL)
			kinds[i] &= ~(unsigned)FRAME_POOL;
}

/* The driver's files are used by parking, and by code that registers a socket or wakes another worker. */
static void decide_park(unsigned *kinds, size_t i, size_t count)
{
	for (size_t j = i; j < count; j++) {
		if (kinds[j] & LOOP)
			return;
		if (kinds[j] & FRAME_POLL) {
			kinds[i] &= ~(unsigned)FRAME_PARK;
			return;
		}
	}
}

/* What waits calls nobody, but the file is also referred to by what polls the future between two waits; and that of block_on by a runtime's
 * end. Of a function of the user's, which may do anything else besides, only that it waits tells that it is in block_on. */
static void decide_main_future(const struct frame *const *frame, unsigned *kinds, size_t i)
{
	bool polls = false, waits = false;

	for (size_t j = 0; j < i; j++) {
		polls |= of_user(frame[j]);
		waits |= (kinds[j] & FRAME_MAIN_PARK) != 0;
	}
	if (polls)
		kinds[i] &= ~(unsigned)FRAME_MAIN_PARK;
	if (!waits && !(polls && !of_user(frame[i])))
		kinds[i] &= ~(unsigned)(FRAME_MAIN_FUTURE | FRAME_ENTERED);
}

/* Blocking calls of Tokio's channels and locks, and a runtime's end, poll a future the same way, but in no
 * runtime. Where all that would tell is inlined and has no debug info, it is not taken for a runtime's. */
static void decide_entered(unsigned *kinds, size_t count)
{
	bool entered = false;

	for (size_t i = count; i-- > 0;) {
		entered |= (kinds[i] & FRAME_ENTERED) != 0;
		if (!entered)
			kinds[i] &= ~(unsigned)FRAME_MAIN_FUTURE;
	}
}

unsigned frame_kinds_of(const struct frame *f)
{
	size_t length;

	if (!has_name(f))
		return matching(f->runtime_files, file_rules, COUNT(file_rules));
	/* Its name consists of the types that it drops. */
	if (pathname_dropped(f->function, &length))
		return 0;
	/* Both names: v0 has `<a::Type>::method`, the display name `a::Type::method`. */
	char *bare = pathname_bare(f->function);
	unsigned kinds = matching(bare, name_rules, COUNT(name_rules)) |
			 matching(f->name, name_rules, COUNT(name_rules));

	free(bare);
	return kinds;
}

void frame_kinds_decide(const struct frame *const *frame, unsigned *kinds, size_t count)
{
	/* From the root: an outer frame tells about the frames that it calls. */
	for (size_t i = count; i-- > 0;)
		if (!has_name(frame[i])) {
			decide_loop(frame, kinds, i, count);
			if (kinds[i] & LOOP)
				kinds[i] &= ~(unsigned)FRAME_POLL;
		}
	for (size_t i = 0; i < count; i++)
		if (!has_name(frame[i])) {
			decide_context(frame, kinds, i, count);
			decide_pool(kinds, i, count);
			decide_park(kinds, i, count);
			decide_main_future(frame, kinds, i);
		}
	decide_entered(kinds, count);
}
