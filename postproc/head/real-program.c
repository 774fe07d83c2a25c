/* SPDX-License-Identifier: Apache-2.0 */
/* real-program.c - see real-program.h. */
#include "head/real-program.h"

#include <elf.h>
#include <gelf.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resolve/elf/elfbounds.h"
#include "sandbox/opener.h"
#include "target/procmaps.h"

/* The kind of a file. OTHER includes libraries that can be run, like glibc's. */
enum kind { OTHER, PROGRAM, LINKER };

/* The flags of DT_FLAGS_1: they tell a position-independent executable from a library. */
static uint64_t flags_of(Elf *elf)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr shdr;
		Elf_Data *data;
		GElf_Dyn dyn;

		if (!gelf_getshdr(section, &shdr) || shdr.sh_type != SHT_DYNAMIC ||
		    !(data = elf_getdata(section, NULL)))
			continue;
		for (int i = 0; gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++)
			if (dyn.d_tag == DT_FLAGS_1)
				return dyn.d_un.d_val;
	}
	return 0;
}

static bool has_interpreter(Elf *elf)
{
	size_t count = 0;
	GElf_Phdr phdr;

	if (elf_getphdrnum(elf, &count))
		return false;
	for (size_t i = 0; i < count && i < 1024; i++)
		if (gelf_getphdr(elf, (int)i, &phdr) && phdr.p_type == PT_INTERP)
			return true;
	return false;
}

static enum kind kind_of_elf(Elf *elf)
{
	GElf_Ehdr ehdr;

	if (elf_kind(elf) != ELF_K_ELF || elfbounds_problem(elf) || !gelf_getehdr(elf, &ehdr))
		return OTHER;
	if (ehdr.e_type == ET_EXEC || (flags_of(elf) & DF_1_PIE))
		return PROGRAM;
	return ehdr.e_type == ET_DYN && ehdr.e_entry && !has_interpreter(elf) ? LINKER : OTHER;
}

static enum kind kind_of(pid_t pid, const struct mapping *map)
{
	char *path = xasprintf("/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)pid, map->start, map->end);
	int fd = opener_open(path);
	enum kind kind = OTHER;
	Elf *elf = fd >= 0 ? elf_begin(fd, ELF_C_READ, NULL) : NULL;

	if (elf)
		kind = kind_of_elf(elf);
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	free(path);
	return kind;
}

const char *program_path(pid_t pid, const struct procmaps *maps, const char *exe)
{
	const struct mapping *linker = NULL;

	for (size_t i = 0; i < maps->count && !linker; i++)
		if (!strcmp(maps->mapping[i].path, exe))
			linker = &maps->mapping[i];
	if (!linker || kind_of(pid, linker) != LINKER)
		return NULL;
	for (size_t i = 0; i < maps->count; i++)
		if (maps->mapping[i].path[0] == '/' && strcmp(maps->mapping[i].path, exe) &&
		    kind_of(pid, &maps->mapping[i]) == PROGRAM)
			return maps->mapping[i].path;
	return NULL;
}
