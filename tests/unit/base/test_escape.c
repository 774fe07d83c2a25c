/* SPDX-License-Identifier: Apache-2.0 */
/* test_escape.c - how bytes of strangers are escaped, and how names are shortened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <libiberty/libiberty.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Compares and frees. */
static void is(char *text, const char *wanted)
{
	assert_string_equal(text, wanted);
	free(text);
}

static void terminal(void **state)
{
	static const struct {
		const char *raw, *safe;
	} cases[] = {
		{"", ""},
		{NULL, ""},
		{"tokio-runtime-w", "tokio-runtime-w"},
		{"a\033[31mb", "a\\x1b[31mb"},
		{"\n\r\t\b\x7f", "\\x0a\\x0d\\x09\\x08\\x7f"},
		{"größe 長い", "größe 長い"},
		{"\xff\xfe", "\\xff\\xfe"},			       /* no UTF-8 at all */
		{"\xc3", "\\xc3"},				       /* cut off */
		{"\xc0\xaf\xe0\x80\xaf", "\\xc0\\xaf\\xe0\\x80\\xaf"}, /* overlong '/' */
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},		       /* a surrogate */
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},	       /* above U+10FFFF */
		{"\xc2\x9b"
		 "2J",
		 "\\xc2\\x9b2J"},			 /* C1: CSI */
		{"x\xe2\x80\xaey", "x\\xe2\\x80\\xaey"}, /* right-to-left override */
		{"x\xe2\x81\xa6y", "x\\xe2\\x81\\xa6y"}, /* left-to-right isolate */
		{"x\xe2\x80\x8by", "x\\xe2\\x80\\x8by"}, /* zero width space */
		{"x\xe2\x80\xa8y", "x\\xe2\\x80\\xa8y"}, /* line separator */
		{"e\xcc\x81", "e\\xcc\\x81"},		 /* a combining accent: has no column of its own */
		{"\xef\xbb\xbf", "\\xef\\xbb\\xbf"},	 /* byte order mark */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		is(escape_terminal(cases[i].raw, true), cases[i].safe);
	is(escape_terminal("größe", false), "gr\\xc3\\xb6\\xc3\\x9fe");
}

static void json(void **state)
{
	static const struct {
		const char *raw, *safe;
	} cases[] = {
		{"", ""},
		{"a\"b\\c/d\n\033", "a\"b\\c/d\n\033"}, /* the library quotes these */
		{"größe 長い e\xcc\x81", "größe 長い e\xcc\x81"},
		{"\xff\xfe|\xc3", "\\xff\\xfe|\\xc3"},
		{"\xc0\xaf\xed\xa0\x80", "\\xc0\\xaf\\xed\\xa0\\x80"},		/* overlong, a surrogate */
		{"\x7f\xc2\x9b", "\\x7f\\xc2\\x9b"},				/* DEL, CSI */
		{"\xe2\x80\xae\xef\xbb\xbf", "\\xe2\\x80\\xae\\xef\\xbb\\xbf"}, /* bidi, byte order mark */
		{"\\xff \\xg0 \\x", "\\x5cxff \\xg0 \\x"}, /* text that looks like an escaped byte */
		{"\\\\x41\\", "\\\\x5cx41\\"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		is(escape_json(cases[i].raw), cases[i].safe);
}

/* The original bytes can be recovered, and the result is visible UTF-8. */
static void json_comes_back(void **state)
{
	(void)state;
	char raw[64], back[64];
	uint32_t random = 1;

	for (size_t round = 0; round < 20000; round++) {
		size_t length = round % (sizeof(raw) - 1), n = 0;

		for (size_t i = 0; i < length; i++) {
			random = random * 1664525 + 1013904223;
			raw[i] =
				random >> 31 ? "\\x4f\xe2\x80\xae"[(random >> 24) % 7] : (char)(random >> 20);
			raw[i] = raw[i] ? raw[i] : 'x';
		}
		raw[length] = '\0';
		char *safe = escape_json(raw);

		assert_true(mbstowcs(NULL, safe, 0) != (size_t)-1);
		for (const char *s = safe; *s; n++) {
			unsigned byte;

			if (sscanf(s, "\\x%2x", &byte) == 1 && strspn(s + 2, "0123456789abcdef") >= 2)
				s += 4;
			else
				byte = (unsigned char)*s++;
			back[n] = (char)byte;
		}
		back[n] = '\0';
		assert_string_equal(back, raw);
		free(safe);
	}
}

static void gnuplot(void **state)
{
	(void)state;
	is(escape_gnuplot(NULL), "\"\"");
	is(escape_gnuplot("shop::{closure#0}"), "\"shop::{closure#0}\"");
	is(escape_gnuplot("a\"b`c\\n"), "\"a'b'c/n\"");
	is(escape_gnuplot("a\nEOD\n\033\xff"), "\"a?EOD???\"");
	is(escape_gnuplot("größe\xe2\x80\xae"), "\"größe?\"");
}

static void utf8(void **state)
{
	(void)state;
	is(escape_utf8(NULL), "");
	is(escape_utf8("größe 長い \\"), "größe 長い \\");
	is(escape_utf8("e\xcc\x81"), "e\xcc\x81"); /* a combining accent is text */
	is(escape_utf8("a\n\x7f\xff\xed\xa0\x80\xe2\x80\xae"),
	   "a\\x0a\\x7f\\xff\\xed\\xa0\\x80\\xe2\\x80\\xae");
	/* The locale does not matter. */
	const char *before = setlocale(LC_CTYPE, NULL);
	char *locale = xstrdup(before);

	setlocale(LC_CTYPE, "C");
	is(escape_utf8("größe 長い"), "größe 長い");
	setlocale(LC_CTYPE, locale);
	free(locale);
}

static void markdown(void **state)
{
	static const struct {
		const char *raw, *safe;
	} cases[] = {
		{NULL, ""},
		{"", ""},
		{"a::b<T>", "`a::b<T>`"},
		{"a|b", "`a\\|b`"},
		{"a\\|b", "`a\\\\\\|b`"}, /* an odd number before the bar */
		{"a\\\\|b", "`a\\\\\\|b`"},
		{"\\a\\", "`\\a\\`"},
		{"a`b", "`` a`b ``"},
		{"``", "``` `` ```"},
		{" a", "`  a `"}, /* a reader drops one blank at each end */
		{"a\n|", "`a\\x0a\\|`"},
		{"\xff", "`\\xff`"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		is(escape_markdown(cases[i].raw), cases[i].safe);
}

/* Every byte and every pair of bytes: nothing passes that a terminal or gnuplot obeys. */
static void every_pair_of_bytes(void **state)
{
	(void)state;
	for (unsigned a = 1; a < 256; a++) {
		for (unsigned b = 0; b < 256; b++) {
			char raw[] = {(char)a, (char)b, '\0'};
			char *safe = escape_terminal(raw, true), *quoted = escape_gnuplot(raw);

			for (const char *p = safe; *p; p++)
				assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
			assert_true(text_width(safe) >= strlen(raw) / 2);
			/* Safe text is unchanged. */
			is(escape_terminal(safe, true), safe);
			assert_true(quoted[0] == '"' && quoted[strlen(quoted) - 1] == '"');
			for (const char *p = quoted + 1; p[1]; p++)
				assert_true((unsigned char)*p >= 0x20 && !strchr("\"\\`\x7f", *p));
			free(quoted);
			free(safe);
		}
	}
}

static void width(void **state)
{
	(void)state;
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("abc"), 3);
	assert_int_equal(text_width("größe"), 5);
	assert_int_equal(text_width("長い"), 4);
	assert_int_equal(text_width("…"), 1);
}

static void shorten(void **state)
{
	(void)state;
	is(text_shorten("demo::name", 10, true), "demo::name");
	is(text_shorten("demo::very::long::path::to::name", 20, true), "demo::v…::to::name");
	is(text_shorten("demo::very::long::path::to::name", 20, false), "demo::...::to::name");
	is(text_shorten("abcdefghij", 5, true), "a…hij");
	is(text_shorten("abcdefghij", 1, true), "…");
	is(text_shorten("abcdefghij", 2, false), "..");
	is(text_shorten("abcdefghij", 0, true), "");
	is(text_shorten("長い長い長い", 7, true), "長…長い");
	is(text_shorten_path("src/main.rs:3", 13, true), "src/main.rs:3");
	is(text_shorten_path("shop/src/pages/checkout/main.rs:3", 19, true), "…/main.rs:3");
	is(text_shorten_path("shop/src/pages/checkout/main.rs:3", 20, true), "…/checkout/main.rs:3");
	is(text_shorten_path("averyverylongfilename.rs:3", 10, false), "...me.rs:3");
}

static void shortened_always_fits(void **state)
{
	static const char *const texts[] = {
		"shop::pages::checkout::legacy_rate_limit", "長い長い長い長い長い", "a::b::c::d::e::f::g",
		"/home/ann/shop/src/pages/checkout.rs:88",  "::::::::::",	    "//////////"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		for (size_t columns = 0; columns < 50; columns++) {
			for (int utf8 = 0; utf8 < 2; utf8++) {
				char *name = text_shorten(texts[i], columns, utf8);
				char *path = text_shorten_path(texts[i], columns, utf8);

				assert_true(text_width(name) <= columns);
				assert_true(text_width(path) <= columns);
				free(name);
				free(path);
			}
		}
	}
}

static void format(void **state)
{
	(void)state;
	is(text_format("%zu %s %.1f", (size_t)7, "x", 2.5), "7 x 2.5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(terminal),
		cmocka_unit_test(json),
		cmocka_unit_test(json_comes_back),
		cmocka_unit_test(gnuplot),
		cmocka_unit_test(utf8),
		cmocka_unit_test(markdown),
		cmocka_unit_test(every_pair_of_bytes),
		cmocka_unit_test(width),
		cmocka_unit_test(shorten),
		cmocka_unit_test(shortened_always_fits),
		cmocka_unit_test(format),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8") && !setlocale(LC_CTYPE, "en_US.UTF-8"))
		fprintf(stderr, "no UTF-8 locale: expect failures\n");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
