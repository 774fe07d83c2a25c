/* SPDX-License-Identifier: Apache-2.0 */
/* test_debugfile.c - where a separate debug file is searched, what is accepted, and what must not block. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <limits.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "resolve/elf/address-space.h"
#include "resolve/elf/debugfile.h"
#include "resolve/symbolize/debuginfo.h"

/* The start of an ELF file: other files are not opened. */
#define CONTENT "\177ELF\2\1\1 and what else is in such a file, more or less"

static char directory[32];

static uint32_t content_crc(void)
{
	return (uint32_t)crc32(0, (const unsigned char *)CONTENT, sizeof(CONTENT) - 1);
}

static int make_directory(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/hud-debugfile-XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command); /* NOLINT: our own path */
}

static const char *in_directory(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(in_directory(name), "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* Searches the debug file `link` of directory/program, which has no build id. Returns the path that was
 * found. */
static char *find(const char *link, uint32_t crc, const char *build_id, const char **problem)
{
	char program[64], *name = NULL;

	bool foreign;

	snprintf(program, sizeof(program), "%s/program", directory);
	*problem = NULL;
	int fd = debugfile_open(
		&(struct debugfile_wanted){
			.path = program, .build_id = build_id, .link = link, .crc = crc, .pid = getpid()},
		&name, problem, &foreign);
	assert_true((fd >= 0) == (name != NULL));
	/* Beside the program the target may have made it. */
	assert_int_equal(foreign, true);
	if (fd >= 0)
		close(fd);
	return name;
}

static void is_found_by_its_link_and_crc(void **state)
{
	const char *problem;
	char *name;
	(void)state;

	write_file("program.debug", CONTENT);
	name = find("program.debug", content_crc(), "", &problem);
	assert_non_null(name);
	assert_non_null(strstr(name, "/program.debug"));
	assert_null(problem);
	free(name);

	assert_null(find("program.debug", content_crc() + 1, "", &problem));
	assert_non_null(strstr(problem, "another build"));
	assert_null(find("program.debug", content_crc(), "0123abcd", &problem));
	assert_non_null(strstr(problem, "another build"));
	assert_null(find("nothing.debug", content_crc(), "", &problem));
	assert_null(problem);

	mkdir(in_directory(".debug"), 0700);
	write_file(".debug/program.debug", CONTENT);
	unlink(in_directory("program.debug"));
	name = find("program.debug", content_crc(), "", &problem);
	assert_non_null(name);
	assert_non_null(strstr(name, "/.debug/program.debug"));
	free(name);
}

static void a_link_leads_to_no_other_folder(void **state)
{
	const char *problem;
	(void)state;

	mkdir(in_directory("deep"), 0700);
	write_file("deep/program.debug", CONTENT);
	assert_null(find("deep/program.debug", content_crc(), "", &problem));
	assert_null(find("../program.debug", content_crc(), "", &problem));
	assert_null(find("", content_crc(), "", &problem));
	/* The module itself is not its debug file. */
	write_file("program", CONTENT);
	assert_null(find("program", content_crc(), "", &problem));
}

static void a_fifo_or_a_folder_is_passed_over(void **state)
{
	const char *problem;
	(void)state;

	assert_int_equal(mkfifo(in_directory("fifo.debug"), 0600), 0);
	mkdir(in_directory("folder.debug"), 0700);
	alarm(120);
	assert_null(find("fifo.debug", content_crc(), "", &problem));
	assert_null(find("folder.debug", content_crc(), "", &problem));
	assert_null(find("fifo.debug", content_crc(), "0123abcd", &problem));
	alarm(0);
}

/* A server that accepts connections and never answers. Returns its socket; its address is in
 * DEBUGINFOD_URLS. */
static int silent_server(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char url[64];

	assert_true(server >= 0);
	assert_int_equal(bind(server, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(server, 8), 0);
	assert_int_equal(getsockname(server, (struct sockaddr *)&address, &size), 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", ntohs(address.sin_port));
	setenv("DEBUGINFOD_URLS", url, true);
	return server;
}

/* Searches debug info for cmocka's library, which machines usually lack. */
static void look_for_debug_info(bool debuginfod)
{
	struct space *space = space_new(&(struct space_options){.pid = getpid(), .debuginfod = debuginfod});
	struct debuginfo_function functions[DEBUGINFO_CHAIN];
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[PATH_MAX + 128];
	bool found = false;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		unsigned long start, end, offset;
		char permissions[5];
		int path = 0;
		line[strcspn(line, "\n")] = 0;
		if (sscanf(line, "%lx-%lx %4s %lx %*s %*s %n", &start, &end, permissions, &offset, &path) <
			    4 ||
		    permissions[2] != 'x' || !strstr(line + path, "libcmocka"))
			continue;
		space_add(space, &(struct mapping){start, end, offset, true, line + path, ""});
		debuginfo_find(space_module(space, start), start, functions);
		found = true;
	}
	fclose(maps);
	assert_true(found);
	space_free(space);
}

static void a_silent_server_is_asked_only_on_request_and_not_for_long(void **state)
{
	struct timespec start, end;
	int server = silent_server();
	(void)state;

	look_for_debug_info(false);
	assert_int_equal(accept(server, NULL, NULL), -1);
	assert_null(getenv("DEBUGINFOD_URLS"));
	close(server);
	if (!dlopen("libdebuginfod.so.1", RTLD_LAZY)) {
		print_message("no libdebuginfod here\n");
		skip();
	}
	server = silent_server();
	setenv("DEBUGINFOD_TIMEOUT", "1", true);
	setenv("DEBUGINFOD_CACHE_PATH", directory, true);
	clock_gettime(CLOCK_MONOTONIC, &start);
	look_for_debug_info(true);
	clock_gettime(CLOCK_MONOTONIC, &end);
	int asked = accept(server, NULL, NULL);
	assert_true(asked >= 0);
	assert_true(end.tv_sec - start.tv_sec < 60); /* and not for ever */
	close(asked);
	close(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(is_found_by_its_link_and_crc, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(a_link_leads_to_no_other_folder, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(a_fifo_or_a_folder_is_passed_over, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(a_silent_server_is_asked_only_on_request_and_not_for_long,
						make_directory, remove_directory),
	};

	return cmocka_run_group_tests_name("debugfile", tests, NULL, NULL);
}
