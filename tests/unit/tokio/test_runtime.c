/* SPDX-License-Identifier: Apache-2.0 */
/* test_runtime.c - a runtime's figures, from memory made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tokio/layout.h"
#include "tokio/runtime.h"

#define BASE 0x10000u
#define BYTES 4096u

/* Where things are in the memory, and in each other. */
enum {
	HANDLE = 0,
	REMOTES = 512,
	QUEUE = 640,
	POOL = 1024,
	CONTEXT = 2048,
	WORKER = 2176,
	CORE = 2304,
	TLS = 3072,
	NAME = 3584,
	METRICS = 3712
};

static const struct runtime_layout layout = {
	.at = {[MT_CONTEXT_WORKER] = 0,	 [MT_CONTEXT_CORE] = 16,    [MT_WORKER_HANDLE] = 16,
	       [MT_WORKER_INDEX] = 24,	 [MT_CORE_LIFO] = 0,	    [MT_REMOTES] = 96,
	       [MT_REMOTES_COUNT] = 104, [MT_REMOTE_SIZE] = 16,	    [MT_REMOTE_QUEUE] = 0,
	       [MT_QUEUE_HEAD] = 24,	 [MT_QUEUE_TAIL] = 32,	    [MT_IDLE] = 80,
	       [MT_INJECTED] = 160,	 [MT_OWNER] = 200,	    [MT_TASKS] = 208,
	       [MT_POOL] = 288,		 [MT_NAME] = 296,	    [MT_NAME_LENGTH] = 304,
	       [MT_NAME_CAPACITY] = 312, [CT_CONTEXT_HANDLE] = 0,   [CT_CONTEXT_CORE] = 16,
	       [CT_CORE_QUEUE_HEAD] = 8, [CT_CORE_QUEUE_TAIL] = 16, [CT_CORE_QUEUE_LEN] = -1,
	       [CT_CORE_QUEUE_CAP] = 24, [CT_INJECTED] = -1,	    [CT_OWNER] = 200,
	       [CT_TASKS] = -1,		 [CT_POOL] = 288,	    [CT_NAME] = -1,
	       [CT_NAME_LENGTH] = -1,	 [CT_NAME_CAPACITY] = -1,   [POOL_THREADS] = 40,
	       [POOL_IDLE] = 48,	 [POOL_QUEUED] = 56,	    [POOL_CAP] = 32,
	       [MT_METRICS] = 320,	 [CT_METRICS] = -1,	    [METRICS_SIZE] = 128,
	       [METRICS_BUSY] = 0,	 [METRICS_PARKS] = 8,	    [METRICS_UNPARKS] = 16,
	       [POOL_NAMER] = 64,	 [POOL_JOBS_BUFFER] = 72,   [POOL_JOBS_HEAD] = 80,
	       [POOL_JOBS_TAIL] = -1,	 [POOL_JOBS_LEN] = 88,	    [POOL_JOBS_CAP] = 96}};

static const struct tokio_layout tokio = {.multi_thread = {.known = true, .pointer = 8, .core = 16},
					  .current_thread = {.known = true, .pointer = 16, .core = 16}};

static unsigned char bytes[BYTES];
static int torn; /* so many reads of a queue's tail show one from later */

static bool read_bytes(void *arg, uint64_t address, void *to, size_t size)
{
	(void)arg;
	if (address < BASE || address - BASE > BYTES || size > BYTES - (address - BASE))
		return false;
	memcpy(to, bytes + (address - BASE), size);
	if (address == BASE + QUEUE + 32 && torn && torn--)
		*(uint32_t *)to += 1000;
	return true;
}

static const struct memory_reader memory = {.read = read_bytes};

static void put(unsigned at, uint64_t word)
{
	memcpy(bytes + at, &word, sizeof(word));
}

static void put_arc(unsigned at)
{
	put(at, 1);
	put(at + 8, 1);
}

/* A multi-thread runtime with a worker, and a thread that drives it. */
static int make(void **state)
{
	(void)state;
	memset(bytes, 0, sizeof(bytes));
	torn = 0;
	put_arc(HANDLE);
	put(HANDLE + 96, BASE + REMOTES);
	put(HANDLE + 104, 2);
	put(HANDLE + 80, 2 << 16 | 1);
	put(HANDLE + 160, 7);
	put(HANDLE + 200, 42);
	put(HANDLE + 208, 1234);
	put(HANDLE + 288, BASE + POOL);
	put(HANDLE + 296, BASE + NAME);
	put(HANDLE + 304, 4);
	put(HANDLE + 312, 4);
	put(HANDLE + 320, BASE + METRICS);
	put(METRICS + 128, 5000);
	put(METRICS + 128 + 8, 70);
	put(METRICS + 128 + 16, 139);
	memcpy(bytes + NAME, "io\x1b\n", 4);
	put(REMOTES, BASE + QUEUE);
	put(REMOTES + 16, BASE + QUEUE);
	put_arc(QUEUE);
	put(QUEUE + 24, (uint64_t)3 << 32 | 5);
	put(QUEUE + 32, 15);
	put_arc(POOL);
	put(POOL + 32, 514);
	put(POOL + 40, 5);
	put(POOL + 64, BASE + WORKER);
	put(POOL + 48, 2);
	put(POOL + 56, 3);
	put(TLS - 8, BASE + CONTEXT);
	put(CONTEXT, BASE + WORKER);
	put(CONTEXT + 16, BASE + CORE);
	put_arc(WORKER);
	put(WORKER + 16, BASE + HANDLE);
	put(WORKER + 24, 1);
	put(CORE, BASE + 8);
	return 0;
}

static struct runtime_figures figures;

static bool read_it(bool multi_thread)
{
	return runtime_read(&memory, &layout, BASE + HANDLE, multi_thread, &figures);
}

static void all_figures(void **state)
{
	(void)state;
	assert_true(read_it(true));
	assert_int_equal(figures.workers, 2);
	assert_int_equal(figures.queued[0], 10);
	assert_int_equal(figures.queued[1], 10);
	assert_int_equal(figures.searching, 1);
	assert_int_equal(figures.awake, 2);
	assert_int_equal(figures.injected, 7);
	assert_int_equal(figures.owner, 42);
	assert_int_equal(figures.tasks, 1234);
	assert_int_equal(figures.pool_threads, 5);
	assert_int_equal(figures.pool_idle, 2);
	assert_int_equal(figures.pool_queued, 3);
	assert_int_equal(figures.pool_cap, 514);
	assert_string_equal(figures.name, "io\x1b\n");
	assert_true(figures.counts);
	assert_int_equal(figures.work[0].busy, 0);
	assert_false(figures.work[0].parked);
	assert_int_equal(figures.work[1].busy, 5000);
	assert_int_equal(figures.work[1].parks, 70);
	assert_true(figures.work[1].parked);
}

static void what_a_build_lacks_is_unknown(void **state)
{
	(void)state;
	assert_true(read_it(false));
	assert_int_equal(figures.workers, 1);
	assert_true(figures.tasks == RUNTIME_NUMBER_UNKNOWN);
	assert_true(figures.injected == RUNTIME_NUMBER_UNKNOWN);
	assert_int_equal(figures.pool_threads, 5);
	assert_string_equal(figures.name, "");
	assert_false(figures.counts);
	/* What cannot be read is not counted. */
	put(HANDLE + 320, BASE + BYTES - 64);
	assert_true(read_it(true));
	assert_false(figures.counts);
}

static void a_queue_that_changes_is_read_again(void **state)
{
	(void)state;
	torn = 3;
	assert_true(read_it(true));
	assert_int_equal(figures.queued[0], 10);
	torn = 1000;
	assert_true(read_it(true));
	assert_true(figures.queued[0] == RUNTIME_NUMBER_UNKNOWN);
}

/* Each of these words makes it something else than a runtime. */
static void no_runtime(void **state)
{
	static const struct {
		unsigned at;
		uint64_t word;
	} wrong[] = {
		{HANDLE, 0},
		{HANDLE + 96, 1},
		{HANDLE + 104, 0},
		{HANDLE + 104, 1u << 20},
		{HANDLE + 104, UINT64_MAX},
		{HANDLE + 200, 0},
		{HANDLE + 80, 9},
		{HANDLE + 80, 9 << 16},
		{HANDLE + 160, UINT64_MAX},
		{HANDLE + 288, 0},
		{HANDLE + 288, BASE + 3},
		{REMOTES + 16, BASE + BYTES},
		{POOL + 32, 0},
		{POOL + 40, 515},
		{POOL + 48, UINT64_MAX},
		{POOL + 64, BASE + 3},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		make(state);
		put(wrong[i].at, wrong[i].word);
		assert_false(read_it(true));
	}
	assert_false(runtime_read(&memory, &layout, 0, true, &figures));
	assert_false(runtime_read(&memory, &layout, UINT64_MAX - 7, true, &figures));
}

/* A ring of four, of which the last and the first two are in use; in the old form the ring's end is told. */
static void jobs_that_wait(void **state)
{
	struct runtime_layout old = layout;
	uint64_t jobs[3];

	(void)state;
	put(POOL + 72, BASE + POOL + 256);
	put(POOL + 80, 3);
	put(POOL + 88, 3);
	put(POOL + 96, 4);
	for (unsigned i = 0; i < 4; i++)
		put(POOL + 256 + 16 * i, 100 + i);
	assert_int_equal(runtime_pool_jobs(&memory, &layout, BASE + POOL, jobs, 3), 3);
	assert_true(jobs[0] == 103 && jobs[1] == 100 && jobs[2] == 101);
	assert_int_equal(runtime_pool_jobs(&memory, &layout, BASE + POOL, jobs, 2), 2);
	old.at[POOL_JOBS_TAIL] = 80;
	old.at[POOL_JOBS_HEAD] = 88;
	old.at[POOL_JOBS_LEN] = RUNTIME_UNKNOWN;
	put(POOL + 88, 1);
	assert_int_equal(runtime_pool_jobs(&memory, &old, BASE + POOL, jobs, 3), 2);
	assert_true(jobs[0] == 103 && jobs[1] == 100);
	put(POOL + 96, 3);
	assert_int_equal(runtime_pool_jobs(&memory, &old, BASE + POOL, jobs, 3), 0);
	assert_int_equal(runtime_pool_jobs(&memory, &layout, BASE + POOL, jobs, 3), 0);
}

/* Where the pool's place is not known, it is searched for: there must be one, not two. */
static void a_searched_pool(void **state)
{
	struct runtime_layout searched = layout;

	(void)state;
	searched.at[MT_POOL] = RUNTIME_SEARCHED;
	assert_true(runtime_read(&memory, &searched, BASE + HANDLE, true, &figures));
	assert_int_equal(figures.pool, BASE + POOL);
	assert_int_equal(figures.pool_threads, 5);
	put(HANDLE + 400, BASE + POOL);
	assert_true(runtime_read(&memory, &searched, BASE + HANDLE, true, &figures));
	memcpy(bytes + POOL + 256, bytes + POOL, 128);
	put(HANDLE + 400, BASE + POOL + 256);
	assert_true(runtime_read(&memory, &searched, BASE + HANDLE, true, &figures));
	assert_int_equal(figures.pool, 0);
	assert_true(figures.pool_threads == RUNTIME_NUMBER_UNKNOWN);
}

/* A name that there is not, or that cannot be read, is none. */
static void no_name(void **state)
{
	(void)state;
	put(HANDLE + 312, (uint64_t)1 << 63);
	assert_true(read_it(true));
	assert_string_equal(figures.name, "");
	make(state);
	put(HANDLE + 296, 1);
	assert_true(read_it(true));
	assert_string_equal(figures.name, "");
}

static void what_a_thread_drives(void **state)
{
	struct runtime_driver driver;

	(void)state;
	assert_true(runtime_driven(&memory, &tokio, &layout, BASE + TLS, &driver));
	assert_true(driver.multi_thread && driver.has_core && driver.lifo);
	assert_int_equal(driver.handle, BASE + HANDLE);
	assert_int_equal(driver.worker, 1);
	put(CONTEXT + 16, 0);
	assert_true(runtime_driven(&memory, &tokio, &layout, BASE + TLS, &driver));
	assert_false(driver.has_core || driver.lifo);
	put(TLS - 8, 0);
	assert_false(runtime_driven(&memory, &tokio, &layout, BASE + TLS, &driver));
}

static void a_current_threads_queue(void **state)
{
	struct runtime_driver driver;

	(void)state;
	put(TLS - 8, 0);
	put(TLS - 16, BASE + CONTEXT);
	put(CONTEXT, BASE + HANDLE);
	put(CORE + 8, 2);
	put(CORE + 16, 60);
	put(CORE + 24, 64);
	assert_true(runtime_driven(&memory, &tokio, &layout, BASE + TLS, &driver));
	assert_false(driver.multi_thread);
	assert_int_equal(driver.queued, 6);
	put(CORE + 24, 63);
	assert_true(runtime_driven(&memory, &tokio, &layout, BASE + TLS, &driver));
	assert_true(driver.queued == RUNTIME_NUMBER_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_figures, make),
		cmocka_unit_test_setup(what_a_build_lacks_is_unknown, make),
		cmocka_unit_test_setup(a_queue_that_changes_is_read_again, make),
		cmocka_unit_test_setup(no_runtime, make),
		cmocka_unit_test_setup(jobs_that_wait, make),
		cmocka_unit_test_setup(a_searched_pool, make),
		cmocka_unit_test_setup(no_name, make),
		cmocka_unit_test_setup(what_a_thread_drives, make),
		cmocka_unit_test_setup(a_current_threads_queue, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
