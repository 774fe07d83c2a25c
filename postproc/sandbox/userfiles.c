/* userfiles.c - see userfiles.h. */
#include "sandbox/userfiles.h"

#include <errno.h>
#include <fcntl.h>
#include <libiberty/libiberty.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "sandbox/confine.h"
#include "sandbox/helper.h"

/* A file and, in the process that opens it, the name of what is not whole yet; NULL if there is none. */
struct named {
	char *path, *beside;
	const char *ending; /* of what is offered; the path is its stem */
};

static struct named *named;
static size_t count;
static struct helper *helper;

enum operation { READ, CREATE, PLACE, DISCARD, NEW };

struct order {
	enum operation operation;
	unsigned number;
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

static int create_new(const struct named *file, unsigned number)
{
	char *path = text_format("%s-%u.%s", file->path, number, file->ending);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666), error = errno;

	free(path);
	errno = error;
	return fd;
}

static int carry_out(enum operation operation, struct named *file, unsigned number)
{
	if ((operation == NEW) != (file->ending != NULL)) {
		errno = EPERM;
		return -1;
	}
	switch (operation) {
	case NEW:
		return create_new(file, number);
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

static bool opens(enum operation operation)
{
	return operation == READ || operation == CREATE || operation == NEW;
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
	int result = carry_out(order.operation, &named[order.file], order.number);

	if (opens(order.operation))
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

static struct named *find(const char *path, const char *ending)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(named[i].path, path) && named[i].ending == ending)
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
	if (path && strcmp(path, "-") != 0 && !find(path, NULL))
		add(path);
}

void userfiles_offer(const char *stem, const char *ending)
{
	if (!find(stem, ending))
		add(stem)->ending = ending;
}

/* A name may be that of a descriptor, as process substitution makes it, or of what /dev links to one. */
static bool names(const char *path, int fd)
{
	static const char *const standard[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
	static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
	char *end;

	if (fd < 3 && !strcmp(path, standard[fd]))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		size_t length = strlen(folders[i]);

		if (!strncmp(path, folders[i], length))
			return strtol(path + length, &end, 10) == fd && end > path + length && !*end;
	}
	return false;
}

static bool keeps(void *context, int fd)
{
	(void)context;
	for (size_t i = 0; i < count; i++)
		if (names(named[i].path, fd))
			return true;
	return false;
}

int userfiles_start(void)
{
	if (!count)
		return 0;
	helper = helper_start(&(struct helper_duty){
		.name = "hud-files", .keeps = keeps, .settle = settle, .serve = serve, .end = end});
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

static int order(enum operation operation, const char *path, const char *ending, unsigned number)
{
	struct named *file = find(path, ending);
	int fd, error;

	if (!helper) {
		file = file ? file : add(path);
		file->ending = ending;
		return carry_out(operation, file, number);
	}
	if (!file) {
		errno = EPERM;
		return -1;
	}
	struct order order = {operation, number, (size_t)(file - named)};

	error = helper_ask(helper, &order, sizeof(order), &fd);
	errno = error;
	return error ? -1 : opens(operation) ? fd : 0;
}

int userfile_read(const char *path)
{
	return order(READ, path, NULL, 0);
}

int userfile_create(const char *path)
{
	return order(CREATE, path, NULL, 0);
}

int userfile_place(const char *path)
{
	return order(PLACE, path, NULL, 0);
}

int userfile_discard(const char *path)
{
	return order(DISCARD, path, NULL, 0);
}

int userfile_new(const char *stem, const char *ending, unsigned number)
{
	return order(NEW, stem, ending, number);
}
