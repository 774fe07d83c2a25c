/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve/unwind/framepointers.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/arch.h"
#include "resolve/elf/budget.h"
#include "resolve/elf/module.h"

#define FUNCTION_BYTES 256 /* shorter functions may call nothing */
#define FUNCTIONS 2000	   /* that are checked */
#define ENOUGH 95	   /* percent of them: hand-written code need not */

/* Does CFI compute the CFA from the frame pointer at `pc` (an address of DWARF's)? */
static bool framed(Dwarf_CFI *cfi, Dwarf_Addr pc)
{
	Dwarf_Frame *frame;
	Dwarf_Op *op;
	size_t count;
	bool found = false;

	if (dwarf_cfi_addrframe(cfi, pc, &frame) != 0)
		return false;
	if (dwarf_frame_cfa(frame, &op, &count) == 0 && count == 1)
		found = op->atom == DW_OP_bregx ? op->number == arch_host()->fp
						: op->atom == DW_OP_breg0 + arch_host()->fp;
	free(frame);
	return found;
}

/* The linker's sorted table of where functions begin, in a loaded segment (LSB, "The .eh_frame_hdr section";
 * only the usual encoding: pairs of 32 bits relative to the section). */
static const int32_t *search_table(Elf *elf, GElf_Addr *base, size_t *count)
{
	size_t headers = 0;

	if (elf_getphdrnum(elf, &headers) != 0)
		return NULL;
	for (size_t i = 0; i < headers && i < 65536; i++) {
		GElf_Phdr phdr;
		Elf_Data *data;
		uint32_t entries;

		if (!gelf_getphdr(elf, (int)i, &phdr) || phdr.p_type != PT_GNU_EH_FRAME)
			continue;
		data = elf_getdata_rawchunk(elf, (int64_t)phdr.p_offset, phdr.p_filesz, ELF_T_WORD);
		if (!data || data->d_size < 12)
			return NULL;
		const unsigned char *bytes = data->d_buf;

		/* version 1; a 4-byte pointer, a 4-byte count, a table of sdata4 | datarel */
		if (bytes[0] != 1 || bytes[2] != 0x03 || bytes[3] != 0x3b)
			return NULL;
		entries = ((const uint32_t *)data->d_buf)[2];
		*count = entries < (data->d_size - 12) / 8 ? entries : (data->d_size - 12) / 8;
		*base = phdr.p_vaddr;
		return (const int32_t *)data->d_buf + 3;
	}
	return NULL;
}

bool keeps_frame_pointers(const struct module *module)
{
	GElf_Addr base = 0, bias;
	Dwarf_Addr cfi_bias;
	size_t count = 0, looked_at = 0, kept = 0;
	Elf *elf = module->dwfl ? dwfl_module_getelf(module->dwfl, &bias) : NULL;
	const int32_t *table = elf ? search_table(elf, &base, &count) : NULL;
	Dwarf_CFI *cfi = table ? dwfl_module_eh_cfi(module->dwfl, &cfi_bias) : NULL;

	if (!cfi)
		return false;
	uint64_t begun = budget_now();
	for (size_t i = 0, step = 1 + count / FUNCTIONS; i + 1 < count; i += step) {
		int64_t start = table[2 * i], size = table[2 * (i + 1)] - start;

		if (size < FUNCTION_BYTES)
			continue;
		if (budget_now() - begun > BUDGET_CFI)
			return false;
		looked_at++;
		kept += framed(cfi, base + (GElf_Addr)(start + size / 2));
	}
	return looked_at > 0 && kept * 100 >= looked_at * ENOUGH;
}
