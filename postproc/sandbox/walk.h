/* walk.h - from a path to the file, one name after the other, without what a filter cannot see.
 *
 * openat2(2) could do the same, but how it opens is in memory, where no seccomp filter looks: a process that may call it may make files.
 */
#ifndef HUD_SANDBOX_WALK_H
#define HUD_SANDBOX_WALK_H

enum walk_links { WALK_NO_LINKS, WALK_LINKS };

/* Opens `path`, O_PATH and close-on-exec, as a process whose root is the directory `root` would: no link or ".." leads out of that.
 * Returns -1 with errno set: ELOOP for links where there are to be none, too many, and those of /proc, which lead where their text does
 * not. */
int walk_in_root(int root, const char *path, enum walk_links links);

/* The same from this process's own root or, if `path` is relative, from its working directory. */
int walk(const char *path);

#endif
