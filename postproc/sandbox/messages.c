/* messages.c - see messages.h. */
#include "sandbox/messages.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/escape.h"
#include "sandbox/confine.h"

#define LINE_LONGEST 1024 /* bytes of a line; the rest is another one */
#define MOST (256u << 10) /* bytes of all lines: then the rest is only read */

static pid_t reader;
static int pipe_end = -1, nothing = -1, lifeline = -1;

/* Writes a line of `length` bytes as text. */
static void pass_on(char *line, size_t length)
{
	static size_t written;

	/* It is a string, whatever it holds. */
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

/* The next of what others write; -1 when there is no more. That is also when who started this has let go of `lifeline`, and there is nothing:
 * one that hangs in the kernel keeps its end open. */
static ssize_t receive(int from, int line, char *bytes, size_t size)
{
	struct pollfd ends[] = {{.fd = from, .events = POLLIN}, {.fd = line}};

	for (;;) {
		ssize_t got = read(from, bytes, size);

		if (got >= 0 || (errno != EINTR && errno != EAGAIN))
			return got > 0 ? got : -1;
		if (ends[1].revents)
			return -1;
		poll(ends, 2, -1);
	}
}

static void read_lines(int from, int line_end)
{
	static char bytes[LINE_LONGEST + 1];
	size_t filled = 0;
	ssize_t got;

	while ((got = receive(from, line_end, bytes + filled, LINE_LONGEST - filled)) > 0) {
		char *end;

		filled += (size_t)got;
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

static _Noreturn void run(int from, int line)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

	prctl(PR_SET_NAME, "hud-messages");
	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	dup2(from, STDIN_FILENO);
	dup2(nothing, STDOUT_FILENO);
	line = fcntl(line, F_DUPFD_CLOEXEC, 3);
	for (unsigned fd = 3; fd < (unsigned)line; fd++)
		close((int)fd);
	close_range((unsigned)line + 1, ~0u, 0);
	fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	if (confine_to_nobody() || confine_computing())
		_exit(1);
	read_lines(STDIN_FILENO, line);
	_exit(0);
}

int messages_start(void)
{
	int ends[2], line[2];

	if (reader)
		return 0;
	confine_choose();
	nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (nothing < 0 || pipe2(ends, O_CLOEXEC))
		return -1;
	if (pipe2(line, O_CLOEXEC)) {
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	reader = fork();
	if (reader == 0) {
		close(line[1]);
		run(ends[0], line[0]);
	}
	close(ends[0]);
	close(line[0]);
	pipe_end = ends[1];
	lifeline = line[1];
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

void messages_end(void)
{
	int error = errno;

	if (pipe_end >= 0)
		close(pipe_end);
	if (nothing >= 0)
		close(nothing);
	if (lifeline >= 0)
		close(lifeline);
	pipe_end = nothing = lifeline = -1;
	while (reader && waitpid(reader, NULL, 0) < 0 && errno == EINTR)
		;
	reader = 0;
	errno = error;
}
