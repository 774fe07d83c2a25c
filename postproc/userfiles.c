/* userfiles.c - see userfiles.h. */
#include "userfiles.h"

#include <errno.h>
#include <fcntl.h>
#include <libiberty/libiberty.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "confine.h"
#include "helper.h"

/* A file and, in the process that opens it, the name of what is not whole yet; NULL if there is none. */
struct named {
	char *path, *beside;
};

static struct named *named;
static size_t count;
static struct helper *helper;

enum operation { READ, CREATE, PLACE, DISCARD };

struct order {
	enum operation operation;
	size_t file;
};

int userfile_special(const char *path, struct stat *st)
{
	struct stat link;
	bool others;

	if (stat(path, st) != 0 || S_ISREG(st->st_mode))
		return 0;
	/* As /proc/sys/fs/protected_symlinks has it, but in every directory: what somebody else has put there leads to a file of
	 * theirs, or to one that they could not write to. */
	others = lstat(path, &link) == 0 && S_ISLNK(link.st_mode) && link.st_uid != 0 &&
		 link.st_uid != geteuid();
	others |= S_ISFIFO(st->st_mode) && st->st_uid != 0 && st->st_uid != geteuid();
	errno = EPERM;
	return others ? -1 : 1;
}

const char *userfiles_error(int error)
{
	const char *sudo = getenv("SUDO_UID");

	return error == EACCES && sudo && strtoul(sudo, NULL, 10) != 0
		       ? "Permission denied, to the user that called sudo (in a root's shell: unset SUDO_UID)"
		       : strerror(error);
}

static int create(struct named *file)
{
	struct stat old;
	int special = userfile_special(file->path, &old);
	mode_t mask;

	if (special < 0)
		return -1;
	/* A device or a pipe has no whole and no half. */
	if (special)
		return open(file->path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY);
	free(file->beside);
	file->beside = concat(file->path, ".XXXXXX", NULL);
	int fd = mkostemp(file->beside, O_CLOEXEC), error;

	mask = umask(0);
	umask(mask);
	/* What mkstemp() left out: the mode that a new file has. */
	if (fd >= 0 && fchmod(fd, 0666 & ~mask) == 0)
		return fd;
	error = errno;
	if (fd >= 0) {
		close(fd);
		unlink(file->beside);
	}
	free(file->beside);
	file->beside = NULL;
	errno = error;
	return -1;
}

/* Ends what create() began: 0, or -1 with errno set and nothing left. */
static int finish(struct named *file, bool whole)
{
	int error = 0;

	if (!file->beside)
		return 0;
	if (whole && rename(file->beside, file->path) != 0)
		error = errno;
	if (!whole || error)
		unlink(file->beside);
	free(file->beside);
	file->beside = NULL;
	errno = error;
	return error ? -1 : 0;
}

static int carry_out(enum operation operation, struct named *file)
{
	switch (operation) {
	case READ:
		return open(file->path, O_RDONLY | O_CLOEXEC);
	case CREATE:
		return create(file);
	case PLACE:
		return finish(file, true);
	case DISCARD:
		return finish(file, false);
	}
	errno = EINVAL;
	return -1;
}

static int settle(void *context)
{
	(void)context;
	return confine_to_user() || confine_files() ? -1 : 0;
}

static int serve(void *context, const void *request, size_t size, int *fd)
{
	struct order order;

	(void)context;
	if (size != sizeof(order))
		return EINVAL;
	memcpy(&order, request, sizeof(order));
	if (order.file >= count)
		return EINVAL;
	int result = carry_out(order.operation, &named[order.file]);

	if (order.operation == READ || order.operation == CREATE)
		*fd = result;
	return result < 0 ? errno : 0;
}

/* Also when the process that asks was killed, nothing half stays. */
static void end(void *context)
{
	(void)context;
	for (size_t i = 0; i < count; i++)
		finish(&named[i], false);
}

static struct named *find(const char *path)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(named[i].path, path))
			return &named[i];
	return NULL;
}

static struct named *add(const char *path)
{
	named = xrealloc(named, (count + 1) * sizeof(*named));
	named[count] = (struct named){.path = xstrdup(path)};
	return &named[count++];
}

void userfiles_name(const char *path)
{
	if (path && strcmp(path, "-") != 0 && !find(path))
		add(path);
}

int userfiles_start(void)
{
	if (!count)
		return 0;
	/* A name may be one of /dev/fd. */
	helper = helper_start(&(struct helper_duty){
		.name = "hud-files", .keeps_files = true, .settle = settle, .serve = serve, .end = end});
	if (!helper)
		perror("hud-postproc: cannot start a process");
	return helper ? 0 : -1;
}

void userfiles_end(void)
{
	helper_end(helper);
	helper = NULL;
	for (size_t i = 0; i < count; i++) {
		finish(&named[i], false);
		free(named[i].path);
	}
	free(named);
	named = NULL;
	count = 0;
}

static int order(enum operation operation, const char *path)
{
	struct named *file = find(path);
	int fd, error;

	if (!helper)
		return carry_out(operation, file ? file : add(path));
	if (!file) {
		errno = EPERM;
		return -1;
	}
	struct order order = {operation, (size_t)(file - named)};

	error = helper_ask(helper, &order, sizeof(order), &fd);
	errno = error;
	return error ? -1 : operation == READ || operation == CREATE ? fd : 0;
}

int userfile_read(const char *path)
{
	return order(READ, path);
}

int userfile_create(const char *path)
{
	return order(CREATE, path);
}

int userfile_place(const char *path)
{
	return order(PLACE, path);
}

int userfile_discard(const char *path)
{
	return order(DISCARD, path);
}
