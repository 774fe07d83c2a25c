/* SPDX-License-Identifier: Apache-2.0 */
/* tls-block.c - see tls-block.h. */
#include "tokio/tls-block.h"

#include <gelf.h>

#include "base/arch.h"
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

/* A distance from the thread pointer that is not believed is farther than this, above or below. */
static bool is_near(uint64_t distance)
{
	return distance + (UINT64_C(1) << 32) < UINT64_C(2) << 32;
}

/* The block lies so that the variable at `offset` in it is `distance` above the thread pointer. */
static bool by_distance(const struct reader *r, uint64_t distance, uint64_t offset, struct tls_block *block)
{
	*block = (struct tls_block){.size = offset - distance - r->size};
	return is_near(block->size);
}

static bool by_module(const struct reader *r, uint64_t id, struct tls_block *block)
{
	*block = (struct tls_block){.module = id, .entry = r->musl ? 8 : 16, .size = r->size};
	return id && id < MODULES_MAX;
}

/* By a descriptor: a function, and its argument: the distance from the thread pointer, or the address of module
 * id and offset (elf_machine_rela of glibc's sysdeps/aarch64/dl-machine.h, do_relocs of musl's
 * ldso/dynlink.c). */
static bool by_descriptor(const struct reader *r, uint64_t argument, uint64_t offset, struct tls_block *block)
{
	uint64_t index[2];

	if (tokio_peek(r->pid, argument, index, sizeof(index)) && index[1] == offset)
		return by_module(r, index[0], block);
	return by_distance(r, argument, offset, block);
}

/* Reads a relocation. Returns false if it does not tell about the block. */
static bool read_relocation(const struct reader *r, const GElf_Rela *rela, const GElf_Sym *symbol,
			    struct tls_block *block)
{
	const struct thread_local_abi *tls = &arch_host()->tls;
	uint64_t word[2] = {0}, type = GELF_R_TYPE(rela->r_info), at = r->bias + rela->r_offset,
		 offset = symbol->st_value + (uint64_t)rela->r_addend;
	bool descriptor = type && type == tls->descriptor;

	/* A relocation for a symbol of another module is about that one's block. */
	if ((type != tls->module_id && type != tls->distance && !descriptor) ||
	    (GELF_R_SYM(rela->r_info) && symbol->st_shndx == SHN_UNDEF) ||
	    !tokio_peek(r->pid, at, word, descriptor ? sizeof(word) : sizeof(*word)))
		return false;
	if (descriptor)
		return by_descriptor(r, word[1], offset, block);
	return type == tls->module_id ? by_module(r, word[0], block) : by_distance(r, word[0], offset, block);
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

struct tls_block tls_block_of_executable(const struct arch *arch, uint64_t size, uint64_t align)
{
	uint64_t start = (arch->tls.header + align - 1) & ~(align - 1);

	return (struct tls_block){.size = arch->tls.header ? 0 - (start + size) : 0};
}

/* glibc keeps the DTV's length in the entry before the first, counted in entries behind the first; musl in
 * the first entry (dl_init_static_tls and __dtv_t of glibc's sysdeps/x86_64/nptl/tls.h, 2.2 to 2.42;
 * __copy_tls of musl's src/env/__init_tls.c, 1.2). */
uint64_t tls_block_end(pid_t pid, uint64_t tp, const struct tls_block *block)
{
	const struct thread_local_abi *tls = &arch_host()->tls;
	bool musl = block->entry == 8;
	uint64_t dtv, length, start;

	if (!tp || !block->module)
		return tp ? tp - block->size : 0;
	if (!tokio_peek(pid, tp + (uint64_t)(int64_t)(musl ? tls->dtv_musl : tls->dtv_glibc), &dtv,
			sizeof(dtv)) ||
	    !tokio_peek(pid, dtv - (musl ? 0 : 16), &length, sizeof(length)) || length < block->module ||
	    !tokio_peek(pid, dtv + block->module * block->entry, &start, sizeof(start)) || !(start + 1 > 1))
		return 0;
	return start + block->size;
}
