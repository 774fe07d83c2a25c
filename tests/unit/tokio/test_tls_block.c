/* SPDX-License-Identifier: Apache-2.0 */
/* test_tls_block.c - where a library's thread-local memory is in each thread, compared with what the library
 * itself says. */
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arch.h"
#include "resolve/elf/address-space.h"
#include "target/procmaps.h"
#include "tokio/tls-block.h"

#define SIZE 320 /* of the library's block: 40 and 256 bytes, aligned to 64 */

/* A library loaded into this process. */
struct library {
	char *(*first)(void), *(*last)(void); /* return the start and the end of its variable */
	struct tls_block block;
};

static char folder[] = "/tmp/hud-tls-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command); /* NOLINT(cert-env33-c) */
}

static struct space *own_space(void)
{
	struct space *space = space_new(&(struct space_options){.pid = getpid()});
	struct procmaps maps;

	assert_int_equal(procmaps_read(getpid(), &maps), 0);
	for (size_t i = 0; i < maps.count; i++)
		space_add(space, &maps.mapping[i]);
	procmaps_free(&maps);
	return space;
}

/* Builds and loads a library, and finds its block. */
static struct library load(const char *name, const char *flags)
{
	char path[128], command[512];
	struct library l = {0};
	struct space *space;
	FILE *out;
	void *handle;

	snprintf(path, sizeof(path), "%s/%s.so", folder, name);
	snprintf(command, sizeof(command), "cc -shared -fPIC -O1 %s -o %s -x c -", flags, path);
	out = popen(command, "w"); /* NOLINT(cert-env33-c) */
	assert_non_null(out);
	fputs("static __thread char before[40], variable[256] __attribute__((aligned(64)));\n"
	      "char *first(void) { before[1]++; return variable; }\n"
	      "char *last(void) { return variable + 256; }\n",
	      out);
	assert_int_equal(pclose(out), 0);
	handle = dlopen(path, RTLD_NOW);
	assert_non_null(handle);
	*(void **)&l.first = dlsym(handle, "first"); /* as in POSIX */
	*(void **)&l.last = dlsym(handle, "last");
	assert_non_null(l.first);
	space = own_space();
	assert_true(tls_block_of(getpid(), space_module(space, (uint64_t)(uintptr_t)l.first), SIZE, false,
				 &l.block));
	space_free(space);
	return l;
}

static uint64_t thread_pointer(void)
{
#if defined(__aarch64__)
	return (uint64_t)(uintptr_t)__builtin_thread_pointer();
#else
	return (uint64_t)pthread_self();
#endif
}

static uint64_t end_of(const struct library *l)
{
	return tls_block_end(getpid(), thread_pointer(), &l->block);
}

/* Is all of the library's thread-local memory where it should be, in this thread? */
static void is_right(const struct library *l)
{
	uint64_t first = (uint64_t)(uintptr_t)l->first(), last = (uint64_t)(uintptr_t)l->last(),
		 end = end_of(l);

	assert_true(end >= last && end - SIZE <= first);
	/* The other variable may follow it. */
	assert_true(end - last == 0 || end - last == 64);
}

/* A thread that has not used it has no block. */
static void *in_another_thread(void *context)
{
	const struct library *l = context;

	assert_int_equal(end_of(l), 0);
	is_right(l);
	return NULL;
}

static void test_loaded(void **state)
{
	struct library one = load("one", ""), two = load("two", "");
	pthread_t thread;

	(void)state;
	assert_true(one.block.module > 1);
	assert_int_equal(two.block.module, one.block.module + 1);
	is_right(&one);
	is_right(&two);
	assert_int_equal(pthread_create(&thread, NULL, in_another_thread, &one), 0);
	pthread_join(thread, NULL);
	/* Beyond the thread's vector. */
	two.block.module = 60000;
	assert_int_equal(end_of(&two), 0);
}

static void *is_right_here(void *context)
{
	is_right(context);
	return NULL;
}

/* Memory at a fixed distance from the thread pointer. */
static void test_fixed(void **state)
{
	struct library l = load("fixed", "-ftls-model=initial-exec");
	pthread_t thread;

	(void)state;
	assert_int_equal(l.block.module, 0);
	is_right(&l);
	assert_int_equal(pthread_create(&thread, NULL, is_right_here, &l), 0);
	pthread_join(thread, NULL);
}

/* The executable's: below the thread pointer, or above a header, rounded up to the block's alignment. */
static void test_executable(void **state)
{
	struct tls_block below = tls_block_of_executable(&arch_x86_64, 320, 64),
			 above = tls_block_of_executable(&arch_aarch64, 320, 64),
			 close = tls_block_of_executable(&arch_aarch64, 24, 8);

	(void)state;
	assert_int_equal(tls_block_end(getpid(), 4096, &below), 4096);
	assert_int_equal(tls_block_end(getpid(), 4096, &above), 4096 + 64 + 320);
	assert_int_equal(tls_block_end(getpid(), 4096, &close), 4096 + 16 + 24);
}

static void test_none(void **state)
{
	struct space *space = own_space();
	struct tls_block block;

	(void)state;
	/* Code that uses no thread-local memory of its own: the vdso. */
	for (size_t i = 0; space_at(space, i); i++)
		if (!strcmp(space_at(space, i)->path, "[vdso]"))
			assert_false(tls_block_of(getpid(), space_module(space, space_at(space, i)->start),
						  64, false, &block));
	assert_int_equal(tls_block_end(getpid(), 0, &(struct tls_block){0}), 0);
	assert_int_equal(tls_block_end(getpid(), 4096, &(struct tls_block){0}), 4096);
	assert_int_equal(tls_block_end(getpid(), 4096, &(struct tls_block){.module = 1, .entry = 16}), 0);
	space_free(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loaded),
		cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_executable),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
