/* SPDX-License-Identifier: Apache-2.0 */
/* walk.h - walks from a path to its file, component by component, with system calls that a seccomp filter can
 * check.
 *
 * openat2(2) could do this, but its flags are in memory, which no filter can read: a process that may call it
 * may create files.
 */
#ifndef HUD_SANDBOX_WALK_H
#define HUD_SANDBOX_WALK_H

enum walk_links { WALK_NO_LINKS, WALK_LINKS };

/* Opens `path` (O_PATH, close-on-exec) as a process whose root is the directory `root` would: no link and no
 * ".." leads out of it. Returns -1 with errno set: ELOOP for a link where none is allowed, for too many, and
 * for those in /proc, which do not lead where their text says. */
int walk_in_root(int root, const char *path, enum walk_links links);

/* The same from this process's own root or, if `path` is relative, its working directory. */
int walk(const char *path);

#endif
