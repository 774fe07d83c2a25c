/* SPDX-License-Identifier: Apache-2.0 */
/* debuginfo.h - functions, inlined functions and lines from a module's DWARF. */
#ifndef HUD_RESOLVE_SYMBOLIZE_DEBUGINFO_H
#define HUD_RESOLVE_SYMBOLIZE_DEBUGINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct module;

/* The most functions at one address: longer chains of inlined calls are cut. */
#define DEBUGINFO_CHAIN 128

/* A source file in DWARF: `name`, relative to `directory` unless that is NULL. */
struct debuginfo_file {
	const char *directory, *name; /* NULL name: unknown */
};

/* One function at an address. All strings are owned by the module. */
struct debuginfo_function {
	const char *linkage; /* mangled name, or NULL */
	const char *name;    /* DW_AT_name, or NULL */
	const char *scope;   /* without `linkage`: the scope it is declared in ("demo::api"), or NULL */
	uint64_t start;	     /* start of this part of its code (address in the target); 0 if inlined */
	unsigned line;	     /* 1-based, 0 if unknown; in `file` */
	bool inlined;
	struct debuginfo_file file;	/* of the address in the function */
	struct debuginfo_file declared; /* of the function; differs from `file` in a macro's code */
	unsigned declared_line;		/* 1-based, 0 if unknown */
	/* The directory in which the function's unit was compiled, if its own source is relative to that:
	 * cargo does this for the workspace, not for other crates. Otherwise NULL. */
	const char *home;
};

/* Fills in the functions at `pc` (address in the target), innermost first, at most DEBUGINFO_CHAIN, and
 * returns how many. Reads debug info when needed: the list of units on the module's first call, a unit on its
 * first address. If it returns 0, functions[0] still has file and line if they are known. */
size_t debuginfo_find(struct module *module, uint64_t pc, struct debuginfo_function *functions);

#endif
