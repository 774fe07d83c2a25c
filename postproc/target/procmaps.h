/* procmaps.h - where a running process has code: /proc/PID/maps. */
#ifndef HUD_TARGET_PROCMAPS_H
#define HUD_TARGET_PROCMAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "resolve/elf/mapping.h"

/* The executable mappings of a process, by address. Paths are raw bytes, as the target chose them. */
struct procmaps {
	struct mapping *mapping;
	size_t count;
};

/* Takes a line of that file apart, in place: `path` points into it, there is no build id. False if it is none of executable
 * memory, or of what no process has of its own ([vsyscall]). */
bool procmaps_parse(char *line, struct mapping *mapping);

/* Reads those of `pid`, without build ids. Returns 0, or -1 with errno set. What it took, procmaps_free() gives back. */
int procmaps_read(pid_t pid, struct procmaps *maps);
void procmaps_free(struct procmaps *maps);

/* The build id of what is mapped there: through map_files, which is the very file whatever has become of its name; that takes root, so
 * else by name, in the process's own root. "" if it has none. The caller frees it. */
char *procmaps_build_id(pid_t pid, const struct mapping *mapping);

#endif
