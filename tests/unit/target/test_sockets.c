/* SPDX-License-Identifier: Apache-2.0 */
/* test_sockets.c - addresses from the kernel's tables of sockets, and from lines that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
	static const struct socket_descriptor found[] = {{20, 100}, {19, 101}, {18, 102}, {17, 103},
							 {16, 104}, {15, 105}, {3, 101}};
	struct sockets *sockets = sockets_new(0, found, sizeof(found) / sizeof(*found));
	const struct socket_ends *ends;
	(void)state;

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
	static const struct socket_descriptor found[] = {{1, 0}, {2, 102}};
	struct sockets *sockets = sockets_new(0, found, 2);
	(void)state;

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

/* A socket of this process, by its own tables. */
static void addresses_of_a_process_are_read_when_they_are_asked_for(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct socket_descriptor *found;
	char expected[32];
	(void)state;

	assert_true(fd >= 0);
	size_t count = sockets_list(getpid(), &found);
	struct sockets *sockets = sockets_new(getpid(), found, count);

	assert_true(count >= 1);
	assert_null(sockets_ends(sockets, -1));
	/* Only now it has an address. */
	assert_return_code(bind(fd, (struct sockaddr *)&address, sizeof(address)), errno);
	assert_return_code(listen(fd, 1), errno);
	assert_return_code(getsockname(fd, (struct sockaddr *)&address, &length), errno);
	snprintf(expected, sizeof(expected), "127.0.0.1:%d", ntohs(address.sin_port));
	assert_non_null(sockets_ends(sockets, fd));
	assert_string_equal(sockets_ends(sockets, fd)->local, expected);
	assert_null(sockets_ends(sockets, fd)->peer);
	sockets_free(sockets);
	free(found);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_those_of_the_tables),
		cmocka_unit_test(other_lines_are_ignored),
		cmocka_unit_test(addresses_of_a_process_are_read_when_they_are_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
