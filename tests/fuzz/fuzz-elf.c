/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz-elf.c - files that the target has mapped. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arch.h"
#include "fuzz.h"
#include "resolve/elf/address-space.h"
#include "resolve/elf/elfbounds.h"
#include "resolve/elf/symbols.h"
#include "resolve/symbolize/panic-locations.h"
#include "resolve/symbolize/symbolize.h"
#include "resolve/unwind/framepointers.h"
#include "resolve/unwind/tailcalls.h"
#include "resolve/unwind/unwind.h"
#include "target/procmaps.h"
#include "tokio/layout.h"
#include "tokio/pollsites.h"

#define BASE UINT64_C(0x10000000) /* where position-independent files are mapped */
#define MAPPINGS 8
#define PLACES 64
#define WORDS 256

/* The current file; its name does not change. */
static int file = -1;

static struct space *map_bytes(const uint8_t *data, size_t size, uint64_t *entry)
{
	char path[64];
	Elf64_Ehdr ehdr = {0};
	unsigned mapped = 0;

	if (file < 0)
		file = memfd_create("elf", MFD_CLOEXEC);
	if (file < 0 || ftruncate(file, 0) || pwrite(file, data, size, 0) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	memcpy(&ehdr, data, size < sizeof(ehdr) ? size : sizeof(ehdr));
	uint64_t base = ehdr.e_type == ET_EXEC ? 0 : BASE;
	struct space *space = space_new(&(struct space_options){.exe = path});

	for (size_t i = 0; i < ehdr.e_phnum && mapped < MAPPINGS; i++) {
		uint64_t at = ehdr.e_phoff + i * sizeof(Elf64_Phdr);
		Elf64_Phdr phdr;

		if (at > size || size - at < sizeof(phdr))
			break;
		memcpy(&phdr, data + at, sizeof(phdr));
		if (phdr.p_type != PT_LOAD)
			continue;
		uint64_t start = base + (phdr.p_vaddr & ~UINT64_C(0xfff));

		space_add(space, &(struct mapping){.start = start,
						   .end = start + (phdr.p_filesz & 0xffffff) + 0x1000,
						   .offset = phdr.p_offset & ~UINT64_C(0xfff),
						   .executable = (phdr.p_flags & PF_X) != 0,
						   .path = path,
						   .build_id = ""});
		mapped++;
	}
	if (!mapped)
		space_add(space, &(struct mapping){.start = BASE,
						   .end = BASE + 0x10000,
						   .executable = true,
						   .path = path,
						   .build_id = ""});
	*entry = base + ehdr.e_entry;
	return space;
}

/* Addresses that are worth looking up. */
struct places {
	uint64_t at[PLACES];
	size_t count;
};

static void add_place(void *context, const char *name, uint64_t start)
{
	struct places *places = context;

	(void)name;
	if (places->count < PLACES / 2)
		places->at[places->count++] = start + 4;
}

static void look_at(struct space *space, const struct arch *arch, struct module *module,
		    struct places *places)
{
	struct symbolizer *symbolizer = symbolizer_new(space);
	struct unwinder *unwinder = unwinder_new(space, arch);
	struct tailcalls *tailcalls = tailcalls_new(space, arch);
	static uint64_t word[WORDS];
	struct raw_stack stack = {.sp = 0x7f0000000000, .word = word, .words = WORDS};
	static struct chain chain;
	struct tokio_layouts layouts;
	struct pollsites sites;

	for (size_t i = 0; i < WORDS; i++)
		word[i] = i % 3 && places->count ? places->at[i % places->count]
						 : stack.sp + 8 * (i * 5 % WORDS);
	for (size_t i = 0; i < places->count; i++) {
		uint64_t pc = places->at[i];

		symbolize(symbolizer, pc);
		stack.ip = pc;
		stack.bp = stack.sp + 8 * (pc % 64);
		stack.lr = pc + 1;
		unwind(unwinder, &stack, &chain);
		tailcalls_insert(tailcalls, &chain);
		if (module) {
			const struct function *function = locations_find(module, pc);

			if (function) {
				locations_beside(module, function, true);
				locations_beside(module, function, false);
			}
		}
	}
	if (module) {
		keeps_frame_pointers(module);
		tokio_is_in(module);
		tokio_find(module, &layouts);
		tls_block_of(-1, module, 64, false, &layouts.block);
		if (!pollsites_find(-1, module, symbolizer, &sites))
			pollsites_free(&sites);
	}
	tailcalls_free(tailcalls);
	unwinder_free(unwinder);
	symbolizer_free(symbolizer);
}

void fuzz_elf(const uint8_t *data, size_t size)
{
	struct places places = {.count = 0};
	uint64_t entry;
	struct space *space = map_bytes(data, size, &entry);
	struct module *module = space_main(space);
	const struct mapping *mapping;

	if (module)
		symbols_each_own(module, add_place, &places);
	/* What is read before another process reads the file. */
	Elf *elf = elf_memory((char *)(uintptr_t)data, size);

	if (elf && !elfbounds_problem(elf))
		elfbounds_symtab_problem(elf);
	elf_end(elf);
	places.at[places.count++] = entry;
	for (size_t i = 0; (mapping = space_at(space, i)); i++)
		for (size_t j = 0; mapping->executable && j < 6 && places.count < PLACES; j++)
			places.at[places.count++] =
				mapping->start + (mapping->end - mapping->start) * j / 6 + 1;
	look_at(space, size > 18 && data[18] == EM_AARCH64 ? &arch_aarch64 : &arch_x86_64, module, &places);
	space_free(space);
}

/* Whatever the lines say, the mappings must be sorted and must not overlap. */
void fuzz_maps(const uint8_t *data, size_t size)
{
	struct space *space = space_new(&(struct space_options){.exe = "/exe"});
	FILE *in = open_bytes(data, size);
	const struct mapping *mapping;
	char *line = NULL;
	size_t room = 0;
	uint64_t end = 0;

	while (getline(&line, &room, in) > 0) {
		struct mapping parsed;

		if (!procmaps_parse(line, &parsed))
			continue;
		parsed.build_id = "";
		space_add(space, &parsed);
	}
	for (size_t i = 0; (mapping = space_at(space, i)); i++) {
		if (mapping->start < end || mapping->end <= mapping->start)
			check_failed("mappings", "not in order", (const char *)data, size);
		end = mapping->end;
		if (space_mapping(space, mapping->start) != mapping ||
		    space_mapping(space, end - 1) != mapping)
			check_failed("mappings", "not found", (const char *)data, size);
	}
	free(line);
	fclose(in);
	space_free(space);
}

/* --- call frame information in a file that is made for it --- */

#define CODE 0x1000
#define CODE_SIZE 0x1000
#define FRAMES 0x2000

/* A code segment, and a segment of .eh_frame with its .eh_frame_hdr, as libdw finds them without sections. */
static size_t make_file(uint8_t *image, const uint8_t *program, size_t length)
{
	Elf64_Ehdr ehdr = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3};
	Elf64_Phdr phdr[3] = {
		{.p_type = PT_LOAD,
		 .p_flags = PF_R | PF_X,
		 .p_filesz = FRAMES,
		 .p_memsz = FRAMES,
		 .p_align = CODE},
		{.p_type = PT_LOAD, .p_flags = PF_R, .p_offset = FRAMES, .p_vaddr = FRAMES, .p_align = CODE},
		{.p_type = PT_GNU_EH_FRAME,
		 .p_flags = PF_R,
		 .p_offset = FRAMES,
		 .p_vaddr = FRAMES,
		 .p_filesz = 20},
	};
	/* Version 1; a relative pointer, a count of one, a table of one entry. LSB 5.0, 10.6.2. */
	int32_t header[5] = {0x3b031b01, 16, 1, CODE - FRAMES, 44};
	/* CIE: version 1, "zR", alignments 1 and -8, register 16, pointers relative: 24 bytes with its own length. */
	static const uint8_t cie[24] = {20, 0,	  0,  0, 0,    0,    0, 0, 1,	 'z', 'R', 0,
					1,  0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x90, 1,   0,   0};
	int32_t fde[4] = {0, 28, CODE - (FRAMES + 52), CODE_SIZE};

	length = (length + 3) & ~(size_t)3;
	fde[0] = (int32_t)(13 + length);
	memcpy(image + FRAMES, header, sizeof(header));
	memcpy(image + FRAMES + 20, cie, sizeof(cie));
	memcpy(image + FRAMES + 44, fde, sizeof(fde));
	memcpy(image + FRAMES + 61, program, length); /* after the length of the augmentation, which is 0 */
	phdr[1].p_filesz = phdr[1].p_memsz = 61 + length + 4;
	memcpy(image, &ehdr, sizeof(ehdr));
	memcpy(image + sizeof(ehdr), phdr, sizeof(phdr));
	return FRAMES + 61 + length + 4;
}

/* The first byte is the length of the program; the words after that are the stack. */
void fuzz_unwind(const uint8_t *data, size_t size)
{
	static uint8_t image[FRAMES + 1024];
	static uint64_t word[WORDS];
	static struct chain chain;
	uint8_t program[256] = {0};
	size_t length = size ? data[0] : 0, words;
	uint64_t entry;

	if (size < 1 + length)
		return;
	memcpy(program, data + 1, length);
	memset(image, 0, sizeof(image));
	struct space *space = map_bytes(image, make_file(image, program, length), &entry);
	struct raw_stack stack = {
		.ip = BASE + CODE + 0x10, .sp = 0x7f0000000000, .bp = 0x7f0000000040, .word = word};

	data += 1 + length;
	size -= 1 + length;
	words = size / 8 < WORDS ? size / 8 : WORDS;
	memcpy(word, data, words * 8);
	/* Small words are offsets in code and stack: a fuzzer finds these sooner than addresses. */
	for (size_t i = 0; i < words; i++)
		if (word[i] >> 16 == 0)
			word[i] += word[i] & 1 ? BASE + CODE : stack.sp;
	stack.words = words;
	for (unsigned arch = 0; arch < 2; arch++) {
		const struct arch *of = arch ? &arch_aarch64 : &arch_x86_64;
		struct unwinder *unwinder = unwinder_new(space, of);
		struct tailcalls *tailcalls = tailcalls_new(space, of);

		for (uint64_t ip = 0; ip < 0x40; ip += 0x10) {
			stack.ip = BASE + CODE + ip;
			stack.lr = BASE + CODE + ip + 8;
			unwind(unwinder, &stack, &chain);
			tailcalls_insert(tailcalls, &chain);
		}
		tailcalls_free(tailcalls);
		unwinder_free(unwinder);
	}
	space_free(space);
}
