/* SPDX-License-Identifier: Apache-2.0 */
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
#include <sys/random.h>
#include <unistd.h>

#include "base/escape.h"
#include "sandbox/confine.h"
#include "sandbox/helper.h"
#include "sandbox/outpath.h"

/* A file. In the process that opens it, also its directory and the name of its unfinished version; NULL if
 * there is none. */
struct named {
	char *path, *beside;
	struct outpath out;
	const char *ending; /* of an offered file, whose path is the stem */
	bool is_private;    /* such a file that nobody else may read */
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

const char *userfiles_error(int error)
{
	const char *sudo = getenv("SUDO_UID");

	if (error == ECONNRESET)
		return "the process that creates files has ended";
	return error == EACCES && sudo && strtoul(sudo, NULL, 10) != 0
		       ? "Permission denied, to the user that called sudo (in a root's shell: unset SUDO_UID)"
		       : strerror(error);
}

/* Creates a file in the directory, with the usual mode. Its name is the end of `name`; letters in it are
 * replaced until it is free. Returns -1 with errno set. */
static int create_beside(int directory, char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	char *end = name + strlen(name), random[6];
	int fd = -1;

	for (int tries = 0; tries < 100; tries++) {
		if (getrandom(random, sizeof(random), 0) != sizeof(random))
			return -1;
		for (size_t i = 0; i < sizeof(random); i++)
			end[-1 - (int)i] = letters[(unsigned char)random[i] % (sizeof(letters) - 1)];
		fd = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	return fd;
}

/* Finishes a new file: gives it its name, or removes it. Returns 0, or -1 with errno set and the file
 * removed. */
static int finish(struct named *file, bool whole)
{
	int error = 0;

	if (!file->beside)
		return 0;
	if (whole && renameat(file->out.directory, file->beside, file->out.directory, file->out.name) != 0)
		error = errno;
	if (!whole || error)
		unlinkat(file->out.directory, file->beside, 0);
	free(file->beside);
	file->beside = NULL;
	outpath_free(&file->out);
	errno = error;
	return error ? -1 : 0;
}

static int create(struct named *file)
{
	int fd, special = outpath_special(file->path, &fd);

	if (special)
		return special < 0 ? -1 : fd;
	finish(file, false); /* it was named twice */
	if (outpath_find(&file->out, file->path))
		return -1;
	file->beside = concat(file->out.name, ".XXXXXX", NULL);
	fd = create_beside(file->out.directory, file->beside);
	if (fd < 0) {
		free(file->beside);
		file->beside = NULL;
		outpath_free(&file->out);
	}
	return fd;
}

static int create_new(const struct named *file, unsigned number)
{
	char *path = text_format("%s-%u.%s", file->path, number, file->ending);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		      file->is_private ? 0600 : 0666),
	    error = errno;

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

static int prepare(void *context)
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

/* No half file stays, even if the process that asks was killed. */
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

void userfiles_offer_private(const char *stem, const char *ending)
{
	userfiles_offer(stem, ending);
	find(stem, ending)->is_private = true;
}

static bool keeps(void *context, int fd)
{
	(void)context;
	for (size_t i = 0; i < count; i++)
		if (outpath_names(named[i].path, fd))
			return true;
	return false;
}

int userfiles_start(void)
{
	if (!count)
		return 0;
	helper = helper_start(&(struct helper_duty){.name = "hud-files",
						    .threads = 1,
						    .keeps = keeps,
						    .prepare = prepare,
						    .serve = serve,
						    .end = end});
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
