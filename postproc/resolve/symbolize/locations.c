/* locations.c - see locations.h.
 *
 * Location is { file: &str, line: u32, col: u32 }, in this order on all of rustc 1.63 to 1.95: 24 bytes. The pointer is filled in
 * by a relocation (R_X86_64_RELATIVE), or is there already (RELR, or an executable that is not position independent).
 */
#include "resolve/symbolize/locations.h"

#include <gelf.h>
#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "resolve/elf/module.h"

#define SEGMENTS_MAX 64
#define SCAN_MAX (256u << 10) /* bytes of a function's code looked at */
#define LOCATIONS_MAX 256     /* kept of a function */
#define BESIDE_MAX 64	      /* functions looked at for a neighbour */
#define FILE_MAX 1024	      /* bytes of a path */
#define LINE_MAX_SANE (1u << 24)
#define COLUMN_MAX_SANE (1u << 16)
#define LOCATION_SIZE 24
#define HEADER_SIZE 12 /* of .eh_frame_hdr, before its table */
#define FUNCTIONS_MAX (1u << 22)

struct segment {
	uint64_t start, size;
	const unsigned char *byte;
};

/* The word at `where` becomes `value` when the file is loaded. */
struct relocation {
	uint64_t where, value;
};

struct locations {
	struct segment segment[SEGMENTS_MAX];
	size_t segments;
	struct relocation *relocation; /* sorted */
	size_t relocations;
	struct function *function; /* sorted by start */
	size_t functions;
	bool x86_64;
	htab_t files;
};

/* --- the file --- */

static uint32_t word32(const unsigned char *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t word64(const unsigned char *at)
{
	return word32(at) | (uint64_t)word32(at + 4) << 32;
}

/* Where the address space has `address`: *left bytes can be read there, at least `size`. NULL: not in the file. */
static const unsigned char *bytes_at(const struct locations *l, uint64_t address, uint64_t size,
				     uint64_t *left)
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

static void read_relocations(struct locations *l, uint64_t table, uint64_t size)
{
	const unsigned char *at = bytes_at(l, table, size, NULL);

	if (!at || size < sizeof(Elf64_Rela))
		return;
	l->relocation = xcalloc(size / sizeof(Elf64_Rela), sizeof(*l->relocation));
	for (uint64_t i = 0; i < size / sizeof(Elf64_Rela); i++, at += sizeof(Elf64_Rela))
		if (word32(at + 8) == R_X86_64_RELATIVE)
			l->relocation[l->relocations++] =
				(struct relocation){.where = word64(at), .value = word64(at + 16)};
	if (l->relocations)
		qsort(l->relocation, l->relocations, sizeof(*l->relocation), by_where);
}

static void read_dynamic(struct locations *l, uint64_t address, uint64_t size)
{
	const unsigned char *at = bytes_at(l, address, size, NULL);
	uint64_t table = 0, bytes = 0;

	for (; at && size >= sizeof(Elf64_Dyn); at += sizeof(Elf64_Dyn), size -= sizeof(Elf64_Dyn)) {
		uint64_t tag = word64(at);

		if (tag == DT_NULL)
			break;
		if (tag == DT_RELA)
			table = word64(at + 8);
		else if (tag == DT_RELASZ)
			bytes = word64(at + 8);
	}
	if (table && bytes)
		read_relocations(l, table, bytes);
}

static int by_start(const void *one, const void *two)
{
	const struct function *a = one, *b = two;

	return (a->start > b->start) - (a->start < b->start);
}

/* How many bytes the FDE at `address` says that its function has, if its addresses are of 4 bytes, as linkers have them. */
static uint64_t fde_size(const struct locations *l, uint64_t address)
{
	const unsigned char *at = bytes_at(l, address, 16, NULL);

	return at ? word32(at + 12) : 0;
}

/* .eh_frame_hdr (LSB 5.0, 10.6.2) in the only form that linkers write: pairs of 4-byte addresses relative to itself. */
static void read_functions(struct locations *l, uint64_t address, uint64_t size)
{
	uint64_t left;
	const unsigned char *at = bytes_at(l, address, HEADER_SIZE, &left);

	if (!at || at[0] != 1 || at[2] != 0x03 || at[3] != 0x3b)
		return;
	uint64_t count = word32(at + 8), room = ((left < size ? left : size) - HEADER_SIZE) / 8;

	if (size < HEADER_SIZE || count == 0 || room == 0)
		return;
	count = count < room ? count : room;
	count = count < FUNCTIONS_MAX ? count : FUNCTIONS_MAX;
	l->function = xcalloc(count, sizeof(*l->function));
	for (uint64_t i = 0; i < count; i++) {
		const unsigned char *entry = at + HEADER_SIZE + 8 * i;
		uint64_t start = address + (uint64_t)(int64_t)(int32_t)word32(entry),
			 fde = address + (uint64_t)(int64_t)(int32_t)word32(entry + 4);

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

static struct locations *load(struct module *module)
{
	struct locations *l = xcalloc(1, sizeof(*l));
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
				l->segment[l->segments++] = (struct segment){
					.start = phdr.p_vaddr, .size = data->d_size, .byte = data->d_buf};
		}
	}
	read_functions(l, frames.p_vaddr, frames.p_filesz);
	if (l->x86_64)
		read_dynamic(l, dynamic.p_vaddr, dynamic.p_filesz);
	return l;
}

/* --- Locations --- */

/* What the word at `where`, whose bytes are `at`, is when the file is loaded. */
static uint64_t pointer_at(const struct locations *l, uint64_t where, const unsigned char *at)
{
	struct relocation wanted = {.where = where};
	const struct relocation *found =
		l->relocations ? bsearch(&wanted, l->relocation, l->relocations, sizeof(wanted), by_where)
			       : NULL;

	return found ? found->value : word64(at);
}

static const char *keep_file(struct locations *l, const unsigned char *bytes, size_t length)
{
	char *file = xstrndup((const char *)bytes, length);
	void **slot = htab_find_slot(l->files, file, INSERT);

	if (*slot)
		free(file);
	else
		*slot = file;
	return *slot;
}

/* Is there a Location at `address`? Any word may be taken for its address: everything in it is looked at. */
static bool read_location(struct locations *l, uint64_t address, struct location *location)
{
	const unsigned char *at = bytes_at(l, address, LOCATION_SIZE, NULL), *file;

	if (!at || address % 8)
		return false;
	uint64_t length = word64(at + 8);
	uint32_t line = word32(at + 16), column = word32(at + 20);

	if (length < 4 || length > FILE_MAX || line == 0 || line > LINE_MAX_SANE || column == 0 ||
	    column > COLUMN_MAX_SANE)
		return false;
	file = bytes_at(l, pointer_at(l, address, at), length, NULL);
	if (!file || memcmp(file + length - 3, ".rs", 3) != 0)
		return false;
	for (uint64_t i = 0; i < length; i++)
		if (file[i] < 0x20 || file[i] == 0x7f)
			return false;
	location->file = keep_file(l, file, (size_t)length);
	location->line = line;
	return true;
}

/* The address that an instruction at `code` (of which there are 7 bytes) loads, or 0: `lea disp32(%rip), %r64`, and in an
 * executable that is not position independent `mov $imm32, %r32`. */
static uint64_t address_in(const unsigned char *code, uint64_t next)
{
	if ((code[0] & 0xf8) == 0x48 && code[1] == 0x8d && (code[2] & 0xc7) == 0x05)
		return next + (uint64_t)(int64_t)(int32_t)word32(code + 3);
	return (code[0] & 0xf8) == 0xb8 ? word32(code + 1) : 0;
}

static void scan(struct locations *l, struct function *f)
{
	struct location found[LOCATIONS_MAX];
	uint64_t size = f->end - f->start;
	const unsigned char *code;

	f->scanned = true;
	if (!l->x86_64)
		return;
	size = size < SCAN_MAX ? size : SCAN_MAX;
	code = bytes_at(l, f->start, size, NULL);
	for (uint64_t i = 0; code && i + 7 <= size && f->count < LOCATIONS_MAX; i++) {
		uint64_t address = address_in(code + i, f->start + i + 7);

		f->count += address && read_location(l, address, &found[f->count]);
	}
	if (f->count)
		f->location = xmemdup(found, f->count * sizeof(*found), f->count * sizeof(*found));
}

static struct function *function_at(struct locations *l, uint64_t address)
{
	size_t low = 0, high = l->functions;

	while (low < high) { /* the first that begins after it */
		size_t middle = low + (high - low) / 2;

		if (l->function[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && address < l->function[low - 1].end ? &l->function[low - 1] : NULL;
}

static void free_locations(void *data)
{
	struct locations *l = data;

	for (size_t i = 0; i < l->functions; i++)
		free(l->function[i].location);
	free(l->function);
	free(l->relocation);
	htab_delete(l->files);
	free(l);
}

const struct function *locations_find(struct module *module, uint64_t pc)
{
	struct locations *l = module->locations.data;

	if (!l) {
		l = load(module);
		module->locations = (struct module_slot){l, free_locations};
	}
	struct function *f = function_at(l, pc - module->bias);

	if (f && !f->scanned)
		scan(l, f);
	return f;
}

const struct function *locations_beside(struct module *module, const struct function *function, bool after)
{
	struct locations *l = module->locations.data;
	size_t at = (size_t)(function - l->function);

	for (size_t i = 0; i < BESIDE_MAX; i++) {
		if (after ? at + 1 >= l->functions : at == 0)
			return NULL;
		at += after ? 1 : (size_t)-1;
		if (!l->function[at].scanned)
			scan(l, &l->function[at]);
		if (l->function[at].count)
			return &l->function[at];
	}
	return NULL;
}
