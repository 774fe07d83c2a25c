/* mapping.h - one part of the target's address space, and the file that is mapped there. */
#ifndef HUD_RESOLVE_ELF_MAPPING_H
#define HUD_RESOLVE_ELF_MAPPING_H

#include <stdbool.h>
#include <stdint.h>

/* One `map` line: addresses in the target's space, offset in bytes of the file. */
struct mapping {
	uint64_t start, end, offset;
	bool executable;
	const char *path;     /* as in /proc/PID/maps; "" for anonymous memory */
	const char *build_id; /* lower-case hex, "" if unknown */
};

#endif
