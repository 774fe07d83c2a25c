/* SPDX-License-Identifier: Apache-2.0 */
/* memory-file.c - see memory-file.h. */
#include "serve/memory-file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

FILE *memory_file_begin(const char *name, int *fd)
{
	*fd = memfd_create(name, MFD_CLOEXEC);
	int copy = *fd < 0 ? -1 : fcntl(*fd, F_DUPFD_CLOEXEC, 3);
	FILE *file = copy < 0 ? NULL : fdopen(copy, "w");

	if (!file && copy >= 0)
		close(copy);
	if (!file && *fd >= 0)
		close(*fd);
	*fd = file ? *fd : -1;
	return file;
}

int memory_file_end(FILE *file, int fd, bool failed)
{
	if (file && !fclose(file) && !failed)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

char *memory_file_read(int fd, size_t most, size_t *size)
{
	struct stat stat;

	if (fstat(fd, &stat) || stat.st_size <= 0 || (size_t)stat.st_size > most)
		return NULL;
	*size = (size_t)stat.st_size;
	char *bytes = malloc(*size);

	if (bytes && pread(fd, bytes, *size, 0) == (ssize_t)*size)
		return bytes;
	free(bytes);
	return NULL;
}
