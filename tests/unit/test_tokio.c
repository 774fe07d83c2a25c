/* Where Tokio keeps its state: found in a program that is laid out like one of Tokio's, and in several that are not. */
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "roles.h"
#include "space.h"
#include "tokio.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* The names and shapes of Tokio's, in C++: the one that has namespaces and is there with a C compiler. */
static const char source[] =
	"#include <cstdint>\n#include <cstdio>\n#include <unistd.h>\n"
	"struct Id { uint64_t id; }; struct IdCell { Id value; }; struct IdOuter { IdCell value; };\n"
	"struct Box { void *pointer; }; struct BoxCell { Box value; };\n"
	"struct RefCell { uint64_t borrow; BoxCell value; };\n"
	"namespace tokio { namespace runtime {\n"
	"namespace context { struct Context { char a[24]; IdOuter current_task_id; char b[49]; };\n"
	"namespace CONTEXT { thread_local Context VAL; } }\n"
	"namespace scheduler { namespace multi_thread { namespace worker {\n"
	"struct Core { char a[40]; unsigned tick; char b[4];\n"
	"#ifndef NO_PARK\nBox park;\n#endif\n};\n"
	"struct Context { char a[8]; RefCell core; };\n"
	"namespace CURRENT { thread_local Context *VAL; } } } }\n"
	"} }\n"
	"#ifdef TWICE\nnamespace other { namespace tokio { namespace runtime { namespace context {\n"
	"namespace CONTEXT { thread_local char VAL[80]; } } } } }\n#endif\n"
	"#ifdef VERSION\nextern const char version[] = VERSION;\n#endif\n"
	"using namespace tokio::runtime;\n"
	"int main() {\n"
	"#ifdef TWICE\nother::tokio::runtime::context::CONTEXT::VAL[1] = 1;\n#endif\n"
	"static scheduler::multi_thread::worker::Core core; static uint64_t counts[2] = {1, 1};\n"
	"static scheduler::multi_thread::worker::Context around;\n"
	"core.tick = 77;\n"
	"#ifndef NO_PARK\ncore.park.pointer = counts;\n#endif\n"
	"around.core.value.value.pointer = &core;\n"
	"#ifdef BROKEN\naround.core.value.value.pointer = (void *)0x1238;\n#endif\n"
	"context::CONTEXT::VAL.current_task_id.value.value.id = 4711;\n"
	"#ifndef IDLE\nscheduler::multi_thread::worker::CURRENT::VAL = &around;\n#endif\n"
	"unsigned long fs; asm(\"mov %%fs:0, %0\" : \"=r\"(fs));\n"
	"printf(\"%lx\\n\", fs); fflush(stdout); for (;;) pause(); }\n";

static char directory[] = "/tmp/test_tokio.XXXXXX", program[128];
static bool have_compiler;

/* A program of the above that runs. */
struct running {
	pid_t pid;
	uint64_t fs;
	struct space *space;
};

static void build(const char *options)
{
	char *command;
	FILE *out;

	if (!have_compiler)
		skip();
	assert_true(asprintf(&command, "c++ -x c++ %s -o %s -", options, program) > 0);
	out = popen(command, "w");
	assert_non_null(out);
	fputs(source, out);
	assert_int_equal(pclose(out), 0);
	free(command);
}

static struct space *space_of(pid_t pid, const char *exe)
{
	struct space *space = space_new(&(struct space_options){.pid = pid, .exe = exe});
	char *path, line[4096];
	FILE *maps;

	assert_true(asprintf(&path, "/proc/%d/maps", (int)pid) > 0);
	maps = fopen(path, "r");
	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		struct mapping m = {.executable = true, .build_id = ""};
		char perms[5];
		int name = 0;

		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %n", &m.start, &m.end,
			   perms, &m.offset, &name) < 4 ||
		    perms[2] != 'x')
			continue;
		m.path = line + name;
		space_add(space, &m);
	}
	fclose(maps);
	free(path);
	return space;
}

static struct running run(const char *exe)
{
	struct running r = {0};
	int ends[2];
	char line[64] = "";
	FILE *in;

	assert_int_equal(pipe(ends), 0);
	r.pid = fork();
	assert_true(r.pid >= 0);
	if (!r.pid) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(exe, exe, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	in = fdopen(ends[0], "r");
	assert_non_null(fgets(line, sizeof(line), in));
	r.fs = strtoull(line, NULL, 16);
	fclose(in);
	r.space = space_of(r.pid, exe);
	return r;
}

static void end(struct running *r)
{
	space_free(r->space);
	kill(r->pid, SIGKILL);
	waitpid(r->pid, NULL, 0);
}

/* What tokio_find says of a program that was built so. */
static const char *found(const char *options)
{
	struct tokio_layouts layouts;
	struct running r;
	const char *why;

	build(options);
	r = run(program);
	why = tokio_find(space_main(r.space), &layouts);
	end(&r);
	return why;
}

static void test_found(void **state)
{
	struct tokio_layouts layouts;
	struct tokio_layout layout;
	struct running r;
	uint64_t id = 0;
	struct iovec local = {&id, sizeof(id)}, remote = {NULL, sizeof(id)};
	struct thread thread = {0};

	(void)state;
	build("-g -O1");
	r = run(program);
	assert_null(tokio_find(space_main(r.space), &layouts));
	assert_int_equal(layouts.count, 1);
	layout = layouts.layout[0];
	assert_string_equal(layout.how, "DWARF");
	assert_true(layout.multi_thread.known);
	assert_false(layout.current_thread.known);
	assert_int_equal(layout.multi_thread.core, 16);
	assert_int_equal(layout.multi_thread.counter, 40);
	assert_int_equal(layout.multi_thread.idle, 48);
	remote.iov_base = (void *)(uintptr_t)(r.fs - layout.id);
	assert_int_equal(process_vm_readv(r.pid, &local, 1, &remote, 1, 0), sizeof(id));
	assert_int_equal(id, 4711);

	thread = (struct thread){.tid = r.pid, .thread_pointer = r.fs};
	assert_null(tokio_verify(r.pid, &thread, 1, &layouts, &layout));
	assert_int_equal(thread.role, ROLE_WORKER);
	assert_true(thread.watched);
	thread = (struct thread){.tid = r.pid};
	assert_non_null(tokio_verify(r.pid, &thread, 1, &layouts, &layout));
	assert_false(thread.watched);
	end(&r);
}

/* Not relocatable, and in another version of DWARF. */
static void test_other_builds(void **state)
{
	(void)state;
	assert_null(found("-g -O1 -no-pie"));
	assert_null(found("-gdwarf-4 -O0"));
}

static void test_not_live(void **state)
{
	static const char *const builds[] = {"-g -DBROKEN", "-g -DIDLE"};

	(void)state;
	for (size_t i = 0; i < COUNT(builds); i++) {
		struct thread thread = {0};
		struct tokio_layouts layouts;
		struct tokio_layout layout;
		struct running r;

		build(builds[i]);
		r = run(program);
		thread.thread_pointer = r.fs;
		assert_null(tokio_find(space_main(r.space), &layouts));
		assert_non_null(tokio_verify(r.pid, &thread, 1, &layouts, &layout));
		assert_false(thread.watched);
		end(&r);
	}
}

static void test_refused(void **state)
{
	(void)state;
	assert_non_null(strstr(found("-g -DNO_PARK"), "schedulers"));
	assert_non_null(strstr(found("-g -DTWICE"), "more than one Tokio"));
	assert_non_null(strstr(found("-s"), "no sign of Tokio"));
	assert_non_null(strstr(found("-DVERSION='\"/tokio-1.2.3/\"'"), "too old"));
	assert_non_null(strstr(found("-DVERSION='\"/tokio-1.43.1/ /tokio-1.53.2/\"'"), "two versions"));
	assert_non_null(strstr(found("-s -DVERSION='\"/tokio-1.24.2/\"'"), "variables of their own"));
}

static void test_no_module(void **state)
{
	struct tokio_layouts layouts;
	struct module module = {.path = "/nowhere"};

	(void)state;
	assert_non_null(tokio_find(NULL, &layouts));
	assert_non_null(tokio_find(&module, &layouts));
	assert_int_equal(layouts.count, 0);
}

/* Bytes of the file are changed at random, many at once, most of them in debug info: an answer comes all the same. */
static void test_corrupted(void **state)
{
	char *file, copy[160];
	struct stat st;
	int fd;
	struct running r;
	uint64_t random = 1;

	(void)state;
	build("-g -O1");
	snprintf(copy, sizeof(copy), "%s/copy", directory);
	fd = open(program, O_RDONLY);
	assert_true(fd >= 0 && !fstat(fd, &st));
	file = malloc((size_t)st.st_size);
	assert_int_equal(read(fd, file, (size_t)st.st_size), st.st_size);
	close(fd);
	r = run(program);
	for (int round = 0; round < 60; round++) {
		char *other = malloc((size_t)st.st_size);
		struct space *space;
		struct tokio_layouts layouts;
		const char *why;

		memcpy(other, file, (size_t)st.st_size);
		for (int i = 0; i < 1 << (round % 8); i++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			/* Not the first page: that would be no ELF file any more. */
			other[4096 + (random >> 33) % ((uint64_t)st.st_size - 4096)] = (char)(random >> 24);
		}
		fd = open(copy, O_CREAT | O_TRUNC | O_WRONLY, 0700);
		assert_int_equal(write(fd, other, (size_t)st.st_size), st.st_size);
		close(fd);
		free(other);
		space = space_new(&(struct space_options){.exe = copy});
		space_add(space, &(struct mapping){.start = 0x10001000,
						   .end = 0x10002000,
						   .offset = 0x1000,
						   .executable = true,
						   .path = copy,
						   .build_id = ""});
		why = tokio_find(space_main(space), &layouts);
		assert_int_equal(why == NULL, layouts.count != 0);
		space_free(space);
	}
	end(&r);
	unlink(copy);
	free(file);
}

static int set_up(void **state)
{
	(void)state;
	have_compiler = !system("c++ --version >/dev/null 2>&1");
	if (!mkdtemp(directory))
		return -1;
	snprintf(program, sizeof(program), "%s/program", directory);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(program);
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_other_builds),
		cmocka_unit_test(test_not_live),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_module),
#if defined(__x86_64__)
		cmocka_unit_test(test_corrupted),
#endif
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
