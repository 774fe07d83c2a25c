/* SPDX-License-Identifier: Apache-2.0 */
/* head.c - hud-postproc head: the command line for head_write(). */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/complain.h"
#include "base/progress.h"
#include "command/command.h"
#include "head/head.h"
#include "resolve/elf/binary.h"
#include "sandbox/debuginfod.h"
#include "sandbox/sandbox.h"
#include "target/inspector.h"

static const char usage[] =
	"usage: hud-postproc head --pid PID [--workers PREFIX] [--target FILE] [--meta KEY=VALUE]...\n"
	"\n"
	"Writes the head of an event-line stream (probes/README.md): what is needed to resolve the\n"
	"events of process PID later, and which of its threads are Tokio workers.\n"
	"\n"
	"  -p, --pid PID         the process\n"
	"      --workers PREFIX  workers are the threads whose name begins with PREFIX\n"
	"  -t, --target FILE     read symbols from FILE, an unstripped copy; repeatable\n"
	"      --debuginfod      ask the servers in $DEBUGINFOD_URLS for debug info\n"
	"      --probe-starts    probe only the first instruction of functions\n"
	"      --headless        no progress\n"
	"  -m, --meta KEY=VALUE  write one more meta line; repeatable\n"
	"  -h, --help\n";

static bool is_meta(const char *text)
{
	size_t key = 0;

	while (islower((unsigned char)text[key]) || isdigit((unsigned char)text[key]) || text[key] == '-')
		key++;
	return key && text[key] == '=';
}

static int usage_error(void)
{
	fputs("Try 'hud-postproc head --help'.\n", stderr);
	return 2;
}

static int enter_sandbox(const struct head_options *options)
{
	if (inspector_start(options->pid) || sandbox_begin(options->pid, options->debuginfod))
		return -1;
	binary_prepare();
	return sandbox_seal();
}

static const struct option long_options[] = {
	{"pid", required_argument, NULL, 'p'},
	{"workers", required_argument, NULL, 'w'},
	{"target", required_argument, NULL, 't'},
	{"meta", required_argument, NULL, 'm'},
	{"debuginfod", no_argument, NULL, 'd'},
	{"headless", no_argument, NULL, 'q'},
	{"probe-starts", no_argument, NULL, 's'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* Returns -1 if a head should be written, otherwise the exit status. `meta` has room for all arguments. */
static int parse(int argc, char **argv, struct head_options *options, const char **meta, bool *quiet)
{
	int c;

	while ((c = command_option(argc, argv, "p:t:m:h", long_options)) != -1) {
		switch (c) {
		case 'p':
			options->pid = command_pid("head", "--pid", optarg);
			break;
		case 'w':
			options->workers = optarg;
			break;
		case 't':
			command_target("head", &options->targets, optarg);
			break;
		case 's':
			options->probe_starts = true;
			break;
		case 'q':
			*quiet = true;
			break;
		case 'd':
			options->debuginfod = debuginfod_wanted("head");
			break;
		case 'm':
			if (!is_meta(optarg)) {
				complain("hud-postproc head: --meta: '%s' is not KEY=VALUE\n", optarg);
				return 2;
			}
			meta[options->metas++] = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			return usage_error();
		}
	}
	if (optind == argc && options->pid)
		return -1;
	complain("hud-postproc head: %s\n", options->pid ? "operands are not taken" : "--pid is needed");
	return usage_error();
}

/* Returns the exit status. */
static int write_head(const struct head_options *options, bool quiet)
{
	int status = 1;

	if (!quiet && isatty(STDERR_FILENO))
		progress_enable();
	if (!enter_sandbox(options) && (status = head_write(stdout, options)) < 0) {
		complain("hud-postproc head: process %ld: %s\n", options->pid,
			 inspector_late() ? inspector_late() : strerror(errno == ENOENT ? ESRCH : errno));
		status = 1;
	}
	inspector_end();
	sandbox_end();
	return status;
}

int head_main(int argc, char **argv)
{
	const char **meta = xcalloc((size_t)argc + 1, sizeof(*meta));
	struct head_options options = {.meta = meta, .confine = sandbox_resolver};
	bool quiet = false;
	int status = parse(argc, argv, &options, meta, &quiet);

	if (status < 0)
		status = write_head(&options, quiet);
	free(meta);
	return status;
}
