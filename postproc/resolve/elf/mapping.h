/* SPDX-License-Identifier: Apache-2.0 */
/* mapping.h - a part of the target's address space, and the file that is mapped there. */
#ifndef HUD_RESOLVE_ELF_MAPPING_H
#define HUD_RESOLVE_ELF_MAPPING_H

#include <stdbool.h>
#include <stdint.h>

/* A `map` line: addresses in the target, offset in the file in bytes. */
struct mapping {
	uint64_t start, end, offset;
	bool executable;
	const char *path;     /* as in /proc/PID/maps; "" for anonymous memory */
	const char *build_id; /* lower-case hex, "" if unknown */
};

#endif
