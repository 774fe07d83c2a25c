/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve/elf/symbols.h"

#include <gelf.h>
#include <libiberty/libiberty.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bisect.h"
#include "base/progress.h"
#include "resolve/elf/module.h"

#define FILES_LIMIT 4		      /* a module has three: its own, a debug file, mini debug info */
#define NAME_LONGEST (1u << 16)	      /* bytes: symbols with longer names are ignored */
#define NAMES_LIMIT ((size_t)1 << 30) /* bytes of all names: they may overlap, and each be long */
#define NESTING_LIMIT 256	      /* earlier symbols that are checked for whether they cover an address */

/* Kept small: a big program has a million. */
struct symbol {
	uint64_t start;
	const char *name;
	uint32_t size;	    /* bytes; UINT32_MAX also stands for more */
	unsigned char rank; /* the lowest wins among symbols with the same start */
	bool sized; /* its size is recorded; otherwise it ends at the next symbol, or with its section */
	bool function;
	bool foreign; /* from a debug file that the target may have made */
};

struct symbols {
	size_t count;
	struct symbol symbol[];
};

/* The sections of a file. */
struct sections {
	Elf *elf;
	size_t count;
	struct section {
		uint64_t end;
		bool executable;
	} * section;
	bool symtab;
};

static struct sections read_sections(Elf *elf)
{
	struct sections sections = {.elf = elf};
	size_t count = 0;

	if (elf_getshdrnum(elf, &count) != 0)
		return sections;
	sections.section = xcalloc(count + 1, sizeof(*sections.section));
	for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn)) {
		GElf_Shdr shdr;
		size_t index = elf_ndxscn(scn);
		if (index >= count || !gelf_getshdr(scn, &shdr))
			continue;
		if (shdr.sh_type == SHT_SYMTAB)
			sections.symtab = true;
		sections.section[index] =
			(struct section){.end = shdr.sh_addr + shdr.sh_size,
					 .executable = (shdr.sh_flags & SHF_EXECINSTR) != 0};
	}
	sections.count = count;
	return sections;
}

/* The sections of `elf`, read on first use. */
static struct sections *sections_of(struct sections *files, Elf *elf)
{
	for (size_t i = 0; i < FILES_LIMIT; i++) {
		if (!files[i].elf)
			files[i] = read_sections(elf);
		if (files[i].elf == elf)
			return &files[i];
	}
	return NULL;
}

/* Functions before labels, sized before unsized, global before local, then the plainest name: people know
 * `read`, not `__read` or `__GI___read`. */
static unsigned char rank_of(const GElf_Sym *sym, const char *name, bool function)
{
	size_t underscores = strspn(name, "_");

	if (strncmp(name, "_ZN", 3) == 0 || strncmp(name, "_R", 2) == 0)
		underscores = 0;
	if (underscores > 7)
		underscores = 7;
	return (unsigned char)((function ? 0 : 64) + (sym->st_size > 0 ? 0 : 32) +
			       (GELF_ST_BIND(sym->st_info) == STB_LOCAL ? 16 : 0) + underscores);
}

/* Subtracts the length of its name from *names_left. */
static bool read_symbol(const struct module *module, int index, struct sections *files, struct symbol *symbol,
			size_t *names_left)
{
	Dwfl_Module *mod = module->dwfl;
	Dwarf_Addr own_bias;
	GElf_Sym sym;
	GElf_Addr addr;
	GElf_Word shndx = SHN_UNDEF;
	Elf *elf = NULL;
	Dwarf_Addr bias;
	const char *name = dwfl_module_getsym_info(mod, index, &sym, &addr, &shndx, &elf, &bias);

	size_t length = name ? strnlen(name, NAME_LONGEST) : 0;

	*names_left -= length < *names_left ? length : *names_left;
	if (length == 0 || length == NAME_LONGEST || !elf || shndx == SHN_UNDEF || shndx >= SHN_LORESERVE)
		return false;
	int type = GELF_ST_TYPE(sym.st_info);
	bool function = type == STT_FUNC || type == STT_GNU_IFUNC;
	struct sections *file = sections_of(files, elf);
	if (!file || shndx >= file->count || (!function && type != STT_NOTYPE))
		return false;
	const struct section *section = &file->section[shndx];
	if (!function && (!section->executable || strncmp(name, ".L", 2) == 0))
		return false;
	uint64_t end = sym.st_size > 0 ? addr + sym.st_size : section->end + bias;
	if (end <= addr)
		return false;
	*symbol = (struct symbol){.start = addr,
				  .name = name,
				  .size = end - addr < UINT32_MAX ? (uint32_t)(end - addr) : UINT32_MAX,
				  .rank = rank_of(&sym, name, function),
				  .sized = sym.st_size > 0,
				  .function = function,
				  .foreign =
					  module->foreign_debug && elf != dwfl_module_getelf(mod, &own_bias)};
	return true;
}

static int by_start(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank - y->rank;
	return strcmp(x->name, y->name);
}

static struct symbols *load(struct module *module)
{
	struct sections files[FILES_LIMIT] = {{0}};
	int total = module->dwfl ? dwfl_module_getsymtab(module->dwfl) : 0;
	size_t limit = total > 0 ? (size_t)total : 0, count = 0, names_left = NAMES_LIMIT;
	struct symbols *symbols = xmalloc(sizeof(*symbols) + limit * sizeof(struct symbol));

	for (size_t i = 1; i < limit && names_left > 0; i++)
		count += read_symbol(module, (int)i, files, &symbols->symbol[count], &names_left);
	for (size_t i = 0; i < FILES_LIMIT; i++) {
		module->has_symtab |= files[i].symtab;
		free(files[i].section);
	}
	if (count > 0)
		qsort(symbols->symbol, count, sizeof(struct symbol), by_start);
	symbols->count = 0;
	for (size_t i = 0; i < count; i++) /* the best symbol at each address */
		if (i == 0 || symbols->symbol[i].start != symbols->symbol[symbols->count - 1].start)
			symbols->symbol[symbols->count++] = symbols->symbol[i];
	for (size_t i = 0; i + 1 < symbols->count; i++) {
		struct symbol *symbol = &symbols->symbol[i];
		if (!symbol->sized && symbol->size > symbol[1].start - symbol->start)
			symbol->size = (uint32_t)(symbol[1].start - symbol->start);
	}
	return xrealloc(symbols, sizeof(*symbols) + symbols->count * sizeof(struct symbol));
}

static const struct symbols *symbols_of(struct module *module)
{
	if (!module->symbols.data) {
		progress_begin("reading the symbols of", module->path);
		module->symbols = (struct module_slot){load(module), free};
		progress_end();
	}
	return module->symbols.data;
}

static void each(struct module *module, bool own,
		 void (*visit)(void *context, const char *name, uint64_t start), void *context)
{
	const struct symbols *symbols = symbols_of(module);

	for (size_t i = 0; i < symbols->count; i++)
		if (symbols->symbol[i].function && !(own && symbols->symbol[i].foreign))
			visit(context, symbols->symbol[i].name, symbols->symbol[i].start);
}

void symbols_each(struct module *module, void (*visit)(void *context, const char *name, uint64_t start),
		  void *context)
{
	each(module, false, visit, context);
}

void symbols_each_own(struct module *module, void (*visit)(void *context, const char *name, uint64_t start),
		      void *context)
{
	each(module, true, visit, context);
}

static const struct symbol *symbol_at(const struct symbols *symbols, uint64_t pc)
{
	size_t low = FIRST_BEYOND(symbols->symbol, symbols->count, start, pc);

	const struct symbol *label = NULL;
	for (size_t i = low; i > 0 && low - i < NESTING_LIMIT; i--) {
		const struct symbol *symbol = &symbols->symbol[i - 1];
		if (pc - symbol->start >= symbol->size)
			continue;
		if (symbol->function && symbol->sized)
			return symbol;
		if (!label)
			label = symbol; /* unless a sized function covers it */
	}
	return label;
}

const char *symbols_find(struct module *module, uint64_t pc, uint64_t *start)
{
	const struct symbol *symbol = symbol_at(symbols_of(module), pc);

	if (symbol && start)
		*start = symbol->start;
	return symbol ? symbol->name : NULL;
}

bool symbols_extent(struct module *module, uint64_t pc, uint64_t *start, uint64_t *end)
{
	const struct symbol *symbol = symbol_at(symbols_of(module), pc);

	if (!symbol)
		return false;
	*start = symbol->start;
	*end = symbol->start + symbol->size;
	return true;
}
