/* SPDX-License-Identifier: Apache-2.0 */
/* command.c - shared by the subcommands. */
#include "command/command.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <langinfo.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/complain.h"
#include "base/process.h"
#include "base/units.h"
#include "report/report.h"
#include "resolve/elf/address-space.h"
#include "resolve/symbolize/origin.h"
#include "sandbox/atomic-file.h"
#include "sandbox/userfiles.h"

#define SIZE_MIN (64u << 10)

/* Complains about the option `option`, or the letter `letter`. */
static void refuse(const char *command, const char *option, int letter, bool lacks)
{
	bool is_long = option && !strncmp(option, "--", 2);
	int length = is_long ? (int)strcspn(option, "=") : 0;

	if (lacks && is_long)
		complain("hud-postproc %s: option '%s' requires an argument\n", command, option);
	else if (lacks)
		complain("hud-postproc %s: option requires an argument -- '%c'\n", command, letter);
	else if (!is_long)
		complain("hud-postproc %s: invalid option -- '%c'\n", command, letter);
	else if (letter)
		complain("hud-postproc %s: option '%.*s' doesn't allow an argument\n", command, length,
			 option);
	else
		complain("hud-postproc %s: unrecognized option '%s'\n", command, option);
}

int command_option(int argc, char **argv, const char *letters, const struct option *longs)
{
	char *quiet = concat(":", letters, NULL);

	opterr = 0;
	int c = getopt_long(argc, argv, quiet, longs, NULL);

	free(quiet);
	if (c == ':' || c == '?')
		refuse(argv[0], argv[optind - 1], optopt, c == ':');
	return c == ':' ? '?' : c;
}

double command_number(const char *command, const char *option, const char *text, double low, double high)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= low && value <= high)) {
		complain("hud-postproc %s: --%s: '%s' is not a number from %g to %g\n", command, option, text,
			 low, high);
		exit(2);
	}
	return value;
}

uint64_t command_seconds(const char *command, const char *option, const char *text, double low, double high)
{
	char *end;
	double value = strtod(text, &end);
	double unit = *end ? unit_ns(end, strlen(end)) : 1e9, ns = value * unit;

	if (end == text || unit <= 0 || !(ns >= low * 1e9 && ns <= high * 1e9)) {
		complain("hud-postproc %s: --%s: '%s' is not a number of seconds from %g to %g, or a "
			 "duration (500ms, 30s, 5m)\n",
			 command, option, text, low, high);
		exit(2);
	}
	return (uint64_t)ns;
}

void command_target(const char *command, struct targets *targets, const char *file)
{
	if (targets_add(targets, file))
		return;
	complain("hud-postproc %s: --target: more than %d files\n", command, TARGETS);
	exit(2);
}

pid_t command_pid(const char *command, const char *what, const char *text)
{
	char *end;
	long pid = strtol(text, &end, 10);

	if (end == text || *end || pid < 1 || pid > PROCESS_MAX) {
		complain("hud-postproc %s: %s: '%s' is not a process id from 1 to %d\n", command, what, text,
			 PROCESS_MAX);
		exit(2);
	}
	return (pid_t)pid;
}

void command_crate(const char *command, const char *crate, bool mine)
{
	const char *option = mine ? "mine" : "not-mine";

	if (!*crate || strspn(crate, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") !=
			       strlen(crate))
		complain("hud-postproc %s: --%s: '%s' is not the name of a crate\n", command, option, crate);
	else if (!origin_choose(crate, mine))
		complain("hud-postproc %s: --%s: more than 64 crates\n", command, option);
	else
		return;
	exit(2);
}

int command_descriptor(const char *command, const char *option, const char *text)
{
	int fd = (int)command_number(command, option, text, 3, 1e6);

	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
		return fd;
	complain("hud-postproc %s: --%s: descriptor %d is not open\n", command, option, fd);
	exit(2);
}

void command_fit_terminal(struct report_options *options, bool no_colour)
{
	struct winsize size;
	const char *unwanted = getenv("NO_COLOR"), *terminal = getenv("TERM");
	bool tty = isatty(STDOUT_FILENO);

	if (!options->width && tty && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		options->width = size.ws_col;
	options->colour =
		tty && !no_colour && !(unwanted && *unwanted) && terminal && strcmp(terminal, "dumb") != 0;
	options->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
}

int command_open_output(struct output *output, const char *command, const char *path,
			struct report_options *options)
{
	if (path) /* a file is no terminal */
		options->colour = false;
	if (output_open(output, path) == 0)
		return 0;
	complain("hud-postproc %s: %s: %s\n", command, path, userfiles_error(errno));
	return 1;
}

int command_close_output(struct output *output, const char *command, const char *what, bool whole)
{
	if (output_close(output, whole) == 0)
		return 0;
	if (errno != EPIPE)
		complain("hud-postproc %s: %s: %s\n", command, what, strerror(errno));
	return 1;
}

/* "64M" in bytes; 0 if it is no size from 64 KiB to a TiB. */
static uint64_t parse_size(const char *text)
{
	static const char units[] = "KMG";
	char *end;
	uint64_t size = *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : 0;
	const char *unit = size && *end ? strchr(units, *end) : NULL;

	if (!size || size > (uint64_t)1 << 40 || (*end && (!unit || end[1])))
		return 0;
	size <<= unit ? 10 * (unit - units + 1) : 0;
	return size >= SIZE_MIN && size <= (uint64_t)1 << 40 ? size : 0;
}

uint64_t command_size(const char *command, const char *option, const char *text)
{
	uint64_t size = parse_size(text);

	if (!size) {
		complain("hud-postproc %s: --%s: '%s' is not a size from 64K to 1024G\n", command, option,
			 text);
		exit(2);
	}
	return size;
}
