/* SPDX-License-Identifier: Apache-2.0 */
/* unfilled.c - a process with memory that never arrives: reading it blocks, as with a file system that does
 * not answer.
 *
 * Its second thread is named like a Tokio worker, and runs on a stack above which pages are missing;
 * userfaultfd(2) would have to fill them, but nobody does. With the argument `command`, part of its command
 * line is in such a page, too. Prints "ready TID" and runs until its standard input ends; then it prints
 * "longest MS", the longest time for which the thread did not run.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096
#define STACK ((size_t)64 << 10)
#define MISSING ((size_t)1 << 20)

static atomic_bool end;
static atomic_int tid;
static int64_t longest; /* ns */

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void need(int good, const char *what)
{
	if (!good) {
		perror(what);
		exit(1);
	}
}

/* Makes `size` bytes at `start` missing until they are filled. */
static void miss(char *start, size_t size)
{
	struct uffdio_register missing = {.range = {(uintptr_t)start, size},
					  .mode = UFFDIO_REGISTER_MODE_MISSING};
	struct uffdio_api api = {.api = UFFD_API};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	need(fd >= 0 && !ioctl(fd, UFFDIO_API, &api), "userfaultfd");
	need(!ioctl(fd, UFFDIO_REGISTER, &missing), "UFFDIO_REGISTER");
}

/* A stack with no memory above it. */
static char *map_stack(void)
{
	char *stack = mmap(NULL, STACK + MISSING, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	need(stack != MAP_FAILED, "mmap");
	miss(stack + STACK, MISSING);
	memset(stack, 0, STACK);
	return stack;
}

/* Does the same for a page of the command line, all of which belongs to its first word, `padding`. */
static void miss_command(char *padding)
{
	char *page = padding + PAGE - (uintptr_t)padding % PAGE;

	need(mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page,
	     "mmap");
	miss(page, PAGE);
}

/* Executes itself again with a first word of several pages. */
static void pad_command(void)
{
	char padding[3 * PAGE];

	memset(padding, 'x', sizeof(padding) - 1);
	padding[sizeof(padding) - 1] = '\0';
	execl("/proc/self/exe", padding, "command", NULL);
	need(0, "exec");
}

static void beat(void)
{
	int64_t last = now();

	tid = (int)syscall(SYS_gettid);
	while (!end) {
		int64_t at = now();

		longest = at - last > longest ? at - last : longest;
		last = at;
		usleep(1000);
	}
}

static void *run(void *stack)
{
	static ucontext_t here, there;

	prctl(PR_SET_NAME, "tokio-runtime-w");
	getcontext(&there);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = STACK;
	there.uc_link = &here;
	makecontext(&there, beat, 0);
	swapcontext(&here, &there);
	return NULL;
}

int main(int argc, char **argv)
{
	bool command = argc > 1 && !strcmp(argv[1], "command");
	pthread_t thread;
	char byte;

	if (command && strlen(argv[0]) < 2 * PAGE)
		pad_command();
	need(!pthread_create(&thread, NULL, run, map_stack()), "pthread_create");
	while (!tid)
		usleep(1000);
	if (command)
		miss_command(argv[0]);
	printf("ready %d\n", tid);
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	end = 1;
	pthread_join(thread, NULL);
	printf("longest %lld\n", (long long)(longest / 1000000));
	return 0;
}
