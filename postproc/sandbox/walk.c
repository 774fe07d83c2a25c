/* SPDX-License-Identifier: Apache-2.0 */
/* walk.c - see walk.h. */
#include "sandbox/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <libiberty/libiberty.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sandbox/answering.h"

#define LINKS 40 /* as the kernel's MAXSYMLINKS */
#define DEPTH 256

/* The open directories from the root to the current one. ".." goes back to the one before, even if that has
 * been moved. */
struct way {
	int fd[DEPTH];
	size_t depth;
	bool own_root;	 /* the kernel resolves ".." above the first */
	unsigned links;	 /* links that may still be followed */
	char *rest, *at; /* what is left of the path */
};

static void go_back(struct way *w, size_t depth)
{
	while (w->depth > depth)
		close(w->fd[--w->depth]);
}

/* Enters `fd`, if it is valid. Returns 0 or an errno. */
static int go_to(struct way *w, int fd)
{
	if (fd < 0)
		return errno;
	if (w->depth == DEPTH) {
		close(fd);
		return ENAMETOOLONG;
	}
	w->fd[w->depth++] = fd;
	return 0;
}

static int go_up(struct way *w)
{
	if (w->own_root)
		return go_to(w, openat(w->fd[w->depth - 1], "..", O_PATH | O_NOFOLLOW | O_CLOEXEC));
	go_back(w, w->depth > 1 ? w->depth - 1 : 1);
	return 0;
}

/* Puts the link's text before the rest of the path. Returns 0 or an errno. */
static int follow(struct way *w, int link)
{
	char target[PATH_MAX];
	struct statfs fs;
	ssize_t length;

	if (!w->links || fstatfs(link, &fs) != 0 || fs.f_type == PROC_SUPER_MAGIC)
		return ELOOP;
	w->links--;
	length = readlinkat(link, "", target, sizeof(target));
	if (length < 0 || length == sizeof(target))
		return length < 0 ? errno : ENAMETOOLONG;
	target[length] = '\0';
	char *rest = concat(target, "/", w->at, NULL);

	free(w->rest);
	w->rest = w->at = rest;
	if (*target != '/')
		return 0;
	if (!w->own_root) {
		go_back(w, 1);
		return 0;
	}
	return go_to(w, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static int open_name(struct way *w, const char *name)
{
	/* What it is was told as it was found: its file system, which may be another one, is not asked again. */
	int fd = openat(w->fd[w->depth - 1], name, O_PATH | O_NOFOLLOW | O_CLOEXEC), error;
	struct statx st;

	if (fd < 0)
		return errno;
	error = statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) == 0 ? 0 : errno;
	if (!error && !S_ISLNK(st.stx_mode))
		return go_to(w, fd);
	if (!error)
		error = follow(w, fd);
	close(fd);
	return error;
}

static int go_into(struct way *w, const char *name)
{
	int noted = answering_begin(w->fd[w->depth - 1]), error;

	if (noted < 0)
		return errno;
	error = open_name(w, name);
	answering_end(noted);
	return error;
}

/* Goes the whole way. Returns 0 or an errno. */
static int go(struct way *w)
{
	const char *name;
	int error = 0;

	while (!error && (name = strtok_r(NULL, "/", &w->at)))
		if (!strcmp(name, ".."))
			error = go_up(w);
		else if (strcmp(name, ".") != 0)
			error = go_into(w, name);
	return error;
}

static int walk_from(int start, const char *path, bool own_root, enum walk_links links)
{
	struct way *w = xcalloc(1, sizeof(*w));
	int error, fd = -1;

	w->own_root = own_root;
	w->links = links == WALK_LINKS ? LINKS : 0;
	w->rest = w->at = xstrdup(path);
	error = go_to(w, start);
	if (!error)
		error = go(w);
	if (!error)
		fd = w->fd[--w->depth];
	go_back(w, 0);
	free(w->rest);
	free(w);
	errno = error;
	return fd;
}

int walk_in_root(int root, const char *path, enum walk_links links)
{
	return walk_from(fcntl(root, F_DUPFD_CLOEXEC, 3), path, false, links);
}

int walk(const char *path)
{
	if (!*path) {
		errno = ENOENT;
		return -1;
	}
	return walk_from(open(*path == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC), path, true,
			 WALK_LINKS);
}
