/* SPDX-License-Identifier: Apache-2.0 */
/* test_confine.c - what each filter forbids: tried from inside, by a process with all other rights. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <libiberty/libiberty.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/confine.h"

static char directory[] = "/tmp/hud-confine-XXXXXX";
static pid_t parent;

static int make_directory(void **state)
{
	(void)state;
	if (!mkdtemp(directory) || chmod(directory, 0777) || chdir(directory))
		return -1;
	FILE *file = fopen("there", "we");

	parent = getpid();
	return file ? fclose(file) : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	return unlink("there") || chdir("/") || rmdir(directory);
}

/* --- attempts: each returns 0 if it was refused for lack of rights --- */

static int refused(long result)
{
	return result < 0 && errno == EPERM ? 0 : 1;
}

static int creates(void)
{
	return refused(open("new", O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
}

static int creates_by_openat2(void)
{
	struct open_how how = {.flags = O_WRONLY | O_CREAT | O_CLOEXEC, .mode = 0666};

	return refused(syscall(SYS_openat2, AT_FDCWD, "new", &how, sizeof(how)));
}

static int creates_unnamed(void)
{
	return refused(open(".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0666));
}

static int writes(void)
{
	return refused(open("there", O_WRONLY | O_CLOEXEC));
}

static int cuts(void)
{
	return refused(open("there", O_RDONLY | O_TRUNC | O_CLOEXEC));
}

static int unlinks(void)
{
	return refused(unlink("there")) || refused(unlinkat(AT_FDCWD, "there", 0));
}

static int renames(void)
{
	return refused(rename("there", "new")) || refused(renameat(AT_FDCWD, "there", AT_FDCWD, "new"));
}

static int makes_links(void)
{
	return refused(symlink("there", "new")) || refused(link("there", "new"));
}

static int makes_nodes(void)
{
	return refused(mkdir("new", 0777)) || refused(mkfifo("new", 0666));
}

static int changes_modes(void)
{
	return refused(chmod("there", 0777)) || refused(fchmodat(AT_FDCWD, "there", 0777, 0));
}

static int signals(void)
{
	return refused(kill(1, 0)) || refused(kill(parent, 0)) ||
	       refused(syscall(SYS_tgkill, parent, parent, 0)) || refused(syscall(SYS_tkill, parent, 0));
}

/* The kernel sends the signal that was asked for to the owner of a file when there is something to read. */
static int signals_by_files(void)
{
	struct f_owner_ex owner = {F_OWNER_PID, parent};
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return 1;
	return refused(fcntl(ends[0], F_SETOWN, parent)) || refused(fcntl(ends[0], F_SETOWN_EX, &owner)) ||
	       refused(fcntl(ends[0], F_SETSIG, SIGKILL));
}

/* As the C library does since 2.34, and as others do. */
static int forks(void)
{
#ifdef SYS_vfork
	if (refused(syscall(SYS_vfork)))
		return 1;
#endif
	return refused(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
}

static int executes(void)
{
	return refused(execl("/bin/true", "true", NULL));
}

static int connects(void)
{
	return refused(socket(AF_INET, SOCK_STREAM, 0)) || refused(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int maps_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
			       errno == EPERM
		       ? 0
		       : 1;
}

static int changes_others(void)
{
	return refused(syscall(SYS_ptrace, PTRACE_POKEDATA, parent, NULL, NULL)) ||
	       refused(syscall(SYS_ptrace, PTRACE_SETREGSET, parent, NULL, NULL)) ||
	       refused(syscall(SYS_process_vm_writev, parent, NULL, 0UL, NULL, 0UL, 0UL));
}

/* To use up its CPU time is to be killed. */
static int limits_others(void)
{
	struct rlimit limit;

	return refused(prlimit(parent, RLIMIT_CPU, NULL, &limit));
}

/* Who is traced with this is killed when its tracer ends; and a tracer can give any signal in place of one that came. */
static int kills_by_tracing(void)
{
	return refused(syscall(SYS_ptrace, PTRACE_SEIZE, parent, NULL, PTRACE_O_EXITKILL)) ||
	       refused(syscall(SYS_ptrace, PTRACE_DETACH, parent, NULL, SIGKILL));
}

static int traces(void)
{
	return refused(syscall(SYS_ptrace, PTRACE_SEIZE, parent, NULL, NULL)) ||
	       refused(syscall(SYS_process_vm_readv, parent, NULL, 0UL, NULL, 0UL, 0UL));
}

static int reads(void)
{
	return refused(open("there", O_RDONLY | O_CLOEXEC));
}

static const struct attempt {
	const char *name;
	int (*try)(void);
} changing[] =
	{
		{"creates", creates},
		{"creates by openat2", creates_by_openat2},
		{"creates unnamed", creates_unnamed},
		{"writes", writes},
		{"cuts", cuts},
		{"unlinks", unlinks},
		{"renames", renames},
		{"makes links", makes_links},
		{"makes nodes", makes_nodes},
		{"changes modes", changes_modes},
},
  acting[] =
	  {
		  {"signals", signals},
		  {"signals by files", signals_by_files},
		  {"forks", forks},
		  {"executes", executes},
		  {"connects", connects},
		  {"maps code", maps_code},
		  {"changes others", changes_others},
		  {"limits others", limits_others},
		  {"kills by tracing", kills_by_tracing},
},
  looking[] = {{"traces", traces}}, reading[] = {{"reads", reads}};

/* --- the process that tries --- */

static void *nothing(void *argument)
{
	return argument;
}

static void try_all(const struct attempt *attempt, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (attempt[i].try()) {
			fprintf(stderr, "%s\n", attempt[i].name);
			_exit(1);
		}
}

/* A process that begins with `confine`: what it must not be able to do, and whether it may have threads. */
struct confined {
	int (*confine)(void);
	int changes, looks, reads, threads;
};

static _Noreturn void be(const struct confined *c)
{
	pthread_t thread;

	if (c->confine())
		_exit(2);
	try_all(acting, ARRAY_SIZE(acting));
	if (!c->changes)
		try_all(changing, ARRAY_SIZE(changing));
	if (!c->looks)
		try_all(looking, ARRAY_SIZE(looking));
	if (!c->reads)
		try_all(reading, ARRAY_SIZE(reading));
	else if (open("there", O_RDONLY | O_CLOEXEC) < 0)
		_exit(3);
	if (c->threads && (pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL)))
		_exit(4);
	_exit(0);
}

static void refuses(struct confined confined)
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		be(&confined);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int opener(void)
{
	return confine_opener();
}

static int inspector(void)
{
	return confine_to_tracer() || confine_inspector();
}

static int proc_reader(void)
{
	return confine_to_proc_reader() || confine_proc_reader();
}

static int source_reader(void)
{
	return confine_to_user() || confine_reader();
}

static int messages(void)
{
	return confine_to_nobody() || confine_computing();
}

static int user_files(void)
{
	return confine_to_user() || confine_files();
}

static void the_opener_opens(void **state)
{
	(void)state;
	refuses((struct confined){opener, .reads = 1, .threads = 1});
}

static void the_inspector_looks(void **state)
{
	(void)state;
	refuses((struct confined){inspector, .reads = 1, .looks = 1, .threads = 1});
}

static void readers_read(void **state)
{
	(void)state;
	refuses((struct confined){proc_reader, .reads = 1});
	refuses((struct confined){source_reader, .reads = 1, .threads = 1});
}

static int server(void)
{
	return confine_to_nobody() || confine_listen();
}

static void the_rest_computes(void **state)
{
	(void)state;
	refuses((struct confined){server, .reads = 0, .threads = 1});
	refuses((struct confined){messages, .reads = 0});
}

static void files_are_made_and_nothing_is_done(void **state)
{
	(void)state;
	refuses((struct confined){user_files, .reads = 1, .changes = 1, .threads = 1});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_opener_opens),
		cmocka_unit_test(the_inspector_looks),
		cmocka_unit_test(readers_read),
		cmocka_unit_test(the_rest_computes),
		cmocka_unit_test(files_are_made_and_nothing_is_done),
	};

	return cmocka_run_group_tests_name("confine", tests, make_directory, remove_directory);
}
