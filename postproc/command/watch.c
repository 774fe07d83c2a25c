/* watch.c - hud-postproc watch: waits until a process has ended or runs another program; or until whoever reads the output
 * has gone. */
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "command/command.h"
#include "sandbox/confine.h"

#define LOOK_MS 250 /* nobody tells of an exec */

static const char usage[] =
	"usage: hud-postproc watch PID START STACK\n"
	"\n"
	"Ends when process PID has ended or runs another program, or when nobody reads standard output\n"
	"any more; at once if it is not the program that was meant: START and STACK are fields 22 and 28\n"
	"of /proc/PID/stat, when the process started and where the program's stack begins.\n";

/* Does the program whose /proc/PID/maps was opened still run? Of one that has gone the kernel shows no mappings (m_start of
 * fs/proc/task_mmu.c), although the process may be there. */
static bool still_runs(int maps)
{
	char byte;

	return pread(maps, &byte, 1, 0) == 1;
}

int watch_main(int argc, char **argv)
{
	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return fputs(usage, stdout) < 0;
	if (argc != 4) {
		fputs(usage, stderr);
		return 2;
	}
	pid_t pid = command_pid("watch", "PID", argv[1]);
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	int fd = process_open(pid), maps = open(path, O_RDONLY | O_CLOEXEC);
	struct process_stat program;

	/* What has the id now keeps it as long as it is the same one. */
	if (fd < 0 || maps < 0 || !process_stat(pid, 0, &program) ||
	    program.start != strtoull(argv[2], NULL, 10) || program.stack != strtoull(argv[3], NULL, 10))
		return 0;
	if (confine_to_nobody() || confine_main())
		return 1;
	/* Of a pipe without a reader, and of a terminal that is gone, it is said without asking. */
	struct pollfd ends[] = {{.fd = fd, .events = POLLIN}, {.fd = STDOUT_FILENO}};

	while (poll(ends, 2, LOOK_MS) <= 0 && still_runs(maps))
		;
	return 0;
}
