/* SPDX-License-Identifier: Apache-2.0 */
/* pollsites.c - see pollsites.h. */
#include "tokio/pollsites.h"

#include <gelf.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/arch.h"
#include "resolve/elf/image.h"
#include "resolve/elf/module.h"
#include "resolve/elf/symbols.h"
#include "resolve/symbolize/demangle.h"
#include "resolve/symbolize/frame.h"
#include "resolve/symbolize/names.h"
#include "resolve/symbolize/symbolize.h"
#include "target/inspector.h"

#define PROLOGUE 32	 /* bytes of a function that are read */
#define SITES_LIMIT 4096 /* of all kinds, before selection */

#define MULTI "tokio::runtime::scheduler::multi_thread::"
#define CURRENT "tokio::runtime::scheduler::current_thread::"

/* Functions by name, without generic arguments. Which of several functions that call each other exist depends
 * on inlining; seeing a park twice does no harm. */
static const struct {
	const char *name;
	enum pollsite_kind kind;
} wanted[] = {
	{"tokio::runtime::task::raw::poll", SITE_POLL},
	{MULTI "worker::Context::park", SITE_PARK},
	{MULTI "worker::Context::park_timeout", SITE_PARK},
	{MULTI "worker::Context::park_yield", SITE_PARK},
	{MULTI "worker::Context::park_internal", SITE_PARK},
	{MULTI "park::Parker::park", SITE_PARK},
	{MULTI "park::Parker::park_timeout", SITE_PARK},
	{MULTI "park::Inner::park", SITE_PARK},
	{MULTI "park::Inner::park_condvar", SITE_PARK},
	{MULTI "park::Inner::park_driver", SITE_PARK},
	{"tokio::runtime::park::CachedParkThread::park", SITE_PARK},
	{"tokio::runtime::park::CachedParkThread::park_timeout", SITE_PARK},
	{"tokio::runtime::park::Inner::park", SITE_PARK},
	{"tokio::runtime::park::Inner::park_timeout", SITE_PARK},
	{CURRENT "Context::park", SITE_PARK_CURRENT},
	{CURRENT "Context::park_yield", SITE_PARK_CURRENT},
	{CURRENT "Context::park_internal", SITE_PARK_CURRENT},
	{MULTI "worker::block_in_place", SITE_IN_PLACE},
	{"tokio::task::blocking::block_in_place", SITE_IN_PLACE},
	{MULTI "worker::block_in_place::Reset as core::ops::drop::Drop::drop", SITE_IN_PLACE_END},
	{"tokio::runtime::context::exit_runtime::Reset as core::ops::drop::Drop::drop", SITE_IN_PLACE_END},
	{"tokio::runtime::context::runtime_mt::exit_runtime::Reset as core::ops::drop::Drop::drop",
	 SITE_IN_PLACE_END},
	{"tokio::runtime::task::waker::wake_by_val", SITE_WAKE},
	{"tokio::runtime::task::waker::wake_by_ref", SITE_WAKE},
};

const char pollsites_too_many[] = "there are too many types of futures to probe the polls of each";

struct search {
	struct module *module;
	struct symbolizer *symbolizer;
	struct pollsites *sites;
	bool too_many;
};

/* Removes generic arguments and the brackets around a type from the name, in place: then both manglings look
 * the same. */
static void plain(char *name)
{
	char *generics = strstr(name, "::<"), *close;

	if (name[0] == '<' && (close = strstr(name, ">::"))) {
		/* With arguments of its own the type would end at the first bracket, but such a type is not
		 * wanted. */
		memmove(close, close + 1, strlen(close));
		memmove(name, name + 1, strlen(name));
		generics = strstr(name, "::<");
	}
	if (generics)
		*generics = 0;
}

/* The index of the function, or -1. */
static int which(const char *symbol)
{
	/* Demangling takes microseconds, and there may be a million symbols. */
	if (!strstr(symbol, "5tokio") && !strstr(symbol, "tokio.."))
		return -1;
	if (!strstr(symbol, "3raw4poll") && !strstr(symbol, "park") && !strstr(symbol, "block_in_place") &&
	    !strstr(symbol, "exit_runtime") && !strstr(symbol, "wake_by_"))
		return -1;
	char *name = demangle(symbol, NULL);
	int found = -1;

	plain(name);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted) && found < 0; i++)
		if (strcmp(name, wanted[i].name) == 0)
			found = (int)i;
	free(name);
	return found;
}

/* Reads code at `address` of the executable from its file. Returns how many bytes. */
static size_t read_code(struct module *module, uint64_t address, unsigned char *code, size_t size)
{
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(module->dwfl, &bias);
	size_t count = 0;

	if (!elf || elf_getphdrnum(elf, &count) != 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr phdr;
		uint64_t at = address - bias;

		if (!gelf_getphdr(elf, (int)i, &phdr) || phdr.p_type != PT_LOAD || at < phdr.p_vaddr ||
		    at - phdr.p_vaddr >= phdr.p_filesz)
			continue;
		at -= phdr.p_vaddr;
		if (size > phdr.p_filesz - at)
			size = phdr.p_filesz - at;
		const Elf_Data *data =
			elf_getdata_rawchunk(elf, (int64_t)(phdr.p_offset + at), size, ELF_T_BYTE);

		if (!data || data->d_size < size)
			return 0;
		memcpy(code, data->d_buf, size);
		return size;
	}
	return 0;
}

/* Instructions of x86-64 that the kernel emulates (arch/x86/kernel/uprobes.c: push of a register, call,
 * jump). Others it executes out of line, with a second trap. */
static bool x86_cheap(const unsigned char *code)
{
	if (code[0] == 0x41)
		code++;
	return (code[0] & 0xf8) == 0x50 || code[0] == 0xe8 || code[0] == 0xe9 || code[0] == 0xeb;
}

/* The same of aarch64 (arch/arm64/kernel/probes/decode-insn.c): b, bl, adr, adrp, and ldr of a constant beside
 * the code. */
static bool arm_cheap(const unsigned char *code)
{
	uint32_t word = image_word32(code);

	return (word & 0x7c000000) == 0x14000000 || (word & 0x1f000000) == 0x10000000 ||
	       (word & 0xbf000000) == 0x18000000 || (word & 0xff000000) == 0x98000000;
}

static bool cheap(const unsigned char *code)
{
	return arch_host()->has_lr ? arm_cheap(code) : x86_cheap(code);
}

/* The length of an instruction with which functions of aarch64 begin, or 0 (Arm Architecture Reference Manual,
 * C6.2). */
static size_t arm_prologue_length(const unsigned char *code)
{
	static const struct {
		uint32_t mask, bits;
	} known[] = {
		{0xff8003ff, 0xd10003ff}, /* sub sp, sp, # */
		{0xff8003ff, 0x910003fd}, /* add x29, sp, # */
		{0xff4003e0, 0xa90003e0}, /* stp x, x, [sp, #]; stp x, x, [sp, #]! */
		{0xffc003e0, 0xf90003e0}, /* str x, [sp, #] */
		{0xffe00fe0, 0xf8000fe0}, /* str x, [sp, #]! */
		{0xffffff3f, 0xd503241f}, /* bti */
		{0xffffffbf, 0xd503233f}, /* paciasp, pacibsp */
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if ((image_word32(code) & known[i].mask) == known[i].bits)
			return 4;
	return 0;
}

/* The length of an instruction with which unoptimised functions begin, or 0. */
static size_t prologue_length(const unsigned char *code)
{
	static const struct {
		unsigned char byte[4];
		size_t bytes, length;
	} known[] = {
		{{0x48, 0x83, 0xec}, 3, 4},	  /* sub $8 bits, %rsp */
		{{0x48, 0x81, 0xec}, 3, 7},	  /* sub $32 bits, %rsp */
		{{0xf3, 0x0f, 0x1e, 0xfa}, 4, 4}, /* endbr64 */
		{{0x48, 0x89, 0x7c, 0x24}, 4, 5}, /* mov %rdi, 8 bits(%rsp) */
		{{0x48, 0x89, 0x3c, 0x24}, 4, 4}, /* mov %rdi, (%rsp) */
	};

	if (arch_host()->has_lr)
		return arm_prologue_length(code);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (memcmp(code, known[i].byte, known[i].bytes) == 0)
			return known[i].length;
	return 0;
}

/* Chooses where to probe the function at `address`: its first instruction, or a cheaper one close behind that
 * is always executed, too. */
static void locate(struct module *module, struct pollsite *site)
{
	unsigned char code[PROLOGUE + 8] = {0};
	size_t size = read_code(module, site->address, code, PROLOGUE), at = 0, length;

	site->slow = true;
	while (at < size) {
		if (cheap(code + at)) {
			site->address += at;
			site->slow = false;
			return;
		}
		length = prologue_length(code + at);
		if (length == 0)
			return;
		at += length;
	}
}

/* The type of future of a raw::poll: from debug info, or a v0 name. */
static void find_future(struct search *search, struct pollsite *site)
{
	static const char pool[] = "tokio::runtime::blocking::task::BlockingTask<";
	const struct frames *frames = symbolize(search->symbolizer, site->address);
	const struct frame *f = &frames->frame[frames->count - 1];
	const char *types = f->generics;
	size_t length = types ? strlen(types) : 0;

	if (!types && f->function)
		types = name_arguments(f->function, &length);
	if (!types)
		return;
	if (length >= sizeof(pool) - 1 && memcmp(types, pool, sizeof(pool) - 1) == 0)
		site->kind = SITE_POOL;
	else
		site->future = name_future(types, length);
}

static void visit(void *context, const char *symbol, uint64_t start)
{
	struct search *search = context;
	struct pollsites *sites = search->sites;
	int i = which(symbol);

	if (i < 0)
		return;
	if (sites->count == SITES_LIMIT) {
		search->too_many = true;
		return;
	}
	if ((sites->count & (sites->count - 1)) == 0)
		sites->site = xrealloc(sites->site, (2 * sites->count + 1) * sizeof(*sites->site));
	struct pollsite *site = &sites->site[sites->count++];

	*site = (struct pollsite){.kind = wanted[i].kind, .function = start, .address = start};
	if (site->kind == SITE_POLL)
		find_future(search, site);
	locate(search->module, site);
	/* Wakes are as frequent as polls, and polls can be told apart without them. */
	sites->count -= site->kind == SITE_WAKE && site->slow;
}

/* --- which polls are spawn_blocking's, if names do not tell --- */

#define DATA_LIMIT ((uint64_t)64 << 20) /* bytes of data that are searched */
#define TABLE_WORDS 14

/* The poll whose function begins at `address`, or NULL. */
static struct pollsite *poll_at(struct pollsites *sites, uint64_t address)
{
	size_t low = 0, high = sites->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sites->site[middle].function < address)
			low = middle + 1;
		else
			high = middle;
	}
	struct pollsite *site = low < sites->count ? &sites->site[low] : NULL;

	return site && site->function == address && site->kind == SITE_POLL ? site : NULL;
}

/* Is this a task's Vtable (tokio/src/runtime/task/raw.rs), and of a task that has no scheduler's handle (an
 * Arc) before its id? It has functions, the first is poll, then trailer_offset, scheduler_offset,
 * id_offset. */
static bool is_pool_table(const struct module *module, const uint64_t *word)
{
	size_t i = 1;

	while (i < TABLE_WORDS && word[i] >= module->low && word[i] < module->high)
		i++;
	return i >= 6 && i + 3 <= TABLE_WORDS && word[i] >> 24 == 0 && word[i + 1] >> 24 == 0 &&
	       word[i + 2] >> 24 == 0 && word[i + 1] >= 8 && word[i + 2] >= word[i + 1] &&
	       word[i + 2] != word[i + 1] + 8;
}

static void search_data(pid_t pid, const struct module *module, uint64_t start, uint64_t size,
			struct pollsites *sites)
{
	uint64_t *word = xmalloc(size);
	size_t words = inspector_memory(pid, start, word, size) / 8;

	for (size_t i = 0; i + TABLE_WORDS <= words; i++) {
		struct pollsite *site =
			word[i] >= module->low && word[i] < module->high ? poll_at(sites, word[i]) : NULL;

		if (site && is_pool_table(module, &word[i]))
			site->kind = SITE_POOL;
	}
	free(word);
}

/* The tables hold addresses: they are read from memory, where these are relocated. */
static void find_pool(pid_t pid, struct module *module, struct pollsites *sites)
{
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(module->dwfl, &bias);
	size_t count = 0;
	uint64_t left = DATA_LIMIT;

	if (!elf || elf_getphdrnum(elf, &count) != 0)
		return;
	for (size_t i = 0; i < count && left > 0; i++) {
		GElf_Phdr phdr;

		if (!gelf_getphdr(elf, (int)i, &phdr) || phdr.p_type != PT_LOAD || (phdr.p_flags & PF_X))
			continue;
		uint64_t start = (phdr.p_vaddr + 7) & ~(uint64_t)7;

		uint64_t size = phdr.p_filesz < left ? phdr.p_filesz : left;
		search_data(pid, module, start + bias, size, sites);
		left -= size;
	}
}

const char *pollsites_find(pid_t pid, struct module *module, struct symbolizer *symbolizer,
			   struct pollsites *sites)
{
	struct search search = {.module = module, .symbolizer = symbolizer, .sites = sites};
	const char *why = NULL;

	*sites = (struct pollsites){0};
	if (!module || !module->dwfl)
		return "its file cannot be read (see the warnings)";
	symbols_each_own(module, visit, &search);
	find_pool(pid, module, sites);
	for (size_t i = 0; i < sites->count; i++)
		sites->polls += sites->site[i].kind == SITE_POLL;
	if (sites->polls == 0 && module->foreign_debug)
		why = "no symbol of tokio::runtime::task::raw::poll in the file itself, and its debug file "
		      "is not one of this machine's: where probes go is not for the process to choose; if "
		      "you trust it, name it with --target";
	else if (sites->polls == 0)
		why = "no symbol of tokio::runtime::task::raw::poll: --target FILE takes them from an "
		      "unstripped copy";
	else if (search.too_many || sites->count > POLLSITES_LIMIT)
		why = pollsites_too_many;
	if (why)
		pollsites_free(sites);
	return why;
}

void pollsites_free(struct pollsites *sites)
{
	for (size_t i = 0; i < sites->count; i++)
		free(sites->site[i].future);
	free(sites->site);
	*sites = (struct pollsites){0};
}
