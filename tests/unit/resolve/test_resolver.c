/* SPDX-License-Identifier: Apache-2.0 */
/* test_resolver.c - names from a process that may die: the same names as without it, and what a death
 * costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <libiberty/libiberty.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arch.h"
#include "resolve/elf/address-space.h"
#include "resolve/resolver-server.h"
#include "resolve/resolver.h"
#include "sandbox/confine.h"
#include "sandbox/opener.h"
#include "sandbox/sandbox.h"

/* Where nothing else is: the copy of this program is mapped there, as far as the test is concerned. */
#define ELSEWHERE UINT64_C(0x100000000000)

static struct {
	struct space *space;
	struct resolver *resolver;
	char copy[32];	   /* a copy of this program */
	uint64_t distance; /* between its code and this program's */
} fixture;

static int stays_as_it_is(void)
{
	return 0;
}

static void copy_program(void)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	strcpy(fixture.copy, "/tmp/hud-resolver-XXXXXX");
	int to = mkostemp(fixture.copy, O_CLOEXEC);
	struct stat st;

	assert_true(from >= 0 && to >= 0 && fstat(from, &st) == 0);
	for (off_t at = 0; at < st.st_size;)
		assert_true(sendfile(to, from, &at, (size_t)(st.st_size - at)) > 0);
	assert_int_equal(fchmod(to, 0755), 0);
	close(from);
	close(to);
}

/* The address space of this process, with its program a second time, as a separate file. */
static void begin(int (*confine)(void), unsigned seconds)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[PATH_MAX + 128], self[PATH_MAX] = "";

	assert_non_null(maps);
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	copy_program();
	fixture.space = space_new(&(struct space_options){.exe = self});
	fixture.resolver = resolver_new(fixture.space, arch_host(),
					&(struct resolver_options){.confine = confine, .seconds = seconds});
	fixture.distance = 0;
	while (fgets(line, sizeof(line), maps)) {
		unsigned long start, end, offset;
		char permissions[5];
		int path = 0;

		line[strcspn(line, "\n")] = 0;
		if (sscanf(line, "%lx-%lx %4s %lx %*s %*s %n", &start, &end, permissions, &offset, &path) <
			    4 ||
		    permissions[2] != 'x')
			continue;
		resolver_map(fixture.resolver, &(struct mapping){start, end, offset, true, line + path, ""});
		if (strcmp(line + path, self) != 0)
			continue;
		fixture.distance = ELSEWHERE - (start & ~UINT64_C(0xfffffff));
		resolver_map(fixture.resolver,
			     &(struct mapping){start + fixture.distance, end + fixture.distance, offset, true,
					       fixture.copy, ""});
	}
	fclose(maps);
	assert_true(fixture.distance != 0);
}

static int end(void **state)
{
	(void)state;
	resolver_free(fixture.resolver);
	space_free(fixture.space);
	unlink(fixture.copy);
	fixture.resolver = NULL;
	fixture.space = NULL;
	return 0;
}

static uint64_t address(int (*function)(void **))
{
	return (uint64_t)(uintptr_t)function + 1;
}

static const char *name_at(uint64_t pc)
{
	const struct frames *frames = resolver_frames(fixture.resolver, pc);

	assert_true(frames->count > 0);
	return frames->frame[frames->count - 1].name;
}

/* The problem reported about the file `path`, or NULL. */
static const char *said_of(const char *path)
{
	const char *name, *why;
	bool unread;

	for (size_t i = 0; (name = resolver_lacking(fixture.resolver, i, &why, &unread)); i++)
		if (!strcmp(name, path))
			return why;
	return NULL;
}

static void same_text(const char *a, const char *b)
{
	if (a && b)
		assert_string_equal(a, b);
	else
		assert_ptr_equal(a, b);
}

/* --- tests --- */

static void names_and_chains_are_those_of_the_process_itself(void **state)
{
	const struct arch *arch = arch_host();
	struct chain chain, same;
	uint64_t words[512];
	(void)state;

	begin(stays_as_it_is, 0);
	struct resolver *plain = resolver_new(fixture.space, arch, &(struct resolver_options){0});
	uint64_t pcs[] = {address(end),
			  address(end) + 9,
			  (uint64_t)(uintptr_t)strlen,
			  (uint64_t)(uintptr_t)puts + 4,
			  8,
			  UINT64_MAX,
			  address(end) + fixture.distance};

	for (size_t i = 0; i < ARRAY_SIZE(pcs); i++) {
		const struct frames *a = resolver_frames(plain, pcs[i]),
				    *b = resolver_frames(fixture.resolver, pcs[i]);

		assert_int_equal(a->count, b->count);
		for (size_t j = 0; j < a->count; j++) {
			const struct frame *f = &a->frame[j], *g = &b->frame[j];

			assert_true(f->pc == g->pc && f->offset == g->offset && f->line == g->line &&
				    f->origin == g->origin && f->inlined == g->inlined);
			same_text(f->module, g->module);
			same_text(f->function, g->function);
			same_text(f->name, g->name);
			same_text(f->generics, g->generics);
			same_text(f->file, g->file);
			same_text(f->runtime_files, g->runtime_files);
		}
		assert_int_equal(resolver_is_start(plain, pcs[i]),
				 resolver_is_start(fixture.resolver, pcs[i]));
		assert_ptr_equal(b, resolver_frames(fixture.resolver, pcs[i]));
	}
	assert_string_equal(name_at(address(end)), "end");

	/* A stack of pointers into code that frame pointers lead through. */
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = i % 2 ? address(end) + 20 : UINT64_C(0x7ffd00000000) + 8 * (i + 2);
	struct raw_stack raw = {.ip = address(end),
				.sp = UINT64_C(0x7ffd00000000),
				.bp = UINT64_C(0x7ffd00000000),
				.word = words,
				.words = ARRAY_SIZE(words)};

	resolver_unwind(plain, &raw, &same);
	resolver_unwind(fixture.resolver, &raw, &chain);
	assert_int_equal(chain.count, same.count);
	assert_true(chain.cut == same.cut && chain.too_few == same.too_few);
	assert_memory_equal(chain.pc, same.pc, chain.count * sizeof(*chain.pc));
	assert_int_equal(resolver_deaths(fixture.resolver), 0);
	resolver_free(plain);
}

/* Like a deploy that copies over the running program's file. */
static void a_file_that_kills_costs_its_own_names(void **state)
{
	(void)state;
	begin(stays_as_it_is, 0);
	assert_string_equal(name_at(address(end) + fixture.distance), "end");
	pid_t first = resolver_pid(fixture.resolver);

	assert_true(first > 0);
	assert_null(strstr(said_of(fixture.copy), "crashed"));
	assert_int_equal(truncate(fixture.copy, 0), 0);
	/* What is known stays known. */
	assert_string_equal(name_at(address(end) + fixture.distance), "end");
	const struct frames *lost =
		resolver_frames(fixture.resolver, (uint64_t)(uintptr_t)space_new + fixture.distance);

	assert_int_equal(lost->count, 1);
	assert_null(lost->frame[0].function);
	assert_string_equal(lost->frame[0].module, fixture.copy);
	assert_int_equal(resolver_deaths(fixture.resolver), 1);
	assert_non_null(said_of(fixture.copy));
	assert_non_null(strstr(said_of(fixture.copy), "crashed"));
	/* The others get theirs from another process. */
	assert_string_equal(name_at((uint64_t)(uintptr_t)space_new), "space_new");
	assert_int_equal(resolver_deaths(fixture.resolver), 1);
	assert_true(resolver_pid(fixture.resolver) > 0 && resolver_pid(fixture.resolver) != first);
}

static void killed_in_between_costs_nothing(void **state)
{
	(void)state;
	begin(stays_as_it_is, 0);
	assert_string_equal(name_at(address(end)), "end");
	assert_int_equal(kill(resolver_pid(fixture.resolver), SIGSEGV), 0);
	/* Mappings come while it is dead, and later. */
	resolver_map(fixture.resolver, &(struct mapping){0x1000, 0x2000, 0, true, "/no/such/file", ""});
	assert_string_equal(name_at((uint64_t)(uintptr_t)space_new), "space_new");
	assert_string_equal(resolver_frames(fixture.resolver, 0x1800)->frame[0].module, "/no/such/file");
	resolver_map(fixture.resolver, &(struct mapping){0x3000, 0x4000, 0, true, "/nor/this", ""});
	assert_string_equal(resolver_frames(fixture.resolver, 0x3800)->frame[0].module, "/nor/this");
	assert_non_null(said_of("/nor/this"));
	assert_int_equal(resolver_deaths(fixture.resolver), 1);
	assert_non_null(strstr(said_of("names"), "crashed"));
}

static void no_answer_is_waited_for_long(void **state)
{
	(void)state;
	begin(stays_as_it_is, 1);
	assert_string_equal(name_at(address(end)), "end");
	pid_t stopped = resolver_pid(fixture.resolver);

	assert_int_equal(kill(stopped, SIGSTOP), 0);
	assert_string_equal(name_at((uint64_t)(uintptr_t)space_new), "space_new");
	assert_int_equal(resolver_deaths(fixture.resolver), 1);
	assert_non_null(strstr(said_of("names"), "took too long"));
	assert_int_equal(kill(stopped, 0), -1);
	/* Its CPU time is used up. */
	assert_int_equal(kill(resolver_pid(fixture.resolver), SIGPROF), 0);
	assert_string_equal(name_at((uint64_t)(uintptr_t)space_free), "space_free");
	assert_int_equal(resolver_deaths(fixture.resolver), 2);
}

static int cannot(void)
{
	return -1;
}

static void one_that_cannot_live_is_given_up(void **state)
{
	struct chain chain;
	(void)state;

	begin(cannot, 0);
	assert_null(name_at(address(end)));
	resolver_unwind(fixture.resolver, &(struct raw_stack){.ip = address(end)}, &chain);
	assert_int_equal(chain.count, 1);
	assert_true(chain.cut && chain.pc[0] == address(end));
	assert_false(resolver_is_start(fixture.resolver, address(end)));
	assert_non_null(strstr(said_of("names"), "too often"));
	assert_int_equal(resolver_pid(fixture.resolver), 0);
	assert_true(resolver_deaths(fixture.resolver) < 20);
}

/* --- a resolver that was taken over --- */

static unsigned lie;

/* Answers anything, whatever it is asked. */
static int lies(void)
{
	struct answer_head head = {0};
	char bytes[4096];
	int socket = -1;

	for (int fd = 3; fd < 1024 && socket < 0; fd++) {
		struct stat st;

		socket = fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) ? fd : -1;
	}
	srand(lie);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(lie % 2 ? rand() : rand() % 4 ? 0 : rand() % 8);
	if (lie % 3)
		*(uint32_t *)(void *)bytes = 1 + lie % 130; /* number of frames or addresses */
	head.size = lie % 7 == 0 ? UINT64_MAX - lie : lie % 7 == 1 ? lie % 64 : sizeof(bytes);
	while (send(socket, &head, sizeof(head), MSG_NOSIGNAL) > 0 &&
	       send(socket, bytes, head.size < sizeof(bytes) ? head.size : sizeof(bytes), MSG_NOSIGNAL) >= 0)
		;
	_exit(0);
}

static void nothing_that_it_says_is_believed(void **state)
{
	static struct chain chain;

	for (lie = 1; lie <= 21; lie++) {
		begin(lies, 1);
		for (uint64_t pc = address(end); pc < address(end) + 4; pc++) {
			const struct frames *frames = resolver_frames(fixture.resolver, pc);

			assert_in_range(frames->count, 1, FRAMES_LIMIT);
			for (size_t i = 0; i < frames->count; i++) {
				assert_non_null(frames->frame[i].module);
				assert_in_range(frames->frame[i].origin, 0, ORIGIN_SYSTEM);
			}
		}
		resolver_unwind(fixture.resolver, &(struct raw_stack){.ip = address(end)}, &chain);
		assert_in_range(chain.count, 1, UNWIND_MAX_FRAMES);
		end(state);
	}
	begin(stays_as_it_is, 0); /* for the process that ends it */
}

/* --- its rights --- */

/* The value of a line of the process's status; the caller frees it. */
static char *status_of(pid_t pid, const char *key)
{
	char *path = xasprintf("/proc/%d/status", (int)pid), line[256];
	FILE *file = fopen(path, "re");
	char *value = NULL;

	free(path);
	assert_non_null(file);
	while (!value && fgets(line, sizeof(line), file)) {
		size_t length = strlen(key);

		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, key, length) && line[length] == ':')
			value = xstrdup(line + length + 1 + strspn(line + length + 1, "\t "));
	}
	fclose(file);
	assert_non_null(value);
	return value;
}

static void is(pid_t pid, const char *key, const char *wanted)
{
	char *value = status_of(pid, key);

	assert_string_equal(value, wanted);
	free(value);
}

/* A user id that no other process has (confine_to_nobody()). */
static void is_stranger(pid_t pid)
{
	char *value = status_of(pid, "Uid");
	long uid = strtol(value, NULL, 10);
	char *wanted = xasprintf("%ld\t%ld\t%ld\t%ld", uid, uid, uid, uid);

	assert_in_range(uid, 61184, 65519);
	assert_string_equal(value, wanted);
	free(wanted);
	free(value);
}

static void it_has_no_rights_and_opens_files_through_another(void **state)
{
	(void)state;
	begin(sandbox_resolver, 0);
	assert_int_equal(opener_start(0), 0);
	assert_string_equal(name_at(address(end) + fixture.distance), "end");
	pid_t pid = resolver_pid(fixture.resolver);

	is(pid, "NoNewPrivs", "1");
	is(pid, "Seccomp", "2");
	is(pid, "CapEff", "0000000000000000");
	is(pid, "CapPrm", "0000000000000000");
	if (geteuid() == 0)
		is_stranger(pid);
	assert_int_equal(resolver_deaths(fixture.resolver), 0);
	resolver_free(fixture.resolver);
	fixture.resolver = NULL;
	opener_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(names_and_chains_are_those_of_the_process_itself, end),
		cmocka_unit_test_teardown(a_file_that_kills_costs_its_own_names, end),
		cmocka_unit_test_teardown(killed_in_between_costs_nothing, end),
		cmocka_unit_test_teardown(no_answer_is_waited_for_long, end),
		cmocka_unit_test_teardown(one_that_cannot_live_is_given_up, end),
		cmocka_unit_test_teardown(nothing_that_it_says_is_believed, end),
		cmocka_unit_test_teardown(it_has_no_rights_and_opens_files_through_another, end),
	};

	return cmocka_run_group_tests_name("resolver", tests, NULL, NULL);
}
