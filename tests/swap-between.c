/* SPDX-License-Identifier: Apache-2.0 */
/* swap-between.c - runs a command, and exchanges two files just before its Nth call that examines, opens,
 * renames or removes a file.
 *
 *     swap-between N NAME OTHER COMMAND...
 *
 * (Only if both exist then.) Calls count from the first whose path contains NAME's last component. The
 * exchange happens exactly between two calls, however busy the machine is: the kernel holds each call until
 * this program lets it go on (seccomp_unotify(2)). Prints how many calls there were.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* The calls, and which of their arguments is a path. */
static const struct call {
	const char *name;
	int path;
} calls[] = {
	{"open", 0},	 {"openat", 1},	    {"openat2", 1},    {"creat", 0},	  {"stat", 0},
	{"lstat", 0},	 {"statx", 1},	    {"access", 0},     {"newfstatat", 1}, {"faccessat", 1},
	{"readlink", 0}, {"readlinkat", 1}, {"rename", 0},     {"renameat", 1},	  {"renameat2", 1},
	{"unlink", 0},	 {"unlinkat", 1},   {"faccessat2", 1}, {"fstat", -1},	  {"fstatfs", -1},
	{"flock", -1},	 {"fchmod", -1},
};

#define CALLS (sizeof(calls) / sizeof(*calls))

/* Keeps its descriptor of the listener until the parent has one, too. */
static void become(int ready, int taken, char **command)
{
	char byte;
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	for (size_t i = 0; i < CALLS; i++) {
		int number = seccomp_syscall_resolve_name(calls[i].name);

		if (number >= 0)
			seccomp_rule_add(filter, SCMP_ACT_NOTIFY, number, 0);
	}
	if (seccomp_load(filter))
		err(99, "seccomp_load");
	int fd = seccomp_notify_fd(filter);

	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (write(ready, &fd, sizeof(fd)) != sizeof(fd))
		err(99, "write");
	if (read(taken, &byte, 1) != 0)
		err(99, "read");
	execvp(command[0], command);
	err(99, "%s", command[0]);
}

/* Does the path of the call contain `name`? */
static bool mentions(const struct seccomp_notif *request, const char *name)
{
	char path[4096] = "";

	for (size_t i = 0; i < CALLS; i++) {
		if (calls[i].path < 0 || request->data.nr != seccomp_syscall_resolve_name(calls[i].name))
			continue;
		uint64_t from = request->data.args[calls[i].path];
		/* Reads to the end of the page: the next page may not exist. */
		struct iovec to = {path, sizeof(path) - from % sizeof(path)},
			     remote = {(void *)from, to.iov_len};

		if (process_vm_readv((pid_t)request->pid, &to, 1, &remote, 1, 0) > 0) {
			path[sizeof(path) - 1] = '\0';
			return strstr(path, name);
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	int ready[2], taken[2], fd;

	if (argc < 5 || pipe2(ready, O_CLOEXEC) || pipe2(taken, O_CLOEXEC))
		errx(99, "usage: swap-between N NAME OTHER COMMAND...");
	long when = strtol(argv[1], NULL, 10), count = 0;
	const char *slash = strrchr(argv[2], '/'), *name = slash ? slash + 1 : argv[2];
	pid_t pid = fork();

	if (pid == 0) {
		close(taken[1]);
		become(ready[1], taken[0], argv + 4);
	}
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (pidfd < 0 || read(ready[0], &fd, sizeof(fd)) != sizeof(fd))
		err(99, "fork");
	int listener = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	struct seccomp_notif *request;
	struct seccomp_notif_resp *response;

	if (listener < 0 || seccomp_notify_alloc(&request, &response))
		err(99, "pidfd_getfd");
	close(taken[1]);
	for (;;) {
		struct pollfd wait = {listener, POLLIN, 0};

		if (poll(&wait, 1, -1) < 0 && errno == EINTR)
			continue;
		if (!(wait.revents & POLLIN))
			break;
		memset(request, 0, sizeof(*request));
		if (seccomp_notify_receive(listener, request))
			continue;
		if ((count || mentions(request, name)) && ++count == when &&
		    syscall(SYS_renameat2, AT_FDCWD, argv[2], AT_FDCWD, argv[3], 2 /* RENAME_EXCHANGE */) &&
		    errno != ENOENT)
			err(99, "%s", argv[3]);
		*response = (struct seccomp_notif_resp){.id = request->id,
							.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
		seccomp_notify_respond(listener, response);
	}
	waitpid(pid, NULL, 0);
	printf("%ld\n", count);
	return 0;
}
