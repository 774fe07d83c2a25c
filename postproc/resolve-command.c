/* resolve-command.c - hud-postproc resolve: puts the names into a recording, so that it can be read anywhere.
 *
 * The copied stacks are left out, and their frames written instead, before the first event.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "debuginfod.h"
#include "escape.h"
#include "progress.h"
#include "replay.h"

static int fail(const char *what)
{
	fprintf(stderr, "hud-postproc resolve: %s: %s\n", what, strerror(errno));
	return 1;
}

static bool begins(const char *line, const char *kind)
{
	size_t length = strlen(kind);

	return !strncmp(line, kind, length) && line[length] == ' ';
}

/* The lines of the recording, with the stacks resolved. The head goes before the stacks: they need its first line. */
static void copy(FILE *in, const struct replay *replay)
{
	char *line = NULL;
	size_t size = 0;
	bool head = true;

	while (getline(&line, &size, in) > 0) {
		if (begins(line, "stack") || begins(line, "words") || begins(line, "returns") ||
		    begins(line, "frame"))
			continue;
		if (head && !begins(line, "hud-trace") && !begins(line, "meta") && !begins(line, "map") &&
		    !begins(line, "thread")) {
			replay_write_stacks(replay, stdout);
			head = false;
		}
		fputs(line, stdout);
	}
	free(line);
}

static const char usage[] = "usage: hud-postproc resolve [OPTION]... FILE > RESOLVED\n"
			    "\n"
			    "Writes the recording FILE with the names in place of the copied stacks.\n"
			    "\n"
			    "  -t, --target FILE   take the executable's symbols from FILE\n"
			    "  -p, --pid PID       the process is still there: read its files through /proc\n"
			    "      --debuginfod    ask the servers in $DEBUGINFOD_URLS for debug info\n"
			    "  -h, --help\n";

/* Reads the options. Returns the exit status if there is nothing more to do, else -1. */
static int parse(int argc, char **argv, struct replay_options *options)
{
	static const struct option longs[] = {
		{"target", required_argument, NULL, 't'},
		{"pid", required_argument, NULL, 'p'},
		{"debuginfod", no_argument, NULL, 'd'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "t:p:h", longs, NULL)) != -1) {
		switch (c) {
		case 't':
			options->target = optarg;
			break;
		case 'p':
			options->pid = strtol(optarg, &end, 10);
			if (end == optarg || *end || options->pid < 1 || options->pid > 4194304) {
				fprintf(stderr, "hud-postproc resolve: --pid: '%s' is not a process id\n",
					optarg);
				return 2;
			}
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

/* What makes the names fewer than they could be. */
static void warn(const struct model *m)
{
	for (size_t i = 0; i < m->lackings; i++) {
		char *path = escape_terminal(m->lacking[i].path, false);

		fprintf(stderr, "hud-postproc resolve: %s: %s\n", path, m->lacking[i].why);
		free(path);
	}
}

int resolve_main(int argc, char **argv)
{
	struct replay_options options = {0};
	struct model model;
	int status = parse(argc, argv, &options);

	if (status >= 0)
		return status;
	FILE *in = fopen(argv[optind], "re");

	if (!in)
		return fail(argv[optind]);
	if (isatty(STDERR_FILENO))
		progress_enable();
	struct replay *replay = replay_new(&options);
	status = replay_read(replay, in, &model) ? fail(argv[optind]) : 0;

	if (!status) {
		warn(&model);
		rewind(in);
		copy(in, replay);
		if (fflush(stdout) || ferror(stdout))
			status = fail("standard output");
	}
	replay_free(replay);
	fclose(in);
	return status;
}
