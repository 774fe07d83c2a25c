/* SPDX-License-Identifier: Apache-2.0 */
/* outpath.c - see outpath.h. */
#include "sandbox/outpath.h"

#include <errno.h>
#include <fcntl.h>
#include <libiberty/libiberty.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sandbox/reopen.h"

#define LINKS 40 /* as the kernel's MAXSYMLINKS */

static int close_with(int fd, int error)
{
	close(fd);
	errno = error;
	return -1;
}

/* The rule of /proc/sys/fs/protected_symlinks, but in every directory. */
static bool is_trusted(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

static int follow(int from, const char *path, unsigned *links);

/* Follows `link`, which was opened as `name` in `directory`, and closes it. Returns what it leads to, or
 * `link` itself if it is no link. */
static int follow_link(int directory, const char *name, int link, unsigned *links)
{
	char target[PATH_MAX];
	struct stat st;
	struct statfs fs;
	ssize_t length;

	if (fstat(link, &st) != 0)
		return close_with(link, errno);
	if (!S_ISLNK(st.st_mode))
		return link;
	if (!is_trusted(&st))
		return close_with(link, EPERM);
	if (++*links > LINKS)
		return close_with(link, ELOOP);
	/* Only the kernel makes links in /proc; they do not lead where their text says. */
	if (fstatfs(link, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC) {
		close(link);
		return openat(directory, name, O_PATH | O_CLOEXEC);
	}
	length = readlinkat(link, "", target, sizeof(target));
	if (length < 0 || length == sizeof(target))
		return close_with(link, length < 0 ? errno : ENAMETOOLONG);
	close(link);
	target[length] = '\0';
	return follow(directory, target, links);
}

/* Opens (O_PATH) what `path` leads to from the directory `from`. Returns -1 with errno set if it does not
 * exist or must not be followed. */
static int follow(int from, const char *path, unsigned *links)
{
	int at = openat(from, *path == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *copy = xstrdup(path), *rest, *name;

	for (name = strtok_r(copy, "/", &rest); name && at >= 0; name = strtok_r(NULL, "/", &rest)) {
		int next = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

		if (next >= 0)
			next = follow_link(at, name, next, links);
		int error = errno;

		close(at);
		errno = error;
		at = next;
	}
	int error = errno;

	free(copy);
	errno = error;
	return at;
}

int outpath_find(struct outpath *out, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	unsigned links = 0;

	*out = (struct outpath){.directory = -1};
	if (!*name || !strcmp(name, ".") || !strcmp(name, "..")) {
		errno = *path ? EISDIR : ENOENT;
		return -1;
	}
	char *directory = xstrndup(path, (size_t)(name - path));

	out->directory = follow(AT_FDCWD, directory, &links);
	int error = errno;

	free(directory);
	errno = error;
	if (out->directory < 0)
		return -1;
	out->name = xstrdup(name);
	return 0;
}

void outpath_free(struct outpath *out)
{
	int error = errno;

	if (out->directory >= 0)
		close(out->directory);
	free(out->name);
	*out = (struct outpath){.directory = -1};
	errno = error;
}

/* --- files that are written to in place --- */

/* The descriptor that the path names, or -1. */
static int descriptor_of(const char *path)
{
	static const char *const standard[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
	static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(standard); i++)
		if (!strcmp(path, standard[i]))
			return (int)i;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		size_t length = strlen(folders[i]);

		if (strncmp(path, folders[i], length) != 0)
			continue;
		long fd = strtol(path + length, &end, 10);

		return path[length] >= '0' && path[length] <= '9' && !*end && fd <= INT_MAX ? (int)fd : -1;
	}
	return -1;
}

bool outpath_names(const char *path, int fd)
{
	return fd >= 0 && descriptor_of(path) == fd;
}

/* The caller may have opened it for writing. */
static int duplicate(int fd, int *copy)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || (flags & O_PATH) || (flags & O_ACCMODE) == O_RDONLY) {
		errno = EBADF;
		return -1;
	}
	if (copy)
		*copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return copy && *copy < 0 ? -1 : 1;
}

/* Character devices by number (Linux, Documentation/admin-guide/devices.txt). Merely opening other devices
 * may have side effects. */
static bool is_harmless(dev_t device)
{
	static const unsigned terminals[] = {4, 5, 166, 188, 204, 229};
	unsigned number = major(device), unit = minor(device);

	for (size_t i = 0; i < ARRAY_SIZE(terminals); i++)
		if (number == terminals[i])
			return true;
	/* pseudo-terminals; null, zero and full */
	return (number >= 136 && number <= 143) || (number == 1 && (unit == 3 || unit == 5 || unit == 7));
}

/* Returns 0 if the file is written to in place, ENOENT if it is replaced, otherwise the errno that refuses
 * it. */
static int judge(const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		return ENOENT;
	case S_IFIFO:
		return is_trusted(st) ? 0 : EPERM;
	case S_IFCHR:
		return is_harmless(st->st_rdev) ? 0 : EPERM;
	case S_IFSOCK:
		return ENXIO;
	case S_IFDIR:
		return EISDIR;
	default:
		return EPERM;
	}
}

/* `fd` NULL: only checks. */
static int special(const char *path, int *fd)
{
	unsigned links = 0;
	struct stat st;
	char again[32];
	int named = descriptor_of(path), found, error;

	if (named >= 0)
		return duplicate(named, fd);
	found = *path ? follow(AT_FDCWD, path, &links) : -1;
	/* Somebody else's link to a file is replaced like a file. If it leads elsewhere by now, that changes
	 * no more than this. */
	if (found < 0 && errno == EPERM)
		errno = stat(path, &st) != 0 || S_ISREG(st.st_mode) ? ENOENT : EPERM;
	if (found < 0)
		return !*path || errno == ENOENT ? 0 : -1;
	error = fstat(found, &st) == 0 ? judge(&st) : errno;
	/* Opens the file that was judged; its name may lead to another one by now. */
	if (!error && fd) {
		*fd = reopen(found, O_WRONLY);
		error = *fd < 0 ? errno : 0;
	} else if (!error) {
		snprintf(again, sizeof(again), "/proc/self/fd/%d", found);
		error = access(again, W_OK) ? errno : 0;
	}
	close(found);
	errno = error;
	return !error ? 1 : error == ENOENT ? 0 : -1;
}

int outpath_special(const char *path, int *fd)
{
	return special(path, fd);
}

int outpath_check(const char *path)
{
	return special(path, NULL);
}
