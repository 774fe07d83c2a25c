/* roles.c - see roles.h. */
#include "roles.h"

#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <elfutils/libdwfl.h>
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

#include "opener.h"
#include "space.h"
#include "stopped.h"
#include "symbolize.h"

#define STACK_MAX                                                                                            \
	(512u << 10)   /* bytes copied of a stack; frames that tell the role of a deeper one are lost */
#define FRAMES_MAX 512 /* machine frames looked at; those of inlined functions come on top */
#define PAGE 4096u

/* What is copied of a thread while it is stopped. */
struct snapshot {
	struct user_regs_struct registers;
	uint64_t sp;
	size_t size;
	unsigned char stack[STACK_MAX];
};

/* One unwinding of a whole process: libdw's handles, and the thread that it is at. */
struct unwinding {
	pid_t pid, tid;
	struct thread *thread;
	size_t threads, unread;
	const struct mapping *mapping;
	size_t mappings;
	struct symbolizer *symbolizer;
	Dwfl *dwfl;
	struct snapshot snapshot;
	bool cut;
	size_t machine_frames, count, room;
	const struct frame **frame; /* leaf first, inlined ones included */
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
static size_t copy_stack(pid_t tid, uint64_t sp, unsigned char *to)
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

static uint64_t stack_pointer(const struct user_regs_struct *registers)
{
#if defined(__x86_64__)
	return registers->rsp;
#elif defined(__aarch64__)
	return registers->sp;
#else
#error "which register of this machine is the stack pointer?"
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
		s->sp = stack_pointer(&s->registers);
		s->size = copy_stack(tid, s->sp, s->stack);
	}
	stopped_end(tid, signal);
	return ok;
}

static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread_arg)
{
	struct unwinding *u = arg;
	bool first = !*thread_arg;

	(void)dwfl;
	*thread_arg = u;
	return first ? u->tid : 0;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **thread_arg)
{
	struct unwinding *u = arg;

	(void)dwfl;
	*thread_arg = u;
	return tid == u->tid;
}

static bool memory_read(Dwfl *dwfl, Dwarf_Addr addr, Dwarf_Word *result, void *arg)
{
	struct unwinding *u = arg;
	struct snapshot *s = &u->snapshot;
	struct iovec local = {result, sizeof(*result)}, remote = {(void *)(uintptr_t)addr, sizeof(*result)};

	(void)dwfl;
	if (addr >= s->sp && addr - s->sp < s->size) {
		if (s->size - (addr - s->sp) >= sizeof(*result)) {
			memcpy(result, s->stack + (addr - s->sp), sizeof(*result));
			return true;
		}
	} else if (process_vm_readv(u->pid, &local, 1, &remote, 1, 0) == sizeof(*result)) {
		return true; /* not the stack: code, say, which does not change */
	}
	u->cut = true;
	return false;
}

static bool set_initial_registers(Dwfl_Thread *thread, void *thread_arg)
{
	const struct user_regs_struct *r = &((struct unwinding *)thread_arg)->snapshot.registers;
#if defined(__x86_64__)
	/* In DWARF's order. */
	Dwarf_Word dwarf[] = {r->rax, r->rdx, r->rcx, r->rbx, r->rsi, r->rdi, r->rbp, r->rsp, r->r8,
			      r->r9,  r->r10, r->r11, r->r12, r->r13, r->r14, r->r15, r->rip};

	return dwfl_thread_state_registers(thread, 0, sizeof(dwarf) / sizeof(*dwarf), dwarf);
#elif defined(__aarch64__)
	Dwarf_Word dwarf[32];

	for (int i = 0; i < 31; i++)
		dwarf[i] = r->regs[i];
	dwarf[31] = r->sp;
	dwfl_thread_state_register_pc(thread, r->pc);
	return dwfl_thread_state_registers(thread, 0, 32, dwarf);
#endif
}

static int frame_found(Dwfl_Frame *state, void *arg)
{
	struct unwinding *u = arg;
	const struct frames *frames;
	bool activation;
	Dwarf_Addr pc;

	if (!dwfl_frame_pc(state, &pc, &activation) || u->machine_frames++ == FRAMES_MAX) {
		u->cut = true;
		return DWARF_CB_ABORT;
	}
	if (!pc)
		return DWARF_CB_OK;
	frames = symbolize(u->symbolizer, activation ? pc : pc - 1);
	if (u->count + frames->count > u->room) {
		u->room = 2 * (u->count + frames->count);
		u->frame = xrealloc(u->frame, u->room * sizeof(*u->frame));
	}
	for (size_t i = 0; i < frames->count; i++)
		u->frame[u->count++] = &frames->frame[i];
	return DWARF_CB_OK;
}

/* The file of a module, by the mapping instead of by its name: right also for one that was deleted or
 * replaced, or is in another mount namespace. */
static int find_elf(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, char **file_name,
		    Elf **elf)
{
	Dwarf_Addr start, end;
	struct unwinding *u;
	void **own;
	char *path;
	int fd = -1;

	dwfl_module_info(module, &own, &start, &end, NULL, NULL, NULL, NULL);
	u = *own;
	for (size_t i = 0; name[0] == '/' && i < u->mappings && fd < 0; i++) {
		const struct mapping *m = &u->mapping[i];

		if (m->start < start || m->start >= end)
			continue;
		path = xasprintf("/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)u->pid, m->start, m->end);
		fd = opener_open(path);
		if (fd >= 0)
			*file_name = path;
		else
			free(path);
	}
	return fd >= 0 ? fd : dwfl_linux_proc_find_elf(module, userdata, name, base, file_name, elf);
}

/* Unwinding needs no debug info, and looking for it could ask a server. */
static int find_no_debuginfo(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base,
			     const char *file_name, const char *link, GElf_Word crc, char **debuginfo)
{
	(void)module, (void)userdata, (void)name, (void)base, (void)file_name, (void)link, (void)crc,
		(void)debuginfo;
	return -1;
}

static const Dwfl_Callbacks callbacks = {.find_elf = find_elf, .find_debuginfo = find_no_debuginfo};

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = memory_read,
	.set_initial_registers = set_initial_registers,
};

static int own_module(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr start, void *arg)
{
	(void)module, (void)name, (void)start;
	*userdata = arg;
	return DWARF_CB_OK;
}

static bool unwinding_start(struct unwinding *u)
{
	u->dwfl = dwfl_begin(&callbacks);
	if (!u->dwfl)
		return false;
	dwfl_report_begin(u->dwfl);
	if (dwfl_linux_proc_report(u->dwfl, u->pid) || dwfl_report_end(u->dwfl, NULL, NULL) ||
	    dwfl_getmodules(u->dwfl, own_module, u, 0))
		return false;
	return dwfl_attach_state(u->dwfl, NULL, u->pid, &thread_callbacks, u);
}

/* Unwinds what the snapshot holds and judges it. */
static enum role unwind(struct unwinding *u, struct judge *judge)
{
	u->cut = false;
	u->count = u->machine_frames = 0;
	/* It ends "in error" also where all of the frames were found. */
	dwfl_getthread_frames(u->dwfl, u->tid, frame_found, u);
	return u->count ? judge_stack(judge, u->frame, u->count, u->cut)->role : ROLE_UNKNOWN;
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
	bool ready = unwinding_start(u);

	for (size_t i = 0; i < u->threads; i++) {
		u->tid = u->thread[i].tid;
		if (ready && take_snapshot(u->tid, &u->snapshot)) {
			u->thread[i].role = unwind(u, judge);
			u->thread[i].thread_pointer = thread_pointer(&u->snapshot.registers);
		} else {
			u->unread++;
		}
	}
	dwfl_end(u->dwfl);
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

size_t roles_by_stack(pid_t pid, struct thread *threads, size_t count, const struct mapping *mapping,
		      size_t mappings, struct symbolizer *symbolizer)
{
	struct unwinding *u = xcalloc(1, sizeof(*u));
	size_t unread = count;
	pthread_t reader;

	u->pid = pid;
	u->thread = threads;
	u->threads = count;
	u->mapping = mapping;
	u->mappings = mappings;
	u->symbolizer = symbolizer;
	if (!pthread_create(&reader, NULL, read_roles, u)) {
		pthread_join(reader, NULL);
		unread = u->unread;
	}
	watch(threads, count);
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

void roles_read_thread_pointers(pid_t pid, struct thread *threads, size_t count)
{
	struct unwinding *u = xcalloc(1, sizeof(*u));
	pthread_t reader;

	u->pid = pid;
	u->thread = threads;
	u->threads = count;
	if (!pthread_create(&reader, NULL, read_thread_pointers, u))
		pthread_join(reader, NULL);
	free(u);
}
