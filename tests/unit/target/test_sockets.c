/* SPDX-License-Identifier: Apache-2.0 */
/* test_sockets.c - addresses from the kernel's tables of sockets, and from lines that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "target/sockets.h"

/* As the kernel writes them, where a 32-bit number has its lowest byte first. */
static const char tcp[] =
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	"   0: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 100 1 0 "
	"100 "
	"0 0 10 0\n"
	"   1: 0100007F:80F9 0500000A:1538 01 00000000:00000000 00:00000000 00000000     0        0 101 1 0\n"
	"   2: 0100007F:80F9 0600000A:1538 06 00000000:00000000 03:00001770 00000000     0        0 0 3 0\n"
	"   3: 0100007F80F9 0600000A:1538 01 00000000:00000000 00:00000000 00000000     0        0 102 1 0\n";
static const char tcp6[] =
	"   0: 00000000000000000000000001000000:0050 B80D0120000000000000000001000000:C350 01 "
	"00000000:00000000 00:00000000 00000000     0        0 103 1 0\n";
static const char local[] = "Num       RefCount Protocol Flags    Type St Inode Path\n"
			    "0000000000000000: 00000002 00000000 00010000 0001 01 104 /run/a b.sock\n"
			    "0000000000000000: 00000003 00000000 00000000 0001 03 105\n";

static void read_text(struct sockets *sockets, const char *text, bool internet)
{
	FILE *table = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

	assert_non_null(table);
	sockets_read_table(sockets, table, internet);
	fclose(table);
}

static void addresses_are_those_of_the_tables(void **state)
{
	struct sockets *sockets = sockets_new();
	const struct socket_ends *ends;
	(void)state;

	for (int i = 0; i < 6; i++)
		sockets_add(sockets, 20 - i, (uint64_t)(100 + i));
	sockets_add(sockets, 3, 101);
	read_text(sockets, tcp, true);
	read_text(sockets, tcp6, true);
	read_text(sockets, local, false);
	ends = sockets_ends(sockets, 20);
	assert_string_equal(ends->local, "0.0.0.0:2024");
	assert_null(ends->peer);
	/* Two descriptors of one socket. */
	for (int fd = 3; fd <= 19; fd += 16) {
		ends = sockets_ends(sockets, fd);
		assert_string_equal(ends->local, "127.0.0.1:33017");
		assert_string_equal(ends->peer, "10.0.0.5:5432");
	}
	assert_string_equal(sockets_ends(sockets, 17)->local, "[::1]:80");
	assert_string_equal(sockets_ends(sockets, 17)->peer, "[2001:db8::1]:50000");
	assert_string_equal(sockets_ends(sockets, 16)->local, "/run/a b.sock");
	assert_null(sockets_ends(sockets, 16)->peer);
	assert_null(sockets_ends(sockets, 15));
	assert_null(sockets_ends(sockets, 4));
	assert_null(sockets_ends(NULL, 4));
	sockets_free(sockets);
}

static void other_lines_are_ignored(void **state)
{
	static const char *const lines[] = {
		"", "\n", "x", "0: : : 01", "0: 0100007F: 0100007F:1", "0: 1:2 3:4\n\n"};
	struct sockets *sockets = sockets_new();
	(void)state;

	sockets_add(sockets, 1, 0);
	sockets_add(sockets, 2, 102);
	read_text(sockets, tcp, true);
	for (size_t i = 1; i < sizeof(lines) / sizeof(*lines); i++) {
		read_text(sockets, lines[i], true);
		read_text(sockets, lines[i], false);
	}
	assert_null(sockets_ends(sockets, 1));
	/* Its local address is none; what it has is shown. */
	assert_null(sockets_ends(sockets, 2)->local);
	assert_string_equal(sockets_ends(sockets, 2)->peer, "10.0.0.6:5432");
	sockets_free(sockets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_those_of_the_tables),
		cmocka_unit_test(other_lines_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
