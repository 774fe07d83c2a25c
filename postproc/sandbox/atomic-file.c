/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/atomic-file.h"

#include <errno.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/outpath.h"
#include "sandbox/userfiles.h"

int output_open(struct output *output, const char *path)
{
	*output = (struct output){.file = stdout};
	if (!path || !strcmp(path, "-"))
		return 0;
	int fd = userfile_create(path);

	if (fd < 0)
		return -1;
	output->file = fdopen(fd, "w");
	if (!output->file)
		xmalloc_failed(0);
	output->path = xstrdup(path);
	return 0;
}

int output_check(const char *path)
{
	struct output output;
	int special = path && strcmp(path, "-") != 0 ? outpath_check(path) : 0;

	if (special)
		return special < 0 ? -1 : 0;
	if (output_open(&output, path) != 0)
		return -1;
	output_close(&output, false);
	return 0;
}

int output_close(struct output *output, bool whole)
{
	int error = whole ? 0 : errno;
	struct stat st;

	if ((fflush(output->file) != 0 || ferror(output->file)) && !error)
		error = errno ? errno : EIO;
	if (output->path && whole && !error && fstat(fileno(output->file), &st) == 0 && S_ISREG(st.st_mode) &&
	    fsync(fileno(output->file)) != 0)
		error = errno;
	if (output->file != stdout && fclose(output->file) != 0 && !error)
		error = errno;
	if (output->path && (whole && !error ? userfile_place : userfile_discard)(output->path) != 0 &&
	    !error)
		error = errno;
	free(output->path);
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak" /* standard output stays open */
#endif
	*output = (struct output){0};
	errno = error;
	return whole && !error ? 0 : -1;
}
