/* SPDX-License-Identifier: Apache-2.0 */
/* elfbounds.h - checks an ELF file's sizes against what linkers make, before libelf and libdw read it.
 *
 * These libraries believe the sizes in a file: a section of a megabyte may claim to decompress to a gigabyte,
 * and a thousand notes may each cover the whole file.
 */
#ifndef HUD_RESOLVE_ELF_ELFBOUNDS_H
#define HUD_RESOLVE_ELF_ELFBOUNDS_H

#include <libelf.h>

/* Returns NULL, or why the file must not be read (static text). Reads only headers. */
const char *elfbounds_problem(Elf *elf);

/* The same for its symbol tables, for a reader that believes more than libelf does: bpftrace reads them as
 * root when it places a probe (bcc's bcc_elf.c divides by an entry size from the file). */
const char *elfbounds_symtab_problem(Elf *elf);

#endif
