/* SPDX-License-Identifier: Apache-2.0 */
/* tasks.c - hud-postproc tasks: the tasks of a running process, or of one that left a core dump. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <langinfo.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/complain.h"
#include "base/escape.h"
#include "base/text-layout.h"
#include "command/command.h"
#include "report/report.h"
#include "resolve/elf/binary.h"
#include "sandbox/debuginfod.h"
#include "sandbox/opener.h"
#include "sandbox/sandbox.h"
#include "sandbox/userfiles.h"
#include "stream/event.h"
#include "target/inspector.h"
#include "target/sockets.h"
#include "tasks/formats.h"
#include "tasks/look-process.h"
#include "tasks/look.h"
#include "tasks/watch.h"

#define WIDTH 160	  /* columns where the output is no terminal */
#define NO_RIGHTS 77	  /* exit status */
#define NO_LOOK "no-look" /* key of the line that says why there was no look */
#define EVENTS_SECONDS 5  /* a trace waits for its last look */

static const char usage[] =
	"usage: hud-postproc tasks [OPTION]... --pid PID\n"
	"       hud-postproc tasks [OPTION]... CORE\n"
	"\n"
	"Lists the tasks of the Tokio runtimes in process PID, or in a core dump. The process is neither\n"
	"stopped nor changed.\n"
	"\n"
	"  -p, --pid PID        the process\n"
	"      --tree           the awaits of all tasks, joined where they are the same\n"
	"      --watch SECS     look again every SECS seconds, and compare\n"
	"  -f, --format FORMAT  text, json, folded (for flame graphs), dot (a graph), or events\n"
	"  -t, --target FILE    read symbols from FILE, an unstripped copy; repeatable\n"
	"      --debuginfod     ask the servers in $DEBUGINFOD_URLS for debug info\n"
	"  -h, --help\n";

static const struct option long_options[] = {
	{"watch", required_argument, NULL, 'w'},  {"tree", no_argument, NULL, 'T'},
	{"pid", required_argument, NULL, 'p'},	  {"format", required_argument, NULL, 'f'},
	{"target", required_argument, NULL, 't'}, {"debuginfod", no_argument, NULL, 'd'},
	{"help", no_argument, NULL, 'h'},	  {NULL, 0, NULL, 0},
};

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_FOLDED, FORMAT_DOT, FORMAT_EVENTS, FORMATS };

static const char *const format_names[FORMATS] = {"text", "json", "folded", "dot", "events"};

struct request {
	struct look_subject subject;
	const char *core; /* its path, or NULL */
	enum format format;
	bool tree;
	uint64_t every; /* --watch, in ns; 0: one look */
	struct watch *watch;
	struct report_options terminal;
};

static int usage_error(void)
{
	fputs("Try 'hud-postproc tasks --help'.\n", stderr);
	return 2;
}

static bool choose_format(struct request *request, const char *name)
{
	for (int i = 0; i < FORMATS; i++)
		if (!strcmp(name, format_names[i])) {
			request->format = (enum format)i;
			return true;
		}
	complain("hud-postproc tasks: --format: '%s' is not text, json, folded, dot or events\n", name);
	return false;
}

/* Returns -1 if there is something to be looked at, otherwise the exit status. */
static int parse(int argc, char **argv, struct request *request)
{
	int c;

	while ((c = command_option(argc, argv, "p:f:t:h", long_options)) != -1) {
		switch (c) {
		case 'p':
			request->subject.pid = command_pid("tasks", "--pid", optarg);
			break;
		case 'f':
			if (!choose_format(request, optarg))
				return usage_error();
			break;
		case 't':
			command_target("tasks", &request->subject.targets, optarg);
			break;
		case 'w':
			request->every = command_seconds("tasks", "watch", optarg, 0.1, 86400);
			break;
		case 'T':
			request->tree = true;
			break;
		case 'd':
			request->subject.debuginfod = debuginfod_wanted("tasks");
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			return usage_error();
		}
	}
	request->core = argv[optind];
	if (argc - optind == !request->subject.pid)
		return -1;
	complain("hud-postproc tasks: %s\n", request->subject.pid ? "with --pid, operands are not taken"
								  : "--pid or one core dump is needed");
	return usage_error();
}

/* --- in the process that reads --- */

static int look(FILE *out, bool without_files, void *context)
{
	struct request *request = context;
	const char *why;

	request->subject.without_files = without_files;
	request->subject.only_behind = request->format == FORMAT_EVENTS;
	struct look *look = look_new(&request->subject, &why);

	if (look && !look->runtimes.count && !look->scan.count)
		why = look->types.count ? "no task and no runtime was found"
					: "there is no Tokio runtime in it";
	if (why && request->format == FORMAT_EVENTS) {
		event_write(out, &(struct event){.kind = EVENT_META, .key = NO_LOOK, .text = why});
		look_free(look);
		return 1;
	}
	if (why) {
		fprintf(stderr, "hud-postproc tasks: %s\n", why);
		look_free(look);
		return 1;
	}
	if (request->format == FORMAT_EVENTS) {
		tasks_events(out, look);
	} else if (request->format == FORMAT_JSON) {
		tasks_json(out, look);
	} else if (request->format == FORMAT_FOLDED) {
		tasks_folded(out, look);
	} else if (request->format == FORMAT_DOT) {
		tasks_dot(out, look);
	} else {
		struct page page = {.out = out,
				    .width = request->terminal.width ? request->terminal.width : WIDTH,
				    .utf8 = request->terminal.utf8};

		tasks_text(&page, look, request->tree, request->watch);
	}
	if (request->watch)
		watch_keep(request->watch, look);
	look_free(look);
	return 0;
}

/* --- in this process --- */

/* Shows an event line if it is of a look: it is written anew from what was parsed. */
static void show_event(char *line)
{
	struct event e = {0};

	if (event_parse(line, strlen(line), &e) == EVENT_PARSED &&
	    (e.kind == EVENT_LOOK || e.kind == EVENT_STANDS || e.kind == EVENT_BEHIND ||
	     (e.kind == EVENT_META && !strcmp(e.key, NO_LOOK))))
		event_write(stdout, &e);
}

/* The process that wrote the line has read what the target controls: it is believed no byte of it. */
static void show(char *line, void *context)
{
	const struct request *request = context;

	if (request->format == FORMAT_EVENTS) {
		show_event(line);
		return;
	}
	char *safe = request->format != FORMAT_TEXT ? escape_utf8(line)
						    : escape_terminal(line, request->terminal.utf8);

	puts(safe);
	free(safe);
}

static int open_core(struct request *request)
{
	request->subject.core = userfile_read(request->core);
	if (request->subject.core >= 0)
		return 0;
	complain("hud-postproc tasks: %s: %s\n", request->core, userfiles_error(errno));
	return 1;
}

/* Opens a file of the process for reading: its memory is nothing that this process parses. */
static int open_proc(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* The kernel judges who may read when these files are opened, not when they are read. So they are opened as who
 * called, and then all rights are given up. */
static int open_process(struct look_subject *subject)
{
	pid_t pid = (pid_t)subject->pid;

	subject->mem = open_proc(pid, "mem");
	subject->pagemap = subject->mem < 0 ? -1 : open_proc(pid, "pagemap");
	subject->sockets = subject->pagemap < 0 ? 0 : sockets_list(pid, &subject->socket);
	if (subject->pagemap >= 0)
		return 0;
	complain("hud-postproc tasks: process %d: %s\n", (int)pid, strerror(errno == ENOENT ? ESRCH : errno));
	return errno == EACCES || errno == EPERM ? NO_RIGHTS : 1;
}

static int enter_sandbox(struct request *request)
{
	long pid = request->subject.pid;
	int status = pid ? open_process(&request->subject) : 0;

	if (status)
		return status;
	if (request->core)
		userfiles_name(request->core);
	if ((pid && inspector_start(pid)) || sandbox_begin(pid, request->subject.debuginfod))
		return 1;
	binary_prepare();
	if (sandbox_seal())
		return 1;
	return request->core ? open_core(request) : 0;
}

/* Looks once, or until it is interrupted, nobody reads, or there is nothing to be seen any more. */
static int run(const struct request *request, const struct look_process *process)
{
	const struct timespec pause = {.tv_sec = (time_t)(request->every / 1000000000),
				       .tv_nsec = (long)(request->every % 1000000000)};
	int status;

	while (!(status = look_process_run(process)) && request->every && !fflush(stdout)) {
		nanosleep(&pause, NULL);
		if (request->format == FORMAT_TEXT)
			puts("");
	}
	return status;
}

int tasks_main(int argc, char **argv)
{
	struct request request = {.subject = {.core = -1, .mem = -1, .pagemap = -1}};
	int status = parse(argc, argv, &request);

	if (status >= 0)
		return status;
	if (request.every && request.core) {
		complain("hud-postproc tasks: --watch needs --pid: a core dump does not change\n");
		return usage_error();
	}
	if (request.every)
		request.watch = watch_new();
	/* Each event line stays whole among those of other processes. */
	if (request.format == FORMAT_EVENTS)
		setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	command_fit_terminal(&request.terminal, true);
	status = enter_sandbox(&request);
	if (!status) {
		const int kept[] = {request.subject.core,   request.subject.mem, request.subject.pagemap,
				    inspector_descriptor(), opener_descriptor(), debuginfod_descriptor()};
		const struct look_process process = {
			.run = look,
			.confine = sandbox_resolver,
			.kept = kept,
			.count = ARRAY_SIZE(kept),
			.seconds = request.format == FORMAT_EVENTS ? EVENTS_SECONDS : 0,
			.show = show,
			.context = &request};

		status = run(&request, &process);
	}
	inspector_end();
	sandbox_end();
	return fflush(stdout) ? 1 : status;
}
