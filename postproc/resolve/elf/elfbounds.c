/* SPDX-License-Identifier: Apache-2.0 */
/* elfbounds.c - see elfbounds.h. */
#include "resolve/elf/elfbounds.h"

#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SEGMENTS_LIMIT 4096
#define SECTIONS_LIMIT 65536
#define NOTES_LIMIT (UINT64_C(16) << 20)      /* bytes of all notes (the build id is one) */
#define INFLATED_LIMIT (UINT64_C(8) << 30)    /* bytes of all compressed sections together, decompressed */
#define INFLATED_UNASKED (UINT64_C(64) << 20) /* bytes of a decompressed section that are always accepted */
#define INFLATED_RATIO 64 /* beyond that, the ratio: debug info compresses to a fifth, not to a thousandth */

static const char not_ours[] = "not a 64-bit ELF file with this byte order";
static const char too_many[] = "not read: too many segments or sections";
static const char too_noted[] = "not read: its notes are too large";
static const char odd_symtab[] = "its symbol table is malformed, and bpftrace would read it as root";
static const char too_inflated[] = "not read: its compressed sections are too large";

/* The decompressed size of a section by its header; 0 if it is not compressed. */
static uint64_t inflated_size(Elf_Scn *scn, const GElf_Shdr *shdr)
{
	GElf_Chdr chdr;

	return shdr->sh_flags & SHF_COMPRESSED && gelf_getchdr(scn, &chdr) ? chdr.ch_size : 0;
}

/* The same for .zdebug_* sections of older GNU tools: four letters, then the size, most significant byte
 * first. */
static uint64_t old_inflated_size(Elf_Scn *scn, const char *name)
{
	Elf_Data *data = name && strncmp(name, ".zdebug", 7) == 0 ? elf_rawdata(scn, NULL) : NULL;
	const unsigned char *bytes = data ? data->d_buf : NULL;
	uint64_t size = 0;

	if (!bytes || data->d_size < 12 || memcmp(bytes, "ZLIB", 4) != 0)
		return 0;
	for (size_t i = 4; i < 12; i++)
		size = size << 8 | bytes[i];
	return size;
}

/* Subtracts `size` from *left. Returns false if it is too large. */
static bool spend(uint64_t *left, uint64_t size)
{
	if (size > *left)
		return false;
	*left -= size;
	return true;
}

static const char *segments_problem(Elf *elf, uint64_t *notes)
{
	size_t count;
	GElf_Phdr phdr;

	if (elf_getphdrnum(elf, &count) != 0)
		return NULL;
	if (count > SEGMENTS_LIMIT)
		return too_many;
	for (size_t i = 0; i < count; i++)
		if (gelf_getphdr(elf, (int)i, &phdr) && phdr.p_type == PT_NOTE &&
		    !spend(notes, phdr.p_filesz))
			return too_noted;
	return NULL;
}

static bool fits(uint64_t *left, uint64_t size, uint64_t compressed)
{
	return spend(left, size) && (size <= INFLATED_UNASKED || size / INFLATED_RATIO <= compressed);
}

static const char *sections_problem(Elf *elf, uint64_t *notes)
{
	uint64_t inflated = INFLATED_LIMIT;
	size_t count, strings;

	if (elf_getshdrnum(elf, &count) != 0)
		return NULL;
	if (count > SECTIONS_LIMIT)
		return too_many;
	for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn)) {
		GElf_Shdr shdr;

		if (!gelf_getshdr(scn, &shdr))
			continue;
		if (shdr.sh_type == SHT_NOTE && !spend(notes, shdr.sh_size))
			return too_noted;
		if (!fits(&inflated, inflated_size(scn, &shdr), shdr.sh_size))
			return too_inflated;
	}
	if (elf_getshdrstrndx(elf, &strings) != 0)
		return NULL;
	/* Not earlier: the names may be in a compressed section. */
	for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn)) {
		GElf_Shdr shdr;

		if (gelf_getshdr(scn, &shdr) && shdr.sh_type != SHT_NOBITS &&
		    !fits(&inflated, old_inflated_size(scn, elf_strptr(elf, strings, shdr.sh_name)),
			  shdr.sh_size))
			return too_inflated;
	}
	return NULL;
}

const char *elfbounds_problem(Elf *elf)
{
	uint64_t notes = NOTES_LIMIT;
	const char *ident = elf_getident(elf, NULL);

	if (!ident || ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB)
		return not_ours;
	const char *problem = segments_problem(elf, &notes);

	return problem ? problem : sections_problem(elf, &notes);
}

/* Is the whole section inside the file? */
static bool is_inside(const GElf_Shdr *shdr, uint64_t size)
{
	return shdr->sh_offset <= size && shdr->sh_size <= size - shdr->sh_offset;
}

const char *elfbounds_symtab_problem(Elf *elf)
{
	const size_t entry = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
	size_t size = 0;

	elf_rawfile(elf, &size);
	for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn)) {
		GElf_Shdr shdr, strings;

		if (!gelf_getshdr(scn, &shdr))
			return odd_symtab;
		if (shdr.sh_type != SHT_SYMTAB && shdr.sh_type != SHT_DYNSYM)
			continue;
		if (!entry || shdr.sh_entsize != entry || shdr.sh_size % entry || !is_inside(&shdr, size) ||
		    !gelf_getshdr(elf_getscn(elf, shdr.sh_link), &strings) || strings.sh_type != SHT_STRTAB ||
		    !is_inside(&strings, size))
			return odd_symtab;
	}
	return NULL;
}
