/* atomic-file.h - a file that is written whole or not at all. */
#ifndef HUD_SANDBOX_ATOMIC_FILE_H
#define HUD_SANDBOX_ATOMIC_FILE_H

#include <stdbool.h>
#include <stdio.h>

/* A file on its way to its name. */
struct output {
	FILE *file; /* to write to */
	char *path; /* its name; NULL: standard output */
};

/* Opens `path` for writing, as who called (userfiles.h); NULL or "-" is standard output. It is written beside its name, and gets
 * that when output_close() finds it whole; what stands there now stays until then. Returns 0, or -1 with errno set. */
int output_open(struct output *output, const char *path);

/* Could output_open() write to `path`? Leaves nothing behind, and does not open a pipe or device. Returns 0, or -1 with errno
 * set. */
int output_check(const char *path);

/* Closes it. `whole`: what was written is all, and gets the name; else it is thrown away. Returns 0 if it has its name, else -1
 * with errno set, to what it was if it was not whole: nothing is left. */
int output_close(struct output *output, bool whole);

#endif
