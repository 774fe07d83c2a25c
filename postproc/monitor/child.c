/* SPDX-License-Identifier: Apache-2.0 */
/* child.c - see child.h. */
#include "monitor/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "sandbox/offspring.h"

static _Noreturn void run(const struct child *child, pid_t parent)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_NAME, child->name);
	if (nothing < 0 || offspring_bind(parent, SIGKILL))
		_exit(1);
	dup2(nothing, STDIN_FILENO);
	dup2(child->output >= 0 ? child->output : nothing, STDOUT_FILENO);
	offspring_keep(&child->kept, 1);
	int status = child->run(child->context);

	_exit(fflush(stdout) ? 1 : status);
}

bool child_start(struct child *child)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0)
		run(child, parent);
	if (pid < 0) {
		perror("hud-postproc: cannot start a process");
		return false;
	}
	child->pid = pid;
	child->starts++;
	return true;
}

void child_end(struct child *child)
{
	if (child->pid)
		offspring_end(child->pid, 0, NULL);
	child->pid = 0;
}
