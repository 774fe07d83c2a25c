/* SPDX-License-Identifier: Apache-2.0 */
/* outpath.h - finds the directory for a new file without following what others have put there, and holds it
 * open.
 *
 * Whoever may write to a directory on the way can replace its entries at any moment. So no path is checked
 * first and opened later: each component is opened once (O_PATH), checked by its descriptor, and used by it.
 */
#ifndef HUD_OUTPATH_H
#define HUD_OUTPATH_H

#include <stdbool.h>

/* A name in an open directory. */
struct outpath {
	int directory; /* O_PATH; -1: none */
	char *name;
};

/* Finds the directory of the last component of `path`. Follows links on the way only if they belong to root
 * or the caller. Returns 0; or -1 with errno set: EPERM for somebody else's link, EISDIR if the path names a
 * directory. */
int outpath_find(struct outpath *out, const char *path);

/* Frees what outpath_find() filled in. */
void outpath_free(struct outpath *out);

/* Opens `path` for writing if it is written to in place: a terminal, /dev/null and the like, a FIFO of root
 * or the caller, or a descriptor that the caller passed (/dev/fd/N; it is duplicated). Returns 1 with *fd
 * set, for the caller to close; 0 for a regular file or a free name, which can be replaced; -1 with errno
 * set: EPERM for other devices, and for somebody else's FIFO or link; ENXIO for a socket; EISDIR. */
int outpath_special(const char *path, int *fd);

/* The same check without opening: also returns -1 if the file could not be written to. */
int outpath_check(const char *path);

/* Does `path` name descriptor `fd` of this process, as process substitution and links in /dev do? */
bool outpath_names(const char *path, int fd);

#endif
