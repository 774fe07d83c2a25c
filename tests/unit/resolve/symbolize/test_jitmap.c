/* SPDX-License-Identifier: Apache-2.0 */
/* test_jitmap.c - names of generated code, from a file that this process writes as a JIT compiler does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "resolve/elf/address-space.h"
#include "resolve/symbolize/frame.h"
#include "resolve/symbolize/jitmap.h"
#include "resolve/symbolize/symbolize.h"

#define CODE UINT64_C(0x10000)

static char path[64];

static void write_map(const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static const char *find(struct jitmap *jitmap, uint64_t pc)
{
	uint64_t start;

	return jitmap_find(jitmap, pc, &start);
}

static void reads_what_the_program_wrote(void **state)
{
	uint64_t start = 0;
	(void)state;

	write_map("10000 20 first\n0x10020 0x10 Lcom/shop/Cart;::total\n10100 100 outer\n10000 10 again\n");
	struct jitmap *jitmap = jitmap_new(getpid());

	assert_string_equal(jitmap_find(jitmap, CODE + 0x1f, &start), "first");
	assert_int_equal(start, CODE);
	assert_string_equal(find(jitmap, CODE + 0x2f), "Lcom/shop/Cart;::total");
	assert_null(find(jitmap, CODE + 0x30));
	assert_string_equal(find(jitmap, CODE + 0x1ff), "outer");
	/* Its old content is gone. */
	assert_string_equal(find(jitmap, CODE), "again");
	jitmap_free(jitmap);
	jitmap = jitmap_new(0);
	assert_null(find(jitmap, CODE));
	jitmap_free(jitmap);
}

/* The target writes the file: it may contain anything. */
static void survives_a_hostile_file(void **state)
{
	static char text[1 << 16];
	(void)state;

	strcpy(text, "\n\n 1 2 3\nxyz 10 a\n10000 10\n10000 10 \n10000 0 nothing\nffffffffffffffff "
		     "ffffffffffffffff round\n"
		     "10010 -5 minus\n10040 10 \x1b[2J\n10050 10 ");
	memset(text + strlen(text), 'n', 20000);
	write_map(text);
	struct jitmap *jitmap = jitmap_new(getpid());

	assert_null(find(jitmap, CODE));
	assert_string_equal(find(jitmap, CODE + 0x40), "\x1b[2J"); /* escaped when it is shown */
	assert_true(strlen(find(jitmap, CODE + 0x50)) < 2000);
	find(jitmap, UINT64_MAX);
	jitmap_free(jitmap);
}

static void follows_no_link(void **state)
{
	(void)state;
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	struct jitmap *jitmap = jitmap_new(getpid());

	assert_null(find(jitmap, CODE));
	jitmap_free(jitmap);
	unlink(path);
}

static void names_of_scripts_are_told_from_helpers(void **state)
{
	static const struct {
		unsigned at;
		const char *name, *file;
		unsigned line;
		enum origin origin;
	} cases[] = {
		{0x00, "render", "/srv/app.ts", 12, ORIGIN_USER},
		{0x10, "(anonymous)", "/srv/app.ts", 7, ORIGIN_USER},
		{0x20, "invoke", "ext:core/timers.js", 4, ORIGIN_DEPENDENCY},
		{0x30, "Builtin:ArrayPush", NULL, 0, ORIGIN_SYSTEM},
		{0x40, "wasm[0]::function[12]::fold", NULL, 0, ORIGIN_USER},
		{0x50, "next", "/srv/node_modules/express/lib/router.js", 90, ORIGIN_DEPENDENCY},
		{0x60, "odd", NULL, 0, ORIGIN_USER},
	};
	(void)state;

	write_map("10000 10 JS:*render file:///srv/app.ts:12:30\n10010 10 LazyCompile:~ /srv/app.ts:7:1\n"
		  "10020 10 JS:^invoke ext:core/timers.js:4:5\n10030 10 Builtin:ArrayPush\n"
		  "10040 10 wasm[0]::function[12]::fold\n10050 10 JS:next "
		  "/srv/node_modules/express/lib/router.js:90:1\n"
		  "10060 10 JS:odd ::\n");
	struct space *space = space_new(&(struct space_options){.pid = getpid()});

	space_add(
		space,
		&(struct mapping){
			.start = CODE, .end = CODE + 0x1000, .executable = true, .path = "", .build_id = ""});
	struct symbolizer *symbolizer = symbolizer_new(space);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct frame *f = &symbolize(symbolizer, CODE + cases[i].at)->frame[0];

		assert_string_equal(f->name, cases[i].name);
		assert_int_equal(f->origin, cases[i].origin);
		assert_int_equal(f->line, cases[i].line);
		assert_true(cases[i].file ? f->file && strcmp(f->file, cases[i].file) == 0 : !f->file);
		assert_string_equal(f->module, "[anon]");
	}
	assert_null(symbolize(symbolizer, CODE + 0x80)->frame[0].function);
	symbolizer_free(symbolizer);
	space_free(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_the_program_wrote),
		cmocka_unit_test(survives_a_hostile_file),
		cmocka_unit_test(follows_no_link),
		cmocka_unit_test(names_of_scripts_are_told_from_helpers),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
