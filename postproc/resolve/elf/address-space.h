/* address-space.h - the address space of the traced process: which file is mapped where.
 *
 * Built from the stream's `map` lines, never from /proc directly, so that a recording resolves like a live trace.
 */
#ifndef HUD_RESOLVE_ELF_ADDRESS_SPACE_H
#define HUD_RESOLVE_ELF_ADDRESS_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolve/elf/mapping.h"
#include "resolve/elf/module.h"

struct space;

#define TARGETS 16 /* as many as --target is taken */

/* --target: files to take symbols from, each for the module that has its build id; NULL behind the last. */
struct targets {
	const char *file[TARGETS + 1];
};

/* Adds one. False if there are too many already. */
bool targets_add(struct targets *targets, const char *file);

/* Options for finding the files behind the mappings. */
struct space_options {
	long pid; /* live process to read files through (/proc/PID/map_files, /proc/PID/root); 0 = none */
	const char *exe; /* path of the main executable as mapped in the target (meta exe); may be NULL */
	struct targets targets;
	bool debuginfod; /* ask the servers in DEBUGINFOD_URLS for debug info that is not here */
};

/* An empty space. Copies the options' strings. Exits the program when out of memory. */
struct space *space_new(const struct space_options *options);
void space_free(struct space *space);

/* The most mappings that are added; those of code of a real process are some hundreds. Each may move all others. */
#define SPACE_MAPPINGS 16384

/* Adds one mapping; strings are copied. Mappings must not overlap; later ones replace earlier ones there. Those beyond SPACE_MAPPINGS
 * are left out. */
void space_add(struct space *space, const struct mapping *mapping);

/* The module that `pc` is in, opened on first use, or NULL (anonymous memory, unmapped). Owned by space. */
struct module *space_module(struct space *space, uint64_t pc);

/* Is `addr` in executable memory of the target? */
bool space_executable(const struct space *space, uint64_t addr);

/* The mapping that `addr` is in, or NULL. Owned by space, until the next space_add. */
const struct mapping *space_mapping(const struct space *space, uint64_t addr);

/* From now on an address in the module that is looked into stands in *touched (it is 0 when who asks clears it), which must outlive
 * the space: when that kills this process, another can tell which file it was. NULL: no more. */
void space_watch(struct space *space, volatile uint64_t *touched);

/* The module at `addr` is looked into now. Returns what was before. */
uint64_t space_touch(struct space *space, uint64_t addr);

/* The file mapped as `path` is not opened from now on: its problem is `why` (static text). */
void space_give_up(struct space *space, const char *path, const char *why);

/* The modules that were opened up to now, in that order: the one at `index`, NULL past the last. Owned by space. */
const struct module *space_opened(const struct space *space, size_t index);

/* The mappings by address, none overlapping: the one at `index`, NULL past the last. Owned by space, until the next
 * space_add. */
const struct mapping *space_at(const struct space *space, size_t index);

/* The live process that files are read through; 0: none. */
long space_pid(const struct space *space);

/* The main executable's module, or NULL when the stream had no map lines for it. */
struct module *space_main(struct space *space);

#endif
