/* watch-command.c - hud-postproc watch: waits until a process has ended, and takes no other one for it; or until whoever reads
 * the output has. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "command.h"
#include "confine.h"

static const char usage[] =
	"usage: hud-postproc watch PID START\n"
	"\n"
	"Ends when process PID has ended, at once if it is none that started at START: field 22 of\n"
	"/proc/PID/stat (ids are used again); or when nobody reads standard output any more.\n";

/* When the process started, in ticks since boot; 0 if there is none. */
static unsigned long long start_of(pid_t pid)
{
	char path[32], text[1024] = "";
	unsigned long long start;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *in = fopen(path, "re");

	if (!in)
		return 0;
	text[fread(text, 1, sizeof(text) - 1, in)] = 0;
	fclose(in);
	/* Its name may hold anything. */
	const char *end = strrchr(text, ')');

	return end && sscanf(end + 1,
			     " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
			     "%llu",
			     &start) == 1
		       ? start
		       : 0;
}

int watch_main(int argc, char **argv)
{
	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return fputs(usage, stdout) < 0;
	if (argc != 3) {
		fputs(usage, stderr);
		return 2;
	}
	pid_t pid = (pid_t)command_number("watch", "PID", argv[1], 1, 4194304);
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	/* What has the id now keeps it as long as it is the same one. */
	if (fd < 0 || start_of(pid) != strtoull(argv[2], NULL, 10))
		return 0;
	if (confine_to_nobody() || confine_main())
		return 1;
	/* Of a pipe without a reader, and of a terminal that is gone, it is said without asking. */
	struct pollfd ends[] = {{.fd = fd, .events = POLLIN}, {.fd = STDOUT_FILENO}};

	while (poll(ends, 2, -1) <= 0)
		;
	return 0;
}
