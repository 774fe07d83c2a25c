/* report-command.c - hud-postproc report: from a stream to the report and its chart. */
#include <errno.h>
#include <getopt.h>
#include <libiberty/libiberty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chart.h"
#include "command.h"
#include "confine.h"
#include "debuginfod.h"
#include "escape.h"
#include "formats.h"
#include "gate.h"
#include "output.h"
#include "progress.h"
#include "replay.h"
#include "report.h"
#include "sandbox.h"
#include "unpack.h"
#include "userfiles.h"

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
	const char *chart, *file;
	enum chart_kind chart_kind;
	bool no_colour, quiet, check;
};

static const char help[] =
	"usage: hud-postproc report [OPTION]... FILE\n"
	"\n"
	"Reads the event lines in FILE (-: standard input), prints the report. FILE may be\n"
	"compressed by gzip or zstd.\n"
	"\n"
	"  -t, --target FILE   take the executable's symbols from FILE\n"
	"  -p, --pid PID       the process is still there: read its files through /proc\n"
	"      --debuginfod    ask the servers in $DEBUGINFOD_URLS for debug info\n"
	"      --top N         rank at most N blockers, 1 to 100 (10)\n"
	"      --window SECS   only the last SECS seconds count\n"
	"      --format F[=FILE]  write it as F (list: which there are), also several times\n"
	"      --fail-on EXPR  end with status 3 if so: 'blocked>5%', 'max>50ms',\n"
	"                      'total>2s', 'count>100', 'rate>2/s', 'lost>0'; also several\n"
	"      --check         only see whether all FILEs could be written (2: no)\n"
	"      --chart FILE    draw a chart too: FILE.png, .svg or .pdf; - draws text\n"
	"      --chart-kind KIND  timeline, blockers, histogram, heatmap or all (all)\n"
	"      --width N       columns, 60 to 500 (the terminal's; 80)\n"
	"      --no-color      no colours (also: NO_COLOR=1)\n"
	"  -v, --verbose       every frame, whole names\n"
	"  -h, --help\n";

static double number(const char *option, const char *text, double low, double high)
{
	return command_number("report", option, text, low, high);
}

/* Takes "F" or "F=FILE"; exits if there is no such format, or with the list of them. */
static void add_output(struct options *o, const char *argument)
{
	const char *equals = strchr(argument, '=');
	char *name = xstrndup(argument, equals ? (size_t)(equals - argument) : strlen(argument));
	const struct format *format = format_named(name);

	if (!strcmp(name, "list")) {
		formats_list(stdout);
		exit(0);
	}
	if (!format) {
		char *shown = escape_terminal(name, false);

		fprintf(stderr, "hud-postproc report: --format: '%s' is none of these:\n", shown);
		formats_list(stderr);
		exit(2);
	}
	if (o->outputs == OUTPUTS || (equals && !equals[1])) {
		if (o->outputs == OUTPUTS)
			fprintf(stderr, "hud-postproc report: more than %d outputs\n", OUTPUTS);
		else
			fprintf(stderr, "hud-postproc report: --format %s=: to which FILE?\n", name);
		exit(2);
	}
	if (format_binary(format) && (!equals || !strcmp(equals + 1, "-")) && isatty(STDOUT_FILENO)) {
		fprintf(stderr, "hud-postproc report: %s is nothing for a terminal: --format %s=FILE\n", name,
			name);
		exit(2);
	}
	free(name);
	o->output[o->outputs].format = format;
	o->output[o->outputs++].path = equals ? equals + 1 : NULL;
	o->replay.all_spans |= format->all_spans;
}

static void parse(int argc, char **argv, struct options *o)
{
	enum {
		TOP = 256,
		WINDOW,
		CHART,
		WIDTH,
		NO_COLOUR,
		HEADLESS,
		DEBUGINFOD,
		FORMAT,
		FAIL_ON,
		CHECK,
		CHART_KIND
	};
	static const struct option longs[] = {
		{"target", required_argument, NULL, 't'},
		{"pid", required_argument, NULL, 'p'},
		{"debuginfod", no_argument, NULL, DEBUGINFOD},
		{"top", required_argument, NULL, TOP},
		{"window", required_argument, NULL, WINDOW},
		{"chart", required_argument, NULL, CHART},
		{"chart-kind", required_argument, NULL, CHART_KIND},
		{"format", required_argument, NULL, FORMAT},
		{"fail-on", required_argument, NULL, FAIL_ON},
		{"check", no_argument, NULL, CHECK},
		{"width", required_argument, NULL, WIDTH},
		{"no-color", no_argument, NULL, NO_COLOUR},
		{"headless", no_argument, NULL, HEADLESS}, /* as hud-trace passes it on: no progress */
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "t:p:vh", longs, NULL)) != -1) {
		switch (c) {
		case 't':
			o->replay.target = optarg;
			break;
		case 'p':
			o->replay.pid = (long)number("pid", optarg, 1, 4194304);
			break;
		case TOP:
			o->report.top = (unsigned)number("top", optarg, 1, 100);
			break;
		case WINDOW:
			o->replay.window = (uint64_t)(number("window", optarg, 0.1, 604800) * 1e9);
			break;
		case FORMAT:
			add_output(o, optarg);
			break;
		case FAIL_ON:
			gates_add(&o->gates, "report", optarg, false);
			break;
		case CHECK:
			o->check = true;
			break;
		case CHART:
			o->chart = optarg;
			break;
		case CHART_KIND:
			if (chart_kind_named(optarg, &o->chart_kind))
				break;
			fprintf(stderr,
				"hud-postproc report: --chart-kind: '%s' is not timeline, blockers, "
				"histogram, "
				"heatmap or all\n",
				optarg);
			exit(2);
		case WIDTH:
			o->report.width = (unsigned)number("width", optarg, 60, 500);
			break;
		case NO_COLOUR:
			o->no_colour = true;
			break;
		case HEADLESS:
			o->quiet = true;
			break;
		case DEBUGINFOD:
			o->replay.debuginfod = debuginfod_wanted("report");
			break;
		case 'v':
			o->report.verbose = true;
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		default:
			fputs("Try 'hud-postproc report --help'.\n", stderr);
			exit(2);
		}
	}
	if (o->chart_kind && !o->chart) {
		fputs("hud-postproc report: --chart-kind needs --chart FILE\n", stderr);
		exit(2);
	}
	if (argc - optind != 1) {
		fputs("hud-postproc report: one FILE, please (-: standard input)\n", stderr);
		exit(2);
	}
	o->file = argv[optind];
	if (!o->outputs)
		o->output[o->outputs++].format = format_named("text");
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "hud-postproc report: %s: %s\n", what, why);
	return 1;
}

/* Writes one of the outputs. Returns 0, or 1 after a message. */
static int write_output(struct options *o, size_t i, const struct model *model)
{
	const struct format *format = o->output[i].format;
	const char *path = o->output[i].path;
	struct report_options options = o->report;
	struct output output;

	if (path) /* a file is no terminal */
		options.colour = false;
	if (output_open(&output, path))
		return fail(path, userfiles_error(errno));
	int failed = format->write(output.file, model, &options), error = errno;

	if (output_close(&output, !failed) || failed) {
		if (failed)
			errno = error;
		return errno == EPIPE ? 1 : fail(path ? path : "the report", strerror(errno));
	}
	return 0;
}

/* Whoever traces for an hour wants to know before whether its result can be written. Returns 0, or 2 after a message. */
static int check_outputs(const struct options *o)
{
	for (size_t i = 0; i < o->outputs; i++) {
		const char *path = o->output[i].path;

		if (!path || output_check(path) == 0)
			continue;
		char *why = xstrdup(userfiles_error(errno)), *shown = escape_terminal(path, false);

		fail(shown, why);
		free(shown);
		free(why);
		return 2;
	}
	return 0;
}

/* What was read is reported, also when reading failed on the way. */
static int report(struct options *o, FILE *in, struct chart *chart)
{
	struct replay *replay = replay_new(&o->replay);
	struct model model;
	int status = 0;

	if (replay_read(replay, in, &model)) {
		status = errno == EPROTONOSUPPORT
				 ? fail(o->file, "it is of a later version than this program reads")
			 : errno == EINVAL ? fail(o->file, "it holds no event lines of hud-trace")
			 : errno == EBADMSG
				 ? fail(o->file,
					"its compressed data is damaged; what comes before that is read")
				 : fail(o->file, strerror(errno));
		if (!model.events) {
			replay_free(replay);
			return status;
		}
	}
	for (size_t i = 0; i < o->outputs; i++)
		if (write_output(o, i, &model))
			status = 1;
	if (o->chart && (!chart || chart_draw(chart, &model, o->report.width)))
		status = 1;
	int broken = gates_check(&o->gates, "report", &model, NULL);

	replay_free(replay);
	return status ? status : broken;
}

static int enter_sandbox(struct options *o)
{
	userfiles_name(o->file);
	for (size_t i = 0; i < o->outputs; i++)
		userfiles_name(o->output[i].path);
	userfiles_name(o->chart);
	o->replay.confine = sandbox_resolver;
	return sandbox_begin(o->replay.pid, o->replay.debuginfod);
}

int report_main(int argc, char **argv)
{
	struct options o = {0};

	parse(argc, argv, &o);
	if (o.check)
		return confine_to_user() ? 2 : check_outputs(&o);
	command_fit_terminal(&o.report, o.no_colour);
	signal(SIGPIPE, SIG_IGN);
	if (!o.quiet && isatty(STDERR_FILENO))
		progress_enable();
	if (enter_sandbox(&o))
		return 1;
	FILE *in = unpack_open(o.file);

	if (!in)
		return fail(o.file, userfiles_error(errno));
	struct chart *chart = o.chart ? chart_prepare(o.chart, o.chart_kind) : NULL;
	int status = sandbox_seal() ? 1 : report(&o, in, chart);

	fclose(in);
	chart_end(chart);
	sandbox_end();
	return status;
}
