/* debuginfo.h - functions, inlined functions and lines from a module's DWARF. */
#ifndef HUD_RESOLVE_SYMBOLIZE_DEBUGINFO_H
#define HUD_RESOLVE_SYMBOLIZE_DEBUGINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct module;

/* The most functions that are told for one address: a chain of inlined calls is cut there. */
#define DEBUGINFO_CHAIN 128

/* A source file as DWARF has it: `name`, relative to `directory` if that is not NULL. */
struct debuginfo_file {
	const char *directory, *name; /* NULL name: unknown */
};

/* One function at an address. All strings are owned by the module. */
struct debuginfo_function {
	const char *linkage; /* mangled name, or NULL */
	const char *name;    /* DW_AT_name, or NULL */
	const char *scope;   /* without `linkage`: what the function is declared in ("demo::api"), or NULL */
	uint64_t start;	     /* of the piece of machine code looked at (target's space); 0 if inlined */
	unsigned line;	     /* 1-based, 0 if unknown; in `file` */
	bool inlined;
	struct debuginfo_file file;	/* of the position in the function */
	struct debuginfo_file declared; /* of the function: another one than `file` in the code of a macro */
	unsigned declared_line;		/* 1-based, 0 if unknown */
	/* What the function's unit was compiled in, if the unit's own source is given relative to it, as cargo gives those of the
	 * workspace and no other crates; else NULL. */
	const char *home;
};

/* Fills in the functions that `pc` (target's space) is in, innermost first, at most DEBUGINFO_CHAIN, and
 * returns how many there are. Debug info is read as it is needed: the module's list of units on the first
 * call, and the unit of `pc` when it is first met. When 0 is returned, functions[0] still has the file and
 * line if they are known. */
size_t debuginfo_find(struct module *module, uint64_t pc, struct debuginfo_function *functions);

#endif
