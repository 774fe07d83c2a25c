/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - hud-postproc: what comes before and after bpftrace in hud-trace. */
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/complain.h"
#include "command/command.h"

#define MEMORY_LIMIT ((rlim_t)4 << 30)

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *description; /* NULL: hud-trace alone runs it */
} commands[] = {
	{"report", report_main, "print the report of a recording"},
	{"live", live_main, "replay a recording in the live view"},
	{"diff", diff_main, "compare two recordings: what is gone, better, worse or new"},
	{"tasks", tasks_main, "list the tasks of a running process or a core dump"},
	{"record", record_main, "pass standard input on, and write it to a recording"},
	{"resolve", resolve_main, "write names into a recording, so that it needs no binary"},
	{"copies", copies_main, "put the stacks that a script has copied into its lines"},
	{"head", head_main, "print the head of a stream: all about a running process"},
	{"glance", glance_main, "tell which Tokio a process has, and how busy and blocked it is"},
	{"kernel", kernel_main, "tell where the kernel keeps what the probes read"},
	{"monitor", monitor_main, NULL},
};

static void usage(FILE *out)
{
	fputs("usage: hud-postproc COMMAND [OPTION]...\n\n", out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (commands[i].description)
			fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].description);
	fputs("\nhud-postproc COMMAND --help tells more. See hud-postproc(1).\n", out);
}

/* Half of the machine's memory, at most 4 GiB: the traced process must not be killed because a recording or
 * one of its files makes this program allocate. Files that are only read do not count (setrlimit(2),
 * RLIMIT_DATA since Linux 4.7). */
static void limit_memory(void)
{
#if !defined(__SANITIZE_ADDRESS__) /* it maps terabytes */
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	rlim_t half = pages > 0 && page > 0 ? (rlim_t)pages / 2 * (rlim_t)page : MEMORY_LIMIT;
	struct rlimit limit;

	if (getrlimit(RLIMIT_DATA, &limit))
		return;
	half = half < MEMORY_LIMIT ? half : MEMORY_LIMIT;
	if (limit.rlim_cur > half) /* RLIM_INFINITY is the largest value */
		limit.rlim_cur = half;
	setrlimit(RLIMIT_DATA, &limit);
#endif
}

/* A closed standard descriptor would be reused by the next open(). Opens it the wrong way round, so that
 * using it still fails. */
static void keep_standard_files(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			_exit(1);
}

int main(int argc, char **argv)
{
	limit_memory();
	keep_standard_files();
	signal(SIGCHLD, SIG_DFL); /* if it were ignored, wait() would report no children */
	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		usage(stderr);
		return 2;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		usage(stdout);
		return 0;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("hud-postproc with elfutils %s\n", dwfl_version(NULL));
		return 0;
	}
	complain("hud-postproc: '%s' is not a command\n", argv[1]);
	usage(stderr);
	return 2;
}
