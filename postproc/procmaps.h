/* procmaps.h - where a running process has code: /proc/PID/maps, with the build ids of what is mapped. */
#ifndef HUD_PROCMAPS_H
#define HUD_PROCMAPS_H

#include <stddef.h>
#include <sys/types.h>

#include "space.h"

/* The executable mappings of a process, by address. Paths are raw bytes, as the target chose them. */
struct procmaps {
	struct mapping *mapping;
	size_t count;
};

/* Reads those of `pid`. Returns 0, or -1 with errno set. What it took, procmaps_free() gives back. */
int procmaps_read(pid_t pid, struct procmaps *maps);
void procmaps_free(struct procmaps *maps);

#endif
