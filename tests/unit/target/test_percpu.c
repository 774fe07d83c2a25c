/* SPDX-License-Identifier: Apache-2.0 */
/* test_percpu.c - what this kernel's BTF tells, and that truncated or damaged BTF tells nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "target/percpu.h"

#define KERNEL "/sys/kernel/btf/vmlinux"

static char *data;
static size_t length;

/* The result of percpu_read() for the first `count` bytes. */
static bool read_part(size_t count, struct percpu *p)
{
	char path[] = "/tmp/test_percpu.XXXXXX";
	int fd = mkstemp(path);
	FILE *out = fdopen(fd, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(data, 1, count, out), count);
	assert_int_equal(fclose(out), 0);
	bool known = percpu_read(path, p);

	unlink(path);
	return known;
}

static void needs_kernel(void)
{
	if (!data)
		skip();
}

static void this_kernel(void **state)
{
	struct percpu p = {0}, again = {0};

	(void)state;
	needs_kernel();
	if (!percpu_read(KERNEL, &p))
		skip();
	assert_true(p.hard == 0xff0000 || p.hard == 0x1f000000);
	assert_int_equal(p.preempt_count % 4, 0);
	assert_int_equal(p.runqueues % 64, 0);
	assert_int_equal(p.hrtimer_bases % 64, 0);
	assert_int_equal(p.timer_base[0] % 64, 0);
	assert_int_equal(p.timer_base[1] % 64, 0);
	assert_true(read_part(length, &again));
	assert_memory_equal(&p, &again, sizeof(p));
}

static void cut_or_damaged(void **state)
{
	struct percpu p;

	(void)state;
	needs_kernel();
	assert_false(percpu_read("/nonexistent", &p));
	assert_false(read_part(0, &p));
	assert_false(read_part(10, &p));
	assert_false(read_part(24, &p));
	assert_false(read_part(length / 2, &p));
	data[0] ^= 1;
	assert_false(read_part(length, &p));
	data[0] ^= 1;
	/* In the middle of the types: whatever it returns, it reads no other memory. */
	for (size_t i = 0; i < 64; i++)
		data[24 + length / 4 + i] = (char)0xff;
	read_part(length, &p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_kernel),
		cmocka_unit_test(cut_or_damaged),
	};
	FILE *in = fopen(KERNEL, "r");

	if (in) {
		data = malloc(64 << 20);
		length = data ? fread(data, 1, 64 << 20, in) : 0;
		fclose(in);
	}
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(data);
	return failed;
}
