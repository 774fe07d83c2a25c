/* tokio.c - see tokio.h. What is said of Tokio was read in the sources of 1.24.2, 1.43.1 and 1.53.2. */
#include "tokio.h"

#include <ctype.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <gelf.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "roles.h"
#include "space.h"

#define ENTRIES_MAX 20000000u /* debug info entries that are read at most */
#define DEPTH_MAX 12	      /* of namespaces, and of types in types */
#define TLS_MAX (1u << 24)    /* bytes: thread-local memory is not larger */
#define OFFSET_MAX 65536u     /* nor any of the structures */

/* The thread-local variables. In mangled names, legacy or v0, paths look like this. Since 1.29 the first is all there is. */
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

/* The types whose members are looked up. */
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
	bool found, twice; /* twice: at different places, so there are two Tokios */
	uint64_t at;
	Dwarf_Die type;
	bool typed;
};

/* What is gathered. */
struct search {
	struct variable variable[VARIABLES];
	Dwarf_Die type[TYPES];
	bool typed[TYPES];
	bool symbols; /* the variables' places are from the symbol table: debug info only adds types */
	unsigned entries;
	uint64_t tls_size; /* of the thread-local segment, rounded up as the ABI does */
};

/* --- thread-local variables --- */

/* x86-64: the executable's own thread-local memory ends at the thread pointer (variant II in Drepper's "ELF Handling For
 * Thread-Local Storage"). */
static uint64_t tls_size(Elf *elf)
{
	size_t count;

	if (elf_getphdrnum(elf, &count))
		return 0;
	for (size_t i = 0; i < count && i < 1024; i++) {
		GElf_Phdr phdr;
		uint64_t align;

		if (!gelf_getphdr(elf, (int)i, &phdr) || phdr.p_type != PT_TLS)
			continue;
		align = phdr.p_align ? phdr.p_align : 1;
		if (align & (align - 1) || align > TLS_MAX || !phdr.p_memsz || phdr.p_memsz > TLS_MAX)
			return 0;
		return (phdr.p_memsz + align - 1) & ~(align - 1);
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

		if (!name || GELF_ST_TYPE(sym.st_info) != STT_TLS || sym.st_shndx == SHN_UNDEF)
			continue;
		for (int which = 0; which < VARIABLES; which++)
			if (strstr(name, mangled[which]))
				set_variable(s, which, sym.st_value);
	}
	s->symbols = s->variable[CONTEXT].found;
}

/* The commonest X of `mov %fs:0,R; lea -X(R),R` in the code: what a relaxed access to a thread-local variable looks like.
 * Tokio's context is by far the most used one. 0 if there is none, or none stands out. */
static uint64_t commonest_access(Elf *elf)
{
	struct {
		uint32_t below, count;
	} seen[64] = {{0, 0}};
	uint32_t best = 0, second = 0, below = 0;
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr shdr;
		Elf_Data *data;

		if (!gelf_getshdr(section, &shdr) || shdr.sh_type != SHT_PROGBITS ||
		    !(shdr.sh_flags & SHF_EXECINSTR) || !(data = elf_rawdata(section, NULL)))
			continue;
		for (const unsigned char *p = data->d_buf, *end = p + data->d_size; p && p + 16 <= end; p++) {
			int32_t displacement;
			unsigned reg;

			/* 64 REX.W 8b /r with an absolute address of 0; then REX.W 8d /r with the same register. */
			p = memchr(p, 0x64, (size_t)(end - p) - 15);
			if (!p)
				break;
			reg = p[3] >> 3 & 7;
			if ((p[1] & 0xfb) != 0x48 || p[2] != 0x8b || (p[3] & 0xc7) != 4 || p[4] != 0x25 ||
			    memcmp(p + 5, "\0\0\0\0", 4) || p[9] != (p[1] == 0x48 ? 0x48 : 0x4d) ||
			    p[10] != 0x8d || (p[11] & 7) != reg || (p[11] >> 3 & 7) != reg || reg == 4)
				continue;
			if (p[11] >> 6 == 1)
				displacement = (int8_t)p[12];
			else if (p[11] >> 6 == 2)
				memcpy(&displacement, p + 12, 4);
			else
				continue;
			for (size_t i = 0; displacement < 0 && i < sizeof(seen) / sizeof(*seen); i++) {
				if (seen[i].count && seen[i].below != -(uint32_t)displacement)
					continue;
				seen[i].below = -(uint32_t)displacement;
				seen[i].count++;
				break;
			}
		}
	}
	for (size_t i = 0; i < sizeof(seen) / sizeof(*seen); i++) {
		if (seen[i].count > best) {
			second = best;
			best = seen[i].count;
			below = seen[i].below;
		} else if (seen[i].count > second) {
			second = seen[i].count;
		}
	}
	return best > second ? below : 0;
}

/* --- debug info --- */

/* The place of a thread-local variable: a constant, then "push the thread-local address" (DWARF 5, 2.5.1.3, or GNU's). */
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

/* A variable of the same name that the linker has thrown away is at 0 or somewhere impossible. */
static void add_variable(struct search *s, int which, Dwarf_Die *die)
{
	struct variable *v = &s->variable[which];
	Dwarf_Attribute attribute;
	Dwarf_Die type;
	uint64_t at;

	if (!tls_location(die, &at) || at >= s->tls_size ||
	    !dwarf_formref_die(dwarf_attr(die, DW_AT_type, &attribute), &type))
		return;
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

/* Goes through the namespaces in `parent`, whose path is `path`, of `length` bytes. */
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
		if (!name || length + strlen(name) + 3 > size)
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

/* rustc names a unit SOURCE/@/CRATE.HASH-cgu.N. */
static bool unit_of_tokio(Dwarf_Die *unit)
{
	const char *name = dwarf_diename(unit);

	return name && strstr(name, "/@/tokio.");
}

static bool complete(const struct search *s)
{
	bool core =
		(s->typed[MT_CONTEXT] && s->typed[MT_CORE]) || (s->typed[CT_CONTEXT] && s->typed[CT_CORE]);

	return s->variable[CONTEXT].typed && core;
}

/* Units of Tokio first; where optimisation has moved all of a type into the units that use it, the others. */
static void find_types(Dwarf *dwarf, struct search *s)
{
	char path[512];

	for (int pass = 0; pass < 2 && !complete(s); pass++) {
		Dwarf_CU *cu = NULL;
		uint8_t type;
		Dwarf_Die die;

		while (s->entries < ENTRIES_MAX &&
		       dwarf_get_units(dwarf, cu, &cu, NULL, &type, &die, NULL) == 0)
			if (type == DW_UT_compile && unit_of_tokio(&die) == !pass)
				walk(s, &die, path, 0, sizeof(path), 0);
	}
}

/* The type that `die` refers to. */
static bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attribute;

	return dwarf_formref_die(dwarf_attr(die, DW_AT_type, &attribute), type);
}

static bool number_of(Dwarf_Die *die, unsigned name, uint64_t *number)
{
	Dwarf_Attribute attribute;
	Dwarf_Word word;

	if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &word))
		return false;
	*number = word;
	return true;
}

/* The member `name` of the structure `type`, and its offset there. */
static bool member(Dwarf_Die *type, const char *name, Dwarf_Die *die, uint64_t *offset)
{
	if (dwarf_child(type, die))
		return false;
	do {
		const char *have = dwarf_tag(die) == DW_TAG_member ? dwarf_diename(die) : NULL;

		if (have && !strcmp(have, name))
			return number_of(die, DW_AT_data_member_location, offset) && *offset < OFFSET_MAX;
	} while (dwarf_siblingof(die, die) == 0);
	return false;
}

/* The type of a member; *offset is added to. */
static bool step(Dwarf_Die *type, const char *name, Dwarf_Die *to, uint64_t *offset)
{
	Dwarf_Die die;
	uint64_t more;

	if (!member(type, name, &die, &more) || !type_of(&die, to))
		return false;
	*offset += more;
	return true;
}

/* The structure with a member `name` that is `type` or lies in it, through enum variants too; *offset is added to. Rust
 * wraps a thread-local in storage types that change with its version. */
static bool find_within(struct search *s, Dwarf_Die *type, const char *name, Dwarf_Die *found,
			uint64_t *offset, int depth)
{
	uint64_t at;
	Dwarf_Die die;

	if (member(type, name, &die, &at)) {
		*found = *type;
		return true;
	}
	if (depth > DEPTH_MAX || dwarf_child(type, &die))
		return false;
	do {
		Dwarf_Die inner;
		int tag = dwarf_tag(&die);

		if (++s->entries > ENTRIES_MAX)
			return false;
		if (tag == DW_TAG_variant_part || tag == DW_TAG_variant) {
			if (find_within(s, &die, name, found, offset, depth + 1))
				return true;
		} else if (tag == DW_TAG_member && type_of(&die, &inner) &&
			   (dwarf_tag(&inner) == DW_TAG_structure_type ||
			    dwarf_tag(&inner) == DW_TAG_union_type) &&
			   number_of(&die, DW_AT_data_member_location, &at) && at < OFFSET_MAX) {
			uint64_t there = *offset + at;

			if (find_within(s, &inner, name, found, &there, depth + 1)) {
				*offset = there;
				return true;
			}
		}
	} while (dwarf_siblingof(&die, &die) == 0);
	return false;
}

/* How an enum says which of its variants is there. */
struct discriminant {
	uint64_t offset;
	unsigned size;
	bool has_value; /* not the one variant that any other value stands for */
	uint64_t value;
	Dwarf_Die variant; /* the variant's type */
	uint64_t at;	   /* and its offset */
};

static bool discriminant(Dwarf_Die *type, const char *variant, struct discriminant *d)
{
	Dwarf_Die part, die, inner;
	Dwarf_Attribute attribute;

	memset(d, 0, sizeof(*d));
	if (dwarf_child(type, &part))
		return false;
	while (dwarf_tag(&part) != DW_TAG_variant_part)
		if (dwarf_siblingof(&part, &part))
			return false;
	if (!dwarf_formref_die(dwarf_attr(&part, DW_AT_discr, &attribute), &die) ||
	    !number_of(&die, DW_AT_data_member_location, &d->offset) || d->offset >= OFFSET_MAX ||
	    !type_of(&die, &inner))
		return false;
	d->size = (unsigned)dwarf_bytesize(&inner);
	if (dwarf_child(&part, &die))
		return false;
	do {
		Dwarf_Die inside;
		const char *name;

		if (dwarf_tag(&die) != DW_TAG_variant || dwarf_child(&die, &inside) ||
		    dwarf_tag(&inside) != DW_TAG_member)
			continue;
		name = dwarf_diename(&inside);
		if (!name || strcmp(name, variant))
			continue;
		d->has_value = number_of(&die, DW_AT_discr_value, &d->value);
		return type_of(&inside, &d->variant) &&
		       number_of(&inside, DW_AT_data_member_location, &d->at) && d->at < OFFSET_MAX;
	} while (dwarf_siblingof(&die, &die) == 0);
	return false;
}

/* Where the core's pointer is in a scheduler's context: RefCell<Option<Box<Core>>>. */
static bool core_pointer(Dwarf_Die *context, uint64_t *offset)
{
	Dwarf_Die cell, unsafe_cell, option;

	*offset = 0;
	return step(context, "core", &cell, offset) && step(&cell, "value", &unsafe_cell, offset) &&
	       step(&unsafe_cell, "value", &option, offset) && dwarf_bytesize(&option) == 8;
}

static bool multi_thread(struct search *s, struct tokio_scheduler *t)
{
	Dwarf_Die type, count;
	uint64_t at = 0;

	if (!s->typed[MT_CONTEXT] || !s->typed[MT_CORE] || !core_pointer(&s->type[MT_CONTEXT], &t->core))
		return false;
	/* Option<Parker>: Parker is one Arc, so null is None. No allocation is at a multiple of 4 GiB. */
	if (!step(&s->type[MT_CORE], "park", &type, &t->idle) || dwarf_bytesize(&type) != 8)
		return false;
	t->idle_value = 0;
	if (!step(&s->type[MT_CORE], "tick", &type, &t->counter) || dwarf_bytesize(&type) != 4)
		return false;
	/* Up to 1.28 metrics count every poll; the tick does not move for a task in the LIFO slot. */
	if (step(&s->type[MT_CORE], "metrics", &type, &at) && step(&type, "poll_count", &count, &at))
		t->counter = at;
	return t->known = true;
}

static bool current_thread(struct search *s, struct tokio_scheduler *t)
{
	struct discriminant none;
	uint64_t at = 0;
	Dwarf_Die type;

	if (!s->typed[CT_CONTEXT] || !s->typed[CT_CORE] || !core_pointer(&s->type[CT_CONTEXT], &t->core))
		return false;
	if (!step(&s->type[CT_CORE], "tick", &type, &t->counter) || dwarf_bytesize(&type) != 4)
		return false;
	/* Option<Driver>, taken away while it waits in park. */
	if (!step(&s->type[CT_CORE], "driver", &type, &at) || !discriminant(&type, "None", &none) ||
	    !none.has_value || (none.size != 4 && none.size != 8))
		return false;
	/* One half of the value is enough to know it by: the one that is not 0. */
	t->idle = at + none.offset;
	t->idle_value = (uint32_t)none.value;
	if (!t->idle_value && none.value) {
		t->idle += 4;
		t->idle_value = (uint32_t)(none.value >> 32);
	}
	return t->known = true;
}

/* One of the variants of scheduler::Context, which hold a scheduler's own context. */
static bool variant(Dwarf_Die *contexts, const char *name, struct tokio_layout *layout,
		    struct tokio_scheduler *t)
{
	struct discriminant d;
	uint64_t at = 0;
	Dwarf_Die type;

	if (!discriminant(contexts, name, &d) || !d.has_value || d.value > UINT32_MAX ||
	    (d.size != 4 && d.size != 8) || !step(&d.variant, "__0", &type, &at))
		return false;
	layout->tag = d.offset;
	t->tag = (uint32_t)d.value;
	t->core += d.at + at;
	return true;
}

/* Cell<Option<Id>>: Id is not 0 in newer Tokio, so that 0 is None; older has a word for it. */
static bool task_id(struct search *s, Dwarf_Die *context, uint64_t below, struct tokio_layout *layout)
{
	Dwarf_Die cell, unsafe_cell, option, id;
	struct discriminant some;
	uint64_t at = 0, inside = 0;

	(void)s;
	if (!step(context, "current_task_id", &cell, &at) || !step(&cell, "value", &unsafe_cell, &at) ||
	    !step(&unsafe_cell, "value", &option, &at) || at >= below)
		return false;
	if (dwarf_bytesize(&option) == 8) {
		layout->id = below - at;
		layout->id_tag = 0;
		return true;
	}
	if (dwarf_bytesize(&option) != 16 || !discriminant(&option, "Some", &some) || some.size != 8 ||
	    !step(&some.variant, "__0", &id, &inside) || dwarf_bytesize(&id) != 8 ||
	    at + some.at + inside >= below)
		return false;
	layout->id = below - at - some.at - inside;
	layout->id_tag = below - at - some.offset;
	return true;
}

static const char *from_dwarf(struct search *s, struct tokio_layout *layout)
{
	struct variable *v = &s->variable[CONTEXT];
	Dwarf_Die context, cell, inner;
	uint64_t at = 0, pointer = 0, budget = 0, below;

	if (!v->typed || !find_within(s, &v->type, "current_task_id", &context, &at, 0))
		return "Tokio's context is not in its debug info";
	below = s->tls_size - v->at;
	if (at >= below)
		return "Tokio's context is not where its debug info says";
	below -= at;
	if (!task_id(s, &context, below, layout))
		return "the task id in Tokio's context is not understood";
	multi_thread(s, &layout->multi_thread);
	current_thread(s, &layout->current_thread);
	if (step(&context, "scheduler", &cell, &pointer)) {
		/* Scoped { inner: Cell<*const scheduler::Context> } */
		if (!step(&cell, "inner", &inner, &pointer) || dwarf_bytesize(&inner) != 8 ||
		    pointer >= below || !s->typed[CONTEXTS])
			return "the scheduler in Tokio's context is not understood";
		layout->tagged = true;
		layout->multi_thread.pointer = layout->current_thread.pointer = below - pointer;
		layout->multi_thread.known =
			layout->multi_thread.known &&
			variant(&s->type[CONTEXTS], "MultiThread", layout, &layout->multi_thread);
		layout->current_thread.known =
			layout->current_thread.known &&
			variant(&s->type[CONTEXTS], "CurrentThread", layout, &layout->current_thread);
	} else {
		/* Here nothing but the budget limits how often two tasks may wake each other in one tick. It tells their polls
		 * apart, but also takes one that uses some of it between two long stretches for two. */
		if (step(&context, "budget", &cell, &budget) && budget < below)
			layout->budget = below - budget;
		struct variable *mt = &s->variable[MULTI_THREAD], *ct = &s->variable[CURRENT_THREAD];

		layout->multi_thread.known = layout->multi_thread.known && mt->found && !mt->twice;
		layout->multi_thread.pointer = s->tls_size - mt->at;
		layout->current_thread.known = layout->current_thread.known && ct->found && !ct->twice;
		layout->current_thread.pointer = s->tls_size - ct->at;
	}
	if (!layout->multi_thread.known && !layout->current_thread.known)
		return "neither of Tokio's schedulers is as expected in its debug info";
	strcpy(layout->how, "DWARF");
	return NULL;
}

/* --- versions that were looked at --- */

/* The layout of one minor version in a release build, without the features that are called unstable. The core of the
 * current-thread scheduler is not here: its layout depends on which of Tokio's other features were chosen. */
static const struct known {
	unsigned major, minor;
	uint64_t id, scheduler; /* in the variable */
	uint32_t tag;		/* of the multi-thread scheduler; at the start of the context */
	uint64_t core, counter, idle;
} known[] = {
	{1, 43, 48, 40, 1, 24, 64, 8},
	{1, 53, 48, 40, 1, 24, 104, 8},
};

/* Reads one number of a version, ends with `end`. */
static bool version_part(const char **p, const char *limit, char end, unsigned *number)
{
	const char *start = *p;

	for (*number = 0; *p < limit && isdigit((unsigned char)**p) && *p - start < 4; (*p)++)
		*number = 10 * *number + (unsigned)(**p - '0');
	return *p > start && *p < limit && *(*p)++ == end;
}

/* The version of Tokio by the paths of its sources, which panic messages hold: ".../tokio-1.43.1/src/...". Returns how many
 * different ones there are, up to 2. */
static unsigned find_version(Elf *elf, unsigned version[2])
{
	Elf_Scn *section = NULL;
	unsigned found = 0;

	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr shdr;
		Elf_Data *data;
		const char *p, *limit;

		if (!gelf_getshdr(section, &shdr) || shdr.sh_type != SHT_PROGBITS ||
		    !(shdr.sh_flags & SHF_ALLOC) || shdr.sh_flags & (SHF_EXECINSTR | SHF_WRITE) ||
		    !(data = elf_rawdata(section, NULL)) || !data->d_buf)
			continue;
		p = data->d_buf;
		limit = p + data->d_size;
		while ((p = memmem(p, (size_t)(limit - p), "/tokio-", 7))) {
			unsigned major, minor, patch;

			p += 7;
			if (!version_part(&p, limit, '.', &major) || !version_part(&p, limit, '.', &minor) ||
			    !version_part(&p, limit, '/', &patch))
				continue;
			if (found && (version[0] != major || version[1] != minor))
				return 2;
			found = 1;
			version[0] = major;
			version[1] = minor;
		}
	}
	return found;
}

static const char *from_table(Elf *elf, const struct search *s, struct tokio_layout *layout)
{
	const struct variable *v = &s->variable[CONTEXT];
	struct tokio_scheduler *t = &layout->multi_thread;
	const struct known *row = NULL;
	unsigned version[2] = {0, 0}, versions = find_version(elf, version);
	uint64_t below;

	if (!versions && !v->found)
		return "there is no sign of Tokio in the executable";
	if (versions != 1)
		return versions ? "there are two versions of Tokio in it"
				: "no debug info, and it does not say which version of Tokio it holds";
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i].major == version[0] && known[i].minor == version[1])
			row = &known[i];
	if (!row)
		return "no debug info, and where its version of Tokio keeps its state is not in the table";
	below = v->found ? s->tls_size - v->at : commonest_access(elf);
	if (below <= row->id || below <= row->scheduler || below > s->tls_size)
		return "stripped, and Tokio's context was not found in its code";
	layout->id = below - row->id;
	layout->tagged = true;
	*t = (struct tokio_scheduler){.known = true,
				      .pointer = below - row->scheduler,
				      .tag = row->tag,
				      .core = row->core,
				      .counter = row->counter,
				      .idle = row->idle};
	layout->current_thread.pointer = t->pointer;
	snprintf(layout->how, sizeof(layout->how), "table %u.%u%s", version[0], version[1],
		 v->found ? "" : ", by its code");
	return NULL;
}

const char *tokio_find(struct module *module, struct tokio_layout *layout)
{
	struct search *s;
	GElf_Addr bias;
	GElf_Ehdr ehdr;
	Elf *elf;
	Dwarf *dwarf;
	const char *why = "no debug info";

	memset(layout, 0, sizeof(*layout));
	elf = module && module->dwfl ? dwfl_module_getelf(module->dwfl, &bias) : NULL;
	if (!elf || !gelf_getehdr(elf, &ehdr))
		return "the executable cannot be read";
	if (ehdr.e_machine != EM_X86_64 || gelf_getclass(elf) != ELFCLASS64)
		return "where thread-local memory is, is known for x86-64 only";
	s = xcalloc(1, sizeof(*s));
	s->tls_size = tls_size(elf);
	if (!s->tls_size) {
		free(s);
		return "the executable has no thread-local memory";
	}
	find_symbols(module->dwfl, s);
	dwarf = dwfl_module_getdwarf(module->dwfl, &bias);
	if (dwarf && !s->variable[CONTEXT].twice) {
		find_types(dwarf, s);
		why = from_dwarf(s, layout);
	}
	if (why && !s->variable[CONTEXT].twice && !s->variable[CONTEXT].typed) {
		memset(layout, 0, sizeof(*layout));
		why = from_table(elf, s, layout);
	}
	if (s->variable[CONTEXT].twice)
		why = "there is more than one Tokio in it";
	free(s);
	return why;
}

/* --- the live process --- */

static bool peek(pid_t pid, uint64_t addr, void *to, size_t size)
{
	struct iovec local = {to, size}, remote = {(void *)(uintptr_t)addr, size};

	return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

/* What a thread's memory shows. */
enum sight { NOTHING, AS_EXPECTED, NOT_AS_EXPECTED };

static enum sight look(pid_t pid, uint64_t fs, const struct tokio_layout *layout,
		       const struct tokio_scheduler *t, uint64_t context)
{
	uint64_t id, tag = 1, core, idle = 0, counts[2];
	uint32_t counter;

	if (!peek(pid, fs - layout->id, &id, sizeof(id)) ||
	    (layout->id_tag && !peek(pid, fs - layout->id_tag, &tag, sizeof(tag))) || tag > 1 ||
	    (tag && id >> 48) || !peek(pid, context + t->core, &core, sizeof(core)))
		return NOT_AS_EXPECTED;
	if (!core)
		return NOTHING; /* at this moment */
	if (core & 7 || !peek(pid, core + t->counter, &counter, sizeof(counter)) ||
	    !peek(pid, core + t->idle, &idle, t == &layout->multi_thread ? 8 : 4))
		return NOT_AS_EXPECTED;
	/* An Arc, which begins with its two counts. */
	if (t == &layout->multi_thread && idle &&
	    (idle & 7 || !peek(pid, idle, counts, sizeof(counts)) || !counts[0] || !counts[1] ||
	     counts[0] >> 32 || counts[1] >> 32))
		return NOT_AS_EXPECTED;
	return AS_EXPECTED;
}

static enum sight look_at_thread(pid_t pid, uint64_t fs, const struct tokio_layout *layout, enum role *role)
{
	const struct tokio_scheduler *both[] = {&layout->multi_thread, &layout->current_thread};
	enum sight sight = NOTHING;

	for (int i = 0; i < 2; i++) {
		uint64_t context, tag = 0;

		if (!both[i]->known)
			continue;
		if (!peek(pid, fs - both[i]->pointer, &context, sizeof(context)))
			return NOT_AS_EXPECTED;
		if (!context)
			continue;
		if (context & 7)
			return NOT_AS_EXPECTED;
		if (layout->tagged && !peek(pid, context + layout->tag, &tag, 4))
			return NOT_AS_EXPECTED;
		if (layout->tagged && tag > 15)
			return NOT_AS_EXPECTED;
		if (layout->tagged && tag != both[i]->tag)
			continue;
		sight = look(pid, fs, layout, both[i], context);
		if (sight != NOTHING) {
			*role = i ? ROLE_CURRENT_THREAD : ROLE_WORKER;
			return sight;
		}
	}
	return sight;
}

const char *tokio_verify(pid_t pid, struct thread *threads, size_t count, const struct tokio_layout *layout)
{
	size_t seen = 0, looked_at = 0;

	for (size_t i = 0; i < count; i++) {
		enum sight sight = NOTHING;
		enum role role = ROLE_UNKNOWN;

		if (!threads[i].thread_pointer)
			continue;
		/* It runs meanwhile: what is pointed to may have gone, and a core be elsewhere for a moment. */
		for (int tries = 0; tries < 20 && sight != AS_EXPECTED; tries++)
			sight = look_at_thread(pid, threads[i].thread_pointer, layout, &role);
		if (sight == NOT_AS_EXPECTED)
			return "the memory of a thread does not look like that";
		looked_at++;
		if (sight == AS_EXPECTED) {
			threads[i].role = role;
			threads[i].watched = true;
			seen++;
		}
	}
	if (!looked_at)
		return "no thread could be stopped to look at its memory";
	return seen ? NULL : "no thread has a scheduler where it should be";
}
