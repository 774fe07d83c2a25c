/* SPDX-License-Identifier: Apache-2.0 */
/* message-relay.c - see message-relay.h. */
#include "sandbox/message-relay.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/complain.h"
#include "base/escape.h"
#include "sandbox/confine.h"
#include "sandbox/offspring.h"

#define LINE_LONGEST 1024 /* bytes of a line; longer ones are split */
#define END_MS 5000	  /* to pass on the last lines */
#define MOST (256u << 10) /* bytes in all; what comes after that is dropped */

static pid_t reader;
static int pipe_end = -1, nothing = -1;

/* Writes a line of `length` bytes as text. */
static void pass_on(char *line, size_t length)
{
	static size_t written;

	/* Makes it a string. */
	for (size_t i = 0; i < length; i++)
		line[i] = line[i] ? line[i] : '?';
	line[length] = '\0';
	written += length + 1;
	if (written > MOST)
		return;
	char *text = escape_terminal(line, false);

	dprintf(STDERR_FILENO, "%s\n", text);
	free(text);
}

static void read_lines(int from)
{
	static char bytes[LINE_LONGEST + 1];
	size_t filled = 0;
	ssize_t got;

	while ((got = read(from, bytes + filled, LINE_LONGEST - filled)) > 0 || (got < 0 && errno == EINTR)) {
		char *end;

		filled += got > 0 ? (size_t)got : 0;
		while ((end = memchr(bytes, '\n', filled)) || filled == LINE_LONGEST) {
			size_t length = end ? (size_t)(end - bytes) : filled, used = length + (end != NULL);
			static char line[LINE_LONGEST + 1];

			memcpy(line, bytes, length);
			pass_on(line, length);
			filled -= used;
			memmove(bytes, bytes + used, filled);
		}
	}
	if (filled)
		pass_on(bytes, filled);
}

static _Noreturn void run(int from)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

	prctl(PR_SET_NAME, "hud-messages");
	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	dup2(from, STDIN_FILENO);
	dup2(nothing, STDOUT_FILENO);
	close_range(3, ~0u, 0);
	if (confine_to_nobody() || confine_computing())
		_exit(1);
	read_lines(STDIN_FILENO);
	_exit(0);
}

int messages_start(void)
{
	int ends[2];

	if (reader)
		return 0;
	confine_choose();
	nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (nothing < 0 || pipe2(ends, O_CLOEXEC))
		return -1;
	reader = fork();
	if (reader == 0)
		run(ends[0]);
	close(ends[0]);
	pipe_end = ends[1];
	if (reader > 0)
		return 0;
	reader = 0;
	messages_end();
	return -1;
}

void messages_redirect(bool keep_input, bool keep_output, bool keep_errors)
{
	int silent = nothing >= 0 ? nothing : STDERR_FILENO;

	if (!keep_input)
		dup2(silent, STDIN_FILENO);
	if (!keep_output)
		dup2(silent, STDOUT_FILENO);
	if (!keep_errors && pipe_end >= 0)
		dup2(pipe_end, STDERR_FILENO);
}

/* Says so if a signal has ended it before it was to. */
static void tell_if_killed(void)
{
	int status;

	if (!reader || waitpid(reader, &status, WNOHANG) != reader)
		return;
	reader = 0;
	if (WIFSIGNALED(status))
		complain("hud-postproc: hud-messages was ended by SIG%s: what other processes had to say "
			 "since then is missing\n",
			 sigabbrev_np(WTERMSIG(status)));
}

void messages_end(void)
{
	int error = errno;

	tell_if_killed();
	if (pipe_end >= 0)
		close(pipe_end);
	if (nothing >= 0)
		close(nothing);
	pipe_end = nothing = -1;
	/* A process that hangs in the kernel keeps the pipe open. */
	if (reader)
		offspring_end(reader, END_MS, NULL);
	reader = 0;
	errno = error;
}
