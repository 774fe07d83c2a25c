/* SPDX-License-Identifier: Apache-2.0 */
/* test_arch.c - signatures of pointer authentication, whatever the size of addresses is; names and numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <elf.h>

#include "base/arch.h"

static void signatures(void **state)
{
	/* With 48 bits, the highest mapping is the stack or a library; with 39, on small machines. */
	uint64_t large = arch_address_bits(&arch_aarch64, 0xffffa0b1cfff),
		 small = arch_address_bits(&arch_aarch64, 0x7fb1c2dfff),
		 static_program = arch_address_bits(&arch_aarch64, 0x4fffff);

	(void)state;
	assert_int_equal(0x002faaaad1e20734 & large, 0xaaaad1e20734);
	assert_int_equal(0x00555552f3a40730 & small, 0x52f3a40730);
	assert_int_equal(0x0021000000400730 & static_program, 0x400730);
	assert_int_equal(arch_address_bits(&arch_x86_64, 0x7ffff7fff000), UINT64_MAX);
}

static void names_and_numbers(void **state)
{
	(void)state;
	assert_ptr_equal(arch_of_machine(EM_AARCH64), &arch_aarch64);
	assert_ptr_equal(arch_of_machine(EM_X86_64), &arch_x86_64);
	assert_null(arch_of_machine(EM_RISCV));
	assert_ptr_equal(arch_named("aarch64"), &arch_aarch64);
	assert_string_equal(arch_syscall(&arch_aarch64, 22), "epoll_pwait");
	assert_string_equal(arch_syscall(&arch_aarch64, 63), "read");
	assert_string_equal(arch_syscall(&arch_x86_64, 232), "epoll_wait");
	assert_null(arch_syscall(&arch_aarch64, -1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures),
		cmocka_unit_test(names_and_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
