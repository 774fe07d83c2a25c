/* SPDX-License-Identifier: Apache-2.0 */
/* address-space.h - the address space of the traced process: which file is mapped where.
 *
 * It is built from the stream's `map` lines and never from /proc, so a recording resolves like a live trace.
 */
#ifndef HUD_RESOLVE_ELF_ADDRESS_SPACE_H
#define HUD_RESOLVE_ELF_ADDRESS_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolve/elf/mapping.h"
#include "resolve/elf/module.h"

struct space;

#define TARGETS 16 /* how often --target may be given */

/* --target: files with symbols, each for the module with its build id; ends with NULL. */
struct targets {
	const char *file[TARGETS + 1];
};

/* Adds a file. Returns false if there are too many. */
bool targets_add(struct targets *targets, const char *file);

/* How to find the files of mappings. */
struct space_options {
	long pid; /* live process to find files through (/proc/PID/map_files, /proc/PID/root); 0: none */
	const char *exe; /* path of the main executable in the target (meta exe); may be NULL */
	struct targets targets;
	bool debuginfod; /* ask the servers in DEBUGINFOD_URLS for missing debug info */
};

/* Makes an empty address space. Copies the strings. Exits the program when out of memory. */
struct space *space_new(const struct space_options *options);
void space_free(struct space *space);

/* The most mappings that are added. Real processes have some hundreds with code; each may move all others. */
#define SPACE_MAPPINGS 16384

/* Adds a mapping, and copies its strings. Where it overlaps earlier ones it replaces them. Ignored beyond
 * SPACE_MAPPINGS. */
void space_add(struct space *space, const struct mapping *mapping);

/* The module at `pc`, opened on first use; NULL for anonymous memory and unmapped addresses. Owned by the
 * space. */
struct module *space_module(struct space *space, uint64_t pc);

/* Is `addr` in executable memory of the target? */
bool space_executable(const struct space *space, uint64_t addr);

/* Is the code at the address a part of a file that is mapped whole elsewhere? V8 maps its builtins a second
 * time, near the code that it generates. */
bool space_is_repeated(const struct space *space, uint64_t addr);

/* The mapping at `addr`, or NULL. Owned by the space, valid until the next space_add(). */
const struct mapping *space_mapping(const struct space *space, uint64_t addr);

/* From now on *touched holds an address in the module that is being read (the caller sets it to 0 again): if
 * reading kills this process, another one can tell which file it was. `touched` must outlive the space; NULL
 * ends this. */
void space_watch(struct space *space, volatile uint64_t *touched);

/* Notes that the module at `addr` is being read now. Returns the address noted before. */
uint64_t space_touch(struct space *space, uint64_t addr);

/* The file mapped as `path` is not opened any more; its problem is `why` (static text). */
void space_give_up(struct space *space, const char *path, const char *why);

/* The modules in the order in which they were opened: the one at `index`, NULL past the last. Owned by the
 * space. */
const struct module *space_opened(const struct space *space, size_t index);

/* The mappings in order of address: the one at `index`, NULL past the last. Owned by the space, valid until
 * the next space_add(). */
const struct mapping *space_at(const struct space *space, size_t index);

/* The highest address of any mapping; 0 if there is none. */
uint64_t space_highest(const struct space *space);

/* The live process that files are found through; 0: none. */
long space_pid(const struct space *space);

/* The main executable's module; NULL if the stream had no map lines for it. */
struct module *space_main(struct space *space);

#endif
