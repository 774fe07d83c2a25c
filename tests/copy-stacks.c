/* SPDX-License-Identifier: Apache-2.0 */
/* copy-stacks.c - prints the current stacks of a process as event lines (probes/README.md).
 *
 *     { hud-postproc head --pid PID; copy-stacks PID; } > recording
 *
 * Each thread is stopped, and its registers and the words of its stack that can matter are copied, as
 * probes/stack.bt does at an event. So the stacks of a process that does not move can be compared with what a
 * debugger shows.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#define STACK_MAX (128u << 10) /* bytes */
#define PAGE 4096u
#define CHUNK 16 /* words in a line */
#define CODE_MAX 256
#define THREADS_MAX 256

static struct {
	uint64_t start, end;
} code[CODE_MAX];
static size_t codes;

static void read_code(long pid)
{
	char path[64], line[4608], perms[5];
	uint64_t start, end;

	snprintf(path, sizeof(path), "/proc/%ld/maps", pid);
	FILE *in = fopen(path, "re");
	while (in && codes < CODE_MAX && fgets(line, sizeof(line), in)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &start, &end, perms) == 3 &&
		    perms[2] == 'x') {
			code[codes].start = start;
			code[codes++].end = end;
		}
	}
	if (in)
		fclose(in);
}

static bool matters(uint64_t word, uint64_t sp)
{
	for (size_t i = 0; i < codes; i++)
		if (word >= code[i].start && word < code[i].end)
			return true;
	return word >= sp && word - sp < 256u << 10;
}

static size_t copy(long tid, uint64_t sp, uint64_t *to)
{
	struct iovec local = {to, STACK_MAX}, remote[STACK_MAX / PAGE + 1];
	size_t pages = 0;

	for (uint64_t at = sp, end = sp + STACK_MAX; at < end;
	     pages++) { /* only whole pieces are guaranteed */
		uint64_t piece = PAGE - at % PAGE < end - at ? PAGE - at % PAGE : end - at;

		remote[pages] = (struct iovec){(void *)(uintptr_t)at, piece}; /* NOLINT */
		at += piece;
	}
	ssize_t got = process_vm_readv((pid_t)tid, &local, 1, remote, pages, 0);
	return got > 0 ? (size_t)got / sizeof(*to) : 0;
}

static void print_stack(long tid, uint64_t ip, uint64_t sp, uint64_t bp)
{
	static uint64_t words[STACK_MAX / sizeof(uint64_t) + CHUNK];
	struct timespec t;

	memset(words, 0, sizeof(words));
	size_t count = copy(tid, sp, words);
	printf("stack %lx %ld %" PRIx64 " %" PRIx64 " %" PRIx64 " %zu\n", (unsigned long)tid, tid, ip, sp, bp,
	       (count + CHUNK - 1) / CHUNK);
	for (size_t chunk = 0; chunk * CHUNK < count; chunk++) {
		printf("words %lx %ld %zu", (unsigned long)tid, tid, chunk);
		for (size_t i = chunk * CHUNK; i < (chunk + 1) * CHUNK; i++)
			printf(" %" PRIx64, matters(words[i], sp) ? words[i] : 0);
		putchar('\n');
	}
	clock_gettime(CLOCK_MONOTONIC, &t);
	printf("sample %lld%09ld %ld 0 0 %lx\n", (long long)t.tv_sec, t.tv_nsec, tid, (unsigned long)tid);
}

static bool copy_thread(long tid)
{
	struct user_regs_struct r;
	int status;

	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) || ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) ||
	    waitpid((pid_t)tid, &status, __WALL) != tid || !WIFSTOPPED(status))
		return false;
	bool ok = !ptrace(PTRACE_GETREGS, tid, NULL, &r);
	if (ok)
		print_stack(tid, r.rip, r.rsp, r.rbp);
	ptrace(PTRACE_DETACH, tid, NULL, NULL);
	return ok;
}

int main(int argc, char **argv)
{
	long pid = argc == 2 ? strtol(argv[1], NULL, 10) : 0, tids[THREADS_MAX];
	size_t count = 0;
	struct dirent *entry;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/task", pid);
	DIR *dir = pid > 0 ? opendir(path) : NULL;
	if (!dir) {
		fputs("usage: copy-stacks PID\n", stderr);
		return 2;
	}
	while (count < THREADS_MAX && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			tids[count++] = strtol(entry->d_name, NULL, 10);
	closedir(dir);
	read_code(pid);
	for (size_t i = 0; i < count; i++) {
		if (!copy_thread(tids[i])) {
			fprintf(stderr, "copy-stacks: thread %ld cannot be read\n", tids[i]);
			return 1;
		}
	}
	puts("end 1 exit");
	return fflush(stdout) || ferror(stdout);
}
