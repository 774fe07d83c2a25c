/* SPDX-License-Identifier: Apache-2.0 */
/* look-process.c - see look-process.h. */
#include "tasks/look-process.h"

#include <fcntl.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/complain.h"
#include "sandbox/parser-process.h"

#define CPU_SECONDS 60 /* 1.2 GB of debug info take 1 */
#define SECONDS 120    /* of real time */
#define OUTPUT_MAX ((size_t)1 << 30)
#define STATUS_LINE "status "

static _Noreturn void run(const struct look_process *process, int fd, pid_t parent, bool without_files)
{
	FILE *out = fdopen(fd, "w");
	int *kept = xcalloc(process->count + 1, sizeof(*kept));

	memcpy(kept, process->kept, process->count * sizeof(*kept));
	kept[process->count] = fd;
	if (!out)
		_exit(1);
	parser_begin(parent, kept, process->count + 1, process->confine);
	parser_set_timer(CPU_SECONDS);
	fprintf(out, STATUS_LINE "%d", process->run(out, without_files, process->context));
	_exit(fclose(out) ? 1 : 0);
}

static bool in_time(void *end)
{
	return clock_ms() < *(const int64_t *)end;
}

/* Returns NULL, and all that one process has written, which the caller frees; or what it died of. */
static const char *attempt(const struct look_process *process, bool without_files, char **text, size_t *size)
{
	int64_t end = clock_ms() + (process->seconds ? process->seconds : SECONDS) * 1000;
	pid_t parent = getpid();
	int ends[2];

	*text = NULL;
	if (pipe2(ends, O_CLOEXEC))
		return "could not be started";
	pid_t pid = fork();

	if (pid == 0) {
		close(ends[0]);
		run(process, ends[1], parent, without_files);
	}
	close(ends[1]);
	bool whole = pid > 0 && parser_read(ends[0], OUTPUT_MAX, in_time, &end, text, size);

	close(ends[0]);
	const char *cause = pid < 0 ? "could not be started" : parser_end(pid, !whole);

	if (cause || !whole) {
		free(*text);
		*text = NULL;
	}
	return cause;
}

/* Shows all lines but the last, which has the status. */
static int show(const struct look_process *process, char *text, size_t size)
{
	int status = 1;

	for (char *line = text, *next; line < text + size; line = next) {
		size_t length = strnlen(line, (size_t)(text + size - line));
		char *end = memchr(line, '\n', length);

		next = end ? end + 1 : line + length + 1;
		if (!end && !strncmp(line, STATUS_LINE, strlen(STATUS_LINE))) {
			status = line[strlen(STATUS_LINE)] == '0' ? 0 : 1;
			continue;
		}
		if (end)
			*end = '\0';
		if (next < text + size || *line)
			process->show(line, process->context);
	}
	return status;
}

int look_process_run(const struct look_process *process)
{
	const char *cause = "";
	int status = 1;

	for (int without_files = 0; without_files < 2 && cause; without_files++) {
		char *text;
		size_t size;

		cause = attempt(process, without_files, &text, &size);
		if (cause)
			complain("hud-postproc tasks: reading the process %s%s\n", cause,
				 without_files ? ", also without its files" : ": its files are left out");
		else
			status = show(process, text, size);
		free(text);
	}
	return status;
}
