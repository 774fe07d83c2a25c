#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int output_open(struct output *output, const char *path)
{
	struct stat old;
	int fd;

	*output = (struct output){.file = stdout};
	if (!path || !strcmp(path, "-"))
		return 0;
	/* A device or a pipe has no whole and no half. */
	if (stat(path, &old) == 0 && !S_ISREG(old.st_mode)) {
		output->file = fopen(path, "we");
		output->path = output->file ? xstrdup(path) : NULL;
		return output->file ? 0 : -1;
	}
	output->beside = concat(path, ".XXXXXX", NULL);
	fd = mkostemp(output->beside, O_CLOEXEC);
	output->file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (output->file) {
		output->path = xstrdup(path);
		return 0;
	}
	int error = errno;

	if (fd >= 0) {
		close(fd);
		unlink(output->beside);
	}
	free(output->beside);
	errno = error;
	return -1;
}

int output_check(const char *path)
{
	struct output output;
	struct stat old;

	if (path && strcmp(path, "-") != 0 && stat(path, &old) == 0 && !S_ISREG(old.st_mode)) {
		errno = EISDIR;
		return S_ISDIR(old.st_mode) ? -1 : access(path, W_OK);
	}
	if (output_open(&output, path) != 0)
		return -1;
	output_close(&output, false);
	return 0;
}

/* The id in an environment variable of sudo's; -1 if there is none. */
static long sudo_id(const char *name)
{
	const char *text = geteuid() == 0 ? getenv(name) : NULL;
	char *end;
	long id = text ? strtol(text, &end, 10) : -1;

	return text && *text && !*end && id >= 0 ? id : -1;
}

int output_give(int fd)
{
	long uid = sudo_id("SUDO_UID"), gid = sudo_id("SUDO_GID");

	return uid >= 0 ? fchown(fd, (uid_t)uid, (gid_t)gid) : 0;
}

/* What mkstemp() left out: the mode that a new file has, and its owner. */
static int give_away(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	return fchmod(fd, 0666 & ~mask) != 0 ? -1 : output_give(fd);
}

int output_close(struct output *output, bool whole)
{
	int error = 0;

	if (fflush(output->file) != 0 || ferror(output->file))
		error = errno ? errno : EIO;
	if (output->beside && whole && !error &&
	    (give_away(fileno(output->file)) != 0 || fsync(fileno(output->file)) != 0))
		error = errno;
	if (output->file != stdout && fclose(output->file) != 0 && !error)
		error = errno;
	if (output->beside) {
		if (whole && !error && rename(output->beside, output->path) != 0)
			error = errno;
		if (!whole || error)
			unlink(output->beside);
	}
	free(output->beside);
	free(output->path);
	*output = (struct output){0};
	errno = error;
	return error ? -1 : 0;
}
