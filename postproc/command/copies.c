/* SPDX-License-Identifier: Apache-2.0 */
/* copies.c - hud-postproc copies: completes a script's lines with the stacks that the script copied.
 *
 * The script's first line tells which process runs it and where its copies are. After that line, this process
 * can only read the copies and pass lines on, because the target controls what is on its stacks.
 */
#include <errno.h>
#include <libiberty/libiberty.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/complain.h"
#include "command/command.h"
#include "sandbox/confine.h"
#include "stream/copies.h"
#include "stream/fields.h"
#include "target/copyring.h"

#define LINE_MAX_SIZE (1u << 20) /* longer lines are no event lines (probes/README.md) */
#define SETTLE_MS 100
#define PRIORITY -19
#define NOT_BEGUN 3 /* the exit status */

static const char usage[] =
	"usage: hud-postproc copies [--none] [FD] <LINES\n"
	"\n"
	"Reads the output of a running script that hud-trace has composed, or of probes/stack.bt.\nWrites it "
	"with the stacks that the script copies to its maps (only root can read them),\nand adds the lines "
	"that come from file descriptor FD. With --none, reads no copies, and\ngives up the right to. With "
	"FD, exits with status 3 if no line says that tracing has begun.\n";

struct input {
	int fd;
	char *text;
	size_t size, length; /* size of the buffer, and how much of it is not handled yet */
	bool skipping;	     /* in the middle of a line that is too long */
	bool begun;	     /* a line said that tracing has begun */
	struct copyring *ring;
	struct copies *copies; /* NULL until the script has told where they are */
};

static size_t read_copy(void *data, uint64_t copy, size_t bytes, uint64_t *words, bool *cleared)
{
	struct copyring *ring = data;

	return ring ? copyring_read(ring, copy, bytes, words, cleared) : 0;
}

/* On a busy machine bpftrace and this process must come first, because the kernel does not wait for them.
 * Both have little work. Goes on without if this is not permitted. */
static void come_first(pid_t bpftrace)
{
	setpriority(PRIO_PROCESS, (id_t)bpftrace, PRIORITY);
	setpriority(PRIO_PROCESS, 0, PRIORITY);
}

/* Handles "copying BPFTRACE ROWS SLOTS KEPT CODE_START CODE_END CODE_START CODE_END". Returns false after a
 * message if this process must not go on. */
static bool begin(struct input *in, char *line, size_t length)
{
	struct fields c = {line, line + length, false};
	struct code_bounds code;
	size_t kind;

	field_word(&c, &kind);
	pid_t pid = (pid_t)field_id(&c);
	struct copyring_shape shape = {.rows = field_decimal(&c, COPY_MAX)};

	shape.slots = field_decimal(&c, UINT32_MAX);
	shape.kept = field_decimal(&c, UINT32_MAX);

	for (int i = 0; i < 2; i++) {
		code.start[i] = field_hex(&c);
		code.end[i] = field_hex(&c);
	}
	if (c.bad || shape.rows == 0 || shape.slots < shape.rows || (shape.kept && shape.kept < shape.rows)) {
		fputs("hud-postproc copies: the line that tells where the copies are is malformed\n", stderr);
		return false;
	}
	in->ring = copyring_open(pid, &shape);
	if (!in->ring)
		complain("hud-postproc copies: no stacks: the maps of process %ld cannot be read: %s\n",
			 (long)pid, strerror(errno));
	else
		come_first(pid);
	in->copies = copies_new(stdout, &code, read_copy, in->ring);
	return !confine_to_map_reader() && !confine_map_reader();
}

static bool handle_line(struct input *in, char *line, size_t length)
{
	line[length] = '\0';
	in->begun = in->begun || !strncmp(line, "begin ", strlen("begin "));
	if (in->copies) {
		copies_line(in->copies, line, length, clock_ms());
	} else if (!strncmp(line, "copying ", strlen("copying "))) {
		return begin(in, line, length);
	} else {
		fwrite(line, 1, length, stdout);
		putchar('\n');
	}
	return true;
}

/* Handles the whole lines that have come. */
static bool handle_lines(struct input *in)
{
	char *line = in->text, *end = in->text + in->length, *newline;

	while ((newline = memchr(line, '\n', (size_t)(end - line)))) {
		if (!in->skipping && !handle_line(in, line, (size_t)(newline - line)))
			return false;
		in->skipping = false;
		line = newline + 1;
	}
	in->length = (size_t)(end - line);
	memmove(in->text, line, in->length);
	if (in->length == LINE_MAX_SIZE) {
		in->skipping = true;
		in->length = 0;
	}
	return true;
}

/* Reads what has come. Returns the result of read(2). */
static ssize_t fetch(struct input *in)
{
	ssize_t got;

	if (in->size - in->length < 65536 && in->size < LINE_MAX_SIZE) {
		in->size = in->size ? 2 * in->size : 131072;
		in->text = xrealloc(in->text, in->size);
	}
	got = read(in->fd, in->text + in->length, in->size - in->length);
	in->length += got > 0 ? (size_t)got : 0;
	return got;
}

/* Passes on what has come from another process; stops when that has ended. */
static void pass(struct input *other)
{
	ssize_t got = fetch(other);

	if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
		other->fd = -1;
	handle_lines(other);
}

/* Waits for more to read; meanwhile writes events that have waited too long, and passes on what comes from
 * `other`. Returns the result of read(2). */
static ssize_t more(struct input *in, struct input *other)
{
	struct pollfd readable[] = {{.fd = in->fd, .events = POLLIN}, {.fd = other->fd, .events = POLLIN}};
	bool pending;

	do {
		readable[1].fd = other->fd; /* poll(2) ignores negative ones */
		if (in->copies)
			copies_expire(in->copies, clock_ms(), false);
		if (fflush(stdout) || ferror(stdout))
			return -1;
		pending = in->copies && copies_pending(in->copies);
		if (poll(readable, 2, pending ? SETTLE_MS : -1) > 0 && readable[1].revents)
			pass(other);
	} while (!readable[0].revents);
	return fetch(in);
}

int copies_main(int argc, char **argv)
{
	struct input in = {.fd = STDIN_FILENO}, other = {.fd = -1};
	ssize_t got;
	int status = 0;

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return fputs(usage, stdout) < 0;
	bool none = argc > 1 && !strcmp(argv[1], "--none");

	argc -= none;
	argv += none;
	if (none && (confine_to_nobody() || confine_map_reader()))
		return 1;
	if (argc == 2)
		other.fd = (int)command_number("copies", "FD", argv[1], 3, 1e6);
	else if (argc != 1) {
		fputs(usage, stderr);
		return 2;
	}
	while ((got = more(&in, &other)) > 0 || (got < 0 && errno == EINTR)) {
		if (!handle_lines(&in)) {
			status = 1;
			break;
		}
	}
	if (got < 0) {
		/* EPIPE: its reader is gone, which shows anyway */
		if (errno != EPIPE)
			complain("hud-postproc copies: %s\n", strerror(errno));
		status = 1;
	}
	if (in.copies)
		copies_expire(in.copies, clock_ms(), true);
	/* An incomplete last line: the reader counts it. */
	if (!in.skipping)
		fwrite(in.text, 1, in.length, stdout);
	status |= fflush(stdout) != 0;
	copies_free(in.copies);
	copyring_close(in.ring);
	free(in.text);
	free(other.text);
	return status || in.begun || argc != 2 ? status : NOT_BEGUN;
}
