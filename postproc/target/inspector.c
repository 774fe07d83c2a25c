/* SPDX-License-Identifier: Apache-2.0 */
/* inspector.c - see inspector.h. */
#include "target/inspector.h"

#include <errno.h>
#include <libiberty/libiberty.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/write-all.h"
#include "sandbox/confine.h"
#include "sandbox/helper.h"
#include "target/procread.h"
#include "target/ptrace-stop.h"

#define MEMORY_MAX (256u << 20) /* bytes of one request */
#define LIMIT_MS 3000		/* for an answer; takes less than 1 unless the machine is busy */
#define SERVERS 4

static struct helper *helper;
static bool late; /* an answer came too late */

/* --- the helper: it answers with a file in memory --- */

enum look { PROC_FILE, EXE, ROOT, THREADS, MEMORY, THREAD, RSEQ };

/* Files that may be asked for, by their index. */
static const char *const files[] = {"maps",    "cmdline",  "net/tcp", "net/tcp6",
				    "net/udp", "net/udp6", "net/unix"};

struct order {
	enum look look;
	pid_t tid;
	uint64_t addr, size;
	unsigned file; /* its index in files */
};

static int prepare(void *context)
{
	(void)context;
	return confine_to_tracer() || confine_inspector() ? -1 : 0;
}

/* Passes bytes on. Returns an errno. */
static int give(const void *bytes, size_t size, int *fd)
{
	*fd = memfd_create("seen", MFD_CLOEXEC);
	return *fd < 0 || write_all(*fd, bytes, size) ? errno : 0;
}

static int give_memory(pid_t pid, const struct order *order, int *fd)
{
	if (order->size > MEMORY_MAX)
		return EINVAL;
	void *bytes = xmalloc(order->size + 1);
	int error = give(bytes, procread_memory(pid, order->addr, bytes, order->size), fd);

	free(bytes);
	return error;
}

static int give_threads(pid_t pid, int *fd)
{
	struct inspector_thread *threads;
	size_t count = procread_threads(pid, &threads);
	int error = count ? give(threads, count * sizeof(*threads), fd) : errno;

	free(threads);
	return error;
}

static int give_file(pid_t pid, unsigned file, int *fd)
{
	if (file >= ARRAY_SIZE(files))
		return EINVAL;
	size_t size;
	char *text = procread_file(pid, files[file], &size);
	int error = text ? give(text, size, fd) : errno;

	free(text);
	return error;
}

/* Passes a path on, and frees it. */
static int give_path(char *path, int *fd)
{
	int error = path ? give(path, strlen(path), fd) : errno;

	free(path);
	return error;
}

static int give_thread(pid_t tid, int *fd)
{
	struct snapshot *snapshot = xmalloc(sizeof(*snapshot));
	int error = procread_thread(tid, snapshot) ? give(snapshot, sizeof(*snapshot), fd) : ESRCH;

	free(snapshot);
	return error;
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
	case PROC_FILE:
		return give_file(pid, order.file, fd);
	case EXE:
		return give_path(procread_exe(pid), fd);
	case ROOT:
		return give_path(procread_root(pid), fd);
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

int inspector_start(long pid)
{
	static pid_t context;

	context = (pid_t)pid;
	helper = helper_start(&(struct helper_duty){.name = "hud-inspector",
						    .limit_ms = LIMIT_MS,
						    .threads = SERVERS,
						    .prepare = prepare,
						    .serve = serve,
						    .context = &context});
	if (!helper)
		perror("hud-postproc: cannot start a process");
	return helper ? 0 : -1;
}

int inspector_descriptor(void)
{
	return helper ? helper_descriptor(helper) : -1;
}

void inspector_end(void)
{
	helper_end(helper);
	helper = NULL;
}

/* --- asking --- */

/* Returns a descriptor, or -1 with errno set. */
static int ask(const struct order *order)
{
	int fd, error = helper_ask(helper, order, sizeof(*order), &fd);

	late |= error == ETIMEDOUT;
	errno = error;
	return fd;
}

/* Reads the answer from its start, and closes it. Returns how many bytes, at most `size`. */
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

const char *inspector_late(void)
{
	return late ? "parts of the process could not be read in time: is its memory on userfaultfd, or are "
		      "its files on a file system that does not answer (FUSE, NFS)?"
		    : NULL;
}

FILE *inspector_open(pid_t pid, const char *name)
{
	int fd = -1, error = 0;
	unsigned index = 0;
	size_t size;

	while (index < ARRAY_SIZE(files) && strcmp(name, files[index]) != 0)
		index++;
	if (helper) {
		fd = ask(&(struct order){.look = PROC_FILE, .file = index});
	} else {
		char *text = procread_file(pid, name, &size);

		error = text ? give(text, size, &fd) : errno;
		free(text);
	}
	FILE *file = fd >= 0 && lseek(fd, 0, SEEK_SET) == 0 ? fdopen(fd, "r") : NULL;

	error = error ? error : errno;
	if (fd >= 0 && !file)
		close(fd);
	errno = error;
	return file;
}

/* Returns a path that the caller frees; NULL with errno set. */
static char *ask_path(enum look look)
{
	int fd = ask(&(struct order){.look = look});

	if (fd < 0)
		return NULL;
	char *path = xcalloc(PATH_MAX + 1, 1);

	receive(fd, path, PATH_MAX);
	return path;
}

char *inspector_exe(pid_t pid)
{
	return helper ? ask_path(EXE) : procread_exe(pid);
}

char *inspector_root(pid_t pid)
{
	char *path = helper ? ask_path(ROOT) : procread_root(pid);

	return path ? path : xstrdup("");
}

const char *inspector_below(const char *root, const char *path)
{
	size_t length = strlen(root);

	return !strncmp(path, root, length) && path[length] == '/' ? path + length : path;
}

size_t inspector_threads(pid_t pid, struct inspector_thread **threads)
{
	struct stat st;

	if (!helper)
		return procread_threads(pid, threads);
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

size_t inspector_memory(pid_t pid, uint64_t addr, void *to, size_t size)
{
	if (!helper)
		return procread_memory(pid, addr, to, size);
	return receive(ask(&(struct order){.look = MEMORY, .addr = addr, .size = size}), to, size);
}

bool inspector_thread(pid_t tid, struct snapshot *s)
{
	bool seen;

	if (helper)
		seen = receive(ask(&(struct order){.look = THREAD, .tid = tid}), s, sizeof(*s)) == sizeof(*s);
	else
		seen = procread_thread(tid, s);
	if (s->stack.words > sizeof(s->words) / sizeof(*s->words))
		s->stack.words = 0;
	s->stack.word = s->words;
	return seen;
}

bool inspector_rseq(pid_t tid)
{
	if (!helper)
		return stopped_rseq(tid);
	ask(&(struct order){.look = RSEQ, .tid = tid});
	return errno == 0;
}
