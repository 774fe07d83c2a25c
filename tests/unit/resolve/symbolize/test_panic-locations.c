/* SPDX-License-Identifier: Apache-2.0 */
/* test_panic-locations.c - code without symbols, in an ELF file that is built here like a stripped Rust program. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arch.h"
#include "resolve/elf/address-space.h"
#include "resolve/symbolize/frame.h"
#include "resolve/symbolize/panic-locations.h"
#include "resolve/symbolize/symbolize.h"
#include "resolve/unwind/unwind.h"

#define HEADER 0x400 /* .eh_frame_hdr */
#define FRAMES 0x800 /* .eh_frame, 24 bytes for each function */
#define CODE 0x1000  /* 64 bytes for each function */
#define LOCATIONS 0x2000
#define RELA 0x2800
#define DYNAMIC 0x2e00
#define STRINGS 0x3000
#define SIZE 0x4000
#define BASE 0x7f0000000000 /* where it is mapped */
#define FUNCTION 64
#define MAIN "src/main.rs"
#define API "src/api.rs"
#define WORKER "/home/me/.cargo/registry/src/i-1/tokio-1.43.1/src/runtime/scheduler/multi_thread/worker.rs"
#define STD "/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/option.rs"

/* File offsets and addresses are the same. */
struct made {
	unsigned char byte[SIZE];
	char path[64];
	size_t functions, locations, relocations, strings;
	struct space *space;
	struct symbolizer *symbolizer;
};

static void put(struct made *image, size_t at, uint64_t value, size_t size)
{
	memcpy(image->byte + at, &value, size);
}

static size_t put_string(struct made *image, const char *text)
{
	size_t at = STRINGS + image->strings;

	memcpy(image->byte + at, text, strlen(text));
	image->strings += strlen(text); /* strings in Rust have no NUL */
	return at;
}

/* Returns its address. Its pointer comes from a relocation, unless it is `in_place`. */
static size_t put_location(struct made *image, const char *file, uint32_t line, bool in_place)
{
	size_t at = LOCATIONS + 24 * image->locations++, text = put_string(image, file);

	put(image, at + 8, strlen(file), 8);
	put(image, at + 16, line, 4);
	put(image, at + 20, 9, 4);
	if (in_place) {
		put(image, at, text, 8);
		return at;
	}
	Elf64_Rela rela = {
		.r_offset = at, .r_info = ELF64_R_INFO(0, R_X86_64_RELATIVE), .r_addend = (Elf64_Sxword)text};

	memcpy(image->byte + RELA + sizeof(rela) * image->relocations++, &rela, sizeof(rela));
	return at;
}

/* A function of 48 bytes, followed by 16 that belong to none. Returns its address. */
static size_t put_function(struct made *image)
{
	size_t index = image->functions++, at = CODE + FUNCTION * index, fde = FRAMES + 24 * index;

	memset(image->byte + at, 0x90, FUNCTION);
	put(image, fde, 20, 4);
	put(image, fde + 8, at - (fde + 8), 4);
	put(image, fde + 12, 48, 4);
	put(image, HEADER + 12 + 8 * index, at - HEADER, 4);
	put(image, HEADER + 12 + 8 * index + 4, fde - HEADER, 4);
	return at;
}

/* The function's instruction `n` is `lea location(%rip), %rdi`. */
static void refer(struct made *image, size_t function, size_t n, size_t location)
{
	size_t at = function + 3 + 9 * n;

	put(image, at, 0x3d8d48, 3);
	put(image, at + 3, location - (at + 7), 4);
}

static size_t put_place(struct made *image, const char *file, uint32_t line)
{
	size_t function = put_function(image);

	refer(image, function, 0, put_location(image, file, line, false));
	return function;
}

static void put_headers(struct made *image)
{
	Elf64_Ehdr ehdr = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			   .e_type = ET_DYN,
			   .e_machine = EM_X86_64,
			   .e_version = EV_CURRENT,
			   .e_phoff = sizeof(ehdr),
			   .e_ehsize = sizeof(ehdr),
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = 3};
	Elf64_Phdr load = {.p_type = PT_LOAD,
			   .p_flags = PF_R | PF_W | PF_X,
			   .p_filesz = SIZE,
			   .p_memsz = SIZE,
			   .p_align = 0x1000},
		   dynamic = {.p_type = PT_DYNAMIC,
			      .p_offset = DYNAMIC,
			      .p_vaddr = DYNAMIC,
			      .p_filesz = 64,
			      .p_memsz = 64},
		   frames = {.p_type = PT_GNU_EH_FRAME,
			     .p_offset = HEADER,
			     .p_vaddr = HEADER,
			     .p_filesz = 0x400,
			     .p_memsz = 0x400};
	Elf64_Dyn dyn[] = {{.d_tag = DT_RELA, .d_un.d_ptr = RELA},
			   {.d_tag = DT_RELASZ, .d_un.d_val = sizeof(Elf64_Rela) * image->relocations},
			   {.d_tag = DT_NULL}};

	memcpy(image->byte, &ehdr, sizeof(ehdr));
	memcpy(image->byte + sizeof(ehdr), &load, sizeof(load));
	memcpy(image->byte + sizeof(ehdr) + sizeof(load), &dynamic, sizeof(dynamic));
	memcpy(image->byte + sizeof(ehdr) + 2 * sizeof(load), &frames, sizeof(frames));
	memcpy(image->byte + DYNAMIC, dyn, sizeof(dyn));
	put(image, HEADER, 0x3b031b01, 4);
	put(image, HEADER + 4, FRAMES - (HEADER + 4), 4);
	put(image, HEADER + 8, image->functions, 4);
}

static void map(struct made *image)
{
	strcpy(image->path, "/tmp/test_locations.XXXXXX");
	int fd = mkstemp(image->path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, image->byte, SIZE), SIZE);
	close(fd);
	image->space = space_new(&(struct space_options){.exe = image->path});
	space_add(image->space, &(struct mapping){.start = BASE,
						  .end = BASE + SIZE,
						  .executable = true,
						  .path = image->path,
						  .build_id = ""});
	image->symbolizer = symbolizer_new(image->space);
}

static void unmap(struct made *image)
{
	symbolizer_free(image->symbolizer);
	space_free(image->space);
	unlink(image->path);
}

static int make_image(void **state)
{
	*state = calloc(1, sizeof(struct made));
	return *state ? 0 : -1;
}

static int drop_image(void **state)
{
	struct made *image = *state;

	if (image->space)
		unmap(image);
	free(image);
	return 0;
}

static const struct function *find(struct made *image, size_t address)
{
	return locations_find(space_module(image->space, BASE + address), BASE + address);
}

static const struct frame *frame_at(struct made *image, size_t address)
{
	const struct frames *frames = symbolize(image->symbolizer, BASE + address);

	assert_int_equal(frames->count, 1);
	return &frames->frame[0];
}

static void what_a_function_refers_to(void **state)
{
	struct made *image = *state;
	size_t first = put_function(image), second = put_function(image);

	refer(image, first, 0, put_location(image, MAIN, 42, false));
	refer(image, first, 1, put_location(image, API, 7, true));
	put_headers(image);
	map(image);
	for (size_t at = first; at < first + 48; at++) {
		const struct function *f = find(image, at);

		assert_non_null(f);
		assert_int_equal(f->start, first);
		assert_int_equal(f->end, first + 48);
		assert_int_equal(f->count, 2);
		assert_string_equal(f->location[0].file, MAIN);
		assert_int_equal(f->location[0].line, 42);
		assert_string_equal(f->location[1].file, API);
		assert_int_equal(f->location[1].line, 7);
	}
	assert_int_equal(find(image, second)->count, 0);
	assert_null(find(image, first + 48));
	assert_null(find(image, first - 1));
	assert_ptr_equal(
		locations_beside(space_module(image->space, BASE + second), find(image, second), false),
		find(image, first));
	assert_null(locations_beside(space_module(image->space, BASE + second), find(image, second), true));
}

static void what_is_no_location(void **state)
{
	struct made *image = *state;
	size_t f = put_function(image);

	refer(image, f, 0, put_location(image, "src/main.c", 3, false));
	refer(image, f, 1, put_location(image, MAIN, 0, false));
	refer(image, f, 2, put_location(image, "a\nb.rs", 3, false));
	size_t outside = put_location(image, MAIN, 3, true);

	put(image, outside, UINT64_MAX - 4, 8);
	refer(image, f, 3, outside);
	refer(image, f, 4, SIZE - 8);
	put_headers(image);
	map(image);
	assert_int_equal(find(image, f)->count, 0);
}

static void other_machines_have_extents_only(void **state)
{
	struct made *image = *state;
	size_t f = put_place(image, MAIN, 3);

	put_headers(image);
	put(image, offsetof(Elf64_Ehdr, e_machine), EM_AARCH64, 2);
	map(image);
	assert_int_equal(find(image, f)->end, f + 48);
	assert_int_equal(find(image, f)->count, 0);
}

static void a_name_for_each_function(void **state)
{
	struct made *image = *state;
	size_t user = put_function(image), worker = put_place(image, WORKER, 3);
	char name[128];

	refer(image, user, 0, put_location(image, STD, 900, false));
	refer(image, user, 1, put_location(image, MAIN, 42, false));
	refer(image, user, 2, put_location(image, MAIN, 40, false));
	put_headers(image);
	map(image);
	snprintf(name, sizeof(name), "%s+0x%zx", image->path + strlen("/tmp/"), user);
	for (size_t at = user; at < user + 48; at += 47) {
		const struct frame *f = frame_at(image, at);

		assert_null(f->function);
		assert_string_equal(f->name, name);
		assert_int_equal(f->origin, ORIGIN_USER);
		assert_string_equal(f->file, MAIN);
		assert_int_equal(f->line, 40);
		assert_null(f->runtime_files);
	}
	assert_int_equal(frame_at(image, worker)->origin, ORIGIN_RUNTIME);
	assert_string_equal(frame_at(image, worker)->runtime_files, WORKER);
	assert_null(frame_at(image, user + 50)->name);
}

static void several_files_have_no_line(void **state)
{
	struct made *image = *state;
	size_t f = put_function(image);

	refer(image, f, 0, put_location(image, MAIN, 42, false));
	refer(image, f, 1, put_location(image, API, 7, false));
	refer(image, f, 2, put_location(image, WORKER, 7, false));
	put_headers(image);
	map(image);
	assert_int_equal(frame_at(image, f)->origin, ORIGIN_USER);
	assert_string_equal(frame_at(image, f)->file, "src/main.rs, api.rs");
	assert_int_equal(frame_at(image, f)->line, 0);
	assert_string_equal(frame_at(image, f)->runtime_files, WORKER);
}

static void neighbours_tell(void **state)
{
	struct made *image = *state;
	size_t among_users, among_tokios;

	put_place(image, MAIN, 1);
	among_users = put_function(image);
	put_place(image, STD, 2);
	for (uint32_t line = 3; line < 8; line++)
		put_place(image, WORKER, line);
	among_tokios = put_function(image);
	for (uint32_t line = 8; line < 12; line++)
		put_place(image, WORKER, line);
	put_headers(image);
	map(image);
	assert_int_equal(frame_at(image, among_users)->origin, ORIGIN_UNKNOWN);
	assert_int_equal(frame_at(image, among_tokios)->origin, ORIGIN_RUNTIME);
	assert_null(frame_at(image, among_tokios)->runtime_files);
}

/* As with -fno-asynchronous-unwind-tables, and with frame pointers. */
static void code_tells_where_functions_begin(void **state)
{
	static const unsigned char frame[] = {0x55, 0x48, 0x89, 0xe5},
				   endbr[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x48, 0x89, 0xe5},
				   push[] = {0x53};
	struct made *image = *state;

	put_headers(image);
	memset(image->byte + CODE, 0x90, 0x400);
	memcpy(image->byte + CODE + 0x40, frame, sizeof(frame));
	memcpy(image->byte + CODE + 0x80, endbr, sizeof(endbr));
	memcpy(image->byte + CODE + 0x135, push, sizeof(push)); /* called, not aligned */
	put(image, CODE + 0x50, 0xe8, 1);
	put(image, CODE + 0x51, (uint32_t)(0x135 - 0x55), 4);
	put(image, CODE + 0x60, 0xe8, 1);
	put(image, CODE + 0x61, (uint32_t)(0x200 - 0x65), 4);
	put(image, CODE + 0x70, 0xe8, 1);
	put(image, CODE + 0x71, (uint32_t)(0x301 - 0x75), 4); /* nothing begins like this: no call */
	map(image);
	assert_int_equal(find(image, CODE + 0x7f)->start, CODE + 0x40);
	assert_int_equal(find(image, CODE + 0x40)->end, CODE + 0x80);
	assert_int_equal(find(image, CODE + 0x80)->end, CODE + 0x135);
	assert_int_equal(find(image, CODE + 0x140)->start, CODE + 0x135);
	assert_int_equal(find(image, CODE + 0x3ff)->start, CODE + 0x200);
	assert_null(find(image, CODE + 0x3f));
	assert_string_equal(frame_at(image, CODE + 0x90)->name, frame_at(image, CODE + 0x100)->name);
}

/* Without symbols, and without CFI that ends. */
static void where_threads_begin(void **state)
{
	static const unsigned char glibc[] = {0xff, 0xd2, 0x89, 0xc7, 0xb8, 0x3c, 0, 0, 0, 0x0f, 0x05},
				   musl[] = {0x41, 0xff, 0xd1, 0x89, 0xc7, 0x31,
					     0xc0, 0xb0, 0x3c, 0x0f, 0x05};
	struct made *image = *state;

	put_headers(image);
	put(image, offsetof(Elf64_Ehdr, e_entry), CODE + 0x100, 8);
	memcpy(image->byte + CODE + 0x200, glibc, sizeof(glibc));
	memcpy(image->byte + CODE + 0x300, musl, sizeof(musl));
	map(image);
	struct unwinder *u = unwinder_new(image->space, &arch_x86_64);

	assert_true(unwind_is_start(u, BASE + CODE + 0x100));
	assert_true(unwind_is_start(u, BASE + CODE + 0x125));
	assert_false(unwind_is_start(u, BASE + CODE + 0xff));
	assert_false(unwind_is_start(u, BASE + CODE + 0x180));
	/* Addresses to look up: return address - 1. */
	assert_true(unwind_is_start(u, BASE + CODE + 0x201));
	assert_true(unwind_is_start(u, BASE + CODE + 0x302));
	assert_false(unwind_is_start(u, BASE + CODE + 0x303));
	unwinder_free(u);
}

/* The file may contain anything. The sanitizers watch. */
static void a_broken_file_is_survived(void **state)
{
	struct made *image = *state, broken;
	uint32_t random = 12345;
	size_t named = 0;

	for (uint32_t line = 1; line < 10; line++)
		put_place(image, line % 2 ? MAIN : WORKER, line);
	put_headers(image);
	for (int round = 0; round < 400; round++) {
		broken = *image;
		for (int i = 0; i < 1 + round % 16; i++) {
			random = random * 1664525 + 1013904223;
			/* Mostly in parts that are used. */
			size_t at = random >> 8 & (round % 2 ? 0xfff : SIZE - 1);

			random = random * 1664525 + 1013904223;
			broken.byte[at] = (unsigned char)(random & 0x100 ? 0xff : random >> 16);
		}
		map(&broken);
		for (size_t at = CODE - 8; at < CODE + 10 * FUNCTION; at += 13) {
			const struct frames *frames = symbolize(broken.symbolizer, BASE + at);

			named += frames->frame[0].name != NULL;
		}
		unmap(&broken);
	}
	assert_true(named > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_a_function_refers_to, make_image, drop_image),
		cmocka_unit_test_setup_teardown(what_is_no_location, make_image, drop_image),
		cmocka_unit_test_setup_teardown(other_machines_have_extents_only, make_image, drop_image),
		cmocka_unit_test_setup_teardown(a_name_for_each_function, make_image, drop_image),
		cmocka_unit_test_setup_teardown(several_files_have_no_line, make_image, drop_image),
		cmocka_unit_test_setup_teardown(neighbours_tell, make_image, drop_image),
		cmocka_unit_test_setup_teardown(code_tells_where_functions_begin, make_image, drop_image),
		cmocka_unit_test_setup_teardown(where_threads_begin, make_image, drop_image),
		cmocka_unit_test_setup_teardown(a_broken_file_is_survived, make_image, drop_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
