/* SPDX-License-Identifier: Apache-2.0 */
/* test_tokio.c - where Tokio keeps its state: found in a program laid out like one of Tokio's, and in several
 * that are not. */
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

#include "head/roles.h"
#include "resolve/elf/address-space.h"
#include "tokio/layout.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Names and types like Tokio's, in C++: it has namespaces, and comes with a C compiler. */
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

/* What a thread shows of Tokio since 1.29, at the offsets in its arguments; it prints where it is. */
static const char worker[] =
	"#include <cstdint>\n#include <cstdio>\n#include <cstdlib>\n#include <cstring>\n#include <unistd.h>\n"
	"namespace tokio { namespace runtime { namespace context { thread_local char before[24];\n"
	"namespace CONTEXT { thread_local uint64_t VAL[20]; thread_local char STATE[8]; } } } }\n"
	"#ifdef OLD\nnamespace tokio { namespace runtime { namespace scheduler { namespace current_thread {\n"
	"namespace CURRENT { thread_local uint64_t *VAL; } } } } }\n#endif\n"
	"extern const char version[] = \"/root/tokio-1.00.0/src\";\n"
	"using namespace tokio::runtime::context;\n"
	"int main(int, char **argv) {\n"
	"static uint64_t counts[2] = {2, 1}, context[8], chunk[34], *core = chunk + 2;\n"
	"#ifdef CHUNK\nchunk[1] = CHUNK;\n#endif\n"
	"int tag = atoi(argv[1]), tick = atoi(argv[2]), idle = atoi(argv[3]), queue = atoi(argv[4]);\n"
	"int id = atoi(argv[5]), scheduler = atoi(argv[6]), interval = atoi(argv[7]);\n"
	"unsigned step = strtoul(argv[8], NULL, 0);\n"
	"context[0] = tag; context[1] = (uint64_t)counts; context[3] = (uint64_t)core;\n"
	"if (idle >= 0) core[idle / 8] = (uint64_t)counts;\n"
	"if (queue >= 0) core[queue / 8] = (uint64_t)counts;\n"
	"uint32_t *ticks = (uint32_t *)&core[tick / 8]; ticks[1] = interval;\n"
	"memset(before, version[0], 1); CONTEXT::STATE[0] = 1;\n"
	"CONTEXT::VAL[id / 8] = 7; CONTEXT::VAL[scheduler / 8] = (uint64_t)context;\n"
	"if (id == 40) CONTEXT::VAL[4] = 1;\n"
	"#ifdef OLD\ncontext[2] = (uint64_t)core; core[0] = 64; core[2] = (uint64_t)counts;\n"
	"CONTEXT::VAL[scheduler / 8] = 0; tokio::runtime::scheduler::current_thread::CURRENT::VAL = "
	"context;\n#endif\n"
	"#ifdef HANDLE\nstatic uint64_t of_worker[3] = {1, 1, (uint64_t)counts};\n"
	"context[0] = (uint64_t)(HANDLE ? of_worker : counts); context[1] = 0;\n"
	"static uint64_t other[2] = {1, 1}; CONTEXT::VAL[8] = HANDLE;\n"
	"CONTEXT::VAL[9] = (uint64_t)counts;\n"
	"#ifdef OTHER_HANDLE\nCONTEXT::VAL[9] = (uint64_t)other;\n#endif\n"
	"#ifdef OTHER_KIND\nCONTEXT::VAL[8] = !HANDLE;\n#endif\n#endif\n"
	"unsigned long fs; asm(\"mov %%fs:0, %0\" : \"=r\"(fs));\n"
	"printf(\"%lx %lx\\n\", fs, (unsigned long)CONTEXT::VAL); fflush(stdout);\n"
	"for (volatile uint64_t *word = core;;) { usleep(500); *(volatile uint32_t *)ticks += step;\n"
	"#ifdef EARLY\nstatic int n; *ticks -= step; word[5] = 64;\n"
	"if (n++ % 40 == 0) word[4] = word[1] = ++*ticks;\n"
	"#elif defined(OLD)\nif (idle < 0) word[1] = (word[1] + 1) % 64;\n#endif\n"
	"#ifdef TWO\nword[20]++;\n#endif\n"
	"} }\n";

static char directory[] = "/tmp/test_tokio.XXXXXX", program[128];
static bool have_compiler;

/* A running program of these. */
struct running {
	pid_t pid;
	uint64_t fs, context;
	struct space *space;
};

static void build_of(const char *text, const char *options)
{
	char *command;
	FILE *out;

	if (!have_compiler)
		skip();
	assert_true(asprintf(&command, "c++ -x c++ %s -o %s -", options, program) > 0);
	out = popen(command, "w");
	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(pclose(out), 0);
	free(command);
}

static void build(const char *options)
{
	build_of(source, options);
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

static struct running run_with(const char *exe, char *const *arguments)
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
		execv(exe, arguments);
		_exit(127);
	}
	close(ends[1]);
	in = fdopen(ends[0], "r");
	assert_non_null(fgets(line, sizeof(line), in));
	assert_true(sscanf(line, "%" SCNx64 " %" SCNx64, &r.fs, &r.context) >= 1);
	fclose(in);
	r.space = space_of(r.pid, exe);
	return r;
}

static struct running run(const char *exe)
{
	char *arguments[] = {(char *)exe, NULL};

	return run_with(exe, arguments);
}

static void end(struct running *r)
{
	space_free(r->space);
	kill(r->pid, SIGKILL);
	waitpid(r->pid, NULL, 0);
}

/* The result of tokio_find() for a program built with these options. */
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
	assert_string_equal(
		tokio_verify(r.pid, &thread, 1, &layouts, &layout),
		"no thread could be stopped to read its memory: it may be frozen, or without a CPU");
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
	static const struct {
		const char *options, *why;
	} builds[] = {
		{"-g -DBROKEN", "the memory of a thread is not laid out as this version of Tokio has it: "
				"please report that"},
		{"-g -DIDLE", "no thread has a scheduler where it should be"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(builds); i++) {
		struct thread thread = {0};
		struct tokio_layouts layouts;
		struct tokio_layout layout;
		struct running r;

		build(builds[i].options);
		r = run(program);
		thread.thread_pointer = r.fs;
		assert_null(tokio_find(space_main(r.space), &layouts));
		assert_string_equal(tokio_verify(r.pid, &thread, 1, &layouts, &layout), builds[i].why);
		assert_false(thread.watched);
		end(&r);
	}
}

/* Each with what helps. */
static void test_refused(void **state)
{
	static const struct {
		const char *options, *why;
	} builds[] = {
		{"-g -DNO_PARK", "neither of Tokio's schedulers is as expected in its debug info: please "
				 "report this version of Tokio"},
		{"-g -DTWICE", "there is more than one Tokio in it, which only --polls uprobe takes"},
		{"-s", "there is no sign of Tokio in it: it may be the wrong process, or --target FILE takes "
		       "symbols from an unstripped copy"},
		{"-Dthread_local=static", "it has no thread-local memory, in which Tokio keeps its state: it "
					  "may be the wrong process"},
		{"-DVERSION='\"/tokio-1.2.3/\"'",
		 "no debug info, and its version of Tokio is older than 1.24, the oldest in the table: only "
		 "--polls uprobe takes it, if it has symbols"},
		{"-DVERSION='\"/tokio-1.43.1/ /tokio-1.53.2/\"'",
		 "there are two versions of Tokio in it, which only --polls uprobe takes, if it has symbols"},
		/* Of 1.24 there are two variables, of this one's one. */
		{"-DVERSION='\"/tokio-1.43.1/\"'", "no debug info, and no layout of the table is possible: "
						   "build with [profile.release] debug = true"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(builds); i++)
		assert_string_equal(found(builds[i].options), builds[i].why);
}

/* The program names another version than before. */
static void name_version(const char *version)
{
	static char file[1 << 20];
	int fd = open(program, O_RDONLY);
	ssize_t size = read(fd, file, sizeof(file));
	char *at = memmem(file, (size_t)size, "/root/tokio-", 12);

	close(fd);
	assert_non_null(at);
	memcpy(at + 12, version, strlen(version));
	unlink(program); /* an older one may still end */
	fd = open(program, O_CREAT | O_WRONLY, 0700);
	assert_int_equal(write(fd, file, (size_t)size), size);
	close(fd);
}

/* Runs it with `arguments` (tag, tick, idle, queue, id, scheduler, interval, step). Returns what is found, or
 * why not. */
static const char *examined(const char *version, const char *arguments, struct tokio_layout *layout)
{
	char text[128], *argument[10] = {program}, *rest = text;
	struct tokio_layouts layouts;
	struct thread thread = {0};
	struct running r;
	const char *why;
	int count = 1;

	name_version(version);
	snprintf(text, sizeof(text), "%s", arguments);
	while ((argument[count] = strtok_r(rest, " ", &rest)))
		count++;
	r = run_with(program, argument);
	thread = (struct thread){.tid = r.pid, .thread_pointer = r.fs};
	why = tokio_find(space_main(r.space), &layouts);
	if (!why)
		why = tokio_verify(r.pid, &thread, 1, &layouts, layout);
	assert_int_equal(thread.watched, !why);
	if (!why) { /* from the start of the context */
		layout->id = r.fs - layout->id - r.context;
		layout->multi_thread.pointer = r.fs - layout->multi_thread.pointer - r.context;
	}
	end(&r);
	return why;
}

/* Layouts from debug info, or seen in programs in use. */
static const struct {
	const char *version, *how, *arguments;
	uint64_t tick, idle, id, scheduler;
} versions[] = {
	{"1.29.0", "table 1.29", "1 64 8 24 40 56 61 1", 64, 8, 40, 56},
	{"1.36.0", "table 1.36", "1 64 8 24 40 56 2 1", 64, 8, 40, 56},
	{"1.38.1", "table 1.38", "1 56 16 8 56 40 61 1", 56, 16, 56, 40},
	{"1.39.2", "table 1.39", "1 64 8 24 40 56 61 0", 64, 8, 40, 56},
	{"1.40.0", "table 1.40", "1 64 8 24 48 40 61 1", 64, 8, 48, 40},
	{"1.44.2", "table 1.44", "1 64 8 24 48 40 61 1", 64, 8, 48, 40},
	{"1.45.0", "table 1.45", "1 104 8 24 48 40 61 1", 104, 8, 48, 40},
	{"1.50.0", "table 1.50", "1 104 8 24 48 40 61 1", 104, 8, 48, 40},
	{"1.51.1", "table 1.51", "1 96 0 16 48 40 61 1", 96, 0, 48, 40},
	{"1.51.2", "table 1.51", "1 104 8 24 48 40 61 1", 104, 8, 48, 40},
	{"1.52.1", "table 1.52", "1 96 0 16 48 40 61 1", 96, 0, 48, 40},
	{"1.52.2", "table 1.52", "1 104 8 24 48 40 61 1", 104, 8, 48, 40},
	{"1.53.3", "table 1.53", "1 104 8 24 48 40 61 1", 104, 8, 48, 40},
	{"1.59.0", "like 1.53, verified", "1 104 8 24 48 40 61 1", 104, 8, 48, 40},
	{"1.xx.x", "like 1.44, verified", "1 64 8 24 48 40 61 1", 64, 8, 48, 40},
};

static void test_table(void **state)
{
	(void)state;
	build_of(worker, "-O1");
	for (size_t i = 0; i < COUNT(versions); i++) {
		struct tokio_layout layout = {0};

		assert_null(examined(versions[i].version, versions[i].arguments, &layout));
		assert_string_equal(layout.how, versions[i].how);
		assert_int_equal(layout.multi_thread.counter, versions[i].tick);
		assert_int_equal(layout.multi_thread.idle, versions[i].idle);
		assert_int_equal(layout.id, versions[i].id);
		assert_int_equal(layout.multi_thread.pointer, versions[i].scheduler);
	}
}

/* No symbol tells where the context is. */
static void test_searched(void **state)
{
	struct tokio_layout layout = {0};

	(void)state;
	build_of(worker, "-O1 -s");
	assert_null(examined("1.47.1", "1 104 8 24 48 40 61 1", &layout));
	assert_string_equal(layout.how, "table 1.47, searched for");
	assert_int_equal(layout.id, 48);
	assert_int_equal(layout.multi_thread.pointer, 40);
	assert_null(examined("1.33.0", "1 64 8 24 40 56 61 1", &layout));
	assert_int_equal(layout.id, 40);
	assert_string_equal(examined("1.47.1", "1 104 8 -1 48 40 61 1", &layout),
			    "no layout in the table fits its memory (or no thread has a scheduler): if Tokio "
			    "is built with tokio_unstable, [profile.release] debug = true tells its layout");
	assert_string_equal(examined("1.59.0", "1 104 8 24 48 40 61 0", &layout),
			    "the version of Tokio is not in the table, and no task ran that would show its "
			    "layout: start again under load");
}

static void test_current_thread(void **state)
{
	struct tokio_layout layout = {0};

	(void)state;
	build_of(worker, "-O1");
	assert_null(examined("1.43.1", "0 96 -1 -1 48 40 31 1", &layout));
	assert_true(layout.current_thread.known);
	assert_int_equal(layout.current_thread.counter, 96);
	assert_null(examined("1.37.0", "0 48 -1 -1 40 56 31 1", &layout));
	assert_int_equal(layout.current_thread.counter, 48);
	assert_non_null(examined("1.43.1", "0 96 -1 -1 48 40 61 1", &layout)); /* it was set */
	assert_non_null(examined("1.24.2", "0 96 -1 -1 48 40 31 1", &layout));
}

/* One of the numbers that go up in the core is an index of a queue. */
static void test_old_current_thread(void **state)
{
	struct tokio_layout layout = {0};

	(void)state;
	build_of(worker, "-O1 -DOLD");
	assert_null(examined("1.24.2", "0 48 -1 -1 40 72 0 1", &layout));
	assert_true(layout.current_thread.known);
	assert_int_equal(layout.current_thread.counter, 48);
	assert_false(layout.multi_thread.known);
	assert_non_null(examined("1.24.2", "0 48 -1 -1 40 72 0 0", &layout)); /* no task runs */
	build_of(worker, "-O1 -DOLD -DTWO");
	assert_non_null(examined("1.24.2", "0 48 -1 -1 40 72 0 1", &layout));
	/* The other number is behind malloc's chunk. */
	build_of(worker, "-O1 -DOLD -DTWO -DCHUNK=0xa1");
	assert_null(examined("1.24.2", "0 48 -1 -1 40 72 0 1", &layout));
	assert_int_equal(layout.current_thread.counter, 48);
	build_of(worker, "-O1 -DOLD -DTWO -DCHUNK=0xb1");
	assert_non_null(examined("1.24.2", "0 48 -1 -1 40 72 0 1", &layout));
	/* It changes with the two indices, and is less than the queue's capacity; what is behind it is
	 * not. */
	build_of(worker, "-O1 -DOLD -DTWO -DEARLY");
	assert_non_null(examined("1.24.2", "0 24 -1 -1 40 72 0 1", &layout));
}

/* Up to 1.28 no symbol tells where the context and the schedulers are; they share a handle. */
static void test_old_searched(void **state)
{
	struct tokio_layout layout = {0};

	(void)state;
	build_of(worker, "-O1 -s -DOLD -DHANDLE=0");
	assert_null(examined("1.24.2", "0 48 -1 -1 40 72 0 1", &layout));
	assert_string_equal(layout.how, "table 1.24, searched for");
	assert_true(layout.current_thread.known);
	assert_false(layout.multi_thread.known);
	assert_int_equal(layout.current_thread.counter, 48);
	assert_int_equal(layout.id, 40);
	build_of(worker, "-O1 -s -DOLD -DHANDLE=1");
	assert_null(examined("1.24.2", "0 32 8 24 40 72 0 1", &layout));
	assert_string_equal(layout.how, "table 1.24, searched for");
	assert_true(layout.multi_thread.known);
	assert_int_equal(layout.multi_thread.core, 16);
	assert_int_equal(layout.multi_thread.counter, 32);
	assert_int_equal(layout.id, 40);
	/* Another runtime's handle, a scheduler of the other kind, none. */
	build_of(worker, "-O1 -s -DOLD -DHANDLE=1 -DOTHER_HANDLE");
	assert_non_null(
		strstr(examined("1.24.2", "0 32 8 24 40 72 0 1", &layout), "no layout in the table fits"));
	build_of(worker, "-O1 -s -DOLD -DHANDLE=1 -DOTHER_KIND");
	assert_non_null(
		strstr(examined("1.24.2", "0 32 8 24 40 72 0 1", &layout), "no layout in the table fits"));
	build_of(worker, "-O1 -s -DOLD");
	assert_non_null(examined("1.24.2", "0 48 -1 -1 40 72 0 1", &layout));
}

/* Memory with another layout than expected. */
static void test_other_layouts(void **state)
{
	static const struct {
		const char *version, *arguments, *why;
	} wrong[] = {
		{"1.40.0", "1 64 8 24 40 56 61 1", "no layout"}, /* an older Tokio's */
		{"1.45.0", "1 64 8 24 48 40 61 1", "no layout"},
		{"1.51.1", "1 104 8 24 48 40 61 1", "no layout"},
		{"1.53.2", "1 200 8 24 48 40 61 1", "tokio_unstable"},
		{"1.53.2", "1 104 -1 8 48 40 61 1", "no layout"}, /* no queue */
		{"1.53.2", "1 104 8 24 48 40 0 1", "no layout"},  /* no interval */
		{"1.53.2", "1 104 8 24 48 40 61 0x9e3779b9",
		 "no layout"}, /* the number in the tick's place jumps */
		{"1.59.0", "1 104 8 24 48 40 61 0", "no task ran"},
		{"1.59.0", "1 200 8 24 48 40 61 1", "no layout"},
	};

	(void)state;
	build_of(worker, "-O1");
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct tokio_layout layout = {0};
		const char *why = examined(wrong[i].version, wrong[i].arguments, &layout);

		assert_non_null(why);
		assert_non_null(strstr(why, wrong[i].why));
	}
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

/* Random bytes of the file are changed, many at once, most in debug info: there is still an answer. */
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
			/* Not on the first page: that would be no ELF file any more. */
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
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_searched),
		cmocka_unit_test(test_current_thread),
		cmocka_unit_test(test_old_current_thread),
		cmocka_unit_test(test_old_searched),
		cmocka_unit_test(test_other_layouts),
		cmocka_unit_test(test_no_module),
#if defined(__x86_64__)
		cmocka_unit_test(test_corrupted),
#endif
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
