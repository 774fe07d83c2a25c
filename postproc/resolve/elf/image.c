/* SPDX-License-Identifier: Apache-2.0 */
/* image.c - see image.h. */
#include "resolve/elf/image.h"

#include <gelf.h>
#include <stdlib.h>

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>

#include "base/bisect.h"
#include "resolve/elf/function-starts.h"
#include "resolve/elf/module.h"

#define HEADER_SIZE 12 /* of .eh_frame_hdr, before its table */
#define FUNCTIONS_MAX (1u << 22)

uint32_t image_word32(const unsigned char *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

uint64_t image_word64(const unsigned char *at)
{
	return image_word32(at) | (uint64_t)image_word32(at + 4) << 32;
}

/* The bytes at `address`: *left of them can be read, at least `size`. NULL: not in the file. */
const unsigned char *image_bytes(const struct image *l, uint64_t address, uint64_t size, uint64_t *left)
{
	for (size_t i = 0; i < l->segments; i++) {
		const struct segment *s = &l->segment[i];

		if (address < s->start || address - s->start >= s->size ||
		    s->size - (address - s->start) < size)
			continue;
		if (left)
			*left = s->size - (address - s->start);
		return s->byte + (address - s->start);
	}
	return NULL;
}

static int by_where(const void *one, const void *two)
{
	const struct relocation *a = one, *b = two;

	return (a->where > b->where) - (a->where < b->where);
}

static void read_relocations(struct image *l, uint64_t table, uint64_t size)
{
	const unsigned char *at = image_bytes(l, table, size, NULL);

	if (!at || size < sizeof(Elf64_Rela))
		return;
	l->relocation = xcalloc(size / sizeof(Elf64_Rela), sizeof(*l->relocation));
	for (uint64_t i = 0; i < size / sizeof(Elf64_Rela); i++, at += sizeof(Elf64_Rela))
		if (image_word32(at + 8) == R_X86_64_RELATIVE)
			l->relocation[l->relocations++] = (struct relocation){.where = image_word64(at),
									      .value = image_word64(at + 16)};
	if (l->relocations)
		qsort(l->relocation, l->relocations, sizeof(*l->relocation), by_where);
}

static void read_dynamic(struct image *l, uint64_t address, uint64_t size)
{
	const unsigned char *at = image_bytes(l, address, size, NULL);
	uint64_t table = 0, bytes = 0;

	for (; at && size >= sizeof(Elf64_Dyn); at += sizeof(Elf64_Dyn), size -= sizeof(Elf64_Dyn)) {
		uint64_t tag = image_word64(at);

		if (tag == DT_NULL)
			break;
		if (tag == DT_RELA)
			table = image_word64(at + 8);
		else if (tag == DT_RELASZ)
			bytes = image_word64(at + 8);
	}
	if (table && bytes)
		read_relocations(l, table, bytes);
}

static int by_start(const void *one, const void *two)
{
	const struct function *a = one, *b = two;

	return (a->start > b->start) - (a->start < b->start);
}

/* The size of a function according to the FDE at `address`, if its addresses have 4 bytes, as linkers write
 * them. */
static uint64_t fde_size(const struct image *l, uint64_t address)
{
	const unsigned char *at = image_bytes(l, address, 16, NULL);

	return at ? image_word32(at + 12) : 0;
}

/* .eh_frame_hdr (LSB 5.0, 10.6.2) in the only form that linkers write: pairs of 4-byte addresses relative to
 * the section. */
static void read_functions(struct image *l, uint64_t address, uint64_t size)
{
	uint64_t left;
	const unsigned char *at = image_bytes(l, address, HEADER_SIZE, &left);

	if (!at || at[0] != 1 || at[2] != 0x03 || at[3] != 0x3b)
		return;
	uint64_t count = image_word32(at + 8), room = ((left < size ? left : size) - HEADER_SIZE) / 8;

	if (size < HEADER_SIZE || count == 0 || room == 0)
		return;
	count = count < room ? count : room;
	count = count < FUNCTIONS_MAX ? count : FUNCTIONS_MAX;
	l->function = xcalloc(count, sizeof(*l->function));
	for (uint64_t i = 0; i < count; i++) {
		const unsigned char *entry = at + HEADER_SIZE + 8 * i;
		uint64_t start = address + (uint64_t)(int64_t)(int32_t)image_word32(entry),
			 fde = address + (uint64_t)(int64_t)(int32_t)image_word32(entry + 4);

		l->function[i] = (struct function){.start = start, .end = start + fde_size(l, fde)};
	}
	qsort(l->function, count, sizeof(*l->function), by_start);
	l->functions = count;
	for (uint64_t i = 0; i + 1 < count; i++) {
		struct function *f = &l->function[i];

		if (f->end <= f->start || f->end > f[1].start)
			f->end = f[1].start;
	}
}

static struct image *load(struct module *module)
{
	struct image *l = xcalloc(1, sizeof(*l));
	Dwarf_Addr bias;
	Elf *elf = module->dwfl ? dwfl_module_getelf(module->dwfl, &bias) : NULL;
	GElf_Phdr phdr, dynamic = {0}, frames = {0};
	size_t count = 0;
	GElf_Ehdr ehdr;

	l->files = htab_create_alloc(64, htab_hash_string, htab_eq_string, free, xcalloc, free);
	if (!elf || !gelf_getehdr(elf, &ehdr) || ehdr.e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr.e_ident[EI_DATA] != ELFDATA2LSB || elf_getphdrnum(elf, &count) != 0)
		return l;
	l->x86_64 = ehdr.e_machine == EM_X86_64;
	l->aarch64 = ehdr.e_machine == EM_AARCH64;
	for (size_t i = 0; i < count && i < 65536; i++) {
		if (!gelf_getphdr(elf, (int)i, &phdr))
			continue;
		if (phdr.p_type == PT_DYNAMIC)
			dynamic = phdr;
		else if (phdr.p_type == PT_GNU_EH_FRAME)
			frames = phdr;
		else if (phdr.p_type == PT_LOAD && phdr.p_filesz && l->segments < SEGMENTS_MAX) {
			Elf_Data *data =
				elf_getdata_rawchunk(elf, (int64_t)phdr.p_offset, phdr.p_filesz, ELF_T_BYTE);
			if (data && data->d_buf)
				l->segment[l->segments++] =
					(struct segment){.start = phdr.p_vaddr,
							 .size = data->d_size,
							 .byte = data->d_buf,
							 .executable = (phdr.p_flags & PF_X) != 0};
		}
	}
	read_functions(l, frames.p_vaddr, frames.p_filesz);
	if (l->x86_64)
		read_dynamic(l, dynamic.p_vaddr, dynamic.p_filesz);
	return l;
}

/* The word at `where` (bytes `at`) after the loader's relocations. */
uint64_t image_pointer(const struct image *l, uint64_t where, const unsigned char *at)
{
	struct relocation wanted = {.where = where};
	const struct relocation *found =
		l->relocations ? bsearch(&wanted, l->relocation, l->relocations, sizeof(wanted), by_where)
			       : NULL;

	return found ? found->value : image_word64(at);
}

/* Without a table, a function ends where the next one begins, or with its segment. */
static void read_entries(struct image *l)
{
	size_t count;
	uint64_t *start = function_starts_find(l, &count);

	l->entries_sought = true;
	l->function = count ? xcalloc(count, sizeof(*l->function)) : NULL;
	for (l->functions = 0; l->functions < count; l->functions++) {
		uint64_t at = start[l->functions], left = 0;

		image_bytes(l, at, 1, &left);
		l->function[l->functions] = (struct function){.start = at, .end = at + left};
		if (l->functions && l->function[l->functions - 1].end > at)
			l->function[l->functions - 1].end = at;
	}
	free(start);
}

struct function *image_function(struct image *l, uint64_t address)
{
	if (!l->functions && !l->entries_sought)
		read_entries(l);
	size_t low = FIRST_BEYOND(l->function, l->functions, start, address);

	return low > 0 && address < l->function[low - 1].end ? &l->function[low - 1] : NULL;
}

static void free_image(void *data)
{
	struct image *l = data;

	for (size_t i = 0; i < l->functions; i++)
		free(l->function[i].location);
	free(l->function);
	free(l->relocation);
	htab_delete(l->files);
	free(l);
}

struct image *image_of(struct module *module)
{
	if (!module->image.data)
		module->image = (struct module_slot){load(module), free_image};
	return module->image.data;
}
