/* SPDX-License-Identifier: Apache-2.0 */
/* resolve.c - hud-postproc resolve: puts names into a recording, so that any machine can read it. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/complain.h"
#include "base/progress.h"
#include "command/command.h"
#include "replay/embed-names.h"
#include "resolve/elf/binary.h"
#include "sandbox/debuginfod.h"
#include "sandbox/sandbox.h"
#include "sandbox/userfiles.h"
#include "stream/record/unpack.h"

static int fail(const char *what)
{
	complain("hud-postproc resolve: %s: %s\n", what, userfiles_error(errno));
	return 1;
}

static const char usage[] = "usage: hud-postproc resolve [OPTION]... FILE > RESOLVED\n"
			    "\n"
			    "Writes the recording FILE with names in place of copied stacks.\n"
			    "\n"
			    "  -t, --target FILE   read symbols from FILE, an unstripped copy; repeatable\n"
			    "  -p, --pid PID       the process still runs: read its files through /proc\n"
			    "      --debuginfod    fetch debug info from the servers in $DEBUGINFOD_URLS\n"
			    "  -h, --help\n";

/* Reads the options. Returns -1, or the exit status if nothing is left to do. */
static int parse(int argc, char **argv, struct replay_options *options)
{
	static const struct option longs[] = {
		{"target", required_argument, NULL, 't'},
		{"pid", required_argument, NULL, 'p'},
		{"debuginfod", no_argument, NULL, 'd'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = command_option(argc, argv, "t:p:h", longs)) != -1) {
		switch (c) {
		case 't':
			command_target("resolve", &options->targets, optarg);
			break;
		case 'p':
			options->pid = command_pid("resolve", "--pid", optarg);
			break;
		case 'd':
			options->debuginfod = debuginfod_wanted("resolve");
			break;
		case 'h':
			return fputs(usage, stdout) < 0;
		default:
			fputs("Try 'hud-postproc resolve --help'.\n", stderr);
			return 2;
		}
	}
	if (argc - optind == 1)
		return -1;
	fputs(usage, stderr);
	return 2;
}

int resolve_main(int argc, char **argv)
{
	struct replay_options options = {0};
	int status = parse(argc, argv, &options);

	if (status >= 0)
		return status;
	if (isatty(STDERR_FILENO))
		progress_enable();
	userfiles_name(argv[optind]);
	options.confine = sandbox_resolver;
	if (sandbox_begin(options.pid, options.debuginfod))
		return 1;
	binary_prepare();
	if (sandbox_seal())
		return 1;
	FILE *in = unpack_open(argv[optind]);

	if (resolve_write("resolve", in, in ? unpack_open(argv[optind]) : NULL, &options, stdout))
		return fail(argv[optind]);
	sandbox_end();
	return fflush(stdout) || ferror(stdout) ? fail("standard output") : 0;
}
