/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve/symbolize/debuginfo.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bisect.h"
#include "base/grow.h"
#include "base/progress.h"
#include "resolve/elf/binary.h"
#include "resolve/elf/budget.h"
#include "resolve/elf/module.h"
#include "resolve/symbolize/debugunit.h"
#include "sandbox/opener.h"

static const char damaged[] = "its debug info cannot be read: no source lines or inlined calls";
static const char zstd[] = "its debug info is compressed by zstd, which this elfutils cannot read (0.189 "
			   "can, where it is built so): no source lines or inlined calls; --target takes a "
			   "file without (objcopy --decompress-debug-sections)";
static const char split_packed[] = "its debug info is packed in a .dwp file, which this elfutils cannot read "
				   "(0.192 can): no inlined calls; "
				   "with split-debuginfo = \"unpacked\" or \"off\" there are";
static const char split_missing[] =
	"its debug info is split, and its .dwo files are not where it was built: no inlined calls";

static const char too_long[] = "its debug info takes too long to read: no source lines or inlined calls";

#define RANGES_LIMIT (1u << 24) /* for all units together: many units may share a long list */

/* A range of addresses that belongs to a unit. */
struct stretch {
	Dwarf_Addr low, high;
	size_t unit; /* index */
};

/* A module's debug info. Addresses here are DWARF's: the target's minus `bias`. */
struct debug {
	Dwarf *dwarf; /* NULL if there is none */
	Dwarf_Addr bias;
	struct debugunit *units; /* in order of the section */
	size_t unit_count, unit_size;
	struct stretch *stretches; /* sorted */
	size_t count, size;
	size_t ranges; /* how many ranges were read */
};

/* --- the list of units, read once --- */

static void add_stretch(struct debug *debug, Dwarf_Addr low, Dwarf_Addr high)
{
	GROW(debug->stretches, debug->size, debug->count + 1);
	debug->stretches[debug->count++] = (struct stretch){low, high, debug->unit_count};
}

static void add_unit(struct debug *debug, Dwarf_Die *die)
{
	Dwarf_Addr base, low, high;
	ptrdiff_t at = 0;
	size_t before = debug->count;

	while (debug->ranges++ < RANGES_LIMIT && (at = dwarf_ranges(die, at, &base, &low, &high)) > 0)
		if (low != 0 && low < high) /* 0: removed by the linker */
			add_stretch(debug, low, high);
	if (debug->count == before)
		return;
	GROW(debug->units, debug->unit_size, debug->unit_count + 1);
	debug->units[debug->unit_count++] = (struct debugunit){.die = *die};
}

static int by_low(const void *a, const void *b)
{
	const struct stretch *x = a, *y = b;

	return x->low != y->low ? (x->low < y->low ? -1 : 1) : (x->high > y->high) - (x->high < y->high);
}

/* Is the debug info compressed, but not by zlib? Sets *any if there is debug info at all. */
static bool compressed_oddly(Elf *elf, bool *any)
{
	size_t strings;
	GElf_Shdr shdr;
	GElf_Chdr chdr;

	if (!elf || elf_getshdrstrndx(elf, &strings) != 0)
		return false;
	for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn)) {
		const char *name = gelf_getshdr(scn, &shdr) ? elf_strptr(elf, strings, shdr.sh_name) : NULL;
		if (!name || strcmp(name, ".debug_info") != 0 || shdr.sh_type == SHT_NOBITS)
			continue;
		*any = true;
		return (shdr.sh_flags & SHF_COMPRESSED) && gelf_getchdr(scn, &chdr) &&
		       chdr.ch_type != ELFCOMPRESS_ZLIB;
	}
	return false;
}

/* Why libdw gave no unit of debug info, or NULL if there is none to give. */
static const char *unreadable(struct module *module)
{
	GElf_Addr bias;
	const char *main_file, *debug_file = NULL;
	bool any = false, oddly = compressed_oddly(dwfl_module_getelf(module->dwfl, &bias), &any);

	dwfl_module_info(module->dwfl, NULL, NULL, NULL, NULL, NULL, &main_file, &debug_file);
	int fd = debug_file && !any ? opener_open(debug_file) : -1;
	Elf *elf = fd >= 0 ? elf_begin(fd, ELF_C_READ_MMAP, NULL) : NULL;
	oddly |= compressed_oddly(elf, &any);
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	return oddly ? zstd : any ? damaged : NULL;
}

static struct debug *load(struct module *module)
{
	struct debug *debug = xcalloc(1, sizeof(*debug));
	Dwarf_CU *cu = NULL;
	uint8_t type;
	Dwarf_Die die;
	size_t kept = 0;

	if (module->dwfl)
		debug->dwarf = dwfl_module_getdwarf(module->dwfl, &debug->bias);
	while (debug->dwarf && dwarf_get_units(debug->dwarf, cu, &cu, NULL, &type, &die, NULL) == 0)
		if (type == DW_UT_compile || type == DW_UT_skeleton)
			add_unit(debug, &die);
	module->has_debug_info = debug->unit_count > 0;
	if (!module->has_debug_info && module->dwfl && !module->problem)
		module->problem = unreadable(module);

	if (debug->count > 0)
		qsort(debug->stretches, debug->count, sizeof(struct stretch), by_low);
	for (size_t i = 0; i < debug->count; i++) {
		struct stretch *stretch = &debug->stretches[i],
			       *last = kept > 0 ? &debug->stretches[kept - 1] : NULL;
		/* Functions of a unit follow each other, with only padding between them. */
		if (last && last->unit == stretch->unit && stretch->low <= last->high + 16) {
			if (stretch->high > last->high)
				last->high = stretch->high;
		} else {
			debug->stretches[kept++] = *stretch;
		}
	}
	debug->count = kept;
	return debug;
}

static struct debugunit *unit_at(const struct debug *debug, Dwarf_Addr addr)
{
	size_t low = FIRST_BEYOND(debug->stretches, debug->count, low, addr);

	/* Units may overlap a little. If more than a few do, they are not believed. */
	for (size_t i = low; i > 0 && low - i < 8; i--)
		if (addr < debug->stretches[i - 1].high)
			return &debug->units[debug->stretches[i - 1].unit];
	return NULL;
}

/* The unit of `die`, or NULL. */
static struct debugunit *unit_of(const struct debug *debug, Dwarf_Die *die)
{
	for (size_t i = 0; i < debug->unit_count; i++)
		if (debug->units[i].die.cu == die->cu || debug->units[i].root.cu == die->cu)
			return &debug->units[i];
	return NULL;
}

/* --- one address --- */

/* The unit's functions are in another file, which libdw did not find or cannot read. */
static const char *split_problem(const struct module *module)
{
	char *path = binary_path(module->path), *package = concat(path, ".dwp", NULL);
	int fd = opener_open(package);
	bool packed = fd >= 0;

	if (packed)
		close(fd);

	free(path);
	free(package);
	return packed ? split_packed : split_missing;
}

static const char *compilation_directory(Dwarf_Die *unit)
{
	Dwarf_Attribute attribute;

	return dwarf_attr(unit, DW_AT_comp_dir, &attribute) ? dwarf_formstring(&attribute) : NULL;
}

static const char *home_of(Dwarf_Die *unit)
{
	const char *source = dwarf_diename(unit);

	return source && source[0] != '/' ? compilation_directory(unit) : NULL;
}

/* libdw does not join a relative path with its unit's directory. */
static struct debuginfo_file file_of(Dwarf_Die *unit, const char *name)
{
	return (struct debuginfo_file){name && name[0] != '/' ? compilation_directory(unit) : NULL, name};
}

static void set_position(struct debugunit *unit, Dwarf_Addr addr, struct debuginfo_function *function)
{
	int line = 0;
	Dwarf_Line *row = dwarf_getsrc_die(&unit->die, addr);

	if (!row)
		return;
	function->file = file_of(&unit->die, dwarf_linesrc(row, NULL, NULL));
	if (dwarf_lineno(row, &line) == 0 && line > 0)
		function->line = (unsigned)line;
}

static void describe(struct debug *debug, struct debugunit *unit, Dwarf_Die *die,
		     struct debuginfo_function *function)
{
	Dwarf_Die declared, cu;

	debugunit_name(die, &function->linkage, &function->name, &declared);
	/* A linkage name that is not mangled is the linker's (__GI_read), not the function's. */
	if (function->name && function->linkage && strncmp(function->linkage, "_Z", 2) != 0 &&
	    strncmp(function->linkage, "_R", 2) != 0)
		function->linkage = NULL;
	if (declared.cu == unit->root.cu || !dwarf_diecu(&declared, &cu, NULL, NULL))
		cu = unit->die;
	function->declared = file_of(&cu, debugunit_declared_in(unit, &declared));
	function->home = home_of(&cu);
	int line = 0;

	if (dwarf_decl_line(die, &line) == 0 && line > 0)
		function->declared_line = (unsigned)line;
	if (!function->linkage && function->name) {
		struct debugunit *home = declared.cu == unit->root.cu ? unit : unit_of(debug, &declared);
		function->scope = home ? debugunit_scope(home, &declared) : NULL;
	}
}

static void free_debug(void *data)
{
	struct debug *debug = data;

	for (size_t i = 0; i < debug->unit_count; i++)
		debugunit_free(&debug->units[i]);
	free(debug->units);
	free(debug->stretches);
	free(debug);
}

size_t debuginfo_find(struct module *module, uint64_t pc, struct debuginfo_function *functions)
{
	struct debug *debug = module->debug.data;
	Dwarf_Die chain[DEBUGINFO_CHAIN];
	Dwarf_Addr start = 0;

	functions[0] = (struct debuginfo_function){0};
	if (module->debug_time >= BUDGET_DEBUG)
		return 0;
	uint64_t begun = budget_now();
	progress_begin("reading the debug info of", module->path);
	if (!debug) {
		debug = load(module);
		module->debug = (struct module_slot){debug, free_debug};
	}
	Dwarf_Addr addr = pc - debug->bias;
	struct debugunit *unit = unit_at(debug, addr);
	size_t count = unit ? debugunit_chain(unit, addr, chain, DEBUGINFO_CHAIN, &start) : 0;
	if (unit && unit->split_missing && !module->problem)
		module->problem = split_problem(module);
	for (size_t i = 0; i < count; i++) { /* chain is outermost first */
		struct debuginfo_function *function = &functions[count - 1 - i];
		*function = (struct debuginfo_function){.inlined = i > 0,
							.start = i > 0 ? 0 : start + debug->bias};
		describe(debug, unit, &chain[i], function);
		if (i + 1 < count)
			function->file = file_of(&unit->die,
						 debugunit_call_site(unit, &chain[i + 1], &function->line));
	}
	if (unit)
		set_position(unit, addr, &functions[0]);
	module->debug_time += budget_now() - begun;
	if (module->debug_time >= BUDGET_DEBUG)
		module->problem = too_long;
	progress_end();
	return count;
}
