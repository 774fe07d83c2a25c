/* binary.h - the file on this machine that is the one mapped in the target, and where it lies there. */
#ifndef HUD_RESOLVE_ELF_BINARY_H
#define HUD_RESOLVE_ELF_BINARY_H

#include <gelf.h>
#include <stdbool.h>
#include <stdint.h>

#include "resolve/elf/mapping.h"

#define BUILD_ID_HEX 129 /* room for 64 bytes in hex */

/* What is looked for. */
struct binary_wanted {
	const struct mapping *mapping; /* one of its mappings */
	uint64_t vma_start, vma_end;   /* the same as the kernel knows it: the name in /proc/PID/map_files */
	long pid;		       /* live process to look through; 0 = none */
	const char *target;	       /* the --target for this file, or NULL */
};

/* What was found. */
struct binary {
	int fd;		 /* open for reading, close-on-exec, a regular file or memfd; -1 if nothing fits */
	uint64_t bias;	 /* target address = ELF virtual address + bias */
	bool has_symtab; /* the file itself has a .symtab */
	bool has_debug_info; /* the file itself has .debug_info */
	const char *problem; /* static text: why fd is -1 or less than hoped; or NULL */
};

/* Finds and opens the file: --target, then the live process's own view, then the path as it is, then
 * /usr/lib/debug/.build-id. Only a file with the build id that was recorded counts. The caller closes binary->fd. */
void binary_find(const struct binary_wanted *wanted, struct binary *binary);

/* Takes the open file, if it is the one that is mapped; else it is closed, and `binary` stays as it is. */
void binary_take(int fd, const struct mapping *mapping, struct binary *binary);

/* Looks up what finding the vdso takes from /proc, while that can be read. */
void binary_prepare(void);

/* Is the open file an ELF file with this build id ("" fits none)? */
bool binary_is_build(int fd, const char *build_id);

/* The bias of `elf` when it is mapped as `mapping` says. False if no segment of it can be mapped there. */
bool binary_bias(Elf *elf, const struct mapping *mapping, uint64_t *bias);

/* The build id of `elf` in lower-case hex; at most size - 1 digits. "" if it has none. */
void binary_build_id(Elf *elf, char *hex, size_t size);

/* The same of the file `path`. False, with "", if that is not a regular file that can be read, and may be one by another name. */
bool binary_file_build_id(const char *path, char hex[BUILD_ID_HEX]);

/* Why nobody should read the symbol tables of the file `path` who trusts them (static text); NULL if they are as they should be. */
const char *binary_file_symtab_problem(const char *path);

/* The path of a mapped file without the " (deleted)" that the kernel adds, for the caller to free. */
char *binary_path(const char *mapped);

#endif
