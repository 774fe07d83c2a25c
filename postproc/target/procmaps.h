/* SPDX-License-Identifier: Apache-2.0 */
/* procmaps.h - the executable mappings of a running process: /proc/PID/maps. */
#ifndef HUD_TARGET_PROCMAPS_H
#define HUD_TARGET_PROCMAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "resolve/elf/mapping.h"

/* The executable mappings, by address. Paths are raw bytes that the target chose. */
struct procmaps {
	struct mapping *mapping;
	size_t count;
};

/* Parses a line of the file in place: `path` points into it, build_id is not set. Returns false unless the
 * mapping is executable, and the process's own (not [vsyscall]). */
bool procmaps_parse(char *line, struct mapping *mapping);

/* Reads the mappings of `pid`, without build ids. Returns 0, or -1 with errno set. procmaps_free() frees
 * them. */
int procmaps_read(pid_t pid, struct procmaps *maps);
void procmaps_free(struct procmaps *maps);

/* The build id of a mapped file: read through map_files, which is the mapped file itself but needs root;
 * otherwise by its name in the process's root. "" if it has none. The caller frees it. */
char *procmaps_build_id(pid_t pid, const struct mapping *mapping);

#endif
