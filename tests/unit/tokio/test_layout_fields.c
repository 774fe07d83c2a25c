/* SPDX-License-Identifier: Apache-2.0 */
/* test_layout_fields.c - a layout as the named fields of a `tokio` line, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tokio/layout-fields.h"

/* In this order: poll.bt takes the numbers by position. */
static const char fields[] =
	"id-at=1 id-tag-at=2 budget-at=3 tagged=1 tag-at=4 mt-known=1 mt-at=5 mt-tag=4294967295 mt-core=7 "
	"mt-tick=8 mt-idle=9 mt-parked=10 ct-known=0 ct-at=18446744073709551615 ct-tag=12 ct-core=13 "
	"ct-tick=14 ct-idle=15 ct-parked=16 module=17 dtv-entry=18 block=19 mt-queue=20 mt-head=21 "
	"mt-tail=22 mt-lifo=23 "
	"mt-lifo-shared=1 mt-worker=24 mt-handle=25 mt-inject=26 mt-unparked=27 mt-workers=28 how=table 1.43";

static const struct tokio_layout layout = {
	.block = {17, 18, 19},
	.id = 1,
	.id_tag = 2,
	.budget = 3,
	.tagged = true,
	.tag = 4,
	.multi_thread = {true, 5, UINT32_MAX, 7, 8, 9, 10},
	.current_thread = {false, UINT64_MAX, 12, 13, 14, 15, 16},
	.queues = {20, 21, 22, 23, true, 24, 25, 26, 27, 28},
	.how = "table 1.43",
};

static void there_and_back(void **state)
{
	char *text = tokio_layout_fields(&layout);
	struct tokio_layout read = {.queue = 99};
	(void)state;

	assert_string_equal(text, fields);
	assert_true(tokio_read(text, &read));
	free(text);
	assert_int_equal(read.queue, 0);
	text = tokio_layout_fields(&read);
	assert_memory_equal(text, fields, strlen(fields) - strlen("table 1.43"));
	free(text);
}

static void offsets_of_a_runtime_are_one_word(void **state)
{
	struct tokio_layout told = layout, read;
	(void)state;

	for (int i = 0; i < RUNTIME_FIELDS; i++)
		told.runtime.at[i] = i - 2;
	strcpy(told.runtime.how, "DWARF");
	char *text = tokio_layout_fields(&told);

	assert_non_null(strstr(text, " runtime=-2,-1,0,1,"));
	assert_true(tokio_read(text, &read));
	assert_memory_equal(read.runtime.at, told.runtime.at, sizeof(read.runtime.at));
	assert_string_not_equal(read.runtime.how, "");
	/* One offset is missing. */
	memmove(strstr(text, "-2,"), strstr(text, "-1,"), strlen(strstr(text, "-1,")) + 1);
	assert_false(tokio_read(text, &read));
	free(text);
}

static void order_does_not_count_and_others_are_passed_over(void **state)
{
	char *text = strdup(fields), mixed[700] = "new=77 block=21 id=5 ";
	struct tokio_layout read;
	(void)state;

	char *block = strstr(text, " block=19");

	memmove(block, block + 9, strlen(block + 9) + 1);
	strcat(mixed, text);
	free(text);
	assert_true(tokio_read(mixed, &read));
	assert_int_equal(read.block.size, 21);
	assert_int_equal(read.id, 1);
}

static void a_field_that_is_missing_or_no_number(void **state)
{
	static const char *const bad[] = {"", "-", "1 2 3 1 4 1 2 3 4 5 6 7 1 2 3 4 5 6 7 DWARF"};
	struct tokio_layout read;
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(tokio_read(bad[i], &read));
	for (const char *at = strchr(fields, '='); strncmp(at, "=table", 6) != 0; at = strchr(at + 1, '=')) {
		char *text = strdup(fields);

		text[at - fields - 1] = 'x';
		assert_false(tokio_read(text, &read));
		strcpy(text, fields);
		text[at - fields + 1] = 'x';
		assert_false(tokio_read(text, &read));
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(offsets_of_a_runtime_are_one_word),
		cmocka_unit_test(order_does_not_count_and_others_are_passed_over),
		cmocka_unit_test(a_field_that_is_missing_or_no_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
