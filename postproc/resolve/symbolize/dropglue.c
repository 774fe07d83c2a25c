/* SPDX-License-Identifier: Apache-2.0 */
/* dropglue.c - see dropglue.h. */
#include "resolve/symbolize/dropglue.h"

#include <gelf.h>
#include <libiberty/libiberty.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "resolve/elf/module.h"
#include "resolve/elf/symbols.h"
#include "resolve/symbolize/demangle.h"
#include "resolve/symbolize/pathname.h"

#define CODE_LIMIT (64u << 20) /* bytes of drop functions that are searched */
#define FUNCTION_LIMIT 4096    /* of one of them */
#define CALL_SIZE 5	       /* opcode and distance */
#define CALL 0xe8
#define JUMP 0xe9

struct call {
	uint64_t target;
	size_t glue; /* index of the function it is in */
};

struct glue {
	char *symbol, *type; /* the type that it drops */
};

struct dropglue {
	struct glue *glue;
	struct call *call; /* sorted by target */
	size_t glues, glues_allocated, calls, calls_allocated, size;
	/* While this is built: the previous drop function, its start, and its code's module. */
	struct module *module;
	uint64_t start;
	bool open;
};

static void free_dropglue(void *data)
{
	struct dropglue *d = data;

	for (size_t i = 0; i < d->glues; i++) {
		free(d->glue[i].symbol);
		free(d->glue[i].type);
	}
	free(d->glue);
	free(d->call);
	free(d);
}

/* The code from `address` (in the target): *left bytes. NULL outside the file. */
static const unsigned char *code_at(const struct module *module, uint64_t address, uint64_t *left)
{
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(module->dwfl, &bias);
	size_t segments = 0;
	GElf_Phdr phdr;

	address -= module->bias;
	if (!elf || elf_getphdrnum(elf, &segments))
		return NULL;
	for (size_t i = 0; i < segments; i++) {
		if (!gelf_getphdr(elf, (int)i, &phdr) || phdr.p_type != PT_LOAD || !(phdr.p_flags & PF_X) ||
		    address < phdr.p_vaddr || address - phdr.p_vaddr >= phdr.p_filesz)
			continue;
		Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)phdr.p_offset, phdr.p_filesz, ELF_T_BYTE);

		if (!data || !data->d_buf)
			return NULL;
		*left = phdr.p_filesz - (address - phdr.p_vaddr);
		return (const unsigned char *)data->d_buf + (address - phdr.p_vaddr);
	}
	return NULL;
}

static uint64_t target_of(const unsigned char *call, uint64_t address)
{
	int32_t distance;

	memcpy(&distance, call + 1, sizeof(distance));
	return address + CALL_SIZE + (uint64_t)(int64_t)distance;
}

/* Notes the calls in the previous function, which ends at `end`. Bytes that only look like a call do no harm:
 * nobody asks for their targets. */
static void note_calls(struct dropglue *d, uint64_t end)
{
	uint64_t left = 0, size = end - d->start;
	const unsigned char *code = code_at(d->module, d->start, &left);

	size = size < left ? size : left;
	size = size < FUNCTION_LIMIT ? size : FUNCTION_LIMIT;
	for (uint64_t i = 0; code && i + CALL_SIZE <= size && d->size < CODE_LIMIT; i++, d->size++) {
		if (code[i] != CALL && code[i] != JUMP)
			continue;
		GROW(d->call, d->calls_allocated, d->calls + 1);
		d->call[d->calls++] = (struct call){target_of(code + i, d->start + i), d->glues - 1};
	}
}

static void add_symbol(void *data, const char *name, uint64_t start)
{
	struct dropglue *d = data;
	size_t length;

	if (d->open)
		note_calls(d, start);
	d->open = false;
	if (!strstr(name, "drop_in_place") && !strstr(name, "drop_glue"))
		return;
	char *function = demangle(name, NULL);
	const char *type = pathname_dropped(function, &length);

	/* Not types with futures or closures in them: these call drop functions of their contents. */
	if (type && pathname_is_own(type, length) && !memchr(type, '{', length)) {
		GROW(d->glue, d->glues_allocated, d->glues + 1);
		d->glue[d->glues++] = (struct glue){xstrdup(name), xstrndup(type, length)};
		d->start = start;
		d->open = true;
	}
	free(function);
}

static int by_target(const void *one, const void *two)
{
	const struct call *a = one, *b = two;

	return (a->target > b->target) - (a->target < b->target);
}

static const struct dropglue *dropglue_of(struct module *module)
{
	if (module->dropglue.data)
		return module->dropglue.data;
	struct dropglue *d = xcalloc(1, sizeof(*d));

	d->module = module;
	symbols_each(module, add_symbol, d);
	if (d->open)
		note_calls(d, d->start + FUNCTION_LIMIT);
	if (d->calls)
		qsort(d->call, d->calls, sizeof(*d->call), by_target);
	module->dropglue = (struct module_slot){d, free_dropglue};
	return d;
}

/* The first call of `target`, or where it would be. */
static size_t first_call(const struct dropglue *d, uint64_t target)
{
	size_t low = 0, high = d->calls;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (d->call[middle].target < target)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const char *dropglue_at(struct module *module, uint64_t pc)
{
	uint64_t left = 0;
	const unsigned char *code = module->dwfl ? code_at(module, pc + 1 - CALL_SIZE, &left) : NULL;
	const struct glue *found = NULL;
	GElf_Ehdr header;
	GElf_Addr bias;

	if (!code || left < CALL_SIZE || *code != CALL ||
	    !gelf_getehdr(dwfl_module_getelf(module->dwfl, &bias), &header) || header.e_machine != EM_X86_64)
		return NULL;
	uint64_t target = target_of(code, pc + 1 - CALL_SIZE);
	const struct dropglue *d = dropglue_of(module);

	/* A value of a type that contains this one is dropped by the same call. */
	for (size_t i = first_call(d, target); i < d->calls && d->call[i].target == target; i++) {
		const struct glue *glue = &d->glue[d->call[i].glue];

		if (!found || strstr(found->type, glue->type))
			found = glue;
		else if (!strstr(glue->type, found->type))
			return NULL;
	}
	return found ? found->symbol : NULL;
}
