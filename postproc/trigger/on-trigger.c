/* SPDX-License-Identifier: Apache-2.0 */
/* on-trigger.c - see on-trigger.h. */
#include "trigger/on-trigger.h"

#include <errno.h>
#include <libiberty/libiberty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/complain.h"
#include "base/escape.h"
#include "sandbox/confine.h"
#include "sandbox/helper.h"

#define START_MS 5000 /* to start it */

static struct helper *helper;
static const char *command, *stem, *ending;

static int prepare(void *context)
{
	(void)context;
	if (confine_to_user_at_home())
		return -1;
	/* Nobody waits for the processes that wait for commands. */
	signal(SIGCHLD, SIG_IGN);
	return 0;
}

/* Ctrl-C is for hud-trace, and the helper's ignored signals are not the command's. */
static _Noreturn void execute(char *file)
{
	static const int defaults[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGCHLD};

	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
		signal(defaults[i], SIG_DFL);
	setsid();
	execvp(command, (char *[]){(char *)command, file, NULL});
	complain("hud-postproc: --on-trigger: %s: %s\n", command, strerror(errno));
	_exit(127);
}

/* Runs it to its end. */
static _Noreturn void run(unsigned number)
{
	int status = 0;

	signal(SIGCHLD, SIG_DFL);
	pid_t pid = fork();

	if (pid == 0)
		execute(text_format("%s-%u.%s", stem, number, ending));
	if (pid > 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	if (WIFSIGNALED(status))
		complain("hud-postproc: --on-trigger: %s was ended by signal %d\n", command,
			 WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != 127)
		complain("hud-postproc: --on-trigger: %s failed with status %d\n", command,
			 WEXITSTATUS(status));
	_exit(0);
}

static int serve(void *context, const void *request, size_t size, int *fd)
{
	unsigned number;

	(void)context;
	(void)fd;
	if (size != sizeof(number))
		return EINVAL;
	memcpy(&number, request, sizeof(number));
	pid_t pid = fork();

	if (pid == 0)
		run(number);
	return pid < 0 ? errno : 0;
}

int on_trigger_start(const char *the_command, const char *the_stem, const char *the_ending)
{
	command = the_command;
	stem = the_stem;
	ending = the_ending;
	helper = helper_start(&(struct helper_duty){.name = "hud-on-trigger",
						    .limit_ms = START_MS,
						    .threads = 1,
						    .prepare = prepare,
						    .serve = serve});
	if (!helper)
		perror("hud-postproc: cannot start a process");
	return helper ? 0 : -1;
}

void on_trigger_run(unsigned number)
{
	int fd, error = helper ? helper_ask(helper, &number, sizeof(number), &fd) : 0;

	if (error)
		complain("hud-postproc: --on-trigger: %s: %s\n", command, strerror(error));
}

void on_trigger_end(void)
{
	helper_end(helper);
	helper = NULL;
}
