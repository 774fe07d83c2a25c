/* SPDX-License-Identifier: Apache-2.0 */
/* test_pollsites.c - where polls begin and end, in a program with symbols like Tokio's and others. */
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
#include <unistd.h>

#include <cmocka.h>

#include "resolve/elf/address-space.h"
#include "resolve/symbolize/symbolize.h"
#include "tokio/pollsites.h"

/* Functions by their symbols: F(label, "symbol", instructions). */
static const char macros[] =
	"#include <stdio.h>\n#include <unistd.h>\n"
	"#define F(label, symbol, code) void label(void); __asm__(\".text\\n.type \" symbol \", "
	"@function\\n\" "
	"#label \":\\n\" symbol \":\\n\" code \"\\nret\\n.size \" symbol \", .-\" symbol \"\\n\");\n"
	"#define MAIN int main(void) { puts(\"ready\"); fflush(stdout); for (;;) pause(); }\n";

#define HASH "17h0123456789abcdefE"
#define RAW_POLL "_ZN5tokio7runtime4task3raw4poll" HASH
/* poll::<app::Fut, app::Sched> and poll::<BlockingTask<app::Fut>, app::Sched> */
#define V0_POLL "_RINvNtNtNtCs1_5tokio7runtime4task3raw4pollNtCs2_3app3FutNtCs2_3app5SchedECs2_3app"
#define V0_POOL                                                                                              \
	"_RINvNtNtNtCs1_5tokio7runtime4task3raw4pollINtNtNtNtCs1_5tokio7runtime8blocking4task12BlockingTask" \
	"NtCs2_3app3FutENtCs2_3app5SchedECs2_3app"

static char program[] = "/tmp/test_pollsites.XXXXXX";
static struct space *space;
static struct symbolizer *symbolizer;
static struct pollsites sites;
static pid_t pid;

static void add_mappings(void)
{
	char *path, line[4096];

	assert_true(asprintf(&path, "/proc/%d/maps", (int)pid) > 0);
	FILE *maps = fopen(path, "r");

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		struct mapping m = {.executable = true, .build_id = ""};
		char perms[5];
		int name = 0;

		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %n", &m.start, &m.end,
			   perms, &m.offset, &name) >= 4 &&
		    perms[2] == 'x') {
			m.path = line + name;
			space_add(space, &m);
		}
	}
	fclose(maps);
	free(path);
}

/* Builds and runs a program of `code`, and looks for sites in it. */
static const char *find(const char *options, const char *code)
{
	char *command, line[16];
	int ends[2];

	if (system("command -v cc >/dev/null 2>&1") != 0)
		skip();
	assert_true(asprintf(&command, "cc -x c %s -o %s -", options, program) > 0);
	FILE *out = popen(command, "w");

	assert_non_null(out);
	fprintf(out, "%s%s\nMAIN\n", macros, code);
	assert_int_equal(pclose(out), 0);
	free(command);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(ends[1], STDOUT_FILENO);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(program, program, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	assert_true(read(ends[0], line, sizeof(line)) > 0);
	close(ends[0]);
	space = space_new(&(struct space_options){.pid = pid, .exe = program});
	add_mappings();
	symbolizer = symbolizer_new(space);
	return pollsites_find(pid, space_main(space), symbolizer, &sites);
}

static int set_up(void **state)
{
	(void)state;
	pid = 0;
	int fd = mkstemp(strcpy(program, "/tmp/test_pollsites.XXXXXX"));

	return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
	(void)state;
	pollsites_free(&sites);
	symbolizer_free(symbolizer);
	space_free(space);
	symbolizer = NULL;
	space = NULL;
	if (pid)
		kill(pid, SIGKILL);
	return unlink(program);
}

static size_t count(enum pollsite_kind kind)
{
	size_t found = 0;

	for (size_t i = 0; i < sites.count; i++)
		found += sites.site[i].kind == kind;
	return found;
}

static const struct pollsite *first(enum pollsite_kind kind)
{
	for (size_t i = 0; i < sites.count; i++)
		if (sites.site[i].kind == kind)
			return &sites.site[i];
	fail();
	return NULL;
}

static void both_manglings(void **state)
{
	(void)state;
	assert_null(find(
		"",
		"F(a, \"" RAW_POLL "\", \"push %rbp\\npop %rbp\")\n"
		"F(b, \"" RAW_POLL ".llvm.123\", \"jmp a\")\n"
		"F(c, \"" V0_POLL "\", \"push %r15\\npop %r15\")\n"
		"F(d, \"" V0_POOL "\", \"push %r15\\npop %r15\")\n"
		"F(e, \"_ZN5tokio7runtime9scheduler12multi_thread4park6Parker4park" HASH "\", \"nop\")\n"
		"F(f, \"_RNvMNtNtNtNtCs1_5tokio7runtime9scheduler14current_thread4thisNtB2_7Context4park\", "
		"\"nop\")\n"
		"F(g, \"_RNvMNtNtNtCs1_5tokio7runtime9scheduler14current_threadNtB2_7Context4park\", "
		"\"nop\")\n"
		"F(h, \"_ZN5tokio7runtime9scheduler12multi_thread6worker14block_in_place" HASH
		"\", \"nop\")\n"
		"F(i, "
		"\"_ZN5tokio7runtime9scheduler12multi_thread6worker14block_in_place28_$u7b$$u7b$closure$u7d$$"
		"u7d$" HASH "\", \"nop\")\n"
		"F(j, "
		"\"_ZN112_$LT$tokio..runtime..scheduler..multi_thread..worker..block_in_place..Reset$u20$as$"
		"u20$core.."
		"ops..drop..Drop$GT$4drop" HASH "\", \"nop\")\n"));
	assert_int_equal(sites.polls, 3);
	assert_int_equal(count(SITE_POLL), 3);
	assert_int_equal(count(SITE_POOL), 1);
	assert_int_equal(count(SITE_PARK), 1);
	assert_int_equal(count(SITE_PARK_CURRENT), 1);
	assert_int_equal(count(SITE_IN_PLACE), 1);
	assert_int_equal(count(SITE_IN_PLACE_END), 1);
	for (size_t i = 0; i < sites.count; i++)
		if (sites.site[i].future)
			assert_string_equal(sites.site[i].future, "app::Fut");
}

static void cheap_instructions(void **state)
{
	(void)state;
	assert_null(find("", "F(a, \"" RAW_POLL
			     "\", \"sub $24, %rsp\\nmov %rdi, 8(%rsp)\\ncall a\\nadd $24, %rsp\")\n"
			     "F(k, \"_ZN5tokio7runtime9scheduler12multi_thread4park6Parker4park" HASH
			     "\", \"sub $24, %rsp\\nlea 8(%rsp), %rax\\npush %rax\")\n"));
	assert_int_equal(first(SITE_POLL)->address - first(SITE_POLL)->function, 9);
	assert_false(first(SITE_POLL)->slow);
	assert_int_equal(first(SITE_PARK)->address, first(SITE_PARK)->function);
	assert_true(first(SITE_PARK)->slow);
}

/* A table of functions as a task has it: 48 - 40 is the size of an Arc, 56 - 40 is not. */
static void spawn_blocking_by_its_table(void **state)
{
	(void)state;
	assert_null(find(
		"", "F(a, \"" RAW_POLL "\", \"push %rbp\\npop %rbp\")\n"
		    "F(b, \"" RAW_POLL ".llvm.5\", \"push %rbp\\npop %rbp\")\n"
		    "F(z, \"other\", \"nop\")\n"
		    "#define N(n) (void (*)(void))n\n"
		    "void (*const one[])(void) = {a, z, z, z, z, z, z, N(80), N(40), N(48), 0, 0, 0, 0};\n"
		    "void (*const two[])(void) = {b, z, z, z, z, z, z, N(80), N(40), N(56), 0, 0, 0, 0};\n"));
	assert_int_equal(sites.polls, 1);
	assert_int_equal(count(SITE_POOL), 1);
	assert_true(first(SITE_POLL)->function < first(SITE_POOL)->function);
}

static void hostile_names(void **state)
{
	(void)state;
	assert_string_equal(
		find("", "F(a, \"\\\"tokio..3raw4poll\\\\\\\"; system(1) { } uprobe:\\\"\", \"nop\")\n"
			 "F(b, \"_RINvNtNtNtCs1_5tokio7runtime4task3raw4pollB_E\", \"nop\")\n"
			 "F(c, \"_ZN5tokio7runtime4task3raw4poll99999999999999999999E\", \"nop\")\n"
			 "F(d, \"_ZN5tokio7runtime4task3raw4pollpark\", \"nop\")\n"
			 "F(e, \"_ZN4evil5tokio7runtime4task3raw4poll" HASH "\", \"nop\")\n"
			 "F(f, \"_ZN5tokio7runtime4task3raw4poll4more" HASH "\", \"nop\")\n"),
		"no symbol of tokio::runtime::task::raw::poll: --target FILE takes them from an unstripped "
		"copy");
	assert_int_equal(sites.count, 0);
}

static void as_many_as_can_be_probed(void **state)
{
	(void)state;
	char code[64 * 1024] = "";
	size_t used = 0;

	for (int i = 0; i <= POLLSITES_LIMIT; i++)
		used += (size_t)snprintf(code + used, sizeof(code) - used,
					 "F(f%d, \"_ZN5tokio7runtime4task3raw4poll17h0123456789ab%04xE\", "
					 "\"push %%rbp\\npop %%rbp\")\n",
					 i, (unsigned)i);
	assert_string_equal(find("", code), "there are too many types of futures to probe the polls of each");
}

static void stripped(void **state)
{
	(void)state;
	assert_string_equal(find("-s", "F(a, \"" RAW_POLL "\", \"nop\")\n"),
			    "no symbol of tokio::runtime::task::raw::poll: --target FILE takes them from an "
			    "unstripped copy");
	assert_non_null(pollsites_find(pid, NULL, symbolizer, &sites));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
		TEST(both_manglings),
		TEST(cheap_instructions),
		TEST(spawn_blocking_by_its_table),
		TEST(hostile_names),
		TEST(as_many_as_can_be_probed),
		TEST(stripped),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
