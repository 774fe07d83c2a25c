/* SPDX-License-Identifier: Apache-2.0 */
/* layout.c - see layout.h. What it says about Tokio is from the sources of 1.24.2, 1.43.1 and 1.53.2. */
#include "tokio/layout.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <gelf.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arch.h"
#include "resolve/elf/module.h"
#include "tokio/runtime-layout.h"
#include "tokio/rusttype.h"
#include "tokio/table.h"

#define PLEASE_REPORT ": please report this version of Tokio"
#define ENTRIES_MAX 20000000u /* debug info entries that are read at most */
#define DEPTH_MAX 8	      /* of namespaces */
#define NAME_MAX_BYTES 4096   /* of a name that are looked at */
#define TLS_MAX (1u << 24)    /* bytes: thread-local memory is not larger */

/* Thread-local variables, as parts of mangled names, legacy or v0. Since 1.29 there is only the first. */
enum { CONTEXT, MULTI_THREAD, CURRENT_THREAD, VARIABLES };

static const char *const mangled[VARIABLES] = {
	"5tokio7runtime7context7CONTEXT",
	"5tokio7runtime9scheduler12multi_thread6worker7CURRENT",
	"5tokio7runtime9scheduler14current_thread7CURRENT",
};

static const char *const variable_paths[VARIABLES] = {
	"tokio::runtime::context::CONTEXT::",
	"tokio::runtime::scheduler::multi_thread::worker::CURRENT::",
	"tokio::runtime::scheduler::current_thread::CURRENT::",
};

/* The types whose members are needed. */
enum { CONTEXTS, MT_CONTEXT, MT_CORE, CT_CONTEXT, CT_CORE, TYPES };

static const char *const type_paths[TYPES] = {
	"tokio::runtime::scheduler::Context",
	"tokio::runtime::scheduler::multi_thread::worker::Context",
	"tokio::runtime::scheduler::multi_thread::worker::Core",
	"tokio::runtime::scheduler::current_thread::Context",
	"tokio::runtime::scheduler::current_thread::Core",
};

/* An address in the executable's thread-local memory, from its start. */
struct variable {
	bool found, twice; /* twice: at two addresses, so there are two Tokios */
	uint64_t at;
	Dwarf_Die type;
	bool typed;
};

/* What was found. */
struct search {
	struct variable variable[VARIABLES];
	Dwarf_Die type[TYPES];
	bool typed[TYPES];
	bool symbols; /* addresses are from the symbol table: debug info only adds types */
	unsigned entries;
	uint64_t tls_size; /* size of the thread-local segment, rounded up as the ABI does */
};

/* --- thread-local variables --- */

/* The size of the thread-local segment, rounded up to *align; 0 if there is none. */
static uint64_t tls_size(Elf *elf, uint64_t *align)
{
	size_t count;

	if (elf_getphdrnum(elf, &count))
		return 0;
	for (size_t i = 0; i < count && i < 1024; i++) {
		GElf_Phdr phdr;

		if (!gelf_getphdr(elf, (int)i, &phdr) || phdr.p_type != PT_TLS)
			continue;
		*align = phdr.p_align ? phdr.p_align : 1;
		if (*align & (*align - 1) || *align > TLS_MAX || !phdr.p_memsz || phdr.p_memsz > TLS_MAX)
			return 0;
		return (phdr.p_memsz + *align - 1) & ~(*align - 1);
	}
	return 0;
}

static void set_variable(struct search *s, int which, uint64_t at)
{
	struct variable *v = &s->variable[which];

	if (at >= s->tls_size)
		return;
	v->twice = v->twice || (v->found && v->at != at);
	v->found = true;
	v->at = at;
}

static void find_symbols(Dwfl_Module *module, struct search *s)
{
	int count = dwfl_module_getsymtab(module);

	for (int i = 1; i < count; i++) {
		GElf_Addr addr;
		GElf_Sym sym;
		GElf_Word section;
		const char *name = dwfl_module_getsym_info(module, i, &sym, &addr, &section, NULL, NULL);

		/* Until Rust 1.79, each variable has a flag whose name is the variable's with STATE. */
		if (!name || GELF_ST_TYPE(sym.st_info) != STT_TLS || sym.st_shndx == SHN_UNDEF ||
		    strstr(name, "5STATE"))
			continue;
		for (int which = 0; which < VARIABLES; which++)
			if (memmem(name, strnlen(name, NAME_MAX_BYTES), mangled[which],
				   strlen(mangled[which])))
				set_variable(s, which, sym.st_value);
	}
	s->symbols = s->variable[CONTEXT].found;
}

/* --- debug info --- */

/* The address of a thread-local variable: a constant, then "push the thread-local address" (DWARF 5, 2.5.1.3,
 * or GNU's). */
static bool tls_location(Dwarf_Die *die, uint64_t *at)
{
	Dwarf_Attribute attribute;
	Dwarf_Op *op;
	size_t count;

	if (!dwarf_attr(die, DW_AT_location, &attribute) || dwarf_getlocation(&attribute, &op, &count) ||
	    count != 2 || (op[1].atom != DW_OP_GNU_push_tls_address && op[1].atom != DW_OP_form_tls_address))
		return false;
	*at = op[0].number;
	return op[0].atom == DW_OP_const8u || op[0].atom == DW_OP_const4u || op[0].atom == DW_OP_addr;
}

/* A variable of this name that the linker removed has address 0 or an impossible one. If the symbol table has
 * the address, a declaration is enough: it has the type. */
static void add_variable(struct search *s, int which, Dwarf_Die *die)
{
	struct variable *v = &s->variable[which];
	Dwarf_Die type;
	uint64_t at;
	bool placed = tls_location(die, &at) && at < s->tls_size;

	if (!rusttype_of(die, &type))
		return;
	if (!placed) {
		if (!s->symbols || !v->found || v->typed)
			return;
		at = v->at;
	}
	if (s->symbols && (!v->found || v->at != at))
		return;
	if (!s->symbols && v->found && v->at) {
		v->twice = v->twice || (at && at != v->at);
		return;
	}
	v->found = true;
	v->at = at;
	v->type = type;
	v->typed = true;
}

static bool defines(Dwarf_Die *die)
{
	return (dwarf_tag(die) == DW_TAG_structure_type) && !dwarf_hasattr(die, DW_AT_declaration) &&
	       dwarf_haschildren(die) == 1;
}

/* Visits the namespaces in `parent`, whose path is `path`, of `length` bytes. */
static void walk(struct search *s, Dwarf_Die *parent, char *path, size_t length, size_t size, int depth)
{
	Dwarf_Die die;

	if (depth > DEPTH_MAX || dwarf_child(parent, &die))
		return;
	do {
		int tag = dwarf_tag(&die);
		const char *name;
		size_t longer;

		if (++s->entries > ENTRIES_MAX)
			return;
		if (tag != DW_TAG_namespace && tag != DW_TAG_variable && tag != DW_TAG_structure_type)
			continue;
		name = dwarf_diename(&die);
		if (!name || length + strnlen(name, size) + 3 > size)
			continue;
		longer = length + (size_t)sprintf(path + length, "%s", name);
		for (int i = 0; i < VARIABLES && tag == DW_TAG_variable; i++)
			if (!strncmp(path, variable_paths[i], strlen(variable_paths[i])))
				add_variable(s, i, &die);
		for (int i = 0; i < TYPES && tag == DW_TAG_structure_type; i++) {
			if (s->typed[i] || strcmp(path, type_paths[i]) || !defines(&die))
				continue;
			s->type[i] = die;
			s->typed[i] = true;
		}
		if (tag == DW_TAG_namespace && (depth || !strcmp(name, "tokio"))) {
			strcpy(path + longer, "::");
			walk(s, &die, path, longer + 2, size, depth + 1);
		}
	} while (dwarf_siblingof(&die, &die) == 0);
}

static bool complete(const struct search *s)
{
	bool core =
		(s->typed[MT_CONTEXT] && s->typed[MT_CORE]) || (s->typed[CT_CONTEXT] && s->typed[CT_CORE]);

	return s->variable[CONTEXT].typed && core;
}

/* Is this a unit of the crate tokio? rustc names a unit SOURCE/@/CRATE.HASH-cgu.N. */
static bool is_tokio_unit(Dwarf_Die *unit)
{
	const char *name = dwarf_diename(unit);

	return name && memmem(name, strnlen(name, NAME_MAX_BYTES), "/@/tokio.", strlen("/@/tokio."));
}

/* First Tokio's own units; then others, because optimisation may move a type into the units that use it. */
static void find_types(Dwarf *dwarf, struct search *s)
{
	char path[512];

	for (int pass = 0; pass < 2 && !complete(s); pass++) {
		Dwarf_CU *cu = NULL;
		uint8_t type;
		Dwarf_Die die;

		while (s->entries < ENTRIES_MAX &&
		       dwarf_get_units(dwarf, cu, &cu, NULL, &type, &die, NULL) == 0)
			if (type == DW_UT_compile && is_tokio_unit(&die) == !pass)
				walk(s, &die, path, 0, sizeof(path), 0);
	}
}

/* The offset of the core's pointer in a scheduler's context: RefCell<Option<Box<Core>>>. */
static bool core_pointer(Dwarf_Die *context, uint64_t *offset)
{
	Dwarf_Die cell, unsafe_cell, option;

	*offset = 0;
	return rusttype_member(context, "core", &cell, offset) &&
	       rusttype_member(&cell, "value", &unsafe_cell, offset) &&
	       rusttype_member(&unsafe_cell, "value", &option, offset) && dwarf_bytesize(&option) == 8;
}

/* Sets t->known if all of it was found. */
static void multi_thread(struct search *s, struct tokio_scheduler *t)
{
	Dwarf_Die type, count;
	uint64_t at = 0;

	if (!s->typed[MT_CONTEXT] || !s->typed[MT_CORE] || !core_pointer(&s->type[MT_CONTEXT], &t->core))
		return;
	/* Option<Parker>: Parker is an Arc, so null means None. No allocation has an address whose lower half
	 * is 0. */
	if (!rusttype_member(&s->type[MT_CORE], "park", &type, &t->idle) || dwarf_bytesize(&type) != 8)
		return;
	t->idle_value = 0;
	if (!rusttype_member(&s->type[MT_CORE], "tick", &type, &t->counter) || dwarf_bytesize(&type) != 4)
		return;
	/* Up to 1.28, metrics count every poll; the tick does not count tasks in the LIFO slot. */
	if (rusttype_member(&s->type[MT_CORE], "metrics", &type, &at) &&
	    rusttype_member(&type, "poll_count", &count, &at))
		t->counter = at;
	t->known = true;
}

/* The same. */
static void current_thread(struct search *s, struct tokio_scheduler *t)
{
	struct rusttype_variant none;
	uint64_t at = 0;
	Dwarf_Die type;

	if (!s->typed[CT_CONTEXT] || !s->typed[CT_CORE] || !core_pointer(&s->type[CT_CONTEXT], &t->core))
		return;
	if (!rusttype_member(&s->type[CT_CORE], "tick", &type, &t->counter) || dwarf_bytesize(&type) != 4)
		return;
	/* Option<Driver>: taken out while the driver waits in park. */
	if (!rusttype_member(&s->type[CT_CORE], "driver", &type, &at) ||
	    !rusttype_variant(&type, "None", &none) || !none.has_value ||
	    (none.tag_size != 4 && none.tag_size != 8))
		return;
	/* The half of the value that is not 0 is enough to recognise it. */
	t->idle = at + none.tag;
	t->idle_value = (uint32_t)none.value;
	if (!t->idle_value && none.value) {
		t->idle += 4;
		t->idle_value = (uint32_t)(none.value >> 32);
	}
	t->known = true;
}

/* The variant of scheduler::Context with this scheduler's context. */
static bool variant(Dwarf_Die *contexts, const char *name, struct tokio_layout *layout,
		    struct tokio_scheduler *t)
{
	struct rusttype_variant d;
	uint64_t at = 0;
	Dwarf_Die type;

	if (!rusttype_variant(contexts, name, &d) || !d.has_value || d.value > UINT32_MAX ||
	    (d.tag_size != 4 && d.tag_size != 8) || !rusttype_member(&d.type, "__0", &type, &at))
		return false;
	layout->tag = d.tag;
	t->tag = (uint32_t)d.value;
	t->core += d.offset + at;
	if (t == &layout->multi_thread && layout->queues.head)
		layout->queues.worker += d.offset + at;
	return true;
}

/* Cell<Option<Id>>: in newer Tokio, Id is never 0, and 0 means None; older Tokio has a separate word. */
static bool task_id(Dwarf_Die *context, uint64_t below, struct tokio_layout *layout)
{
	Dwarf_Die cell, unsafe_cell, option, id;
	struct rusttype_variant some;
	uint64_t at = 0, inside = 0;

	if (!rusttype_member(context, "current_task_id", &cell, &at) ||
	    !rusttype_member(&cell, "value", &unsafe_cell, &at) ||
	    !rusttype_member(&unsafe_cell, "value", &option, &at) || at >= below)
		return false;
	if (dwarf_bytesize(&option) == 8) {
		layout->id = below - at;
		layout->id_tag = 0;
		return true;
	}
	if (dwarf_bytesize(&option) != 16 || !rusttype_variant(&option, "Some", &some) ||
	    some.tag_size != 8 || !rusttype_member(&some.type, "__0", &id, &inside) ||
	    dwarf_bytesize(&id) != 8 || at + some.offset + inside >= below)
		return false;
	layout->id = below - at - some.offset - inside;
	layout->id_tag = below - at - some.tag;
	return true;
}

static const char *from_dwarf(struct search *s, struct tokio_layout *layout)
{
	struct variable *v = &s->variable[CONTEXT];
	Dwarf_Die context, cell, inner;
	uint64_t at = 0, pointer = 0, budget = 0, below;

	if (!v->typed || !rusttype_search(&v->type, "current_task_id", &context, &at))
		return "Tokio's context is not in its debug info" PLEASE_REPORT;
	below = s->tls_size - v->at;
	if (at >= below)
		return "Tokio's context is not where its debug info says" PLEASE_REPORT;
	below -= at;
	if (!task_id(&context, below, layout))
		return "the task id in Tokio's context is not understood" PLEASE_REPORT;
	if (rusttype_member(&context, "budget", &cell, &budget) && dwarf_bytesize(&cell) == 2 &&
	    budget < below)
		layout->budget = below - budget;
	multi_thread(s, &layout->multi_thread);
	if (layout->multi_thread.known)
		layout->queues = tokio_queues_of(&s->type[MT_CONTEXT], &s->type[MT_CORE]);
	current_thread(s, &layout->current_thread);
	if (rusttype_member(&context, "scheduler", &cell, &pointer)) {
		/* Scoped { inner: Cell<*const scheduler::Context> } */
		if (!rusttype_member(&cell, "inner", &inner, &pointer) || dwarf_bytesize(&inner) != 8 ||
		    pointer >= below || !s->typed[CONTEXTS])
			return "the scheduler in Tokio's context is not understood" PLEASE_REPORT;
		layout->tagged = true;
		layout->multi_thread.pointer = layout->current_thread.pointer = below - pointer;
		layout->multi_thread.known =
			layout->multi_thread.known &&
			variant(&s->type[CONTEXTS], "MultiThread", layout, &layout->multi_thread);
		layout->current_thread.known =
			layout->current_thread.known &&
			variant(&s->type[CONTEXTS], "CurrentThread", layout, &layout->current_thread);
	} else {
		struct variable *mt = &s->variable[MULTI_THREAD], *ct = &s->variable[CURRENT_THREAD];

		layout->multi_thread.known = layout->multi_thread.known && mt->found && !mt->twice;
		layout->multi_thread.pointer = s->tls_size - mt->at;
		layout->current_thread.known = layout->current_thread.known && ct->found && !ct->twice;
		layout->current_thread.pointer = s->tls_size - ct->at;
	}
	if (!layout->multi_thread.known && !layout->current_thread.known)
		return "neither of Tokio's schedulers is as expected in its debug info" PLEASE_REPORT;
	strcpy(layout->how, "DWARF");
	return NULL;
}

/* Does the file's own string table name Tokio's context? (libdwfl would search a debug file, too.) */
static bool names_context(Elf *elf)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr shdr;
		Elf_Data *data;

		if (gelf_getshdr(section, &shdr) && shdr.sh_type == SHT_STRTAB &&
		    (data = elf_rawdata(section, NULL)) && data->d_buf &&
		    memmem(data->d_buf, data->d_size, mangled[CONTEXT], strlen(mangled[CONTEXT])))
			return true;
	}
	return false;
}

bool tokio_is_in(struct module *module)
{
	GElf_Addr bias;
	uint64_t align;
	Elf *elf = module && module->dwfl ? dwfl_module_getelf(module->dwfl, &bias) : NULL;

	return elf && tls_size(elf, &align) && (names_context(elf) || tokio_version_is_in(elf));
}

void tokio_version_text(struct module *module, char *text, size_t size)
{
	GElf_Addr bias;
	Elf *elf = module && module->dwfl ? dwfl_module_getelf(module->dwfl, &bias) : NULL;

	unsigned version = elf ? tokio_version(elf) : 0;

	snprintf(text, size, "%s", "");
	if (version)
		snprintf(text, size, "1.%u.%u", version / 1000, version % 1000);
}

const char *tokio_find(struct module *module, struct tokio_layouts *layouts)
{
	struct search *s;
	GElf_Addr bias;
	GElf_Ehdr ehdr;
	Elf *elf;
	Dwarf *dwarf;
	const struct arch *arch;
	uint64_t align;
	const char *why = "no debug info";
	struct runtime_layout runtime = {0};

	memset(layouts, 0, sizeof(*layouts));
	elf = module && module->dwfl ? dwfl_module_getelf(module->dwfl, &bias) : NULL;
	if (!elf || !gelf_getehdr(elf, &ehdr))
		return "its file cannot be read (see the warnings)";
	arch = arch_of_machine(ehdr.e_machine);
	if (!arch || gelf_getclass(elf) != ELFCLASS64)
		return "thread-local memory can be located on x86-64 and aarch64 only";
	s = xcalloc(1, sizeof(*s));
	s->tls_size = tls_size(elf, &align);
	if (!s->tls_size) {
		free(s);
		return "it has no thread-local memory, in which Tokio keeps its state: it may be the wrong "
		       "process";
	}
	layouts->tls_size = s->tls_size;
	layouts->block = tls_block_of_executable(arch, s->tls_size, align);
	find_symbols(module->dwfl, s);
	dwarf = dwfl_module_getdwarf(module->dwfl, &bias);
	if (dwarf && !s->variable[CONTEXT].twice) {
		find_types(dwarf, s);
		runtime_layout_of(s->typed[MT_CONTEXT] ? &s->type[MT_CONTEXT] : NULL,
				  s->typed[CT_CONTEXT] ? &s->type[CT_CONTEXT] : NULL, &runtime);
		why = from_dwarf(s, &layouts->layout[0]);
		layouts->count = !why;
	}
	if (why && !s->variable[CONTEXT].twice && !s->variable[CONTEXT].typed) {
		const struct variable *v = &s->variable[CONTEXT], *mt = &s->variable[MULTI_THREAD],
				      *ct = &s->variable[CURRENT_THREAD];

		why = tokio_table(
			elf,
			&(struct tokio_variables){
				.tls_size = s->tls_size,
				.context = v->found ? s->tls_size - v->at : 0,
				.multi_thread = mt->found && !mt->twice ? s->tls_size - mt->at : 0,
				.current_thread = ct->found && !ct->twice ? s->tls_size - ct->at : 0},
			layouts);
	}
	if (s->variable[CONTEXT].twice)
		why = "there is more than one Tokio in it, which only --polls uprobe takes";
	if (why)
		memset(layouts, 0, sizeof(*layouts));
	layouts->runtime = runtime;
	free(s);
	return why;
}
