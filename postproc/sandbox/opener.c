/* SPDX-License-Identifier: Apache-2.0 */
/* opener.c - see opener.h. */
#include "sandbox/opener.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "sandbox/answering.h"
#include "sandbox/confine.h"
#include "sandbox/helper.h"
#include "sandbox/reopen.h"
#include "sandbox/walk.h"

#define LIMIT_MS 3000 /* for opening a file, on whatever file system */
#define THREADS 4

static struct helper *opener;

/* Is the path exactly one of the kernel's links to mapped files? */
static bool is_mapped(const char *path, long pid)
{
	unsigned long start, end;
	char same[96];

	if (snprintf(same, sizeof(same), "/proc/%ld/exe", pid) > 0 && !strcmp(path, same))
		return true;
	const char *name = strrchr(path, '/');

	if (!name || sscanf(name, "/%lx-%lx", &start, &end) != 2)
		return false;
	snprintf(same, sizeof(same), "/proc/%ld/map_files/%lx-%lx", pid, start, end);
	return strcmp(path, same) == 0;
}

/* Opens a path below the root of the process, which controls the links in it. */
static int locate_in_root(long pid, const char *path, enum walk_links links)
{
	char name[48];

	snprintf(name, sizeof(name), "/proc/%ld/root", pid);
	int root = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return -1;
	int fd = walk_in_root(root, path, links), error = errno;

	close(root);
	errno = error;
	return fd;
}

/* Returns a descriptor that locates the file (O_PATH) without opening it. */
static int locate(const char *path, long pid)
{
	char root[48];
	size_t length = (size_t)snprintf(root, sizeof(root), "/proc/%ld/root/", pid);

	if (pid > 0 && !strncmp(path, root, length))
		return locate_in_root(pid, path + length, WALK_LINKS);
	return pid > 0 && is_mapped(path, pid) ? open(path, O_PATH | O_CLOEXEC) : walk(path);
}

static bool is_elf(int fd)
{
	unsigned char start[offsetof(Elf64_Ehdr, e_type) + sizeof(Elf64_Half)];
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    pread(fd, start, sizeof(start), 0) != (ssize_t)sizeof(start))
		return false;
	unsigned low = start[offsetof(Elf64_Ehdr, e_type)], high = start[offsetof(Elf64_Ehdr, e_type) + 1];
	unsigned type = start[EI_DATA] == ELFDATA2MSB ? low << 8 | high : high << 8 | low;

	return memcmp(start, ELFMAG, SELFMAG) == 0 && type != ET_CORE;
}

/* The process's id in its own pid namespace. */
static long own_pid(long pid)
{
	char status[4096];

	process_read((pid_t)pid, "status", status, sizeof(status));
	const char *at = strstr(status, "\nNSpid:");

	for (at = at ? at + strlen("\nNSpid:") : NULL; at && *at == '\t';) { /* the last number is that of the
									      * innermost namespace */
		char *end;

		pid = strtol(at + 1, &end, 10);
		at = end;
	}
	return pid;
}

/* Opens the map of generated functions that the process wrote. Anybody can put a file or link with this name
 * there. */
static int open_jit_map(long pid)
{
	struct stat st, process;
	char name[64];

	snprintf(name, sizeof(name), "/proc/%ld", pid);
	if (stat(name, &process) != 0)
		return -1;
	snprintf(name, sizeof(name), "tmp/perf-%ld.map", own_pid(pid));
	int located = locate_in_root(pid, name, WALK_NO_LINKS), fd = -1, noted, error;

	if (located < 0)
		return -1;
	noted = answering_begin(located);
	if (noted >= 0) {
		errno = EINVAL;
		if (fstat(located, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == process.st_uid)
			fd = reopen(located, O_RDONLY | O_NONBLOCK);
		answering_end(noted);
	}
	error = errno;
	close(located);
	errno = error;
	return fd;
}

static bool is_jit_map(const char *path, long pid)
{
	char same[96];

	snprintf(same, sizeof(same), "/proc/%ld/root/tmp/perf-%ld.map", pid, pid);
	return pid > 0 && strcmp(path, same) == 0;
}

/* Opens what is at `located`, if it is ELF. */
static int open_elf_at(int located)
{
	struct stat st;
	int fd = -1;

	errno = EINVAL;
	/* Files of the kernel's (in /proc, /sys) seem empty; to read one may have an effect. */
	if (fstat(located, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		fd = reopen(located, O_RDONLY | O_NONBLOCK);
		if (fd >= 0 && !is_elf(fd)) {
			close(fd);
			fd = -1;
			errno = ENOEXEC;
		}
	}
	return fd;
}

static int open_elf(const char *path, long pid)
{
	if (is_jit_map(path, pid))
		return open_jit_map(pid);
	int located = locate(path, pid), fd = -1, noted, error;

	if (located < 0)
		return -1;
	noted = answering_begin(located);
	if (noted >= 0) {
		fd = open_elf_at(located);
		answering_end(noted);
	}
	error = errno;
	close(located);
	errno = error;
	return fd;
}

static int prepare(void *context)
{
	(void)context;
	return confine_opener();
}

static int serve(void *context, const void *request, size_t size, int *fd)
{
	const char *path = request;

	if (!size || path[size - 1])
		return EINVAL;
	*fd = open_elf(path, *(const long *)context);
	return *fd < 0 ? errno : 0;
}

int opener_start(long pid)
{
	static long context;

	context = pid;
	opener = helper_start(&(struct helper_duty){.name = "hud-opener",
						    .limit_ms = LIMIT_MS,
						    .threads = THREADS,
						    .prepare = prepare,
						    .serve = serve,
						    .context = &context});
	if (!opener)
		perror("hud-postproc: cannot start a process");
	return opener ? 0 : -1;
}

int opener_descriptor(void)
{
	return opener ? helper_descriptor(opener) : -1;
}

void opener_end(void)
{
	helper_end(opener);
	opener = NULL;
}

int opener_open(const char *path)
{
	int fd, error;

	if (!opener) {
		long pid = 0;

		/* No helper: the caller opens it with its own rights. */
		sscanf(path, "/proc/%ld/", &pid);
		return open_elf(path, pid);
	}
	error = helper_ask(opener, path, strlen(path) + 1, &fd);
	if (fd < 0)
		errno = error ? error : EIO;
	return fd;
}
