/* elfbounds.h - is an ELF file within the bounds of what a linker makes, before libelf and libdw are let loose on it?
 *
 * They believe what a file says of its own sizes: a section of a megabyte may ask to be decompressed to a gigabyte, and a
 * thousand notes may each be the whole file.
 */
#ifndef HUD_RESOLVE_ELF_ELFBOUNDS_H
#define HUD_RESOLVE_ELF_ELFBOUNDS_H

#include <libelf.h>

/* Returns NULL, or why the file is not to be read (static text). Reads headers alone. */
const char *elfbounds_problem(Elf *elf);

/* The same of its symbol tables, for readers that believe more than libelf does: bpftrace reads them, as root, where it puts a probe
 * into the file (bcc's bcc_elf.c divides by the size of an entry that the file tells). */
const char *elfbounds_symtab_problem(Elf *elf);

#endif
