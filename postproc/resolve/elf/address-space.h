/* address-space.h - the address space of the traced process: which file is mapped where.
 *
 * Built from the stream's `map` lines, never from /proc directly, so that a recording resolves like a live trace.
 */
#ifndef HUD_RESOLVE_ELF_ADDRESS_SPACE_H
#define HUD_RESOLVE_ELF_ADDRESS_SPACE_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One `map` line: addresses in the target's space, offset in bytes of the file. */
struct mapping {
	uint64_t start, end, offset;
	bool executable;
	const char *path;     /* as in /proc/PID/maps; "" for anonymous memory */
	const char *build_id; /* lower-case hex, "" if unknown */
};

/* One mapped ELF file. */
struct module {
	const char *path;     /* as mapped in the target */
	const char *build_id; /* as the stream gives it, "" if unknown */
	uint64_t low, high;   /* the span of its mappings in the target */
	uint64_t bias;	      /* target address = ELF virtual address + bias */
	Dwfl_Module *dwfl;    /* NULL if the file could not be opened or is not the one that was mapped */
	const char *problem;  /* why dwfl is NULL or weaker than hoped (static text), or NULL */
	bool has_symtab;      /* .symtab (or a separate debug file's) rather than .dynsym alone */
	bool has_debug_info;  /* .debug_info with units */
	uint64_t cfi_time,
		debug_time; /* ns of CPU time that its frame and debug info have cost: see budget.h */
	/* Owned by symbols.c, resolve/symbolize/debuginfo.c and resolve/symbolize/locations.c; freed by them through space_free's hooks. */
	void *symbols, *debug, *locations;
};

struct space;

/* Options for finding the files behind the mappings. */
struct space_options {
	long pid; /* live process to read files through (/proc/PID/map_files, /proc/PID/root); 0 = none */
	const char *exe;    /* path of the main executable as mapped in the target (meta exe); may be NULL */
	const char *target; /* --target: file to take the main executable's symbols from; may be NULL */
	bool debuginfod;    /* ask the servers in DEBUGINFOD_URLS for debug info that is not here */
};

/* An empty space. Copies the options' strings. Exits the program when out of memory. */
struct space *space_new(const struct space_options *options);
void space_free(struct space *space);

/* Adds one mapping; strings are copied. Mappings must not overlap; later ones replace earlier ones there. */
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

/* The main executable's module, or NULL when the stream had no map lines for it. */
struct module *space_main(struct space *space);

#endif
