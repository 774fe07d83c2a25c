/* SPDX-License-Identifier: Apache-2.0 */
/* tailcalls.c - see tailcalls.h.
 *
 * Finds jumps by looking at every byte of a function for an instruction whose target is the first byte of
 * another function. In fewer than one of 10,000 functions, part of another instruction looks like that.
 */
#include "resolve/unwind/tailcalls.h"

#include <stdlib.h>
#include <string.h>

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>

#include "base/arch.h"
#include "resolve/elf/address-space.h"
#include "resolve/elf/image.h"
#include "resolve/elf/symbols.h"
#include "resolve/unwind/unwind.h"

#define CODE_MAX (64u << 10) /* bytes of a function that are searched */
#define JUMPS_MAX 16	     /* out of one function */
#define DEPTH_MAX 6	     /* functions that one call can pass through */
#define VISITS_MAX 200

/* A function: addresses in the target's space. */
struct extent {
	struct module *module;
	uint64_t start, end;
};

/* A jump out of a function. */
struct jump {
	uint64_t at, to;
};

/* Where a function jumps to, by the function's start. */
struct exits {
	uint64_t start;
	size_t count;
	bool others; /* it may also jump elsewhere: through a register, or into another module */
	struct jump jump[JUMPS_MAX];
};

/* The target of the call before this return address. */
struct call {
	uint64_t ra, target; /* target 0: not known, or not a function */
};

struct tailcalls {
	struct space *space;
	const struct arch *arch;
	htab_t exits, calls;
};

/* A path from one function to another by jumps. */
struct way {
	uint64_t to;
	unsigned depth, visits;
	struct jump jump[DEPTH_MAX], found[DEPTH_MAX];
	unsigned found_depth, ways;
	bool others; /* one of the functions on it may jump anywhere */
};

static hashval_t hash_key(const void *entry)
{
	return (hashval_t)((*(const uint64_t *)entry * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

static int same_key(const void *a, const void *b)
{
	return *(const uint64_t *)a == *(const uint64_t *)b;
}

struct tailcalls *tailcalls_new(struct space *space, const struct arch *arch)
{
	struct tailcalls *t = xcalloc(1, sizeof(*t));

	t->space = space;
	t->arch = arch;
	t->exits = htab_create(251, hash_key, same_key, free);
	t->calls = htab_create(251, hash_key, same_key, free);
	return t;
}

void tailcalls_free(struct tailcalls *t)
{
	if (!t)
		return;
	htab_delete(t->exits);
	htab_delete(t->calls);
	free(t);
}

/* --- functions --- */

/* The function at `pc`, by its symbol, otherwise by .eh_frame_hdr. Returns false if neither has it. */
static bool extent_at(struct tailcalls *t, uint64_t pc, struct extent *extent)
{
	struct module *module = space_module(t->space, pc);

	extent->module = module;
	if (!module || !module->dwfl)
		return false;
	if (symbols_extent(module, pc, &extent->start, &extent->end))
		return true;
	const struct image *image = image_of(module);
	const struct function *f = image_function(image_of(module), pc - module->bias);

	/* Functions that were guessed from code are not reliable enough. */
	if (!f || image->entries_sought)
		return false;
	extent->start = f->start + module->bias;
	extent->end = f->end + module->bias;
	return true;
}

/* Does the section hold the linker's stubs? They jump to other modules, and belong to no function. */
static bool in_plt(struct module *module, uint64_t pc)
{
	Dwarf_Addr address = pc, bias;
	GElf_Shdr header;
	size_t strings;
	Elf_Scn *section = dwfl_module_address_section(module->dwfl, &address, &bias);
	Elf *elf = section ? dwfl_module_getelf(module->dwfl, &bias) : NULL;

	if (!elf || elf_getshdrstrndx(elf, &strings) != 0 || !gelf_getshdr(section, &header))
		return false;
	const char *name = elf_strptr(elf, strings, header.sh_name);

	return name && (strncmp(name, ".plt", 4) == 0 || strncmp(name, ".iplt", 5) == 0);
}

/* Does a function begin at `pc` that could be called? */
static bool begins(struct tailcalls *t, uint64_t pc)
{
	struct extent extent;

	return pc && space_executable(t->space, pc) && extent_at(t, pc, &extent) && extent.start == pc &&
	       !in_plt(extent.module, pc);
}

/* GCC and clang split functions; the names of the parts begin alike: `f`, `f.cold`, `f.part.0`. */
static bool of_one_function(const struct extent *a, const struct extent *b)
{
	const char *x = symbols_find(a->module, a->start, NULL), *y = symbols_find(b->module, b->start, NULL);

	if (!x || !y || a->module != b->module)
		return false;
	size_t length = strcspn(x, "."), other = strcspn(y, ".");

	return length == other && strncmp(x, y, length) == 0 && (strstr(x, ".cold") || strstr(y, ".cold"));
}

/* --- code --- */

static const unsigned char *code_at(struct module *module, uint64_t pc, uint64_t size)
{
	return image_bytes(image_of(module), pc - module->bias, size, NULL);
}

/* The address that the loader stores where the instruction before `next` refers to by its last 4 bytes; 0:
 * not in this module. */
static uint64_t pointed_to(struct module *module, const unsigned char *last, uint64_t next)
{
	struct image *image = image_of(module);
	uint64_t where = next - module->bias + (uint64_t)(int64_t)(int32_t)image_word32(last);
	const unsigned char *at = image_bytes(image, where, 8, NULL);
	uint64_t to = at ? image_pointer(image, where, at) : 0;

	return to ? to + module->bias : 0;
}

/* The target of the call that returns to `ra`, or 0. */
static uint64_t x86_called(struct module *module, uint64_t ra)
{
	const unsigned char *code = code_at(module, ra - 6, 6);

	if (code && code[0] == 0xff && code[1] == 0x15) /* call *(%rip): through a table of addresses */
		return pointed_to(module, code + 2, ra);
	code = code_at(module, ra - 5, 5);
	return code && code[0] == 0xe8 ? ra + (uint64_t)(int64_t)(int32_t)image_word32(code + 1) : 0;
}

static uint64_t arm_target(uint32_t word, uint64_t pc)
{
	int64_t distance = (int64_t)(word & 0x3ffffff) - (word & 0x2000000 ? 0x4000000 : 0);

	return pc + (uint64_t)(4 * distance);
}

static uint64_t arm_called(struct module *module, uint64_t ra)
{
	const unsigned char *code = code_at(module, ra - 4, 4);
	uint32_t word = code ? image_word32(code) : 0;

	return (word & 0xfc000000) == 0x94000000 ? arm_target(word, ra - 4) : 0;
}

uint64_t tailcalls_called(struct tailcalls *t, uint64_t ra)
{
	struct module *module = space_module(t->space, ra - 1);

	if (!module || !module->dwfl)
		return 0;
	return t->arch->has_lr ? arm_called(module, ra) : x86_called(module, ra);
}

static uint64_t called(struct tailcalls *t, uint64_t ra)
{
	struct call wanted = {.ra = ra};
	void **slot = htab_find_slot(t->calls, &wanted, INSERT);

	if (!*slot) {
		wanted.target = tailcalls_called(t, ra);
		if (!begins(t, wanted.target))
			wanted.target = 0;
		*slot = xmemdup(&wanted, sizeof(wanted), sizeof(wanted));
	}
	return ((const struct call *)*slot)->target;
}

static void add_jump(struct tailcalls *t, struct exits *exits, const struct extent *from, uint64_t at,
		     uint64_t to)
{
	if (to - from->start < from->end - from->start)
		return;
	if (!begins(t, to))
		exits->others |= in_plt(from->module, to);
	else if (exits->count < JUMPS_MAX)
		exits->jump[exits->count++] = (struct jump){.at = at, .to = to};
	else
		exits->others = true;
}

/* Adds the jump at `code`, if it is one; `left` bytes of the function follow. */
static void x86_jump(struct tailcalls *t, struct exits *exits, const struct extent *f,
		     const unsigned char *code, uint64_t left, uint64_t pc)
{
	uint64_t through;

	if (left >= 5 && code[0] == 0xe9)
		add_jump(t, exits, f, pc, pc + 5 + (uint64_t)(int64_t)(int32_t)image_word32(code + 1));
	else if (left >= 6 && code[0] == 0x0f && (code[1] & 0xf0) == 0x80)
		add_jump(t, exits, f, pc, pc + 6 + (uint64_t)(int64_t)(int32_t)image_word32(code + 2));
	else if (left >= 6 && code[0] == 0xff && code[1] == 0x25 &&
		 (through = pointed_to(f->module, code + 2, pc + 6)))
		add_jump(t, exits, f, pc, through);
	else if (left >= 2 && code[0] == 0xff &&
		 (code[1] & 0x38) == 0x20) /* jmp through a register or memory */
		exits->others = true;
}

static void arm_jump(struct tailcalls *t, struct exits *exits, const struct extent *f,
		     const unsigned char *code, uint64_t left, uint64_t pc)
{
	uint32_t word = left >= 4 ? image_word32(code) : 0;

	if ((word & 0xfc000000) == 0x14000000)
		add_jump(t, exits, f, pc, arm_target(word, pc));
	else if ((word & 0xfffffc1f) == 0xd61f0000) /* br Xn */
		exits->others = true;
}

static const struct exits *exits_of(struct tailcalls *t, uint64_t start)
{
	struct exits wanted = {.start = start};
	void **slot = htab_find_slot(t->exits, &wanted, INSERT);

	if (*slot)
		return *slot;
	struct exits *exits = xmemdup(&wanted, sizeof(wanted), sizeof(wanted));
	struct extent f;

	*slot = exits;
	if (!extent_at(t, start, &f))
		return exits;
	uint64_t size = f.end - f.start < CODE_MAX ? f.end - f.start : CODE_MAX;
	const unsigned char *code = code_at(f.module, f.start, size);

	for (uint64_t i = 0; code && i < size; i += t->arch->has_lr ? 4 : 1)
		(t->arch->has_lr ? arm_jump : x86_jump)(t, exits, &f, code + i, size - i, f.start + i);
	return exits;
}

/* --- paths --- */

/* Follows every jump from the function at `start` until way->to. */
static void search(struct tailcalls *t, struct way *way, uint64_t start)
{
	const struct exits *exits = exits_of(t, start);

	way->others |= exits->others;
	for (size_t i = 0; i < exits->count; i++) {
		const struct jump *jump = &exits->jump[i];
		bool seen = false;

		for (unsigned d = 0; d < way->depth; d++)
			seen |= way->jump[d].to == jump->to;
		if (seen || way->depth == DEPTH_MAX || ++way->visits > VISITS_MAX)
			continue;
		way->jump[way->depth++] = *jump;
		if (jump->to != way->to) {
			search(t, way, jump->to);
		} else if (!way->ways++) {
			memcpy(way->found, way->jump, sizeof(way->jump));
			way->found_depth = way->depth;
		}
		way->depth--;
	}
}

/* The functions between the call of `target` and the function at `callee`, outermost first, as addresses of a
 * chain. Returns how many: 0 if the call's target is on the chain already, or no jump leads on. */
static size_t between(struct tailcalls *t, uint64_t target, uint64_t callee, uint64_t *pc)
{
	struct way way = {.to = callee};

	search(t, &way, target);
	if (way.ways == 0 && !way.others)
		return 0;
	/* Several paths lead there: only their first function is certain. */
	if (way.ways != 1 || way.visits > VISITS_MAX) {
		pc[0] = target | CHAIN_TAIL_CALL | CHAIN_ENTRY;
		return 1;
	}
	for (unsigned i = 0; i < way.found_depth; i++)
		pc[i] = way.found[i].at | CHAIN_TAIL_CALL;
	return way.found_depth;
}

bool tailcalls_lead(struct tailcalls *t, uint64_t from, uint64_t to)
{
	struct way way = {.to = to};

	if (begins(t, from))
		search(t, &way, from);
	return way.ways > 0;
}

void tailcalls_insert(struct tailcalls *t, struct chain *chain)
{
	for (size_t i = 1; i < chain->count; i++) {
		uint64_t target = called(t, chain_address(chain->pc[i]) + 1), pc[DEPTH_MAX];
		struct extent callee, named;

		if (!target || chain_beyond(chain->pc[i]) ||
		    !extent_at(t, chain_address(chain->pc[i - 1]), &callee) || callee.start == target ||
		    !extent_at(t, target, &named) || of_one_function(&callee, &named))
			continue;
		size_t count = between(t, target, callee.start, pc);

		if (chain->count + count > UNWIND_MAX_FRAMES)
			return;
		memmove(chain->pc + i + count, chain->pc + i, (chain->count - i) * sizeof(*pc));
		for (size_t j = 0; j < count; j++)
			chain->pc[i + j] = pc[count - 1 - j];
		chain->count += count;
		i += count;
	}
}
