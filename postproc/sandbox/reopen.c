/* SPDX-License-Identifier: Apache-2.0 */
/* reopen.c - see reopen.h. */
#include "sandbox/reopen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int reopen(int place, int flags)
{
	char name[48];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", place);
	return open(name, flags | O_CLOEXEC | O_NOCTTY);
}

int reopen_regular(const char *path, long most)
{
	int place = open(path, O_PATH | O_CLOEXEC), fd = -1, error;
	struct stat st;

	if (place < 0)
		return -1;
	errno = EINVAL;
	if (fstat(place, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= most)
		fd = reopen(place, O_RDONLY | O_NONBLOCK);
	error = errno;
	close(place);
	errno = error;
	return fd;
}
