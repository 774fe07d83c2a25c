/* SPDX-License-Identifier: Apache-2.0 */
/* module.h - one mapped ELF file, and what has been read from it. */
#ifndef HUD_RESOLVE_ELF_MODULE_H
#define HUD_RESOLVE_ELF_MODULE_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stdint.h>

/* Data that one reader keeps in a module. The reader sets both fields on first use; the address space calls
 * free(data) before it frees the module. All 0: unused. */
struct module_slot {
	void *data;
	void (*free)(void *data);
};

/* One mapped ELF file. */
struct module {
	const char *path;     /* as mapped in the target */
	const char *build_id; /* from the stream, "" if unknown */
	uint64_t low, high;   /* range of its mappings in the target */
	uint64_t bias;	      /* target address = ELF virtual address + bias */
	Dwfl_Module *dwfl;    /* NULL if the file could not be opened or is not the one that was mapped */
	const char *problem; /* why dwfl is NULL or weaker than hoped, as long as the module lives; or NULL */
	bool has_symtab;     /* .symtab (or a separate debug file's) rather than .dynsym alone */
	bool has_debug_info; /* .debug_info with units */
	bool foreign_debug;  /* its separate debug file is one that the target may have made (debugfile.h) */
	uint64_t cfi_time,
		debug_time; /* CPU time that its frame and debug info have cost, ns: see budget.h */
	struct module_slot symbols, debug, image, dropglue; /* each filled in by the file of that name */
};

#endif
