/* outpath.h - where a file is to be made: found without following what somebody else has put there, and then held.
 *
 * Whoever may write to a directory on the way can exchange what stands there at any moment. So no path is looked at and then opened: each
 * component is opened once (O_PATH), judged by its descriptor, and used by that.
 */
#ifndef HUD_OUTPATH_H
#define HUD_OUTPATH_H

#include <stdbool.h>

/* A name in a directory that is held open. */
struct outpath {
	int directory; /* O_PATH; -1: none */
	char *name;
};

/* Finds the directory in which the last component of `path` stands. Links on the way are followed if they are root's or the caller's.
 * Returns 0; or -1 with errno set: EPERM for somebody else's link, EISDIR if the path names a directory. */
int outpath_find(struct outpath *out, const char *path);

/* The same, of what was found before. */
void outpath_free(struct outpath *out);

/* Opens for writing what stands at `path`, if that is written to as it is: a terminal, /dev/null and the like, a FIFO of root's or the
 * caller's, and a descriptor that the caller passed and the path names (/dev/fd/N), of which it becomes a duplicate.
 * Returns 1 with *fd set, the caller's to close; 0 if it is a regular file, or nothing, whose name is free to be replaced; -1 with errno
 * set: EPERM for other devices, and for somebody else's FIFO or link; ENXIO for a socket; EISDIR. */
int outpath_special(const char *path, int *fd);

/* The same, but opens nothing: -1 also if it could not be written to. */
int outpath_check(const char *path);

/* Does `path` name the descriptor `fd` of this process, as process substitution does, or what /dev links to one? */
bool outpath_names(const char *path, int fd);

#endif
