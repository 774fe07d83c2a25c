/* SPDX-License-Identifier: Apache-2.0 */
/* test_framepointers.c - CFI tells whether a program keeps frame pointers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "resolve/elf/address-space.h"
#include "resolve/unwind/framepointers.h"

/* Functions long enough to count, each with calls. */
static const char source[] =
	"#include <stdio.h>\n"
	"#define ONE printf(\"%d %d %d\\n\", a, a + 1, a * 3); fflush(stdout); a = a * 7 + 1;\n"
	"#define TEN ONE ONE ONE ONE ONE ONE ONE ONE ONE ONE\n"
	"#define F(n) __attribute__((noinline)) int f##n(int a) { TEN TEN return a; }\n"
	"F(1) F(2) F(3) F(4) F(5)\n"
	"int main(void) { return f1(f2(f3(f4(f5(1))))); }\n";

static char directory[] = "/tmp/test_framepointers.XXXXXX", program[128];

static bool keeps(const char *options)
{
	char command[512];
	FILE *out;

	snprintf(command, sizeof(command), "cc -x c %s -o %s - 2>/dev/null", options, program);
	out = popen(command, "w");
	assert_non_null(out);
	fputs(source, out);
	if (pclose(out) != 0)
		skip();

	struct space *space = space_new(&(struct space_options){.exe = program});

	/* One mapping from the start of the file is enough to open it. */
	space_add(space, &(struct mapping){.start = 0x500000000000,
					   .end = 0x500000100000,
					   .executable = true,
					   .path = program,
					   .build_id = ""});
	bool kept = keeps_frame_pointers(space_main(space));

	space_free(space);
	unlink(program);
	return kept;
}

static void kept(void **state)
{
	(void)state;
	assert_true(keeps("-O2 -fno-omit-frame-pointer -pie -fPIE"));
	assert_true(keeps("-O0 -pie -fPIE"));
}

static void not_kept(void **state)
{
	(void)state;
	assert_false(keeps("-O2 -fomit-frame-pointer -pie -fPIE"));
	/* Without the table nothing is known. */
	assert_false(keeps("-O2 -fno-omit-frame-pointer -pie -fPIE -Wl,--no-eh-frame-hdr"));
}

static void nothing_there(void **state)
{
	(void)state;
	assert_false(keeps_frame_pointers(&(struct module){.path = "/nowhere"}));
}

static int make_directory(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(program, sizeof(program), "%s/program", directory);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept),
		cmocka_unit_test(not_kept),
		cmocka_unit_test(nothing_there),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
