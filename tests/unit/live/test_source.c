/* SPDX-License-Identifier: Apache-2.0 */
/* test_source.c - which files the live view shows lines of: those that are named in debug info are the target's to choose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "live/panes/source.h"
#include "sandbox/message-relay.h"

static char directory[32];

static const char *in_directory(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static int start(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/hud-source-XXXXXX");
	if (!mkdtemp(directory) || chmod(directory, 0755))
		return -1;
	FILE *file = fopen(in_directory("good.rs"), "we");

	if (!file || fputs("one\n\ttwo\nthree\n", file) < 0 || fclose(file))
		return -1;
	return live_source_start();
}

static int end(void **state)
{
	char command[64];

	(void)state;
	live_source_end();
	messages_end();
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command); /* NOLINT: a path of our own */
}

static const char *line_of(const char *name, unsigned line)
{
	unsigned first = 0;
	size_t count = 0;
	char *const *text = live_source(in_directory(name), line, &first, &count);

	return text && line - first < count ? text[line - first] : NULL;
}

static void lines_are_shown(void **state)
{
	(void)state;
	assert_string_equal(line_of("good.rs", 2), "    two");
	assert_null(line_of("good.rs", 20));
	assert_null(line_of("none.rs", 1));
}

/* Somebody who waits until the pipe is opened for reading; returns when it waits. */
static pid_t wait_for_reader(const char *path)
{
	struct process_stat stat = {0};
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(open(path, O_WRONLY | O_CLOEXEC) < 0);
	}
	while (!process_stat(pid, 0, &stat) || stat.state != 'S')
		sched_yield();
	return pid;
}

/* To open a pipe has an effect, and that of a watchdog restarts the machine. */
static void what_is_no_file_is_not_opened(void **state)
{
	char fifo[128];

	(void)state;
	strcpy(fifo, in_directory("fifo"));
	assert_int_equal(mkfifo(fifo, 0666), 0);
	assert_int_equal(symlink(fifo, in_directory("link.rs")), 0);
	pid_t pid = wait_for_reader(fifo);

	assert_null(line_of("link.rs", 1));
	assert_non_null(line_of("good.rs", 1));
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
		sched_yield();
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_shown),
		cmocka_unit_test(what_is_no_file_is_not_opened),
	};

	return cmocka_run_group_tests_name("source", tests, start, end);
}
