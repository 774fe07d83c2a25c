/* SPDX-License-Identifier: Apache-2.0 */
/* test_symbolize.c - address spaces and symbols of this program itself: its mappings, debug info, C library,
 * vdso. */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "resolve/elf/address-space.h"
#include "resolve/symbolize/frame.h"
#include "resolve/symbolize/symbolize.h"

static char exe[PATH_MAX];

/* --- code to look up --- */

static int inner_line, outer_line;

#if defined(__aarch64__)
#define NEXT_PC "adr %0, . + 4"
#else
#define NEXT_PC "lea (%%rip), %0"
#endif

/* The address of an instruction in the function that this is inlined into. */
__attribute__((always_inline)) static inline uint64_t inner_here(void)
{
	uint64_t pc;
	inner_line = __LINE__ + 1;
	__asm__ volatile(NEXT_PC : "=r"(pc));
	return pc - 1;
}

__attribute__((noinline)) uint64_t outer_function(void)
{
	outer_line = __LINE__ + 1;
	uint64_t pc = inner_here();
	return pc;
}

/* --- address spaces --- */

static void add_own_maps(struct space *space)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[PATH_MAX + 128];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		unsigned long start, end, offset;
		char permissions[5];
		int path = 0;
		line[strcspn(line, "\n")] = 0;
		assert_int_equal(
			sscanf(line, "%lx-%lx %4s %lx %*s %*s %n", &start, &end, permissions, &offset, &path),
			4);
		space_add(space,
			  &(struct mapping){start, end, offset, permissions[2] == 'x', line + path, ""});
	}
	fclose(maps);
}

struct setup {
	struct space *space;
	struct symbolizer *symbolizer;
};

static struct setup live(void)
{
	struct setup setup = {.space = space_new(&(struct space_options){.pid = getpid(), .exe = exe})};

	add_own_maps(setup.space);
	setup.symbolizer = symbolizer_new(setup.space);
	return setup;
}

static void end(struct setup *setup)
{
	symbolizer_free(setup->symbolizer);
	space_free(setup->space);
}

/* --- tests --- */

static void finds_inlined_functions_and_lines(void **state)
{
	struct setup setup = live();
	uint64_t pc = outer_function();
	(void)state;

	const struct frames *frames = symbolize(setup.symbolizer, pc);
	assert_int_equal(frames->count, 2);
	const struct frame *inner = &frames->frame[0], *outer = &frames->frame[1];
	assert_string_equal(inner->function, "inner_here");
	assert_true(inner->inlined);
	assert_int_equal(inner->line, inner_line);
	assert_string_equal(outer->function, "outer_function");
	assert_string_equal(outer->name, "outer_function");
	assert_false(outer->inlined);
	assert_int_equal(outer->line, outer_line);
	assert_non_null(strstr(outer->file, "test_symbolize.c"));
	assert_string_equal(outer->module, exe);
	assert_int_equal(outer->pc, pc);

	struct module *module = space_main(setup.space);
	assert_non_null(module);
	assert_ptr_equal(module, space_module(setup.space, pc));
	assert_int_equal(outer->offset, pc - module->bias);
	assert_true(module->has_symtab);
	assert_true(module->has_debug_info);
	assert_true(module->low <= pc && pc < module->high);
	assert_null(module->problem);
	assert_ptr_equal(symbolize(setup.symbolizer, pc), frames);
	end(&setup);
}

/* A function of the dynamic linker's, found without dladdr(). */
static void names_the_c_library_as_people_do(void **state)
{
	struct setup setup = live();
	uint64_t pc = (uint64_t)(uintptr_t)&getpid; /* NOLINT */
	(void)state;

	const struct frames *frames = symbolize(setup.symbolizer, pc);
	const struct frame *outermost = &frames->frame[frames->count - 1];
	struct module *module = space_module(setup.space, pc);
	assert_non_null(module);
	if (module != space_main(setup.space)) { /* a static or sanitized build has its own */
		assert_string_equal(outermost->function, "getpid");
		assert_int_equal(outermost->origin, ORIGIN_SYSTEM);
	}
	end(&setup);
}

static void reads_the_vdso(void **state)
{
	struct setup setup = live();
	uint64_t image = getauxval(AT_SYSINFO_EHDR);
	(void)state;

	struct module *module = image ? space_module(setup.space, image) : NULL;
	if (module && module->dwfl) {
		GElf_Addr bias;
		assert_string_equal(module->path, "[vdso]");
		Elf *elf = dwfl_module_getelf(module->dwfl, &bias);
		GElf_Ehdr ehdr;
		assert_non_null(gelf_getehdr(elf, &ehdr));
		for (uint64_t pc = module->low; pc < module->high; pc += 64)
			symbolize(setup.symbolizer, pc);
	}
	end(&setup);
}

static void tells_what_has_no_name(void **state)
{
	struct setup setup = live();
	(void)state;

	space_add(setup.space, &(struct mapping){0x1000, 0x2000, 0, true, "", ""});
	space_add(setup.space, &(struct mapping){0x2000, 0x3000, 0, true, "[uprobes]", ""});
	space_add(setup.space, &(struct mapping){0x3000, 0x5000, 0x1000, true, "/no/such/file", "abcd"});
	static const struct {
		uint64_t pc;
		const char *module;
		uint64_t offset;
		enum origin origin;
	} cases[] = {{0x1010, "[anon]", 0x1010, ORIGIN_UNKNOWN},
		     {0x2010, "[uprobes]", 0x2010, ORIGIN_UNKNOWN},
		     {0x3010, "/no/such/file", 0x1010, ORIGIN_SYSTEM},
		     {0x9999, "[anon]", 0x9999, ORIGIN_UNKNOWN},
		     {UINT64_MAX, "[anon]", UINT64_MAX, ORIGIN_UNKNOWN}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct frames *frames = symbolize(setup.symbolizer, cases[i].pc);
		assert_int_equal(frames->count, 1);
		assert_null(frames->frame[0].function);
		assert_null(frames->frame[0].name);
		assert_string_equal(frames->frame[0].module, cases[i].module);
		assert_int_equal(frames->frame[0].offset, cases[i].offset);
		assert_int_equal(frames->frame[0].origin, cases[i].origin);
	}
	struct module *missing = space_module(setup.space, 0x3010);
	assert_null(missing->dwfl);
	assert_non_null(missing->problem);
	assert_null(space_module(setup.space, 0x1010));
	end(&setup);
}

static void later_mappings_replace_earlier_ones(void **state)
{
	struct space *space = space_new(&(struct space_options){0});
	(void)state;

	space_add(space, &(struct mapping){0x1000, 0x9000, 0, true, "/a", "00"});
	space_add(space, &(struct mapping){0x3000, 0x5000, 0x7000, false, "/b", ""});
	space_add(space, &(struct mapping){0x5000, 0x5000, 0, true, "/empty", ""});
	assert_true(space_executable(space, 0x2fff));
	assert_false(space_executable(space, 0x3000));
	assert_false(space_executable(space, 0x4fff));
	assert_true(space_executable(space, 0x5000));
	assert_false(space_executable(space, 0x9000));
	assert_false(space_executable(space, 0xfff));
	const struct mapping *right = space_mapping(space, 0x5000);
	assert_string_equal(right->path, "/a");
	assert_string_equal(right->build_id, "00");
	assert_int_equal(right->start, 0x5000);
	assert_int_equal(right->offset, 0x4000);
	space_add(space, &(struct mapping){0, 0x10000, 0, false, "", ""});
	assert_string_equal(space_mapping(space, 0x5000)->path, "");
	assert_null(space_module(space, 0x5000));
	assert_null(space_main(space));
	space_free(space);
}

static const struct mapping *own_code(struct space *space)
{
	return space_mapping(space, (uint64_t)(uintptr_t)&outer_function); /* NOLINT */
}

static void wants_the_build_that_was_mapped(void **state)
{
	struct setup setup = live();
	struct mapping code = *own_code(setup.space);
	(void)state;

	for (int target = 0; target < 2; target++) {
		struct space *space = space_new(&(struct space_options){
			.pid = getpid(), .exe = exe, .targets = {{target ? exe : NULL}}});
		code.build_id = "0123456789abcdef";
		space_add(space, &code);
		struct module *module = space_module(space, code.start);
		assert_ptr_equal(module, space_main(space));
		assert_null(module->dwfl);
		assert_non_null(module->problem);
		assert_non_null(strstr(module->problem, "its build id differs"));
		space_free(space);
	}
	/* In a replay without build ids the file is used, with a warning that it is unchecked. */
	struct space *space = space_new(&(struct space_options){.exe = exe});
	code.build_id = "";
	space_add(space, &code);
	assert_non_null(space_main(space)->dwfl);
	assert_non_null(space_main(space)->problem);
	assert_int_equal(space_main(space)->bias, space_main(setup.space)->bias);
	space_free(space);
	end(&setup);
}

static void is_not_held_up_by_other_files(void **state)
{
	char directory[] = "/tmp/hud-symbolize-XXXXXX", path[64];
	(void)state;

	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/fifo", directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	const char *paths[] = {path, directory, "/dev/zero", "/etc/passwd"};
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		struct space *space =
			space_new(&(struct space_options){.exe = paths[i], .targets = {{paths[i]}}});
		space_add(space, &(struct mapping){0x1000, 0x2000, 0, true, paths[i], ""});
		assert_null(space_main(space)->dwfl);
		assert_non_null(space_main(space)->problem);
		space_free(space);
	}
	unlink(path);
	rmdir(directory);
}

static size_t read_all(const char *path, char **bytes)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	*bytes = malloc((size_t)st.st_size);
	assert_int_equal(read(fd, *bytes, (size_t)st.st_size), st.st_size);
	close(fd);
	return (size_t)st.st_size;
}

/* The file of a mapping is found although its name is gone (root only: /proc/PID/map_files). */
static void finds_deleted_files(void **state)
{
	char path[] = "/tmp/hud-symbolize-XXXXXX", deleted[64], *bytes;
	struct setup setup = live();
	struct mapping code = *own_code(setup.space);
	size_t size = read_all(exe, &bytes);
	int fd = mkstemp(path);
	(void)state;

	assert_int_equal(write(fd, bytes, size), size);
	void *map =
		mmap(NULL, code.end - code.start, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, (off_t)code.offset);
	close(fd);
	unlink(path);
	free(bytes);
	if (map != MAP_FAILED && geteuid() == 0) {
		snprintf(deleted, sizeof(deleted), "%s (deleted)", path);
		uint64_t start = (uintptr_t)map;
		space_add(setup.space, &(struct mapping){start, start + (code.end - code.start), code.offset,
							 true, deleted, ""});
		uint64_t there = (uint64_t)(uintptr_t)&outer_function - code.start + start; /* NOLINT */
		const struct frames *frames = symbolize(setup.symbolizer, there);
		assert_string_equal(frames->frame[frames->count - 1].function, "outer_function");
		assert_string_equal(frames->frame[0].module, deleted);
		assert_int_not_equal(space_module(setup.space, there)->bias, space_main(setup.space)->bias);
	}
	if (map != MAP_FAILED)
		munmap(map, code.end - code.start);
	end(&setup);
}

/* Corrupted files give wrong names or none; the sanitizers watch. */
static void survives_corruption(void **state)
{
	char path[] = "/tmp/hud-symbolize-XXXXXX", *bytes;
	struct setup setup = live();
	struct mapping code = *own_code(setup.space);
	size_t size = read_all(exe, &bytes);
	int fd = mkstemp(path);
	unsigned seed = 1;
	(void)state;

	for (int round = 0; round < 20; round++) {
		char *changed = malloc(size);
		memcpy(changed, bytes, size);
		for (int i = 0; i < 200; i++) {
			seed = seed * 1103515245 + 12345;
			/* Half of them near the section headers, at the end. */
			size_t at = i % 2 ? (size_t)seed % size
					  : size - 1 - (size_t)seed % (size < 4096 ? size : 4096);
			changed[at] = (char)(seed >> 16);
		}
		assert_int_equal(pwrite(fd, changed, size, 0), size);
		free(changed);
		struct space *space = space_new(&(struct space_options){.exe = path});
		space_add(space, &(struct mapping){code.start, code.end, code.offset, true, path, ""});
		struct symbolizer *symbolizer = symbolizer_new(space);
		for (uint64_t pc = code.start; pc < code.end; pc += 97)
			assert_true(symbolize(symbolizer, pc)->count >= 1);
		symbolizer_free(symbolizer);
		space_free(space);
	}
	close(fd);
	unlink(path);
	free(bytes);
	end(&setup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_inlined_functions_and_lines),
		cmocka_unit_test(names_the_c_library_as_people_do),
		cmocka_unit_test(reads_the_vdso),
		cmocka_unit_test(tells_what_has_no_name),
		cmocka_unit_test(later_mappings_replace_earlier_ones),
		cmocka_unit_test(wants_the_build_that_was_mapped),
		cmocka_unit_test(is_not_held_up_by_other_files),
		cmocka_unit_test(finds_deleted_files),
		cmocka_unit_test(survives_corruption),
	};

	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0)
		return 1;
	return cmocka_run_group_tests_name("symbolize", tests, NULL, NULL);
}
