/* SPDX-License-Identifier: Apache-2.0 */
/* test_opener.c - what is opened for a process without rights: ELF files other than core dumps, without links
 * that lead out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/opener.h"

static char directory[32];

static int make_directory(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/hud-opener-XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	char command[64];

	(void)state;
	opener_end();
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command); /* NOLINT: our own path */
}

/* The path of a file in the directory; valid until the next call. */
static const char *in_directory(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void write_file(const char *name, const void *bytes, size_t size)
{
	FILE *file = fopen(in_directory(name), "we");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

static void write_elf(const char *name, uint16_t type)
{
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = type};

	write_file(name, &header, sizeof(header));
}

static void opens(const char *path)
{
	int fd = opener_open(path);

	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

/* With this errno; 0: any. */
static void refuses(const char *path, int error)
{
	int fd = opener_open(path);

	if (fd >= 0)
		fail_msg("%s was opened", path);
	if (error)
		assert_int_equal(errno, error);
}

static void look_at_kinds(void)
{
	write_elf("library", ET_DYN);
	write_elf("core", ET_CORE);
	write_elf("object", ET_REL);
	write_file("text", "root:x:0:0", 10);
	write_file("short", ELFMAG, SELFMAG);
	assert_int_equal(mkfifo(in_directory("fifo"), 0600), 0);
	assert_int_equal(symlink("library", in_directory("link")), 0);
	assert_int_equal(symlink("/proc/self/exe", in_directory("magic")), 0);
	alarm(120); /* opening a FIFO would block forever */
	opens(in_directory("library"));
	opens(in_directory("object"));
	opens(in_directory("link"));
	refuses(in_directory("core"), ENOEXEC);
	refuses(in_directory("text"), ENOEXEC);
	refuses(in_directory("short"), ENOEXEC);
	refuses(in_directory("fifo"), EINVAL);
	refuses(directory, EINVAL);
	refuses(in_directory("nothing"), ENOENT);
	refuses("/dev/null", EINVAL);
	refuses("/proc/self/exe", 0);
	refuses(in_directory("magic"), 0);
	refuses("", ENOENT);
	alarm(0);
}

static void only_elf_is_opened(void **state)
{
	(void)state;
	look_at_kinds();
}

static void the_helper_opens_the_same(void **state)
{
	(void)state;
	assert_int_equal(opener_start(0), 0);
	look_at_kinds();
	/* There is no process whose files it may open. */
	refuses("/proc/1/exe", 0);
}

/* The first executable mapping of a file, named as in map_files. */
static char *mapped_file(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long start = 0, end = 0;
	char permissions[5] = "", line[4352];

	assert_non_null(maps);
	while (permissions[2] != 'x' && fgets(line, sizeof(line), maps))
		assert_int_equal(sscanf(line, "%lx-%lx %4s", &start, &end, permissions), 3);
	fclose(maps);
	return xasprintf("/proc/%d/map_files/%lx-%lx", (int)getpid(), start, end);
}

static void of_a_process_what_it_maps(void **state)
{
	char *mapped = mapped_file(), *other;
	(void)state;

	if (access(mapped, F_OK) != 0) {
		free(mapped);
		print_message("needs root\n");
		skip();
	}
	assert_int_equal(opener_start(getpid()), 0);
	opens(mapped);
	other = concat(mapped, "/../../exe", NULL);
	refuses(other, 0);
	free(other);
	other = xasprintf("/proc/%d/exe", (int)getpid());
	opens(other);
	free(other);
	other = xasprintf("/proc/%d/exe", (int)getppid());
	refuses(other, 0);
	free(other);
	other = xasprintf("/proc/%d/fd/0", (int)getpid());
	refuses(other, 0);
	free(other);
	free(mapped);
}

/* A process in a container, say: absolute links begin at its root. */
static void no_link_leads_out_of_its_root(void **state)
{
	char *path;
	int ready[2];
	(void)state;

	if (geteuid() != 0) {
		print_message("needs root\n");
		skip();
	}
	write_elf("library", ET_DYN);
	assert_int_equal(symlink("/library", in_directory("absolute")), 0);
	assert_int_equal(symlink("/bin/sh", in_directory("out")), 0);
	assert_int_equal(symlink("../../../../bin/sh", in_directory("up")), 0);
	assert_int_equal(mkdir(in_directory("sub"), 0755), 0);
	assert_int_equal(symlink("../../library", in_directory("sub/link")), 0);
	assert_int_equal(symlink("circle", in_directory("circle")), 0);
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (chroot(directory) == 0 && write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	char byte;

	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(opener_start(pid), 0);
	static const struct {
		const char *name;
		int error; /* 0: it is opened */
	} cases[] = {
		{"library", 0},	   {"absolute", 0}, {"sub/link", 0},	   {"sub/.././sub/../library", 0},
		{"out", ENOENT},   {"up", ENOENT},  {"../bin/sh", ENOENT}, {"sub/../../bin/sh", ENOENT},
		{"circle", ELOOP}, {"sub", EINVAL}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		path = xasprintf("/proc/%d/root/%s", (int)pid, cases[i].name);
		if (cases[i].error)
			refuses(path, cases[i].error);
		else
			opens(path);
		free(path);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
}

/* Most of the files in /proc of who says that its memory is not to be read are root's; and in a mount namespace of its own anybody can put any
 * file there, under that name. */
static void a_list_of_jit_code_is_its_users_own(void **state)
{
	char *file, *path, byte;
	int ready[2];
	(void)state;

	if (geteuid() != 0) {
		print_message("needs root\n");
		skip();
	}
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0 &&
		    prctl(PR_SET_DUMPABLE, 0) == 0 && write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	file = xasprintf("/tmp/perf-%d.map", (int)pid);
	path = xasprintf("/proc/%d/root%s", (int)pid, file);
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "1000 10 f\n", 10), 10);
	assert_int_equal(opener_start(pid), 0);
	refuses(path, EINVAL);
	assert_int_equal(fchown(fd, 65534, 65534), 0);
	opens(path);
	close(fd);
	unlink(file);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	free(file);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_elf_is_opened, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(the_helper_opens_the_same, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(of_a_process_what_it_maps, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(no_link_leads_out_of_its_root, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(a_list_of_jit_code_is_its_users_own, make_directory,
						remove_directory),
	};

	return cmocka_run_group_tests_name("opener", tests, NULL, NULL);
}
