/* SPDX-License-Identifier: Apache-2.0 */
/* test_ptrace-stop.c - threads go on, whatever becomes of the process that stops them, and whenever. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/ptrace-stop.h"

#define THREADS 6
#define KILLS 150
#define PATIENCE 3000 /* hundredths of a second, for what happens at once unless the machine is busy */

/* Shared with the child whose threads are stopped. */
struct shared {
	_Atomic pid_t tid[THREADS];
	_Atomic unsigned long beats[THREADS]; /* each thread counts */
};

static struct shared *shared;
static pid_t target;

static void nap(long us)
{
	nanosleep(&(struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000}, NULL);
}

/* Some compute, some sleep. */
static void *live(void *arg)
{
	size_t i = (size_t)(uintptr_t)arg;

	shared->tid[i] = (pid_t)syscall(SYS_gettid);
	for (;;) {
		shared->beats[i]++;
		if (i)
			nap((long)i * 300);
	}
	return NULL;
}

static int start_target(void **state)
{
	(void)state;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -1;
	target = fork();
	if (target == 0) {
		pthread_t thread;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (uintptr_t i = 1; i < THREADS; i++)
			pthread_create(&thread, NULL, live, (void *)i);
		live(NULL);
	}
	for (size_t i = 0; i < THREADS; i++)
		while (!shared->beats[i])
			nap(1000);
	return target < 0 ? -1 : 0;
}

static int end_target(void **state)
{
	(void)state;
	kill(target, SIGKILL);
	waitpid(target, NULL, 0);
	munmap(shared, sizeof(*shared));
	return 0;
}

static char state_of(pid_t tid)
{
	char path[64], text[256];
	const char *end;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)target, (int)tid);
	in = fopen(path, "re");
	assert_non_null(in);
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	fclose(in);
	end = strrchr(text, ')');
	assert_non_null(end);
	return end[2];
}

/* Every thread runs or sleeps, and counts on. */
static void all_go_on(void)
{
	for (size_t i = 0; i < THREADS; i++) {
		unsigned long before = shared->beats[i];
		int patience = PATIENCE;

		assert_null(strchr("tT", state_of(shared->tid[i])));
		while (shared->beats[i] == before && patience-- > 0)
			nap(200);
		assert_int_not_equal(shared->beats[i], before);
	}
}

/* Starts a process that stops threads all the time, by `how`. */
static pid_t start_stopper(void (*how)(pid_t tid))
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (size_t i = 0;; i = (i + 1) % THREADS)
			how(shared->tid[i]);
	}
	return pid;
}

static void touch(pid_t tid)
{
	stopped_touch(tid);
}

/* Holds a thread most of the time, as long as inspecting its stack takes. */
static void hold(pid_t tid)
{
	int signal;

	if (stopped_begin(tid, &signal)) {
		nap(200);
		stopped_end(tid, signal);
	}
}

static void killed_at_any_moment(void (*how)(pid_t tid))
{
	unsigned seed = 1;

	for (int i = 0; i < KILLS; i++) {
		pid_t stopper = start_stopper(how);

		nap(rand_r(&seed) % 3000);
		kill(stopper, SIGKILL);
		assert_int_equal(waitpid(stopper, NULL, 0), stopper);
		all_go_on();
	}
}

static void test_killed_while_it_touches(void **state)
{
	(void)state;
	killed_at_any_moment(touch);
}

static void test_killed_while_it_holds(void **state)
{
	(void)state;
	killed_at_any_moment(hold);
}

/* A process that was stopped by SIGSTOP stays stopped. */
static void test_what_was_stopped_stays_so(void **state)
{
	unsigned long beats[THREADS];
	int patience = PATIENCE;

	(void)state;
	kill(target, SIGSTOP);
	for (size_t i = 0; i < THREADS; i++)
		while (state_of(shared->tid[i]) != 'T' && patience-- > 0)
			nap(200);
	for (size_t i = 0; i < THREADS; i++)
		beats[i] = shared->beats[i];
	for (size_t i = 0; i < THREADS; i++)
		assert_true(stopped_touch(shared->tid[i]));
	for (size_t i = 0; i < THREADS; i++) {
		while (state_of(shared->tid[i]) != 'T' && patience-- > 0)
			nap(200);
		assert_int_equal(state_of(shared->tid[i]), 'T');
		assert_int_equal(shared->beats[i], beats[i]);
	}
	kill(target, SIGCONT);
	nap(200);
	for (size_t i = 0; i < THREADS; i++)
		while (state_of(shared->tid[i]) == 'T' && patience-- > 0)
			nap(200);
	all_go_on();
}

static void test_no_such_thread(void **state)
{
	pid_t gone = fork();

	(void)state;
	assert_true(gone >= 0);
	if (gone == 0)
		_exit(0);
	assert_int_equal(waitpid(gone, NULL, 0), gone);
	assert_false(stopped_touch(gone));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_killed_while_it_touches, start_target, end_target),
		cmocka_unit_test_setup_teardown(test_killed_while_it_holds, start_target, end_target),
		cmocka_unit_test_setup_teardown(test_what_was_stopped_stays_so, start_target, end_target),
		cmocka_unit_test(test_no_such_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
