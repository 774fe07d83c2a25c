/* SPDX-License-Identifier: Apache-2.0 */
/* test_mangling.c - the crate in which a function is written, from its symbol. Symbols are from rustc 1.95,
 * except the noise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolve/symbolize/mangling.h"

static void tells_the_crate(void **state)
{
	static const struct {
		const char *symbol, *crate;
	} cases[] = {
		/* tiny::naps::{closure#0}; lab::main::{closure#0}::{closure#0} */
		{"_RNCNvCsdLGfrBGhRZR_4tiny4naps0", "tiny"},
		{"_RNCNCNvCsH5YeTtDjHt_3lab4main00", "lab"},
		/* <[u8]>::copy_within::<RangeInclusive<usize>>, made in miniz_oxide */
		{"_RINvMNtCsgEmfK2I1SDS_4core5sliceSh11copy_withinINtNtNtB5_"
		 "3ops5range14RangeInclusivejEECsfEOYDRpO4Ta_11miniz_oxide",
		 "core"},
		/* <Harness<lab::handlers::set::{closure#0}, ..>>::poll */
		{"_RNvMs0_NtNtNtCscmpFX7LAxV4_5tokio7runtime4task7harnessINtB5_7HarnessNCNvNtCsH5YeTtDjHt_"
		 "3lab8handlers3set0INtNtCslNYArtu3iFV_5alloc4sync3ArcNtNtNtB9_9scheduler14current_"
		 "thread6HandleEE4pollB1a_",
		 "tokio"},
		/* <&[u8] as object::read::read_ref::ReadRef>::read_bytes_at_until */
		{"_RNvXNtNtCs6O6TnIPaRGP_6object4read8read_refRShNtB2_7ReadRef19read_bytes_at_until",
		 "object"},
		/* the impl is in a module that came before */
		{"_RNvMNtC1a1bNtB2_1C1d", "a"},
		{"_RNvB2_1b", NULL},
		/* a trait's own method; not v0; incomplete */
		{"_RNvYNtC1a1BNtC1c1D1e", NULL},
		{"_ZN4demo3api4hash17h0123456789abcdefE", NULL},
		{"main", NULL},
		{"", NULL},
		{"_R", NULL},
		{"_RN", NULL},
		{"_RNv", NULL},
		{"_RNvM", NULL},
		{"_RNvMs", NULL},
		{"_RNvMs0", NULL},
		{"_RNvCs", NULL},
		{"_RNvCs12_", NULL},
		{"_RNvC4dem", NULL},
		{"_RNvC0", NULL},
		{"_RNvC99999999999999999999999a", NULL},
		{"_RNvB", NULL},
		{"_RNvB_", NULL},
		{"_RB_", NULL},
		{"_RNvB0_", NULL},
		{"_RNvBzzzzzzzzzzzzzzzzzzzzzzzz_", NULL},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t length = 0;
		const char *crate = mangling_crate(cases[i].symbol, &length);
		if (!crate != !cases[i].crate)
			fail_msg("%s", cases[i].symbol);
		if (!crate)
			continue;
		assert_int_equal(length, strlen(cases[i].crate));
		assert_memory_equal(crate, cases[i].crate, length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(tells_the_crate)};

	return cmocka_run_group_tests_name("mangling", tests, NULL, NULL);
}
