/* SPDX-License-Identifier: Apache-2.0 */
/* glance.c - hud-postproc glance: the command line for glance_write(). */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/complain.h"
#include "command/command.h"
#include "head/glance.h"
#include "resolve/elf/binary.h"
#include "sandbox/sandbox.h"
#include "target/inspector.h"

static const char usage[] =
	"usage: hud-postproc glance --pid PID\n"
	"\n"
	"Tells which Tokio process PID has, how many workers, and how busy and how blocked these\n"
	"were during a second. Stops no thread and places no probe. Prints\n"
	"\n"
	"    glance VERSION WORKERS CURRENT-THREADS BUSY% BLOCKED%\n"
	"\n"
	"with - for what is not known, or: glance none\n"
	"\n"
	"  -p, --pid PID  the process\n"
	"  -h, --help\n";

/* Returns the exit status. */
static int look(long pid)
{
	int status = 1;

	if (!inspector_start(pid) && !sandbox_begin(pid, false)) {
		binary_prepare();
		if (!sandbox_seal() && (status = glance_write(stdout, pid, sandbox_resolver)) < 0) {
			complain("hud-postproc glance: process %ld: %s\n", pid,
				 inspector_late() ? inspector_late()
						  : strerror(errno == ENOENT ? ESRCH : errno));
			status = 1;
		}
	}
	inspector_end();
	sandbox_end();
	return status;
}

int glance_main(int argc, char **argv)
{
	static const struct option longs[] = {
		{"pid", required_argument, NULL, 'p'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	long pid = 0;
	int c;

	while ((c = command_option(argc, argv, "p:h", longs)) != -1) {
		if (c == 'h')
			return fputs(usage, stdout) < 0;
		if (c != 'p') {
			fputs("Try 'hud-postproc glance --help'.\n", stderr);
			return 2;
		}
		pid = command_pid("glance", "--pid", optarg);
	}
	if (optind == argc && pid)
		return look(pid);
	complain("hud-postproc glance: %s\n", pid ? "operands are not taken" : "--pid is needed");
	fputs("Try 'hud-postproc glance --help'.\n", stderr);
	return 2;
}
