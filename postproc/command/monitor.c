/* SPDX-License-Identifier: Apache-2.0 */
/* monitor.c - hud-postproc monitor: runs beside bpftrace. Its options are for hud-trace only. */
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/complain.h"
#include "command/command.h"
#include "monitor/monitor.h"

static const char usage[] =
	"usage: hud-postproc monitor --bpftrace PID [OPTION]... [[+]TID]...\n"
	"\n"
	"Looks after a trace until bpftrace, process PID, ends. hud-trace runs it. TID are the workers,\n"
	"with a + before those of a multi-thread runtime.\n"
	"\n"
	"  --target PID:START:STACK   the target; fields 22 and 28 of /proc/PID/stat tell which\n"
	"                             program is meant\n"
	"  --process PID              what else belongs to the trace; may be repeated\n"
	"  --max-overhead PERCENT     what tracing may cost, of a CPU\n"
	"  --max-hits PERCENT         what breakpoints may cost, whoever runs into them\n"
	"  --rates NS:REST:SLOW:FAST  timer interrupts a second; polls of NS or more are long\n"
	"  --tokio FIELDS             of the tokio lines: stop workers that sleep in a poll for a moment\n"
	"  --duration MS              of the trace from its begin\n"
	"  --news FD                  where to say what has happened\n"
	"  --lines FD                 where to write event lines\n"
	"  --begin FD                 where a line tells that tracing has begun\n"
	"  --quit FD                  a pipe whose end tells that the user wants it to end\n"
	"  --thin                     no stacks are copied any more\n"
	"  --verbose                  print what tracing costs, each second\n";

enum {
	BPFTRACE = 256,
	TARGET,
	PROCESS,
	MAX_OVERHEAD,
	MAX_HITS,
	RATES,
	TOKIO,
	DURATION,
	NEWS,
	LINES,
	BEGIN,
	QUIT,
	THIN,
	VERBOSE
};

static const struct option longs[] = {
	{"bpftrace", required_argument, NULL, BPFTRACE},
	{"target", required_argument, NULL, TARGET},
	{"process", required_argument, NULL, PROCESS},
	{"max-overhead", required_argument, NULL, MAX_OVERHEAD},
	{"max-hits", required_argument, NULL, MAX_HITS},
	{"rates", required_argument, NULL, RATES},
	{"tokio", required_argument, NULL, TOKIO},
	{"duration", required_argument, NULL, DURATION},
	{"news", required_argument, NULL, NEWS},
	{"lines", required_argument, NULL, LINES},
	{"begin", required_argument, NULL, BEGIN},
	{"quit", required_argument, NULL, QUIT},
	{"thin", no_argument, NULL, THIN},
	{"verbose", no_argument, NULL, VERBOSE},
	{"help", no_argument, NULL, 'h'},
	{0},
};

/* Parses --target. Returns false if it is malformed. */
static bool read_target(const char *text, struct procfs_program *target)
{
	int end = 0;

	return sscanf(text, "%d:%" SCNu64 ":%" SCNu64 "%n", &target->pid, &target->start, &target->stack,
		      &end) == 3 &&
	       !text[end] && target->pid > 0;
}

/* Parses --rates, likewise. */
static bool read_rates(const char *text, struct sampling_rates *rates)
{
	int end = 0;

	return sscanf(text, "%" SCNu64 ":%u:%u:%u%n", &rates->threshold_ns, &rates->rest, &rates->slow,
		      &rates->fast, &end) == 4 &&
	       !text[end] && rates->rest && rates->slow && rates->fast;
}

/* Handles an option. Returns false if it is malformed. */
static bool take(int option, const char *value, struct monitor_options *o)
{
	switch (option) {
	case BPFTRACE:
		o->bpftrace = command_pid("monitor", "--bpftrace", value);
		return true;
	case TARGET:
		return read_target(value, &o->target);
	case PROCESS:
		if (o->processes == MONITOR_PROCESSES)
			return false;
		o->process[o->processes++] = command_pid("monitor", "--process", value);
		return true;
	case MAX_OVERHEAD:
		o->limits.all = command_number("monitor", "max-overhead", value, 0, 1e6);
		return true;
	case MAX_HITS:
		o->limits.hits = command_number("monitor", "max-hits", value, 0, 1e6);
		return true;
	case RATES:
		return read_rates(value, &o->rates);
	case TOKIO:
		o->tokio = value;
		return true;
	case DURATION:
		o->duration_ms = (uint64_t)command_number("monitor", "duration", value, 0, 4e9);
		return true;
	case NEWS:
		o->news = command_descriptor("monitor", "news", value);
		return true;
	case LINES:
		o->lines = command_descriptor("monitor", "lines", value);
		return true;
	case BEGIN:
		o->begin = command_descriptor("monitor", "begin", value);
		return true;
	case QUIT:
		o->quit = command_descriptor("monitor", "quit", value);
		return true;
	case THIN:
		o->thin = true;
		return true;
	case VERBOSE:
		o->verbose = true;
		return true;
	default:
		return false;
	}
}

int monitor_main(int argc, char **argv)
{
	struct monitor_options o = {.limits = {.all = INFINITY, .hits = INFINITY},
				    .news = -1,
				    .begin = -1,
				    .quit = -1,
				    .lines = -1};
	int option;

	while ((option = command_option(argc, argv, "h", longs)) != -1) {
		if (option == 'h')
			return fputs(usage, stdout) < 0;
		if (!take(option, optarg, &o)) {
			fputs(usage, stderr);
			return 2;
		}
	}
	if (!o.bpftrace) {
		fputs(usage, stderr);
		return 2;
	}
	o.tids = argv + optind;
	o.workers = (size_t)(argc - optind);
	return monitor_run(&o);
}
