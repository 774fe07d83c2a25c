/* SPDX-License-Identifier: Apache-2.0 */
/* progress.c - see progress.h. */
#include "base/progress.h"

#include <libiberty/libiberty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/escape.h"

static bool enabled;
static bool terminal; /* there, the message replaces the line in which hud-trace shows its steps */
static unsigned depth;
static char line[512];
static size_t length;

static void set_timer(long seconds)
{
	setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_sec = seconds}, NULL);
}

static void on_alarm(int signal)
{
	(void)signal;
	if (write(STDERR_FILENO, line, length) < 0)
		return; /* nobody would read a message */
}

void progress_enable(void)
{
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};

	enabled = !sigaction(SIGALRM, &action, NULL);
	terminal = isatty(STDERR_FILENO);
}

void progress_begin(const char *what, const char *path)
{
	struct stat st;

	if (!enabled || depth++ > 0)
		return;
	char *shown = escape_terminal(path, false);
	int used = snprintf(line, sizeof(line) - 32, "%shud-postproc: %s %s", terminal ? "\r\033[K" : "",
			    what, shown);
	free(shown);
	length = used < (int)sizeof(line) - 32 ? (size_t)used : sizeof(line) - 33;
	if (!stat(path, &st))
		length += (size_t)sprintf(line + length, " (%.3g MB)", (double)st.st_size / 1e6);
	length += (size_t)sprintf(line + length, "...\n");
	set_timer(1);
}

void progress_end(void)
{
	if (enabled && --depth == 0)
		set_timer(0);
}
