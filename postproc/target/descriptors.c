/* SPDX-License-Identifier: Apache-2.0 */
/* descriptors.c - see descriptors.h. */
#include "target/descriptors.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Is this link's target only a kind, not a name? */
static bool is_kind(DIR *directory, const char *name, const char *kind)
{
	char target[64];
	ssize_t length = readlinkat(dirfd(directory), name, target, sizeof(target) - 1);

	if (length < 0)
		return false;
	target[length] = '\0';
	return !strncmp(target, "anon_inode:", 11) && !strcmp(target + 11, kind);
}

int descriptors_visit(int pidfd, pid_t pid, const char *kind, bool (*visit)(int fd, void *data, bool *done),
		      void *data)
{
	char path[32];
	const struct dirent *entry;
	bool done = false;
	int refused = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *directory = opendir(path);

	while (!done && directory && (entry = readdir(directory))) {
		if (!is_kind(directory, entry->d_name, kind))
			continue;
		int fd = (int)syscall(SYS_pidfd_getfd, pidfd, atoi(entry->d_name), 0);

		if (fd < 0) {
			/* EBADF: it was closed just now */
			refused = errno != EBADF ? errno : refused;
			continue;
		}
		if (!visit(fd, data, &done))
			close(fd);
	}
	if (directory)
		closedir(directory);
	return refused;
}
