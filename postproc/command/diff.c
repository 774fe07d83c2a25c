/* SPDX-License-Identifier: Apache-2.0 */
/* diff.c - hud-postproc diff: what has changed from one recording to another. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/complain.h"
#include "base/progress.h"
#include "command/command.h"
#include "diff/diff.h"
#include "diff/fail-on.h"
#include "replay/replay.h"
#include "resolve/elf/binary.h"
#include "sandbox/atomic-file.h"
#include "sandbox/debuginfod.h"
#include "sandbox/sandbox.h"
#include "sandbox/userfiles.h"
#include "stream/record/unpack.h"

static const struct format {
	const char *name;
	int (*write)(FILE *out, const struct diff *diff, const struct report_options *options);
} formats[] = {
	{"text", diff_text},
	{"markdown", diff_markdown},
};

#define FORMATS (sizeof(formats) / sizeof(*formats))
#define OUTPUTS 16

struct options {
	struct replay_options replay;
	struct {
		const struct format *format;
		const char *path; /* NULL: standard output */
	} output[OUTPUTS];
	size_t outputs;
	struct report_options report;
	struct gates gates;
	const char *file[2];
	bool no_colour;
};

static const char help[] =
	"usage: hud-postproc diff [OPTION]... BEFORE AFTER\n"
	"\n"
	"Reads two recordings (-: standard input), prints which blockers are gone, better,\n"
	"worse or new, and which changes are significant.\n"
	"\n"
	"  -t, --target FILE      read symbols from FILE, an unstripped copy; repeatable:\n"
	"                         BEFORE's, then AFTER's\n"
	"      --debuginfod       fetch debug info from the servers in $DEBUGINFOD_URLS\n"
	"      --top N            show at most N blockers, 1 to 100 (10)\n"
	"      --mine CRATE       CRATE is your code; repeatable\n"
	"      --not-mine CRATE   CRATE is a dependency; repeatable\n"
	"      --window SECS      count only the last SECS seconds of each\n"
	"      --format F[=FILE]  write the result as F, text or markdown; repeatable\n"
	"      --fail-on EXPR     exit with status 3 if true: 'new', 'worse', 'total>10%' (growth);\n"
	"                         of AFTER: 'blocked>5%', 'max>50ms', 'total>2s',\n"
	"                         'count>100', 'rate>2/s', 'lost>0'; repeatable\n"
	"      --width N          columns, 60 to 500 (the terminal's; 80)\n"
	"      --no-color         no colours (also: NO_COLOR=1)\n"
	"  -h, --help\n";

/* Adds the output "F" or "F=FILE"; exits if there is no such format. */
static void add_output(struct options *o, const char *argument)
{
	size_t length = strcspn(argument, "="), i = 0;

	while (i < FORMATS &&
	       (strlen(formats[i].name) != length || strncmp(formats[i].name, argument, length) != 0))
		i++;
	if (i == FORMATS || o->outputs == OUTPUTS) {
		complain(i == FORMATS ? "hud-postproc diff: --format: '%s' is neither text nor markdown\n"
				      : "hud-postproc diff: --format: '%s': too many outputs\n",
			 argument);
		exit(2);
	}
	o->output[o->outputs].format = &formats[i];
	o->output[o->outputs++].path = argument[length] ? argument + length + 1 : NULL;
}

enum { TOP = 256, MINE, NOT_MINE, WINDOW, WIDTH, NO_COLOUR, DEBUGINFOD, FORMAT, FAIL_ON };
static const struct option longs[] = {
	{"target", required_argument, NULL, 't'},
	{"debuginfod", no_argument, NULL, DEBUGINFOD},
	{"mine", required_argument, NULL, MINE},
	{"not-mine", required_argument, NULL, NOT_MINE},
	{"top", required_argument, NULL, TOP},
	{"window", required_argument, NULL, WINDOW},
	{"format", required_argument, NULL, FORMAT},
	{"fail-on", required_argument, NULL, FAIL_ON},
	{"width", required_argument, NULL, WIDTH},
	{"no-color", no_argument, NULL, NO_COLOUR},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static void parse_options(int argc, char **argv, struct options *o)
{
	int c;

	while ((c = command_option(argc, argv, "t:h", longs)) != -1) {
		switch (c) {
		case 't':
			command_target("diff", &o->replay.targets, optarg);
			break;
		case MINE:
		case NOT_MINE:
			command_crate("diff", optarg, c == MINE);
			break;
		case TOP:
			o->report.top = (unsigned)command_number("diff", "top", optarg, 1, 100);
			break;
		case WINDOW:
			o->replay.window = command_seconds("diff", "window", optarg, 0.1, 604800);
			break;
		case FORMAT:
			add_output(o, optarg);
			break;
		case FAIL_ON:
			gates_add(&o->gates, "diff", optarg, true);
			break;
		case WIDTH:
			o->report.width = (unsigned)command_number("diff", "width", optarg, 60, 500);
			break;
		case NO_COLOUR:
			o->no_colour = true;
			break;
		case DEBUGINFOD:
			o->replay.debuginfod = debuginfod_wanted("diff");
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		default:
			fputs("Try 'hud-postproc diff --help'.\n", stderr);
			exit(2);
		}
	}
}

/* Exits with a message if something is wrong. */
static void parse(int argc, char **argv, struct options *o)
{
	parse_options(argc, argv, o);
	if (argc - optind != 2) {
		fputs("hud-postproc diff: two files are needed, BEFORE and AFTER\n", stderr);
		exit(2);
	}
	o->file[0] = argv[optind];
	o->file[1] = argv[optind + 1];
	if (!strcmp(o->file[0], "-") && !strcmp(o->file[1], "-")) {
		fputs("hud-postproc diff: only one of them can be standard input\n", stderr);
		exit(2);
	}
	if (!o->outputs)
		o->output[o->outputs++].format = &formats[0];
	o->replay.detail = DETAIL_SPANS;
}

static int fail(const char *what, const char *why)
{
	complain("hud-postproc diff: %s: %s\n", what, why);
	return 1;
}

/* The order matters only for a recording without build ids. */
static void reverse(struct targets *t)
{
	size_t count = 0;

	while (t->file[count])
		count++;
	for (size_t i = 0; i < count / 2; i++) {
		const char *file = t->file[i];

		t->file[i] = t->file[count - 1 - i];
		t->file[count - 1 - i] = file;
	}
}

/* Reads one of the recordings. Returns 0; or 1 after a message, because half of a trace is not compared. */
static int read_side(const struct options *o, size_t side, struct replay **replay, struct model *model)
{
	const char *path = o->file[side];
	FILE *in = unpack_open(path);
	struct replay_options options = o->replay;

	if (!in)
		return fail(path, userfiles_error(errno));
	if (side == 1)
		reverse(&options.targets);
	*replay = replay_new(&options);
	int failed = replay_read(*replay, in, model), error = errno;

	fclose(in);
	if (!failed)
		return 0;
	return fail(path, replay_error(error));
}

/* Writes one of the outputs. Returns 0, or 1 after a message. */
static int write_output(const struct options *o, size_t i, const struct diff *diff)
{
	const char *path = o->output[i].path;
	struct report_options options = o->report;
	struct output output;

	if (command_open_output(&output, "diff", path, &options))
		return 1;
	int failed = o->output[i].format->write(output.file, diff, &options);

	return command_close_output(&output, "diff", path ? path : "the comparison", !failed);
}

static int enter_sandbox(struct options *o)
{
	userfiles_name(o->file[0]);
	userfiles_name(o->file[1]);
	for (size_t i = 0; i < o->outputs; i++)
		userfiles_name(o->output[i].path);
	o->replay.confine = sandbox_resolver;
	if (sandbox_begin(0, o->replay.debuginfod))
		return -1;
	binary_prepare();
	return sandbox_seal();
}

int diff_main(int argc, char **argv)
{
	struct options o = {0};
	struct replay *replay[2] = {NULL, NULL};
	struct model model[2];
	int status;

	parse(argc, argv, &o);
	command_fit_terminal(&o.report, o.no_colour);
	signal(SIGPIPE, SIG_IGN);
	if (isatty(STDERR_FILENO))
		progress_enable();
	if (enter_sandbox(&o))
		return 1;
	status = read_side(&o, 0, &replay[0], &model[0]);
	if (!status)
		status = read_side(&o, 1, &replay[1], &model[1]);
	if (!status) {
		struct diff diff;

		diff_make(&diff, &model[0], &model[1]);
		for (size_t i = 0; i < o.outputs; i++)
			status |= write_output(&o, i, &diff);
		int broken = gates_check(&o.gates, "diff", &model[1], &diff);

		status = status ? status : broken;
		diff_free(&diff);
	}
	replay_free(replay[0]);
	replay_free(replay[1]);
	sandbox_end();
	return status;
}
