/* SPDX-License-Identifier: Apache-2.0 */
/* reporting.h - shared by the subcommands that end with a report: options and outputs. */
#ifndef HUD_COMMAND_REPORTING_H
#define HUD_COMMAND_REPORTING_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "chart/chart.h"
#include "diff/fail-on.h"
#include "replay/replay.h"
#include "report/report.h"
#include "serve/push.h"
#include "trigger/trigger.h"

#define REPORTING_OUTPUTS 16

struct carried;
struct format;
struct listener;
struct output;

struct reporting {
	const char *command; /* the subcommand's name */
	struct replay_options replay;
	struct {
		const struct format *format;
		const char *path; /* NULL: standard output */
		/* With --every, parts of the names of its dated files, STEM-SECONDS.ENDING; NULL: `path` is replaced. */
		char *stem;
		const char *ending;
	} output[REPORTING_OUTPUTS];
	size_t outputs;
	struct report_options report;
	struct gates gates;
	const char *chart, *file;
	const char *probe_path; /* of replay.probe_output; NULL: none */
	struct output *probe_output;
	enum chart_kind chart_kind;
	uint64_t every;			/* ns; 0: outputs are written at the end only */
	struct trigger_options trigger; /* without conditions: there is none */
	struct trigger *triggered;
	const char *listen; /* where to; NULL: nowhere */
	struct listener *listener;
	struct push_options push; /* without a URL: nowhere */
	struct pusher *pusher;
	int carry; /* a file with counters of earlier traces; 0: none */
	struct carried *carried;
	bool no_colour, quiet;
	bool needs_begin; /* nothing is reported without a begin line: hud-trace says why */
};

/* Options without a letter; a subcommand's own begin at REPORTING_OWN. */
enum {
	REPORTING_TOP = 256,
	REPORTING_SORT,
	REPORTING_WINDOW,
	REPORTING_CHART,
	REPORTING_CHART_KIND,
	REPORTING_WIDTH,
	REPORTING_NO_COLOUR,
	REPORTING_HEADLESS,
	REPORTING_BEGUN,
	REPORTING_DEBUGINFOD,
	REPORTING_MINE,
	REPORTING_NOT_MINE,
	REPORTING_FORMAT,
	REPORTING_FAIL_ON,
	REPORTING_PROBE_OUTPUT,
	REPORTING_EVERY,
	REPORTING_CARRY,
	REPORTING_OWN
};

#define REPORTING_LETTERS "t:p:v"

/* Rows for getopt_long(). Three are for hud-trace: --headless (no progress), --begun FD (where to report
 * that tracing has begun) and --carry FD (a file with the counters of earlier traces, to which those of this one are added). */
/* clang-format off: one row each */
#define REPORTING_OPTIONS                                                                                    \
	{"target", required_argument, NULL, 't'}, {"pid", required_argument, NULL, 'p'},                     \
		{"debuginfod", no_argument, NULL, REPORTING_DEBUGINFOD},                                     \
		{"mine", required_argument, NULL, REPORTING_MINE},                                           \
		{"not-mine", required_argument, NULL, REPORTING_NOT_MINE},                                   \
		{"top", required_argument, NULL, REPORTING_TOP},                                             \
		{"sort", required_argument, NULL, REPORTING_SORT},                                           \
		{"window", required_argument, NULL, REPORTING_WINDOW},                                       \
		{"chart", required_argument, NULL, REPORTING_CHART},                                         \
		{"chart-kind", required_argument, NULL, REPORTING_CHART_KIND},                               \
		{"format", required_argument, NULL, REPORTING_FORMAT},                                       \
		{"fail-on", required_argument, NULL, REPORTING_FAIL_ON},                                     \
		{"probe-output", required_argument, NULL, REPORTING_PROBE_OUTPUT},                           \
		{"every", required_argument, NULL, REPORTING_EVERY},                                         \
		{"carry", required_argument, NULL, REPORTING_CARRY},                                         \
		{"width", required_argument, NULL, REPORTING_WIDTH},                                         \
		{"no-color", no_argument, NULL, REPORTING_NO_COLOUR},                                        \
		{"headless", no_argument, NULL, REPORTING_HEADLESS},                                         \
		{"begun", required_argument, NULL, REPORTING_BEGUN},                                         \
	{                                                                                                    \
		"verbose", no_argument, NULL, 'v'                                                            \
	}
/* clang-format on */

/* Handles one of these options. Returns false if it is another one; exits with status 2 after a message if
 * its value is wrong. */
bool reporting_option(struct reporting *o, int option, const char *value);

/* Takes the rest of the command line, which must be one FILE; otherwise exits with status 2. */
void reporting_file(struct reporting *o, int count, char **arguments);

/* Prints a message about this subcommand. Returns 1. */
int reporting_fail(const struct reporting *o, const char *what, const char *why);

/* sandbox_begin() for the files of the command line. */
int reporting_begin(struct reporting *o);

/* Opens the file of --probe-output, before the first replay is made. Returns 0, or 1 after a message. */
int reporting_open_probe_output(struct reporting *o);

/* Writes the outputs that have a file, with what came so far; those that are kept get a name with `seconds` (Unix time). Says
 * what fails. */
void reporting_write_files(struct reporting *o, const struct model *model, unsigned long seconds);

/* Writes a format to a memory file. Returns its descriptor, which the caller closes; or -1. */
int reporting_write_memory(const struct reporting *o, const struct format *format, const struct model *model);

/* Writes all outputs and the chart. `error` is the read error (replay/replay.h), or 0; what was read is
 * reported in any case. Returns the exit status. */
int reporting_write(struct reporting *o, const struct model *model, int error, struct chart *chart);

#endif
