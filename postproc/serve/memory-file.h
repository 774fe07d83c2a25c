/* SPDX-License-Identifier: Apache-2.0 */
/* memory-file.h - files in memory (memfd_create(2)): how the reporting process hands bytes to those that talk to the network. */
#ifndef HUD_SERVE_MEMORY_FILE_H
#define HUD_SERVE_MEMORY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Begins a file. Returns a stream to write it, and in *fd a descriptor to pass on; NULL and -1 if there is no memory file. */
FILE *memory_file_begin(const char *name, int *fd);

/* Closes the stream, which may be NULL. Returns `fd`, which the caller closes; -1, and it is closed, if `failed` or if not all was written. */
int memory_file_end(FILE *file, int fd, bool failed);

/* What is in it, at most `most` bytes: the caller frees it. NULL if it is empty or larger, or cannot be read. */
char *memory_file_read(int fd, size_t most, size_t *size);

#endif
