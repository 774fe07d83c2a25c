/* SPDX-License-Identifier: Apache-2.0 */
/* test_copies.c - what becomes of the lines of a script that copies stacks: each stack is described once, and
 * events name it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stream/copies.h"

#define SP 0x7000

struct setup {
	char *text; /* what was written */
	size_t size;
	FILE *out;
	struct copies *copies;
	uint64_t word[96]; /* the stack to be read */
	size_t there;	   /* bytes */
	bool cleared;
};

static size_t read_copy(void *data, uint64_t copy, size_t bytes, uint64_t *words, bool *cleared)
{
	struct setup *setup = data;
	size_t size = bytes < setup->there ? bytes : setup->there;

	assert_true(copy >> 63);
	memcpy(words, setup->word, size);
	*cleared = setup->cleared;
	return size;
}

static int set_up(void **state)
{
	static const struct code_bounds code = {{0x1000, 0x3000}, {0x2000, 0x4000}};
	struct setup *setup = calloc(1, sizeof(*setup));

	setup->out = open_memstream(&setup->text, &setup->size);
	setup->copies = copies_new(setup->out, &code, read_copy, setup);
	setup->there = sizeof(setup->word);
	*state = setup;
	return 0;
}

static int tear_down(void **state)
{
	struct setup *setup = *state;

	copies_free(setup->copies);
	fclose(setup->out);
	free(setup->text);
	free(setup);
	return 0;
}

static void add(struct setup *setup, const char *line, int64_t now)
{
	char text[256];

	strcpy(text, line);
	copies_line(setup->copies, text, strlen(text), now);
}

/* What was written since the last call. */
static const char *written(struct setup *setup)
{
	static char text[4096];

	fflush(setup->out);
	assert_true(setup->size < sizeof(text));
	memcpy(text, setup->text, setup->size);
	text[setup->size] = 0;
	rewind(setup->out);
	return text;
}

/* The id of the stack that the only line of its kind in `text` describes. */
static unsigned long long id_of(const char *text)
{
	const char *line = strstr(text, "stack ");

	assert_non_null(line);
	assert_null(strstr(line + 1, "stack "));
	return strtoull(line + 6, NULL, 16);
}

static void described_once(void **state)
{
	struct setup *setup = *state;
	char expected[512];
	const char *text;

	setup->word[0] = 0x1234;	     /* code */
	setup->word[1] = 0x5678;	     /* does not matter */
	setup->word[2] = SP + 0x100;	     /* the stack */
	setup->word[3] = 0x2000;	     /* behind the code */
	setup->word[39] = 0x3fff;	     /* code, in the third chunk; there is nothing in the second */
	setup->word[40] = SP + (256u << 10); /* beyond what a frame may point to */
	add(setup, "copied 8000000000000041 7 1500 7000 7010 328", 0);
	text = written(setup);
	unsigned long long id = id_of(text);

	snprintf(expected, sizeof(expected),
		 "stack %llx 7 1500 7000 7010 3\nwords %llx 7 0 1234 0 7100 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
		 "words %llx 7 2 0 0 0 0 0 0 0 3fff 0 0 0 0 0 0 0 0\n",
		 id, id, id);
	assert_string_equal(text, expected);
	/* The words that do not lead into code may differ. */
	setup->word[1] = 0x5679;
	setup->word[2] = SP + 0x108;
	add(setup, "copied 8000000000000051 8 1500 7000 7010 328", 9999);
	add(setup, "sample 5 8 0 1 8000000000000051", 9999);
	snprintf(expected, sizeof(expected), "sample 5 8 0 1 %llx\n", id);
	assert_string_equal(written(setup), expected);
	/* Readers forget stacks. */
	add(setup, "copied 8000000000000061 8 1500 7000 7010 328", 10000);
	assert_true(id_of(written(setup)) == id);
	/* The same address at another position, and another instruction, make another stack. */
	setup->word[4] = setup->word[0];
	setup->word[0] = 0;
	add(setup, "copied 8000000000000071 8 1500 7000 7010 328", 10000);
	assert_true(id_of(written(setup)) != id);
	add(setup, "copied 8000000000000081 8 1501 7000 7010 328", 10000);
	assert_true(id_of(written(setup)) != id);
}

/* Blocks begin at multiples of their size, so there are words below sp; the first of two parts ends with a
 * chunk. */
static void both_ends(void **state)
{
	struct setup *setup = *state;
	char expected[512];
	const char *text;

	setup->word[7] = 0x1111;      /* code, below sp */
	setup->word[8] = 0x1234;      /* at sp */
	setup->word[9] = SP + 0x2010; /* the other part */
	setup->word[8 + 47] = 0x3ff0; /* the last one of the third chunk */
	setup->word[8 + 48] = 0x3ff1; /* in an incomplete chunk */
	setup->word[64] = 0x3ff2;     /* the first of the other part */
	setup->word[64 + 31] = SP + 0x2000 - 8;
	add(setup, "copied 8000000000000041 7 1500 7040 7010 768 512 9000 0 0 0 0 0", 0);
	text = written(setup);
	unsigned long long id = id_of(text);

	snprintf(expected, sizeof(expected),
		 "stack %llx 7 1500 7040 7010 5 0 2 9000\nwords %llx 7 0 1234 9010 0 0 0 0 0 0 0 0 0 0 0 0 0 "
		 "0\n"
		 "words %llx 7 2 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 3ff0\nwords %llx 7 3 3ff2 0 0 0 0 0 0 0 0 0 0 "
		 "0 0 0 0 0\n"
		 "words %llx 7 4 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 8ff8\n",
		 id, id, id, id, id);
	assert_string_equal(text, expected);
	/* Only a piece of the first part was still there. */
	setup->there = 200;
	add(setup, "copied 8000000000000051 7 1500 7040 7010 768 512 9000 0 0 0 0 0", 0);
	text = written(setup);
	assert_non_null(strstr(text, " 7 1500 7040 7010 2\n"));
}

/* Of four places for stacks in between, those that are not needed repeat the last part. */
static void one_between(void **state)
{
	struct setup *setup = *state;
	char expected[512];
	const char *text;

	setup->word[0] = 0x1234;
	setup->word[16] = 0x3ff0; /* the stack in between */
	for (size_t i = 32; i < 96; i += 16)
		setup->word[i] = 0x3ff1; /* three times the last part, and itself */
	add(setup, "copied 8000000000000041 7 1500 7000 7010 768 128 a000 128 9000 a000 a000 a000", 0);
	text = written(setup);
	unsigned long long id = id_of(text);

	snprintf(expected, sizeof(expected),
		 "stack %llx 7 1500 7000 7010 3 0 1 9000 1 a000\n"
		 "words %llx 7 0 1234 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
		 "words %llx 7 1 3ff0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
		 "words %llx 7 2 3ff1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
		 id, id, id, id);
	assert_string_equal(text, expected);
}

/* Where a call leaves its return address in a register, a leaf with another one has another stack. */
static void link_register(void **state)
{
	struct setup *setup = *state;

	setup->word[0] = 0x1234;
	add(setup, "copied 8000000000000041 7 1500 7000 7010 8 8 0 0 0 0 0 0 1600", 0);
	const char *text = written(setup);
	unsigned long long id = id_of(text);

	assert_non_null(strstr(text, " 7 1500 7000 7010 1 1600\n"));
	add(setup, "copied 8000000000000051 7 1500 7000 7010 8 8 0 0 0 0 0 0 1700", 0);
	assert_true(id_of(written(setup)) != id);
}

static void events_name_stacks(void **state)
{
	struct setup *setup = *state;
	char expected[256];

	add(setup, "copied c001234000000001 4660 1500 7000 7010 8", 0);
	unsigned long long one = id_of(written(setup));
	add(setup, "copied 8000000000000002 8 1600 7000 7010 8", 0);
	unsigned long long two = id_of(written(setup));

	add(setup,
	    "sleep 9 7 1 100 20 D -1 c001234000000001 3 4 8000000000000002 kworker 0:1 8000000000000002", 0);
	snprintf(expected, sizeof(expected),
		 "sleep 9 7 1 100 20 D -1 %llx 3 4 %llx kworker 0:1 8000000000000002\n", one, two);
	assert_string_equal(written(setup), expected);
	add(setup, "runq 5 7 3 44 P c001234000000001 1 2 0 make -j", 0);
	snprintf(expected, sizeof(expected), "runq 5 7 3 44 P %llx 1 2 0 make -j\n", one);
	assert_string_equal(written(setup), expected);
}

/* The id of a stack that bpftrace walked is a time; its addresses follow. Unknown lines pass, and incomplete
 * ones are left to the reader. */
static void others_pass(void **state)
{
	static const char lines[] =
		"frames 15a0\n\t55d0c1a40d12\n\nsample 5 7 0 1 15a0\nbegin 12\nmine 8000000000000041\n"
		"sample 5\nsleep 9 7 1 100 20 D -1 15a0\n";
	struct setup *setup = *state;
	char text[sizeof(lines)], *line = strcpy(text, lines), *end;

	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		copies_line(setup->copies, line, (size_t)(end - line), 0);
	}
	assert_string_equal(written(setup), lines);
	assert_false(copies_pending(setup->copies));
}

static void events_wait(void **state)
{
	struct setup *setup = *state;
	const char *text;

	add(setup, "sleep 9 7 1 100 20 D -1 0 3 4 8000000000000002 x", 100);
	assert_string_equal(written(setup), "");
	assert_true(copies_pending(setup->copies));
	add(setup, "copied 8000000000000002 8 1600 7000 7010 8", 200);
	text = written(setup);
	assert_non_null(strstr(text, "\nsleep 9 7 1 100 20 D -1 0 3 4 "));
	assert_null(strstr(text, "8000000000000002"));
	/* A line was lost. */
	add(setup, "sample 5 8 0 1 8000000000000003", 1000);
	copies_expire(setup->copies, 1400, false);
	assert_string_equal(written(setup), "");
	copies_expire(setup->copies, 1500, false);
	assert_string_equal(written(setup), "sample 5 8 0 1 0\n");
	add(setup, "sample 6 8 0 1 8000000000000003", 1600);
	copies_expire(setup->copies, 1600, true);
	assert_string_equal(written(setup), "sample 6 8 0 1 0\n");
	assert_false(copies_pending(setup->copies));
}

static void torn_stacks_are_cut_and_told(void **state)
{
	struct setup *setup = *state;
	unsigned long long count, sec;

	setup->word[0] = setup->word[20] = 0x1234;
	setup->there = 128;
	add(setup, "copied 8000000000000002 8 1600 7000 7010 640", 5000);
	assert_non_null(strstr(written(setup), " 8 1600 7000 7010 1\nwords"));
	setup->there = 0;
	add(setup, "copied 8000000000000003 8 1600 7000 7010 640", 5000);
	assert_non_null(strstr(written(setup), " 8 1600 7000 7010 0\n"));
	assert_true(copies_pending(setup->copies));
	copies_expire(setup->copies, 5000, false);
	assert_int_equal(sscanf(written(setup), "torn %llu %llu\n", &sec, &count), 2);
	assert_int_equal(count, 2);
	assert_false(copies_pending(setup->copies));
	/* What is gone because the script has ended was not read too late. */
	setup->cleared = true;
	add(setup, "copied 8000000000000004 8 1600 7000 7010 640", 5000);
	assert_false(copies_pending(setup->copies));
}

static void returns_are_told(void **state)
{
	struct setup *setup = *state;
	char expected[256];

	setup->word[0] = 0x1234;
	add(setup, "returned 8000000000000002 7008 1240 0 0 0 0 0 0", 0);
	add(setup, "copied 8000000000000002 8 1600 7000 7010 8", 0);
	const char *text = written(setup);
	unsigned long long id = id_of(text);

	snprintf(expected, sizeof(expected), "\nreturns %llx 8 7008 1240 0 0 0 0 0 0\n", id);
	assert_non_null(strstr(text, expected));
	/* Without them it is another stack. */
	add(setup, "copied 8000000000000003 8 1600 7000 7010 8", 0);
	text = written(setup);
	assert_true(id_of(text) != id);
	assert_null(strstr(text, "returns"));
}

static void nonsense_is_left_out(void **state)
{
	struct setup *setup = *state;

	add(setup, "copied", 0);
	add(setup, "copied ", 0);
	add(setup, "copied x 8 1600 7000 7010 8", 0);
	add(setup, "copied 8000000000000002 8 1600 7000 7010 99999999", 0);
	add(setup, "returned 8000000000000002 7008", 0);
	assert_null(strstr(written(setup), "stack"));
	add(setup, "copied 8000000000000002 8 1600 7000 7010 8", 0);
	assert_null(strstr(written(setup), "returns"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(described_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(both_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_between, set_up, tear_down),
		cmocka_unit_test_setup_teardown(link_register, set_up, tear_down),
		cmocka_unit_test_setup_teardown(events_name_stacks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(others_pass, set_up, tear_down),
		cmocka_unit_test_setup_teardown(events_wait, set_up, tear_down),
		cmocka_unit_test_setup_teardown(torn_stacks_are_cut_and_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(returns_are_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nonsense_is_left_out, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
