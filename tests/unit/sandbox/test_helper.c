/* SPDX-License-Identifier: Apache-2.0 */
/* test_helper.c - a helper that hangs: its asker goes on, others are served, and it ends with the process
 * that started it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/helper.h"
#include "sandbox/message-relay.h"

#define PATIENCE 120 /* s: limit for a test that hangs */
#define LIMIT_MS 1000

static int told[2]; /* a pipe for the helper's messages */
static int go[2];   /* a pipe that ends its waits */

static bool keeps(void *context, int fd)
{
	(void)context;
	return fd == told[1] || fd == go[0];
}

static int prepare(void *context)
{
	(void)context;
	return 0;
}

/* Waits for something that never comes, or for a byte; writes `s` when it begins. */
static int serve(void *context, const void *request, size_t size, int *fd)
{
	const char *what = request;

	(void)context;
	(void)fd;
	if (size == 5 && !memcmp(what, "hang", 5)) {
		if (write(told[1], "s", 1) != 1)
			return EIO;
		for (;;)
			pause();
	}
	if (size == 5 && !memcmp(what, "wait", 5)) {
		char byte;

		if (write(told[1], "s", 1) != 1 || read(go[0], &byte, 1) != 1)
			return EIO;
	}
	return EDOM;
}

static void end(void *context)
{
	(void)context;
	if (write(told[1], "e", 1) != 1)
		_exit(1);
}

static struct helper *start(unsigned limit_ms, unsigned threads, bool tidies)
{
	static struct helper_duty duty;

	duty = (struct helper_duty){.name = "hud-test",
				    .limit_ms = limit_ms,
				    .threads = threads,
				    .keeps = keeps,
				    .prepare = prepare,
				    .serve = serve,
				    .end = tidies ? end : NULL};
	return helper_start(&duty);
}

static int ask(struct helper *helper, const char *what)
{
	int fd, error = helper_ask(helper, what, strlen(what) + 1, &fd);

	assert_int_equal(fd, -1);
	return error;
}

static char next_told(void)
{
	char byte = 0;

	assert_int_equal(read(told[0], &byte, 1), 1);
	return byte;
}

static int begin(void **state)
{
	(void)state;
	alarm(PATIENCE);
	return pipe(told) || pipe(go);
}

static int finish(void **state)
{
	(void)state;
	alarm(0);
	messages_end();
	close(go[0]);
	close(go[1]);
	close(told[0]);
	return close(told[1]);
}

static void one_that_hangs_leaves_the_others(void **state)
{
	struct helper *helper = start(300, 2, false);
	(void)state;

	assert_non_null(helper);
	assert_int_equal(ask(helper, "other"), EDOM);
	assert_int_equal(ask(helper, "hang"), ETIMEDOUT);
	assert_int_equal(next_told(), 's');
	assert_int_equal(ask(helper, "other"), EDOM);
	assert_int_equal(ask(helper, "hang"), ETIMEDOUT);
	assert_int_equal(next_told(), 's');
	/* No thread is left to serve: requests are not sent any more, so nothing waits. */
	for (int i = 0; i < 1000; i++)
		assert_int_equal(ask(helper, "hang"), ETIMEDOUT);
	helper_end(helper);
	messages_end();
	/* It has ended although it hung. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* A process that starts a helper, has it hang, and is killed. */
static pid_t start_starter(bool tidies)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct helper *helper = start(0, 1, tidies);

		if (helper)
			ask(helper, "hang");
		_exit(1);
	}
	return pid;
}

/* Its helper, and the process that passes messages on, are then children of this process. */
static void all_end_with(pid_t starter)
{
	assert_int_equal(next_told(), 's');
	kill(starter, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	assert_int_equal(errno, ECHILD);
}

/* The limit is over by the clock before the answer is there. */
static void time_without_a_cpu_does_not_count(void **state)
{
	struct helper *helper = start(LIMIT_MS, 1, false);
	pid_t asker = fork();
	int status, fd;
	(void)state;

	assert_non_null(helper);
	assert_true(asker >= 0);
	if (asker == 0)
		_exit(helper_ask(helper, "wait", 5, &fd));
	assert_int_equal(next_told(), 's');
	kill(asker, SIGSTOP);
	assert_int_equal(poll(NULL, 0, LIMIT_MS + 100), 0);
	kill(asker, SIGCONT);
	assert_int_equal(write(go[1], "g", 1), 1);
	assert_int_equal(waitpid(asker, &status, 0), asker);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EDOM);
	helper_end(helper);
}

static void it_ends_with_who_started_it(void **state)
{
	(void)state;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	all_end_with(start_starter(false));
}

static void it_tidies_up_when_who_started_it_is_gone(void **state)
{
	(void)state;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	all_end_with(start_starter(true));
	assert_int_equal(next_told(), 'e');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_that_hangs_leaves_the_others, begin, finish),
		cmocka_unit_test_setup_teardown(time_without_a_cpu_does_not_count, begin, finish),
		cmocka_unit_test_setup_teardown(it_ends_with_who_started_it, begin, finish),
		cmocka_unit_test_setup_teardown(it_tidies_up_when_who_started_it_is_gone, begin, finish),
	};

	return cmocka_run_group_tests_name("helper", tests, NULL, NULL);
}
