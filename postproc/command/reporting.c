/* SPDX-License-Identifier: Apache-2.0 */
/* reporting.c - see reporting.h. */
#include "command/reporting.h"

#include <errno.h>
#include <fcntl.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/complain.h"
#include "base/escape.h"
#include "command/command.h"
#include "format/carry.h"
#include "format/formats.h"
#include "sandbox/atomic-file.h"
#include "sandbox/debuginfod.h"
#include "sandbox/sandbox.h"
#include "sandbox/userfiles.h"
#include "serve/memory-file.h"

static double number(const struct reporting *o, const char *option, const char *text, double low, double high)
{
	return command_number(o->command, option, text, low, high);
}

/* Adds the output "F" or "F=FILE"; exits if there is no such format, or to list them. */
static void add_output(struct reporting *o, const char *argument)
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

		complain("hud-postproc %s: --format: '%s' is unknown; the formats are:\n", o->command, shown);
		formats_list(stderr);
		exit(2);
	}
	if (o->outputs == REPORTING_OUTPUTS || (equals && !equals[1])) {
		if (o->outputs == REPORTING_OUTPUTS)
			complain("hud-postproc %s: more than %d outputs\n", o->command, REPORTING_OUTPUTS);
		else
			complain("hud-postproc %s: --format %s=: to which FILE?\n", o->command, name);
		exit(2);
	}
	if (format_binary(format) && (!equals || !strcmp(equals + 1, "-")) && isatty(STDOUT_FILENO)) {
		complain("hud-postproc %s: %s is nothing for a terminal: --format %s=FILE\n", o->command,
			 name, name);
		exit(2);
	}
	free(name);
	o->output[o->outputs].format = format;
	o->output[o->outputs++].path = equals ? equals + 1 : NULL;
	if (format->detail > o->replay.detail)
		o->replay.detail = format->detail;
}

/* What --sort takes, in the order of enum ranking. */
static enum ranking ranking_named(const struct reporting *o, const char *name)
{
	static const char *const names[] = {"total", "max", "count", "delay"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return (enum ranking)i;
	complain("hud-postproc %s: --sort: '%s' is not total, max, count or delay\n", o->command, name);
	exit(2);
}

bool reporting_option(struct reporting *o, int option, const char *value)
{
	switch (option) {
	case 't':
		command_target(o->command, &o->replay.targets, value);
		return true;
	case 'p':
		o->replay.pid = command_pid(o->command, "--pid", value);
		return true;
	case REPORTING_TOP:
		o->report.top = (unsigned)number(o, "top", value, 1, 100);
		return true;
	case REPORTING_SORT:
		o->replay.ranking = ranking_named(o, value);
		return true;
	case REPORTING_WINDOW:
		o->replay.window = command_seconds(o->command, "window", value, 0.1, 604800);
		return true;
	case REPORTING_FORMAT:
		add_output(o, value);
		return true;
	case REPORTING_FAIL_ON:
		gates_add(&o->gates, o->command, value, false);
		return true;
	case REPORTING_CHART:
		o->chart = value;
		return true;
	case REPORTING_CHART_KIND:
		if (chart_kind_named(value, &o->chart_kind))
			return true;
		complain("hud-postproc %s: --chart-kind: '%s' is not timeline, blockers, histogram, heatmap "
			 "or all\n",
			 o->command, value);
		exit(2);
	case REPORTING_PROBE_OUTPUT:
		o->probe_path = value;
		return true;
	case REPORTING_EVERY:
		o->every = command_seconds(o->command, "every", value, 0.1, 604800);
		return true;
	case REPORTING_CARRY:
		o->carry = command_descriptor(o->command, "carry", value);
		return true;
	case REPORTING_WIDTH:
		o->report.width = (unsigned)number(o, "width", value, 60, 500);
		return true;
	case REPORTING_NO_COLOUR:
		o->no_colour = true;
		return true;
	case REPORTING_HEADLESS:
		o->quiet = true;
		return true;
	case REPORTING_BEGUN:
		o->replay.begun = command_descriptor(o->command, "begun", value);
		o->needs_begin = true;
		return true;
	case REPORTING_MINE:
	case REPORTING_NOT_MINE:
		command_crate(o->command, value, option == REPORTING_MINE);
		return true;
	case REPORTING_DEBUGINFOD:
		o->replay.debuginfod = debuginfod_wanted(o->command);
		return true;
	case 'v':
		o->report.verbose = true;
		return true;
	default:
		return false;
	}
}

static void check_every(const struct reporting *o)
{
	bool files = false;

	if (!o->every)
		return;
	for (size_t i = 0; i < o->outputs; i++)
		files |= o->output[i].path && strcmp(o->output[i].path, "-") != 0;
	bool other = strcmp(o->command, "report") != 0, window = o->replay.window && !o->trigger.gates.count;

	files |= o->push.url != NULL;
	if (strcmp(o->file, "-") != 0 || window || !files || other) {
		complain("hud-postproc %s: --every %s\n", o->command,
			 other	  ? "is for report only"
			 : !files ? "needs a file to write: --format F=FILE"
			 : window ? "and --window exclude each other: counters would go back"
				  : "reads standard input: give - as FILE");
		exit(2);
	}
}

void reporting_file(struct reporting *o, int count, char **arguments)
{
	if (o->chart_kind && !o->chart) {
		complain("hud-postproc %s: --chart-kind needs --chart FILE\n", o->command);
		exit(2);
	}
	if (count != 1) {
		complain("hud-postproc %s: give one FILE (-: standard input)\n", o->command);
		exit(2);
	}
	o->file = arguments[0];
	check_every(o);
	if (!o->outputs)
		o->output[o->outputs++].format = format_named("text");
}

int reporting_fail(const struct reporting *o, const char *what, const char *why)
{
	complain("hud-postproc %s: %s: %s\n", o->command, what, why);
	return 1;
}

/* bpftrace does not wait for its reader: while this process has no CPU, lines wait in the pipe. Root may make
 * it this large; for others fs.pipe-max-size is the limit. */
static void widen_input(void)
{
	if (fcntl(STDIN_FILENO, F_SETPIPE_SZ, 16 << 20) < 0)
		fcntl(STDIN_FILENO, F_SETPIPE_SZ, 1 << 20);
}

/* Allows the dated files of an output: "out/p.pb.gz" becomes "out/p-1700000000.pb.gz". */
static void offer_dated(struct reporting *o, size_t i)
{
	const char *path = o->output[i].path, *name, *dot;

	if (!o->every || !path || !strcmp(path, "-") || !o->output[i].format->kept)
		return;
	name = lbasename(path);
	dot = *name ? strchr(name + 1, '.') : NULL;
	o->output[i].stem = xstrndup(path, dot ? (size_t)(dot - path) : strlen(path));
	o->output[i].ending = dot ? dot + 1 : o->output[i].format->name;
	userfiles_offer(o->output[i].stem, o->output[i].ending);
}

int reporting_begin(struct reporting *o)
{
	widen_input();
	userfiles_name(o->file);
	for (size_t i = 0; i < o->outputs; i++) {
		userfiles_name(o->output[i].path);
		offer_dated(o, i);
	}
	userfiles_name(o->chart);
	userfiles_name(o->probe_path);
	o->replay.confine = sandbox_resolver;
	if (o->carry && !(o->carried = carried_read(o->carry)))
		reporting_fail(o, "the counters of earlier traces are lost", strerror(errno));
	return sandbox_begin(o->replay.pid, o->replay.debuginfod);
}

/* How many series of metrics there are. A blocker that got one of its own later would take its time away from another, "(others)", and
 * no counter may go back: so with --every and --listen there are enough from the start. */
#define SERIES_FROM_THE_START 1000

/* Writes a format: its counters go on where those of earlier traces ended. Returns 0, or -1 with errno set. */
static int write_format(const struct reporting *o, const struct format *format, const struct model *model,
			struct report_options *options, FILE *out)
{
	char *text;
	size_t size;

	if (!format_counts(format))
		return format->write(out, model, options);
	if (o->every || o->listener || o->carried)
		options->top = SERIES_FROM_THE_START;
	if (!o->carried)
		return format->write(out, model, options);
	FILE *memory = open_memstream(&text, &size);

	if (!memory)
		return -1;
	int failed = format->write(memory, model, options);

	if (fclose(memory))
		return -1;
	if (!failed)
		carried_add(o->carried, text, size, out);
	free(text);
	return failed || fflush(out) || ferror(out) ? -1 : 0;
}

int reporting_write_memory(const struct reporting *o, const struct format *format, const struct model *model)
{
	struct report_options options = o->report;
	int fd;
	FILE *file = memory_file_begin("hud-answer", &fd);

	options.colour = false;
	return memory_file_end(file, fd, !file || write_format(o, format, model, &options, file));
}

/* Writes one of the outputs. Returns 0, or 1 after a message. */
static int write_output(struct reporting *o, size_t i, const struct model *model)
{
	const struct format *format = o->output[i].format;
	const char *path = o->output[i].path;
	struct report_options options = o->report;
	struct output output;

	if (command_open_output(&output, o->command, path, &options))
		return 1;
	int failed = write_format(o, format, model, &options, output.file);

	return command_close_output(&output, o->command, path ? path : "the report", !failed);
}

/* Writes a new file of its own for this moment. */
static int write_dated(struct reporting *o, size_t i, const struct model *model, unsigned long seconds)
{
	struct report_options options = o->report;
	int fd = userfile_new(o->output[i].stem, o->output[i].ending, (unsigned)seconds);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

	options.colour = false;
	if (fd < 0 && errno == EEXIST)
		return 0; /* this second has its file */
	if (fd < 0 || !file)
		return reporting_fail(o, o->output[i].path, userfiles_error(errno));
	int failed = o->output[i].format->write(file, model, &options), error = errno;

	if (fclose(file) && !failed) {
		failed = 1;
		error = errno;
	}
	return failed ? reporting_fail(o, o->output[i].path, strerror(error)) : 0;
}

void reporting_write_files(struct reporting *o, const struct model *model, unsigned long seconds)
{
	for (size_t i = 0; i < o->outputs; i++) {
		if (o->output[i].stem)
			write_dated(o, i, model, seconds);
		else if (o->output[i].path && strcmp(o->output[i].path, "-") != 0)
			write_output(o, i, model);
	}
}

int reporting_open_probe_output(struct reporting *o)
{
	static struct output output;

	if (!o->probe_path)
		return 0;
	if (output_open(&output, o->probe_path))
		return reporting_fail(o, o->probe_path, userfiles_error(errno));
	o->probe_output = &output;
	o->replay.probe_output = output.file;
	return 0;
}

/* Returns 0, or 1 after a message. */
static int close_probe_output(struct reporting *o, bool whole)
{
	if (!o->probe_output || !output_close(o->probe_output, whole) || !whole)
		return 0;
	return reporting_fail(o, o->probe_path, strerror(errno));
}

/* Leaves the counters for the next trace. */
static int carry_on(const struct reporting *o, const struct model *model)
{
	int copy = o->carried ? fcntl(o->carry, F_DUPFD_CLOEXEC, 3) : -1;
	FILE *file = copy < 0 ? NULL : fdopen(copy, "r+");
	struct report_options options = o->report;

	if (!o->carried)
		return 0;
	int failed = !file || fseek(file, 0, SEEK_SET) || ftruncate(o->carry, 0) ||
		     write_format(o, format_named("prometheus"), model, &options, file);

	if (file && fclose(file))
		failed = -1;
	return failed ? reporting_fail(o, "the counters for the next trace", strerror(errno)) : 0;
}

int reporting_write(struct reporting *o, const struct model *model, int error, struct chart *chart)
{
	const char *why = error == EBADMSG ? "its compressed data is damaged; what comes before that is read"
					   : replay_error(error);
	int status = error ? reporting_fail(o, o->file, why) : 0;

	bool nothing = (error && !model->events) || (o->needs_begin && !model->begun);

	if (close_probe_output(o, !nothing))
		status = 1;
	if (nothing)
		return 1;
	for (size_t i = 0; i < o->outputs; i++)
		if (write_output(o, i, model))
			status = 1;
	if (carry_on(o, model))
		status = 1;
	if (o->chart && (!chart || chart_draw(chart, model, o->report.width)))
		status = 1;
	int broken = gates_check(&o->gates, o->command, model, NULL);

	return status ? status : broken;
}
