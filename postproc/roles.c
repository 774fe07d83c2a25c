/* roles.c - see roles.h. */
#include "roles.h"

#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <unistd.h>

#include "arch.h"
#include "space.h"
#include "stopped.h"
#include "symbolize.h"
#include "unwind.h"

#define STACK_MAX                                                                                            \
	(512u << 10) /* bytes copied of a stack; frames that tell the role of a deeper one are lost */
#define PAGE 4096u

/* What is copied of a thread while it is stopped. */
struct snapshot {
	struct user_regs_struct registers;
	struct raw_stack stack;
	uint64_t words[STACK_MAX / 8];
};

/* One unwinding of a whole process, and the thread that it is at. */
struct unwinding {
	struct thread *thread;
	size_t threads, unread;
	struct unwinder *unwinder;
	struct symbolizer *symbolizer;
	struct snapshot snapshot;
	struct chain chain;
	const struct frame **frame; /* leaf first, inlined ones included */
	size_t room;
};

static int by_tid(const void *a, const void *b)
{
	const struct thread *x = a, *y = b;

	return (x->tid > y->tid) - (x->tid < y->tid);
}

/* A name holds any byte but NUL, also newlines; the kernel ends it with one more. */
static void read_comm(pid_t pid, struct thread *thread)
{
	char path[64];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", (int)pid, (int)thread->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	length = read(fd, thread->comm, sizeof(thread->comm) - 1);
	close(fd);
	if (length > 0 && thread->comm[length - 1] == '\n')
		length--;
	thread->comm[length > 0 ? length : 0] = '\0';
}

size_t threads_list(pid_t pid, struct thread **threads)
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
		if (count == room) {
			room = room ? 2 * room : 32;
			*threads = xrealloc(*threads, room * sizeof(**threads));
		}
		(*threads)[count] = (struct thread){.tid = (pid_t)strtol(entry->d_name, NULL, 10)};
		read_comm(pid, &(*threads)[count++]);
	}
	closedir(dir);
	if (count)
		qsort(*threads, count, sizeof(**threads), by_tid);
	else
		errno = ESRCH;
	return count;
}

size_t roles_by_name(struct thread *threads, size_t count, const char *prefix)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		if (strncmp(threads[i].comm, prefix, strlen(prefix)))
			continue;
		threads[i].watched = true;
		found++;
	}
	return found;
}

/* Copies up to STACK_MAX bytes from `sp` up, as far as memory is readable. */
static size_t copy_stack(pid_t tid, uint64_t sp, void *to)
{
	struct iovec local = {to, STACK_MAX}, remote[STACK_MAX / PAGE + 1];
	size_t pages = 0;
	ssize_t got;

	/* One piece a page: what process_vm_readv promises is whole pieces. */
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
#if defined(__x86_64__)
	return (struct raw_stack){.ip = registers->rip, .sp = registers->rsp, .bp = registers->rbp};
#elif defined(__aarch64__)
	return (struct raw_stack){.ip = registers->pc,
				  .sp = registers->sp,
				  .bp = registers->regs[29],
				  .lr = registers->regs[30]};
#else
#error "which registers of this machine say where it is?"
#endif
}

static uint64_t thread_pointer(const struct user_regs_struct *registers)
{
#if defined(__x86_64__)
	return registers->fs_base;
#else
	(void)registers;
	return 0;
#endif
}

static bool take_snapshot(pid_t tid, struct snapshot *s)
{
	struct iovec registers = {&s->registers, sizeof(s->registers)};
	int signal;
	bool ok;

	if (!stopped_begin(tid, &signal))
		return false;
	/* A 32-bit program fills less. */
	ok = !ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &registers) &&
	     registers.iov_len == sizeof(s->registers);
	if (ok) {
		s->stack = stack_of(&s->registers);
		s->stack.word = s->words;
		s->stack.words = copy_stack(tid, s->stack.sp, s->words) / sizeof(*s->words);
	}
	stopped_end(tid, signal);
	return ok;
}

/* Unwinds what the snapshot holds and judges it. */
static enum role role_of(struct unwinding *u, struct judge *judge)
{
	size_t count = 0;

	unwind(u->unwinder, &u->snapshot.stack, &u->chain);
	for (size_t i = 0; i < u->chain.count; i++) {
		const struct frames *frames = symbolize(u->symbolizer, u->chain.pc[i]);

		if (count + frames->count > u->room) {
			u->room = 2 * (count + frames->count);
			u->frame = xrealloc(u->frame, u->room * sizeof(*u->frame));
		}
		for (size_t j = 0; j < frames->count; j++)
			u->frame[count++] = &frames->frame[j];
	}
	return judge_stack(judge, u->frame, count, u->chain.cut)->role;
}

static bool schedules(enum role role)
{
	return role == ROLE_WORKER || role == ROLE_CURRENT_THREAD;
}

/* A thread of our own, since a tracer is a thread: when it ends, the kernel lets go of what it still holds.
 */
static void *read_roles(void *arg)
{
	struct unwinding *u = arg;
	struct judge *judge = judge_new();

	for (size_t i = 0; i < u->threads; i++) {
		if (take_snapshot(u->thread[i].tid, &u->snapshot)) {
			u->thread[i].role = role_of(u, judge);
			u->thread[i].thread_pointer = thread_pointer(&u->snapshot.registers);
		} else {
			u->unread++;
		}
	}
	judge_free(judge);
	return NULL;
}

static void watch(struct thread *threads, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		threads[i].watched = schedules(threads[i].role);
		for (size_t j = 0; j < count && threads[i].role == ROLE_UNKNOWN && !threads[i].watched; j++)
			threads[i].watched =
				schedules(threads[j].role) && !strcmp(threads[i].comm, threads[j].comm);
	}
}

size_t roles_by_stack(struct thread *threads, size_t count, struct space *space,
		      struct symbolizer *symbolizer)
{
	struct unwinding *u = xcalloc(1, sizeof(*u));
	size_t unread = count;
	pthread_t reader;

	u->thread = threads;
	u->threads = count;
	u->unwinder = unwinder_new(space, arch_host());
	u->symbolizer = symbolizer;
	if (!pthread_create(&reader, NULL, read_roles, u)) {
		pthread_join(reader, NULL);
		unread = u->unread;
	}
	watch(threads, count);
	unwinder_free(u->unwinder);
	free(u->frame);
	free(u);
	return unread;
}

static void *read_thread_pointers(void *arg)
{
	struct unwinding *u = arg;

	for (size_t i = 0; i < u->threads; i++)
		if (u->thread[i].watched && !u->thread[i].thread_pointer &&
		    take_snapshot(u->thread[i].tid, &u->snapshot))
			u->thread[i].thread_pointer = thread_pointer(&u->snapshot.registers);
	return NULL;
}

void roles_read_thread_pointers(struct thread *threads, size_t count)
{
	struct unwinding *u = xcalloc(1, sizeof(*u));
	pthread_t reader;

	u->thread = threads;
	u->threads = count;
	if (!pthread_create(&reader, NULL, read_thread_pointers, u))
		pthread_join(reader, NULL);
	free(u);
}
