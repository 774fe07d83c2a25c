/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - hud-postproc report: turns a stream into the report and its chart. */
#include <errno.h>
#include <libiberty/libiberty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/complain.h"
#include "base/escape.h"
#include "base/progress.h"
#include "command/command.h"
#include "command/reading-loop.h"
#include "command/reporting.h"
#include "command/trigger-options.h"
#include "resolve/elf/binary.h"
#include "sandbox/atomic-file.h"
#include "sandbox/confine.h"
#include "sandbox/sandbox.h"
#include "sandbox/userfiles.h"
#include "serve/listen.h"
#include "stream/record/unpack.h"

static const char help[] =
	"usage: hud-postproc report [OPTION]... FILE\n"
	"\n"
	"Prints the report of the recording FILE (-: standard input), which may be compressed\n"
	"by gzip or zstd.\n"
	"\n"
	"  -t, --target FILE   read symbols from FILE, an unstripped copy; repeatable\n"
	"  -p, --pid PID       the process still runs: read its files through /proc\n"
	"      --debuginfod    fetch debug info from the servers in $DEBUGINFOD_URLS\n"
	"      --mine CRATE    CRATE is your code; repeatable\n"
	"      --not-mine CRATE  CRATE is a dependency; repeatable\n"
	"      --top N         rank at most N blockers, 1 to 100 (10)\n"
	"      --sort BY       rank by total, max, count or delay (total)\n"
	"      --window SECS   report only the last SECS seconds\n"
	"      --format F[=FILE]  write the result in format F (list: lists them); repeatable\n"
	"      --every SECS    write the files of --format again each SECS seconds; FILE is -\n"
	"      --listen ADDRESS:PORT  answer HTTP requests for /metrics and /report; FILE is -\n"
	"      --push URL      send profiles there each 15 s, or each --every; FILE is -. URL/ingest:\n"
	"                      pprof to Pyroscope; URL/v1development/profiles: OTLP\n"
	"      --push-auth FILE  a token or the value of the Authorization header, in a file\n"
	"      --label KEY=VALUE  what the profiles are of; repeatable\n"
	"      --trigger EXPR  when EXPR has become true, keep the time around it as a recording;\n"
	"                      FILE is -; repeatable\n"
	"      --record FOLDER  where to (as trigger-SECONDS.zst); needed by --trigger\n"
	"      --window SECS   with --trigger: EXPR is about the last SECS seconds (10)\n"
	"      --before SECS   keep SECS seconds from before that window, too (10)\n"
	"      --after SECS    and what comes in the next SECS seconds (5)\n"
	"      --debounce SECS  SECS seconds at least from one such moment to the next (60)\n"
	"      --max-recordings N  keep N at most (10)\n"
	"      --ring SIZE     memory for compressed events (64M)\n"
	"      --on-trigger COMMAND  run COMMAND for each, with its name as the argument\n"
	"      --fail-on EXPR  exit with status 3 if EXPR is true: 'blocked>5%',\n"
	"                      'max>50ms', 'total>2s', 'count>100', 'rate>2/s', 'lost>0';\n"
	"                      repeatable\n"
	"      --check         write nothing; exit with status 2 if a FILE cannot be written\n"
	"      --chart FILE    draw a chart: FILE.png, .svg or .pdf; - for text\n"
	"      --chart-kind KIND  timeline, blockers, histogram, heatmap or all (all)\n"
	"      --probe-output FILE  write what own scripts (hud-trace --probe) printed to FILE too\n"
	"      --width N       columns, 60 to 500 (the terminal's; 80)\n"
	"      --no-color      no colours (also: NO_COLOR=1)\n"
	"  -v, --verbose       show all frames, and names in full\n"
	"  -h, --help\n";

/* Any of the formats may be asked for. */
static void check_listen(struct reporting *o)
{
	if (!o->listen)
		return;
	if (strcmp(o->file, "-") != 0) {
		complain("hud-postproc report: --listen reads standard input: give - as FILE\n");
		exit(2);
	}
	if (o->replay.detail < DETAIL_TIMELINE)
		o->replay.detail = DETAIL_TIMELINE;
}

static void add_label(struct reporting *o, const char *text)
{
	const char *wrong = push_add_label(&o->push, text);

	if (!wrong)
		return;
	complain("hud-postproc report: --label '%s': %s\n", text, wrong);
	exit(2);
}

/* A profile is made of the blocks since the one before. */
static void check_push(struct reporting *o)
{
	const char *wrong = !o->push.url		? NULL
			    : strcmp(o->file, "-") != 0 ? "it reads standard input: give - as FILE"
							: push_check(&o->push);

	if (!o->push.url && (o->push.auth || o->push.labels))
		wrong = "--push-auth and --label need it";
	if (wrong) {
		complain("hud-postproc report: --push: %s\n", wrong);
		exit(2);
	}
	o->replay.since = o->push.url != NULL;
}

static void parse(int argc, char **argv, struct reporting *o, bool *check)
{
	enum { CHECK = TRIGGER_OWN, LISTEN, PUSH, PUSH_AUTH, LABEL };
	static const struct option longs[] = {
		REPORTING_OPTIONS,
		TRIGGER_OPTIONS,
		{"check", no_argument, NULL, CHECK},
		{"listen", required_argument, NULL, LISTEN},
		{"push", required_argument, NULL, PUSH},
		{"push-auth", required_argument, NULL, PUSH_AUTH},
		{"label", required_argument, NULL, LABEL},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = command_option(argc, argv, REPORTING_LETTERS "h", longs)) != -1) {
		switch (c) {
		case CHECK:
			*check = true;
			break;
		case LISTEN:
			o->listen = optarg;
			break;
		case PUSH:
			o->push.url = optarg;
			break;
		case PUSH_AUTH:
			o->push.auth = optarg;
			break;
		case LABEL:
			add_label(o, optarg);
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		default:
			if (reporting_option(o, c, optarg) || trigger_option(o, c, optarg))
				break;
			fputs("Try 'hud-postproc report --help'.\n", stderr);
			exit(2);
		}
	}
	reporting_file(o, argc - optind, argv + optind);
	trigger_options_end(o);
	check_listen(o);
	check_push(o);
}

/* Says that `path` cannot be written, by errno. Returns 2. */
static int refuse_output(const struct reporting *o, const char *path)
{
	char *why = xstrdup(userfiles_error(errno)), *shown = escape_terminal(path, false);

	reporting_fail(o, shown, why);
	free(shown);
	free(why);
	return 2;
}

/* Returns 0 if `path` can be written (NULL: nothing to check), or 2 after a message. */
static int check_output(const struct reporting *o, const char *path)
{
	return path && output_check(path) ? refuse_output(o, path) : 0;
}

/* Before a trace of an hour begins: can its result be written? Returns as check_output(). */
static int check_outputs(const struct reporting *o)
{
	int status = check_output(o, o->chart);

	if (!status)
		status = check_output(o, o->probe_path);

	for (size_t i = 0; i < o->outputs && !status; i++)
		status = check_output(o, o->output[i].path);
	if (!status && o->trigger.gates.count && trigger_check(&o->trigger))
		status = refuse_output(o, o->trigger.folder);
	const char *wrong = !status && o->listen ? listen_check(o->listen) : NULL;

	if (wrong) {
		complain("hud-postproc report: --listen %s: %s\n", o->listen, wrong);
		status = 2;
	}
	return status;
}

/* If reading fails halfway, reports what was read. */
static int report(struct reporting *o, FILE *in, struct chart *chart)
{
	struct replay *replay = replay_new(&o->replay);
	struct model model;
	bool failed =
		reading_loop_needed(o) ? reading_loop(o, replay, &model) : replay_read(replay, in, &model);
	int error = failed ? errno : 0;
	int status = reporting_write(o, &model, error, chart);

	replay_free(replay);
	return status;
}

int report_main(int argc, char **argv)
{
	struct reporting o = {.command = "report"};
	bool check = false;

	parse(argc, argv, &o, &check);
	if (check)
		return confine_to_user() ? 2 : check_outputs(&o);
	command_fit_terminal(&o.report, o.no_colour);
	signal(SIGPIPE, SIG_IGN);
	if (!o.quiet && isatty(STDERR_FILENO))
		progress_enable();
	if (o.push.url && !(o.pusher = push_new(o.command, &o.push)))
		return 1;
	if (o.trigger.gates.count && !(o.triggered = trigger_new(&o.trigger)))
		return 1;
	if (o.listen && !(o.listener = listen_new(o.command, o.listen)))
		return 1;
	if (reporting_begin(&o))
		return 1;
	FILE *in = reading_loop_needed(&o) ? stdin : unpack_open(o.file);

	if (!in)
		return reporting_fail(&o, o.file, userfiles_error(errno));
	struct chart *chart = o.chart ? chart_prepare(o.chart, o.chart_kind) : NULL;

	binary_prepare();
	int status = sandbox_seal() || reporting_open_probe_output(&o) ? 1 : report(&o, in, chart);

	fclose(in);
	chart_end(chart);
	trigger_free(o.triggered);
	listen_free(o.listener);
	push_free(o.pusher);
	sandbox_end();
	return status;
}
