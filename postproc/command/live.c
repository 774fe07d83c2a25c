/* SPDX-License-Identifier: Apache-2.0 */
/* live.c - hud-postproc live: shows a stream or recording in the live view, then reports it. */
#include <errno.h>
#include <libiberty/libiberty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/complain.h"
#include "chart/chart.h"
#include "command/command.h"
#include "command/reporting.h"
#include "live/loop.h"
#include "live/panes/source.h"
#include "live/save.h"
#include "live/terminal.h"
#include "live/view.h"
#include "resolve/elf/binary.h"
#include "sandbox/sandbox.h"
#include "sandbox/userfiles.h"

#define SPAN 30000000000u /* ns of the window, unless --window is given */

struct options {
	struct reporting reporting;
	double speed;
	int tell;	       /* closed when the user leaves; -1: none */
	int notes;	       /* lines to show to the user come here; -1: none */
	const char *recording; /* where hud-trace keeps the events; NULL: nowhere */
};

static const char help[] =
	"usage: hud-postproc live [OPTION]... FILE\n"
	"\n"
	"Replays the recording FILE in the live view, and prints its report at the end; takes\n"
	"the options of hud-postproc report too. With -, it shows event lines from standard\n"
	"input as they arrive.\n"
	"\n"
	"      --speed N       replay N times as fast, 0.1 to 1000 (1)\n"
	"      --window SECS   count only the last SECS seconds, in the view (30) and in the\n"
	"                      report (all)\n"
	"  -h, --help\n"
	"\n"
	"Keys: q ends; left, right: 10 s back, forward; . the next block; { } half, twice\n"
	"the speed; space: pause; Enter: details of a blocker; ? lists all keys.\n";

static void parse(int argc, char **argv, struct options *o)
{
	enum { SPEED = REPORTING_OWN, TELL, NOTES, RECORDING, RESCUE };
	static const struct option longs[] = {
		REPORTING_OPTIONS,
		{"speed", required_argument, NULL, SPEED},
		/* For hud-trace: */
		{"tell", required_argument, NULL, TELL},
		{"notes", required_argument, NULL, NOTES},
		{"recording", required_argument, NULL, RECORDING},
		{"rescue", no_argument, NULL, RESCUE},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = command_option(argc, argv, REPORTING_LETTERS "h", longs)) != -1) {
		switch (c) {
		case SPEED:
			o->speed = command_number("live", "speed", optarg, 0.1, 1000);
			break;
		case TELL:
			o->tell = command_descriptor("live", "tell", optarg);
			break;
		case NOTES:
			o->notes = command_descriptor("live", "notes", optarg);
			break;
		case RECORDING:
			o->recording = optarg;
			break;
		case RESCUE:
			live_terminal_rescue();
			exit(0);
		case 'h':
			fputs(help, stdout);
			exit(0);
		default:
			if (reporting_option(&o->reporting, c, optarg))
				break;
			fputs("Try 'hud-postproc live --help'.\n", stderr);
			exit(2);
		}
	}
	reporting_file(&o->reporting, argc - optind, argv + optind);
	/* A replay can go back: what was written twice would stand there twice. */
	if (o->reporting.probe_path && strcmp(o->reporting.file, "-") != 0) {
		complain("hud-postproc live: --probe-output is for hud-postproc report\n");
		exit(2);
	}
}

/* Shows it, then reports. */
static int show(struct options *o, struct live_loop *loop, struct chart *chart)
{
	struct model model;
	int error = live_loop_run(loop, &model) ? errno : 0;

	return reporting_write(&o->reporting, &model, error, chart);
}

/* What the view sorts by at first. */
static enum live_sort sort_of(enum ranking ranking)
{
	return ranking == RANKING_MAX	  ? SORT_MAX
	       : ranking == RANKING_COUNT ? SORT_COUNT
	       : ranking == RANKING_DELAY ? SORT_DELAY
					  : SORT_TOTAL;
}

int live_main(int argc, char **argv)
{
	struct options o = {.reporting.command = "live", .speed = 1, .tell = -1, .notes = -1};
	struct live_view *view = xcalloc(1, sizeof(*view));
	const char *why;

	parse(argc, argv, &o);
	command_fit_terminal(&o.reporting.report, o.reporting.no_colour);
	signal(SIGPIPE, SIG_IGN);
	live_offer_files();
	if (live_source_start() || reporting_begin(&o.reporting))
		return 1;
	struct live_loop *loop =
		live_loop_new(view, &(struct live_source_options){.file = o.reporting.file,
								  .tell = o.tell,
								  .notes = o.notes,
								  .replay = &o.reporting.replay});

	if (!loop)
		return reporting_fail(&o.reporting, o.reporting.file, userfiles_error(errno));
	struct chart *chart =
		o.reporting.chart ? chart_prepare(o.reporting.chart, o.reporting.chart_kind) : NULL;

	view->chart = chart_prepare(live_picture(), CHART_ALL);
	view->playback.speed = o.speed;
	view->recording = o.recording;
	if (live_terminal_open(&why))
		complain("hud-postproc live: no view: %s\n", why);
	else
		live_view_start(view, o.reporting.report.colour, o.reporting.report.utf8,
				o.reporting.replay.window ? o.reporting.replay.window : SPAN);
	view->query.sort = sort_of(o.reporting.replay.ranking);
	binary_prepare();
	int status = sandbox_seal() || reporting_open_probe_output(&o.reporting) ? 1 : show(&o, loop, chart);

	live_terminal_close();
	live_loop_free(loop);
	live_view_end(view);
	chart_end(view->chart);
	free(view);
	chart_end(chart);
	live_source_end();
	sandbox_end();
	return status;
}
