/* SPDX-License-Identifier: Apache-2.0 */
/* core-files.c - see core-files.h. The kernel puts the first page of mapped ELF files into a dump for that
 * (coredump_filter, bit 4; core(5)). */
#include "tasks/core-files.h"

#include <elf.h>
#include <libiberty/libiberty.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "resolve/elf/binary.h"
#include "target/memory.h"

/* The build id in notes: `size` bytes, 4-byte aligned. */
static void find_in_notes(const unsigned char *notes, size_t size, char hex[BUILD_ID_HEX])
{
	for (size_t at = 0; at + sizeof(Elf64_Nhdr) <= size;) {
		Elf64_Nhdr note;

		memcpy(&note, notes + at, sizeof(note));
		size_t name = at + sizeof(note), desc = name + (((size_t)note.n_namesz + 3) & ~(size_t)3);

		if (desc > size || note.n_descsz > size - desc)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && !memcmp(notes + name, "GNU", 4) &&
		    note.n_descsz <= (BUILD_ID_HEX - 1) / 2) {
			for (size_t i = 0; i < note.n_descsz; i++)
				sprintf(hex + 2 * i, "%02x", notes[desc + i]);
			return;
		}
		at = desc + (((size_t)note.n_descsz + 3) & ~(size_t)3);
	}
}

static void find_in_page(const unsigned char page[MEMORY_PAGE], char hex[BUILD_ID_HEX])
{
	Elf64_Ehdr header;

	memcpy(&header, page, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64)
		return;
	for (unsigned i = 0; i < header.e_phnum && !*hex; i++) {
		uint64_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
		Elf64_Phdr segment;

		if (at > MEMORY_PAGE - sizeof(segment))
			return;
		memcpy(&segment, page + at, sizeof(segment));
		if (segment.p_type == PT_NOTE && segment.p_offset < MEMORY_PAGE &&
		    segment.p_filesz <= MEMORY_PAGE - segment.p_offset)
			find_in_notes(page + segment.p_offset, (size_t)segment.p_filesz, hex);
	}
}

char *core_build_id(struct memory *memory, const char *path)
{
	char hex[BUILD_ID_HEX] = "";
	unsigned char page[MEMORY_PAGE];

	for (size_t i = 0; i < memory->count && *path == '/'; i++) {
		const struct memory_area *area = &memory->area[i];

		if (area->offset || strcmp(area->path, path) != 0)
			continue;
		if (memory_read(memory, area->start, page, sizeof(page)))
			find_in_page(page, hex);
		break;
	}
	return xstrdup(hex);
}
