/* SPDX-License-Identifier: Apache-2.0 */
/* process.c - see process.h. */
#include "base/process.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int process_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0); /* glibc has a wrapper since 2.36 */
}

bool process_ends(int pidfd, int ms)
{
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};

	return poll(&ended, 1, ms) != 0;
}

size_t process_read(pid_t pid, const char *name, char *text, size_t size)
{
	char path[320];

	text[0] = '\0';
	if ((size_t)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name) >= sizeof(path))
		return 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	ssize_t length = read(fd, text, size - 1);

	close(fd);
	text[length > 0 ? length : 0] = '\0';
	return length > 0 ? (size_t)length : 0;
}

bool process_stat(pid_t pid, pid_t tid, struct process_stat *stat)
{
	char name[32] = "stat", text[1024];
	uint64_t user, system;

	if (tid)
		snprintf(name, sizeof(name), "task/%d/stat", (int)tid);
	process_read(pid, name, text, sizeof(text));
	/* The command name may hold anything, even a parenthesis. */
	const char *end = strrchr(text, ')');

	if (!end || sscanf(end + 1,
			   " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
			   " %*d %*d %*d %*d %*d %*d "
			   "%" SCNu64 " %*u %*d %*u %*u %*u %" SCNu64,
			   &stat->state, &user, &system, &stat->start, &stat->stack) != 5)
		return false;
	stat->cpu = (user + system) * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK));
	return true;
}
