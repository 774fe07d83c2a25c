/* SPDX-License-Identifier: Apache-2.0 */
/* parser-process.c - see parser-process.h. */
#include "sandbox/parser-process.h"

#include <libiberty/libiberty.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/grow.h"
#include "sandbox/message-relay.h"
#include "sandbox/offspring.h"

#define ADDRESSES ((rlim_t)4 << 30)    /* bytes of addresses: files of gigabytes, also unpacked */
#define MEMORY ((rlim_t)2 << 30)       /* bytes of memory: honest files need half of that */
#define FILE_LARGEST ((rlim_t)1 << 20) /* bytes of a file in memory: a vdso */
#define END_MS 2000		       /* to end by itself */

/* What ends a pipeline from a terminal is not for it; what it may die of, it dies of. */
static void set_signals(void)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT},
			 deadly[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGPROF};

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
		signal(deadly[i], SIG_DFL);
}

static void lower(int what, rlim_t to)
{
	struct rlimit limit;

	if (getrlimit(what, &limit) == 0) {
		limit.rlim_max = limit.rlim_max < to ? limit.rlim_max : to;
		limit.rlim_cur = limit.rlim_cur < limit.rlim_max ? limit.rlim_cur : limit.rlim_max;
		setrlimit(what, &limit);
	}
}

static void set_limits(void)
{
#ifndef __SANITIZE_ADDRESS__
	lower(RLIMIT_AS, ADDRESSES);
	lower(RLIMIT_DATA, MEMORY);
#endif
	lower(RLIMIT_FSIZE, FILE_LARGEST);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

void parser_begin(pid_t parent, const int *kept, size_t count, int (*confine)(void))
{
	prctl(PR_SET_NAME, "hud-resolver");
	if (offspring_bind(parent, SIGKILL))
		_exit(1);
	set_signals();
	messages_redirect(false, false, false);
	offspring_keep(kept, count);
	set_limits();
	if (confine())
		_exit(1);
}

void parser_set_timer(long seconds)
{
	setitimer(ITIMER_PROF, &(struct itimerval){.it_value.tv_sec = seconds}, NULL);
}

bool parser_read(int fd, size_t most, bool (*go_on)(void *context), void *context, char **text, size_t *size)
{
	size_t room = 0;

	*text = NULL;
	*size = 0;
	while (go_on(context) && *size < most) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};

		if (poll(&ready, 1, 100) <= 0)
			continue;
		GROW(*text, room, *size + 65536);
		ssize_t got = read(fd, *text + *size, room - *size - 1);

		*size += got > 0 ? (size_t)got : 0;
		(*text)[*size] = '\0';
		if (got == 0)
			return true;
	}
	return false;
}

const char *parser_end(pid_t pid, bool late)
{
	int status;

	if (late)
		kill(pid, SIGKILL);
	if (!offspring_end(pid, END_MS, &status) || late ||
	    (WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF))
		return "took too long";
	if (status == 0)
		return NULL;
	return WIFSIGNALED(status) ? "crashed" : "took too much memory"; /* it exits by itself only without
									  * memory */
}
