/* inspector.c - see inspector.h. */
#include "target/inspector.h"

#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <libiberty/libiberty.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sandbox/confine.h"
#include "sandbox/helper.h"
#include "target/ptrace-stop.h"

#define PAGE 4096u
#define MEMORY_MAX (256u << 20) /* bytes of one request */

static struct helper *helper;

/* --- looking --- */

/* A name holds any byte but NUL, also newlines; the kernel ends it with one more. */
static void read_comm(pid_t pid, struct looker_thread *thread)
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

static size_t list(pid_t pid, struct looker_thread **threads)
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
		(*threads)[count] = (struct looker_thread){.tid = (pid_t)strtol(entry->d_name, NULL, 10)};
		read_comm(pid, &(*threads)[count++]);
	}
	closedir(dir);
	errno = ESRCH;
	return count;
}

static size_t copy_memory(pid_t pid, uint64_t addr, void *to, size_t size)
{
	struct iovec local = {to, size}, remote = {(void *)(uintptr_t)addr, size};
	ssize_t got = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	return got > 0 ? (size_t)got : 0;
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

struct errand {
	pid_t tid;
	struct snapshot *snapshot;
	bool done;
};

/* A thread of our own, since a tracer is a thread: when it ends, the kernel lets go of what it still holds. */
static void *take_snapshot(void *argument)
{
	struct errand *e = argument;
	struct snapshot *s = e->snapshot;
	struct iovec registers = {&s->registers, sizeof(s->registers)};
	int signal;

	if (!stopped_begin(e->tid, &signal))
		return NULL;
	/* A 32-bit program fills less. */
	e->done = !ptrace(PTRACE_GETREGSET, e->tid, NT_PRSTATUS, &registers) &&
		  registers.iov_len == sizeof(s->registers);
	if (e->done) {
		s->stack = stack_of(&s->registers);
		s->stack.words = copy_stack(e->tid, s->stack.sp, s->words) / sizeof(*s->words);
	}
	stopped_end(e->tid, signal);
	return NULL;
}

static bool look_at_thread(pid_t tid, struct snapshot *s)
{
	struct errand errand = {.tid = tid, .snapshot = s};
	pthread_t runner;

	if (!pthread_create(&runner, NULL, take_snapshot, &errand))
		pthread_join(runner, NULL);
	return errand.done;
}

static int open_file(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Where a link in the process's folder leads, for the caller to free; NULL with errno set. */
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

/* Is this folder here what has that name? Who may not see it cannot say no. */
static bool has_name(const struct stat *folder, const char *path)
{
	struct stat here;

	if (stat(path, &here) != 0)
		return errno != ENOENT && errno != ENOTDIR;
	return here.st_dev == folder->st_dev && here.st_ino == folder->st_ino;
}

/* As looker_root(), but NULL if it cannot be told. */
static char *read_root(pid_t pid)
{
	char *path = read_link(pid, "root"), link[32];
	struct stat root;

	snprintf(link, sizeof(link), "/proc/%d/root", (int)pid);
	if (path && (!strcmp(path, "/") || stat(link, &root) != 0 || has_name(&root, path)))
		*path = '\0';
	return path;
}

static char *read_exe(pid_t pid)
{
	char *path = read_link(pid, "exe"), *root = path ? read_root(pid) : NULL;

	if (root) {
		const char *below = looker_below(root, path);

		memmove(path, below, strlen(below) + 1);
	}
	free(root);
	return path;
}

/* --- the helper: what is seen goes into a file in memory --- */

enum look { MAPS, CMDLINE, EXE, ROOT, THREADS, MEMORY, THREAD, RSEQ };

struct order {
	enum look look;
	pid_t tid;
	uint64_t addr, size;
};

static int settle(void *context)
{
	(void)context;
	return confine_to_tracer() || confine_looker() ? -1 : 0;
}

/* Returns an errno. */
static int give(const void *bytes, size_t size, int *fd)
{
	*fd = memfd_create("seen", MFD_CLOEXEC);
	for (size_t at = 0; *fd >= 0 && at < size;) {
		ssize_t put = write(*fd, (const char *)bytes + at, size - at);

		if (put < 0 && errno != EINTR)
			return errno;
		at += put > 0 ? (size_t)put : 0;
	}
	return *fd < 0 ? errno : 0;
}

static int give_memory(pid_t pid, const struct order *order, int *fd)
{
	if (order->size > MEMORY_MAX)
		return EINVAL;
	void *bytes = xmalloc(order->size + 1);
	int error = give(bytes, copy_memory(pid, order->addr, bytes, order->size), fd);

	free(bytes);
	return error;
}

static int give_threads(pid_t pid, int *fd)
{
	struct looker_thread *threads;
	size_t count = list(pid, &threads);
	int error = count ? give(threads, count * sizeof(*threads), fd) : errno;

	free(threads);
	return error;
}

/* Gives a path, and frees it. */
static int give_path(char *path, int *fd)
{
	int error = path ? give(path, strlen(path), fd) : errno;

	free(path);
	return error;
}

static int give_thread(pid_t tid, int *fd)
{
	static struct snapshot snapshot;

	return look_at_thread(tid, &snapshot) ? give(&snapshot, sizeof(snapshot), fd) : ESRCH;
}

static bool is_thread_of(pid_t pid, pid_t tid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/task/%d", (int)pid, (int)tid);
	return stat(path, &st) == 0;
}

static int serve(void *context, const void *request, size_t size, int *fd)
{
	pid_t pid = *(const pid_t *)context;
	struct order order;

	if (size != sizeof(order))
		return EINVAL;
	memcpy(&order, request, sizeof(order));
	switch (order.look) {
	case MAPS:
	case CMDLINE:
		*fd = open_file(pid, order.look == MAPS ? "maps" : "cmdline");
		return *fd < 0 ? errno : 0;
	case EXE:
		return give_path(read_exe(pid), fd);
	case ROOT:
		return give_path(read_root(pid), fd);
	case THREADS:
		return give_threads(pid, fd);
	case MEMORY:
		return give_memory(pid, &order, fd);
	case THREAD:
		return is_thread_of(pid, order.tid) ? give_thread(order.tid, fd) : ESRCH;
	case RSEQ:
		return is_thread_of(pid, order.tid) && stopped_rseq(order.tid) ? 0 : ESRCH;
	}
	return EINVAL;
}

int looker_start(long pid)
{
	static pid_t context;

	context = (pid_t)pid;
	helper = helper_start(&(struct helper_duty){
		.name = "hud-looker", .settle = settle, .serve = serve, .context = &context});
	if (!helper)
		perror("hud-postproc: cannot start a process");
	return helper ? 0 : -1;
}

int looker_descriptor(void)
{
	return helper ? helper_descriptor(helper) : -1;
}

void looker_end(void)
{
	helper_end(helper);
	helper = NULL;
}

/* --- asking --- */

/* Returns a descriptor, or -1 with errno set. */
static int ask(const struct order *order)
{
	int fd, error = helper_ask(helper, order, sizeof(*order), &fd);

	errno = error;
	return fd;
}

/* Reads what was given from its start, and closes it. Returns how many bytes, at most `size`. */
static size_t receive(int fd, void *to, size_t size)
{
	size_t at = 0;
	ssize_t got;

	if (fd < 0)
		return 0;
	while (at < size && (got = pread(fd, (char *)to + at, size - at, (off_t)at)) > 0)
		at += (size_t)got;
	close(fd);
	return at;
}

FILE *looker_open(pid_t pid, const char *name)
{
	int fd = helper ? ask(&(struct order){.look = strcmp(name, "maps") == 0 ? MAPS : CMDLINE})
			: open_file(pid, name);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (fd >= 0 && !file)
		close(fd);
	return file;
}

/* Returns a path for the caller to free; NULL with errno set. */
static char *ask_path(enum look look)
{
	int fd = ask(&(struct order){.look = look});

	if (fd < 0)
		return NULL;
	char *path = xcalloc(PATH_MAX + 1, 1);

	receive(fd, path, PATH_MAX);
	return path;
}

char *looker_exe(pid_t pid)
{
	return helper ? ask_path(EXE) : read_exe(pid);
}

char *looker_root(pid_t pid)
{
	char *path = helper ? ask_path(ROOT) : read_root(pid);

	return path ? path : xstrdup("");
}

const char *looker_below(const char *root, const char *path)
{
	size_t length = strlen(root);

	return !strncmp(path, root, length) && path[length] == '/' ? path + length : path;
}

size_t looker_threads(pid_t pid, struct looker_thread **threads)
{
	struct stat st;

	if (!helper)
		return list(pid, threads);
	int fd = ask(&(struct order){.look = THREADS});

	*threads = NULL;
	if (fd < 0 || fstat(fd, &st) != 0)
		return 0;
	*threads = xcalloc((size_t)st.st_size + 1, 1);
	size_t count = receive(fd, *threads, (size_t)st.st_size) / sizeof(**threads);

	for (size_t i = 0; i < count; i++)
		(*threads)[i].comm[COMM_SIZE - 1] = '\0';
	return count;
}

size_t looker_memory(pid_t pid, uint64_t addr, void *to, size_t size)
{
	if (!helper)
		return copy_memory(pid, addr, to, size);
	return receive(ask(&(struct order){.look = MEMORY, .addr = addr, .size = size}), to, size);
}

bool looker_thread(pid_t tid, struct snapshot *s)
{
	bool seen;

	if (helper)
		seen = receive(ask(&(struct order){.look = THREAD, .tid = tid}), s, sizeof(*s)) == sizeof(*s);
	else
		seen = look_at_thread(tid, s);
	if (s->stack.words > sizeof(s->words) / sizeof(*s->words))
		s->stack.words = 0;
	s->stack.word = s->words;
	return seen;
}

bool looker_rseq(pid_t tid)
{
	if (!helper)
		return stopped_rseq(tid);
	ask(&(struct order){.look = RSEQ, .tid = tid});
	return errno == 0;
}
