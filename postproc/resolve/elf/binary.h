/* SPDX-License-Identifier: Apache-2.0 */
/* binary.h - finds the file on this machine that is mapped in the target, and its bias there. */
#ifndef HUD_RESOLVE_ELF_BINARY_H
#define HUD_RESOLVE_ELF_BINARY_H

#include <gelf.h>
#include <stdbool.h>
#include <stdint.h>

#include "resolve/elf/mapping.h"

#define BUILD_ID_HEX 129 /* 64 bytes in hex */

/* What to look for. */
struct binary_wanted {
	const struct mapping *mapping; /* one of the file's mappings */
	uint64_t vma_start, vma_end;   /* the kernel's mapping, which names it in /proc/PID/map_files */
	long pid;		       /* live process to look through; 0: none */
	const char *target;	       /* --target for this file, or NULL */
};

/* What was found. */
struct binary {
	int fd;		 /* open for reading, close-on-exec, a regular file or memfd; -1 if no file fits */
	uint64_t bias;	 /* target address = ELF virtual address + bias */
	bool has_symtab; /* the file itself has a .symtab */
	bool has_debug_info;		   /* the file itself has .debug_info */
	const char *problem;		   /* static text: why fd is -1 or less than hoped; or NULL */
	bool is_other_build;		   /* fd is -1 because the file at the path has another build id: */
	char other_build_id[BUILD_ID_HEX]; /* "" if it has none */
	bool is_elsewhere;		   /* fd is -1 because its segments are not where it is mapped */
};

/* Finds and opens the file: --target, then the file as the live process sees it, then its path here, then
 * /usr/lib/debug/.build-id. Its build id must be the recorded one. The caller closes binary->fd. */
void binary_find(const struct binary_wanted *wanted, struct binary *binary);

/* Uses the open file if it is the mapped one; otherwise closes it and leaves `binary` unchanged. */
void binary_take(int fd, const struct mapping *mapping, struct binary *binary);

/* Reads from /proc what finding the vdso needs, before that is forbidden. */
void binary_prepare(void);

/* Does the open ELF file have this build id? ("" never matches.) */
bool binary_is_build(int fd, const char *build_id);

/* The bias of `elf` if it is mapped as `mapping` says. Returns false if none of its segments can be mapped
 * there. */
bool binary_bias(Elf *elf, const struct mapping *mapping, uint64_t *bias);

/* The build id of `elf` in lower-case hex, at most size - 1 digits; "" if it has none. */
void binary_build_id(Elf *elf, char *hex, size_t size);

/* The build id of the file `path`. Returns false, and "", if it is not a readable regular file. */
bool binary_file_build_id(const char *path, char hex[BUILD_ID_HEX]);

/* Why a program that trusts symbol tables must not read those of `path` (static text); NULL if they are
 * sound. */
const char *binary_file_symtab_problem(const char *path);

/* The path of a mapped file without the kernel's " (deleted)"; the caller frees it. */
char *binary_path(const char *mapped);

#endif
