/* SPDX-License-Identifier: Apache-2.0 */
/* atomic-file.h - a file that is written whole or not at all. */
#ifndef HUD_SANDBOX_ATOMIC_FILE_H
#define HUD_SANDBOX_ATOMIC_FILE_H

#include <stdbool.h>
#include <stdio.h>

/* A file that is being written. */
struct output {
	FILE *file; /* write here */
	char *path; /* its name; NULL: standard output */
};

/* Opens `path` for writing with the caller's rights (userfiles.h); NULL or "-" is standard output. The new
 * file is written beside `path`. output_close() renames it to `path`; until then the old file stays. Returns
 * 0, or -1 with errno set. */
int output_open(struct output *output, const char *path);

/* Could output_open() write to `path`? Changes nothing, and opens no pipe or device. Returns 0, or -1 with
 * errno set. */
int output_check(const char *path);

/* Closes the file. If `whole`, it gets its name; otherwise it is removed. Returns 0 if it has its name,
 * otherwise -1; errno is set, or unchanged if it was not `whole`. */
int output_close(struct output *output, bool whole);

#endif
