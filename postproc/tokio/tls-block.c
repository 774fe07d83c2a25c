/* SPDX-License-Identifier: Apache-2.0 */
/* tls-block.c - see tls-block.h. */
#include "tokio/tls-block.h"

#include <gelf.h>

#include "resolve/elf/module.h"
#include "tokio/look.h"

#define MODULES_MAX 65536	 /* larger module ids are not believed */
#define RELOCATIONS_MAX 10000000 /* that are read */

/* A module whose relocations are read. */
struct reader {
	pid_t pid;
	uint64_t bias, size; /* the module's bias; its block's size */
	bool musl;
};

/* Reads a relocation. Returns false if it does not tell about the block. */
static bool read_relocation(const struct reader *r, const GElf_Rela *rela, const GElf_Sym *symbol,
			    struct tls_block *block)
{
	uint64_t word, type = GELF_R_TYPE(rela->r_info);

	/* A relocation for a symbol of another module is about that one's block. */
	if ((type != R_X86_64_DTPMOD64 && type != R_X86_64_TPOFF64) ||
	    (GELF_R_SYM(rela->r_info) && symbol->st_shndx == SHN_UNDEF) ||
	    !tokio_peek(r->pid, r->bias + rela->r_offset, &word, sizeof(word)))
		return false;
	if (type == R_X86_64_DTPMOD64) {
		*block = (struct tls_block){.module = word, .entry = r->musl ? 8 : 16, .size = r->size};
		return word && word < MODULES_MAX;
	}
	/* The word is the variable's distance from the thread pointer, which is higher. */
	block->size = (uint64_t)(symbol->st_value + (uint64_t)rela->r_addend) - word - r->size;
	block->module = 0;
	return block->size >> 32 == 0;
}

static bool read_section(const struct reader *r, Elf *elf, Elf_Scn *section, const GElf_Shdr *shdr,
			 struct tls_block *block)
{
	Elf_Data *data = elf_getdata(section, NULL);
	Elf_Scn *symbols = elf_getscn(elf, shdr->sh_link);
	Elf_Data *table = symbols ? elf_getdata(symbols, NULL) : NULL;
	size_t count = shdr->sh_entsize ? shdr->sh_size / shdr->sh_entsize : 0;

	for (size_t i = 0; i < count && i < RELOCATIONS_MAX && data; i++) {
		GElf_Rela rela;
		GElf_Sym symbol = {0};

		if (!gelf_getrela(data, (int)i, &rela))
			return false;
		if (GELF_R_SYM(rela.r_info) && table)
			gelf_getsym(table, (int)GELF_R_SYM(rela.r_info), &symbol);
		if (read_relocation(r, &rela, &symbol, block))
			return true;
	}
	return false;
}

bool tls_block_of(pid_t pid, struct module *module, uint64_t size, bool musl, struct tls_block *block)
{
	struct reader r = {.pid = pid, .bias = module->bias, .size = size, .musl = musl};
	Elf_Scn *section = NULL;
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(module->dwfl, &bias);

	while (elf && (section = elf_nextscn(elf, section))) {
		GElf_Shdr shdr;

		/* libdw leaves these alone: they are for the dynamic linker. */
		if (gelf_getshdr(section, &shdr) && shdr.sh_type == SHT_RELA && shdr.sh_flags & SHF_ALLOC &&
		    read_section(&r, elf, section, &shdr, block))
			return true;
	}
	return false;
}

/* glibc keeps the DTV's length in the entry before the first, counted in entries behind the first; musl in
 * the first entry (dl_init_static_tls and __dtv_t of glibc's sysdeps/x86_64/nptl/tls.h, 2.2 to 2.42;
 * __copy_tls of musl's src/env/__init_tls.c, 1.2). */
uint64_t tls_block_end(pid_t pid, uint64_t fs, const struct tls_block *block)
{
	uint64_t dtv, length, start;

	if (!fs || !block->module)
		return fs ? fs - block->size : 0;
	if (!tokio_peek(pid, fs + 8, &dtv, sizeof(dtv)) ||
	    !tokio_peek(pid, dtv - (block->entry == 16 ? 16 : 0), &length, sizeof(length)) ||
	    length < block->module ||
	    !tokio_peek(pid, dtv + block->module * block->entry, &start, sizeof(start)) || !(start + 1 > 1))
		return 0;
	return start + block->size;
}
