/* reporting.h - what the subcommands that end with a report have in common: their options, their outputs. */
#ifndef HUD_COMMAND_REPORTING_H
#define HUD_COMMAND_REPORTING_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "chart/chart.h"
#include "diff/fail-on.h"
#include "replay/replay.h"
#include "report/report.h"

#define REPORTING_OUTPUTS 16

struct format;
struct output;

struct reporting {
	const char *command; /* the subcommand's name */
	struct replay_options replay;
	struct {
		const struct format *format;
		const char *path; /* NULL: standard output */
	} output[REPORTING_OUTPUTS];
	size_t outputs;
	struct report_options report;
	struct gates gates;
	const char *chart, *file;
	const char *probe_path; /* of replay.probe_output; NULL: none */
	struct output *probe_output;
	enum chart_kind chart_kind;
	bool no_colour, quiet;
	bool needs_begin; /* without one there is nothing to report: hud-trace says why */
};

/* Options without a letter; a subcommand's own begin at REPORTING_OWN. */
enum {
	REPORTING_TOP = 256,
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
	REPORTING_OWN
};

#define REPORTING_LETTERS "t:p:v"

/* Rows for getopt_long(). Two are for hud-trace: --headless, no progress; --begun FD, where to tell that tracing has begun. */
/* clang-format off: a row is a row. */
#define REPORTING_OPTIONS                                                                                    \
	{"target", required_argument, NULL, 't'}, {"pid", required_argument, NULL, 'p'},                     \
		{"debuginfod", no_argument, NULL, REPORTING_DEBUGINFOD},                                     \
		{"mine", required_argument, NULL, REPORTING_MINE},                                           \
		{"not-mine", required_argument, NULL, REPORTING_NOT_MINE},                                   \
		{"top", required_argument, NULL, REPORTING_TOP},                                             \
		{"window", required_argument, NULL, REPORTING_WINDOW},                                       \
		{"chart", required_argument, NULL, REPORTING_CHART},                                         \
		{"chart-kind", required_argument, NULL, REPORTING_CHART_KIND},                               \
		{"format", required_argument, NULL, REPORTING_FORMAT},                                       \
		{"fail-on", required_argument, NULL, REPORTING_FAIL_ON},                                     \
		{"probe-output", required_argument, NULL, REPORTING_PROBE_OUTPUT},                           \
		{"width", required_argument, NULL, REPORTING_WIDTH},                                         \
		{"no-color", no_argument, NULL, REPORTING_NO_COLOUR},                                        \
		{"headless", no_argument, NULL, REPORTING_HEADLESS},                                         \
		{"begun", required_argument, NULL, REPORTING_BEGUN},                                         \
	{                                                                                                    \
		"verbose", no_argument, NULL, 'v'                                                            \
	}
/* clang-format on */

/* Takes one of these options. False if it is none; exits with status 2 after a message if its value is wrong. */
bool reporting_option(struct reporting *o, int option, const char *value);

/* Takes what is left of the command line, which is to be one FILE; exits with status 2 otherwise. */
void reporting_file(struct reporting *o, int count, char **arguments);

/* A message about this subcommand. Returns 1. */
int reporting_fail(const struct reporting *o, const char *what, const char *why);

/* sandbox_begin(), for the files of the command line. */
int reporting_begin(struct reporting *o);

/* Opens what --probe-output names: before the first replay is made. Returns 0, or 1 after a message. */
int reporting_open_probe_output(struct reporting *o);

/* Writes all outputs and the chart. `error`: that of reading (replay/replay.h), or 0; what was read is reported all the same. Returns the
 * exit status. */
int reporting_write(struct reporting *o, const struct model *model, int error, struct chart *chart);

#endif
