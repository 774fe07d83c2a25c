/* SPDX-License-Identifier: Apache-2.0 */
/* procread.c - see procread.h. */
#include "target/procread.h"

#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <libiberty/libiberty.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/arch.h"
#include "base/grow.h"
#include "base/process.h"
#include "target/ptrace-stop.h"

#define PAGE 4096u
#define FILE_MAX (256u << 20) /* bytes of a file in /proc */
#define CMDLINE_MAX 65536
#define HOLD_NS 50000000 /* for copying a stack while its thread is stopped */

/* A name may hold any byte but NUL, also newlines; the kernel adds a newline. */
static void read_comm(pid_t pid, struct inspector_thread *thread)
{
	char name[32];

	snprintf(name, sizeof(name), "task/%d/comm", (int)thread->tid);
	size_t length = process_read(pid, name, thread->comm, sizeof(thread->comm));

	if (length && thread->comm[length - 1] == '\n')
		thread->comm[length - 1] = '\0';
}

size_t procread_threads(pid_t pid, struct inspector_thread **threads)
{
	size_t count = 0, room = 0;
	struct dirent *entry;
	char path[64];
	DIR *dir;

	*threads = NULL;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		GROW(*threads, room, count + 1);
		(*threads)[count] = (struct inspector_thread){.tid = (pid_t)strtol(entry->d_name, NULL, 10)};
		read_comm(pid, &(*threads)[count++]);
	}
	closedir(dir);
	errno = ESRCH;
	return count;
}

size_t procread_memory(pid_t pid, uint64_t addr, void *to, size_t size)
{
	struct iovec local = {to, size}, remote = {(void *)(uintptr_t)addr, size};
	ssize_t got = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	return got > 0 ? (size_t)got : 0;
}

/* Copies up to STACK_MAX bytes from `sp` up, as far as they are readable. */
static size_t copy_stack(pid_t tid, uint64_t sp, void *to)
{
	struct iovec local = {to, STACK_MAX}, remote[STACK_MAX / PAGE + 1];
	size_t pages = 0;
	ssize_t got;

	/* One piece for each page: process_vm_readv copies whole pieces or nothing of them. */
	for (uint64_t at = sp, left = STACK_MAX; left; pages++) {
		size_t piece = PAGE - at % PAGE;

		if (piece > left)
			piece = left;
		remote[pages] = (struct iovec){(void *)(uintptr_t)at, piece};
		at += piece;
		left -= piece;
	}
	got = process_vm_readv(tid, &local, 1, remote, pages, 0);
	return got > 0 ? (size_t)got : 0;
}

static struct raw_stack stack_of(const struct user_regs_struct *registers)
{
	struct arch_registers r = arch_registers(registers);

	return (struct raw_stack){.ip = r.pc, .sp = r.sp, .bp = r.fp, .lr = r.lr};
}

/* Shared by two threads: one holds the target's thread, the other copies its stack. */
struct job {
	pid_t tid;
	struct snapshot *snapshot;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	/* The holder ends, or has not begun; it holds the thread; the copy is complete. */
	bool over, held, copied;
};

static void set(struct job *e, bool *what)
{
	pthread_mutex_lock(&e->mutex);
	*what = true;
	pthread_cond_signal(&e->changed);
	pthread_mutex_unlock(&e->mutex);
}

/* Gives the other thread time to copy. */
static void hold(struct job *e)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += HOLD_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	set(e, &e->held);
	pthread_mutex_lock(&e->mutex);
	while (!e->copied && pthread_cond_clockwait(&e->changed, &e->mutex, CLOCK_MONOTONIC, &until) == 0)
		;
	pthread_mutex_unlock(&e->mutex);
}

/* A thread of its own, because the tracer is a thread: when it ends, the kernel resumes what it still holds.
 * It reads none of the target's memory, which may block: so it always lets go. */
static void *hold_thread(void *argument)
{
	struct job *e = argument;
	struct snapshot *s = e->snapshot;
	struct iovec registers = {&s->registers, sizeof(s->registers)};
	int signal;

	if (stopped_begin(e->tid, &signal)) {
		/* less for a 32-bit program */
		if (!ptrace(PTRACE_GETREGSET, e->tid, NT_PRSTATUS, &registers) &&
		    registers.iov_len == sizeof(s->registers)) {
			s->thread_pointer = arch_thread_pointer(e->tid, &s->registers);
			hold(e);
		}
		stopped_end(e->tid, signal);
	}
	set(e, &e->over);
	return NULL;
}

/* Copies the stack while the thread is held. A copy that took too long is not used. */
static bool copy_held(struct job *e)
{
	struct snapshot *s = e->snapshot;
	bool copied;

	pthread_mutex_lock(&e->mutex);
	while (!e->held && !e->over)
		pthread_cond_wait(&e->changed, &e->mutex);
	copied = e->held;
	pthread_mutex_unlock(&e->mutex);
	if (!copied)
		return false;
	s->stack = stack_of(&s->registers);
	s->stack.words = copy_stack(e->tid, s->stack.sp, s->words) / sizeof(*s->words);
	pthread_mutex_lock(&e->mutex);
	copied = !e->over;
	e->copied = true;
	pthread_cond_signal(&e->changed);
	pthread_mutex_unlock(&e->mutex);
	return copied;
}

bool procread_thread(pid_t tid, struct snapshot *s)
{
	struct job job = {.tid = tid,
			  .snapshot = s,
			  .mutex = PTHREAD_MUTEX_INITIALIZER,
			  .changed = PTHREAD_COND_INITIALIZER};
	pthread_t holder;

	if (pthread_create(&holder, NULL, hold_thread, &job) != 0)
		return false;
	bool copied = copy_held(&job);

	pthread_join(holder, NULL);
	return copied;
}

/* Reads up to `most` bytes of a file of the process; the caller frees them. NULL with errno set. The process
 * can make this last: its command line is in its memory. */
static char *read_file(pid_t pid, const char *name, size_t most, size_t *size)
{
	char path[64], *text = NULL;
	size_t room = 0;
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*size = 0;
	if (fd < 0)
		return NULL;
	do {
		if (room - *size < PAGE) {
			room = room ? 2 * room : CMDLINE_MAX;
			text = xrealloc(text, room);
		}
		got = read(fd, text + *size, room - *size);
		*size += got > 0 ? (size_t)got : 0;
	} while (got > 0 && *size < most);
	close(fd);
	return text;
}

char *procread_file(pid_t pid, const char *name, size_t *size)
{
	return read_file(pid, name, strcmp(name, "cmdline") != 0 ? FILE_MAX : CMDLINE_MAX, size);
}

/* The target of a link in the process's folder; the caller frees it. NULL with errno set. */
static char *read_link(pid_t pid, const char *name)
{
	char *link = xasprintf("/proc/%d/%s", (int)pid, name), *path = xcalloc(PATH_MAX + 1, 1);
	ssize_t length = readlink(link, path, PATH_MAX);

	free(link);
	if (length >= 0)
		return path;
	free(path);
	return NULL;
}

/* Does this path lead to this folder here? Yes, too, if this process may not look. */
static bool has_name(const struct stat *folder, const char *path)
{
	struct stat here;

	if (stat(path, &here) != 0)
		return errno != ENOENT && errno != ENOTDIR;
	return here.st_dev == folder->st_dev && here.st_ino == folder->st_ino;
}

/* As inspector_root(), but NULL if it is not known. */
char *procread_root(pid_t pid)
{
	char *path = read_link(pid, "root"), link[32];
	struct stat root;

	snprintf(link, sizeof(link), "/proc/%d/root", (int)pid);
	if (path && (!strcmp(path, "/") || stat(link, &root) != 0 || has_name(&root, path)))
		*path = '\0';
	return path;
}

char *procread_exe(pid_t pid)
{
	char *path = read_link(pid, "exe"), *root = path ? procread_root(pid) : NULL;

	if (root) {
		const char *below = inspector_below(root, path);

		memmove(path, below, strlen(below) + 1);
	}
	free(root);
	return path;
}
