/* SPDX-License-Identifier: Apache-2.0 */
/* recording.c - see recording.h. */
#include "stream/record/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/grow.h"
#include "base/write-all.h"
#include "sandbox/atomic-file.h"
#include "sandbox/outpath.h"
#include "stream/record/pack.h"
#include "stream/record/ring.h"
#include "stream/record/unpack.h"

#define STREAM_BUFFER (256u << 10)

struct block {
	uint64_t newest;       /* the newest time in it or before it */
	off_t offset;	       /* in the file */
	size_t size, unpacked; /* bytes in the file, and of lines */
};

struct recording {
	char *path, *partial; /* names as the caller knows them; partial: NULL if it is not a file */
	struct outpath whole; /* its final name */
	char *name;	      /* its current name there */
	int fd;
	off_t size;
	struct packer *packer;
	off_t limit; /* of a ring, otherwise 0 */
	struct ring *ring;
	struct block *block; /* of a ring, without its head */
	size_t blocks, allocated;
};

/* Opens and locks what is at `name` in the directory: a recorder that writes it holds a lock. -1 with errno
 * set: EBUSY if it is locked. */
static int open_left(int directory, const char *name)
{
	int fd = openat(directory, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		errno = EBUSY;
		return -1;
	}
	return fd;
}

/* Creates a new file in place of what a killed recorder has left. */
static int open_partial(int directory, const char *name)
{
	int fd = open_left(directory, name), error;

	if (fd < 0 && errno == EBUSY)
		return -1;
	if (fd >= 0) {
		char *old = concat(name, "~", NULL);
		int failed = renameat(directory, name, directory, old);

		error = errno;
		free(old);
		close(fd);
		if (failed) {
			errno = error;
			return -1;
		}
	}
	fd = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	error = errno;
	close(fd);
	unlinkat(directory, name, 0);
	errno = error;
	return -1;
}

/* Sets r->fd and what belongs to it. */
static int open_either(struct recording *r, const char *suffix)
{
	int special = outpath_special(r->path, &r->fd);

	if (special < 0 || (!special && outpath_find(&r->whole, r->path)))
		return -1;
	if (special && r->limit) {
		close(r->fd);
		errno = EINVAL;
		return -1;
	}
	if (special)
		return 0;
	r->partial = concat(r->path, suffix, NULL);
	r->name = concat(r->whole.name, suffix, NULL);
	r->fd = open_partial(r->whole.directory, r->name);
	return r->fd < 0 ? -1 : 0;
}

static void free_names(struct recording *r)
{
	outpath_free(&r->whole);
	free(r->name);
	free(r->partial);
	free(r->path);
	free(r);
}

struct recording *recording_open(const char *path, const char *suffix, uint64_t ring)
{
	struct recording *r = xcalloc(1, sizeof(*r));

	r->path = xstrdup(path);
	r->limit = (off_t)ring;
	r->whole.directory = -1;
	if (open_either(r, suffix)) {
		int error = errno;

		free_names(r);
		errno = error;
		return NULL;
	}
	r->packer = packer_new(packing_of(path));
	r->ring = ring ? ring_new() : NULL;
	return r;
}

int recording_check(const char *path, const char *suffix, uint64_t ring)
{
	int special = outpath_check(path);

	if (special > 0 && ring) {
		errno = EINVAL;
		return -1;
	}
	if (!special) {
		struct outpath out;

		if (outpath_find(&out, path))
			return -1;
		char *name = concat(out.name, suffix, NULL);
		int fd = open_left(out.directory, name);

		free(name);
		outpath_free(&out);
		if (fd >= 0)
			close(fd);
		else if (errno != ENOENT)
			return -1;
	}
	return output_check(path);
}

int recording_reopen(const struct recording *r)
{
	char path[32];

	/* Its name may lead to another file now. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", r->fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

const char *recording_name(const struct recording *r)
{
	return r->partial ? r->partial : r->path;
}

bool recording_is_file(const struct recording *r)
{
	return r->partial;
}

/* Appends lines as a block. If the disk is full, removes what was written of it. */
static int append(struct recording *r, const char *lines, size_t size, struct block *block)
{
	size_t packed;
	const void *bytes = pack(r->packer, lines, size, &packed);

	if (write_all(r->fd, bytes, packed)) {
		int error = errno;

		if (r->partial && ftruncate(r->fd, r->size) == 0)
			lseek(r->fd, r->size, SEEK_SET);
		errno = error;
		return -1;
	}
	*block = (struct block){.offset = r->size, .size = packed, .unpacked = size};
	r->size += (off_t)packed;
	return 0;
}

static void remember(struct recording *r, const struct block *block)
{
	GROW(r->block, r->allocated, r->blocks + 1);
	r->block[r->blocks++] = *block;
}

/* Copies the stack lines in the blocks from `first` to `end` to `out`. */
static void copy_stacks(struct recording *r, size_t first, size_t end, FILE *out)
{
	size_t left = 0, room = 0;
	bool frames = false;
	char *line = NULL;
	ssize_t length;

	if (first == end)
		return;
	int fd = fcntl(r->fd, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return;
	/* Both descriptors share one offset, which is set to the end again below. */
	lseek(fd, r->block[first].offset, SEEK_SET);
	FILE *in = unpack_fd(fd);

	for (size_t i = first; i < end; i++)
		left += r->block[i].unpacked;
	while (in && left && (length = getline(&line, &room, in)) > 0) {
		left -= (size_t)length < left ? (size_t)length : left;
		if (ring_is_stack(line, &frames))
			fwrite(line, 1, (size_t)length, out);
	}
	free(line);
	if (in)
		fclose(in);
	lseek(r->fd, r->size, SEEK_SET);
}

/* Writes what replaces the blocks before `first`: the head, and the newest stack lines, at most a quarter of
 * the ring. */
static int write_start(struct recording *r, size_t first, struct recording *to)
{
	uint64_t start = r->block[first - 1].newest, from = ring_stacks_from(r->ring, start);
	struct block block;
	size_t size, oldest = first;
	char *text;
	FILE *memory = open_memstream(&text, &size);

	if (!memory)
		xmalloc_failed(0);
	ring_start(r->ring, start, memory);
	if (fclose(memory) != 0)
		xmalloc_failed(0);
	int failed = append(to, text, size, &block);

	free(text);
	if (!failed && to->size > r->limit / 2) {
		errno = EMSGSIZE;
		failed = -1;
	}
	if (failed)
		return -1;
	while (oldest > 0 && r->block[oldest - 1].newest >= from)
		oldest--;
	memory = open_memstream(&text, &size);
	if (!memory)
		xmalloc_failed(0);
	copy_stacks(r, oldest, first, memory);
	if (fclose(memory) != 0)
		xmalloc_failed(0);
	const char *kept = text, *end = text + size;
	size_t packed;

	for (pack(to->packer, kept, size, &packed); size && (off_t)packed > r->limit / 4;
	     pack(to->packer, kept, size, &packed)) {
		const char *middle = memchr(kept + size / 2, '\n', size - size / 2);

		kept = middle ? middle + 1 : end;
		size = (size_t)(end - kept);
	}
	failed = size ? append(to, kept, size, &block) : 0;
	if (!failed && size) {
		block.newest = start;
		remember(to, &block);
	}
	free(text);
	return failed;
}

static int copy_block(struct recording *from, const struct block *block, struct recording *to)
{
	struct block copy = *block;
	char *bytes = xmalloc(block->size);
	ssize_t got = pread(from->fd, bytes, block->size, block->offset);
	int failed = got == (ssize_t)block->size ? write_all(to->fd, bytes, block->size) : -1;

	free(bytes);
	if (failed) {
		errno = got >= 0 && got != (ssize_t)block->size ? EIO : errno;
		return -1;
	}
	copy.offset = to->size;
	to->size += (off_t)block->size;
	remember(to, &copy);
	return 0;
}

/* Rewrites the ring without its oldest blocks, so that half of it is left. */
static int drop_oldest(struct recording *r)
{
	struct recording to = {.packer = r->packer, .limit = r->limit};
	off_t kept = 0;
	size_t first = r->blocks;
	int directory = r->whole.directory;
	char *beside = concat(r->name, ".new", NULL);

	while (first > 1 && kept + (off_t)r->block[first - 1].size <= r->limit / 2)
		kept += (off_t)r->block[--first].size;
	unlinkat(directory, beside, 0);
	to.fd = open_partial(directory, beside);
	int failed = to.fd < 0 || write_start(r, first, &to);

	for (size_t i = first; i < r->blocks && !failed; i++)
		failed = copy_block(r, &r->block[i], &to);
	failed = failed || renameat(directory, beside, directory, r->name);
	int error = errno;

	if (!failed) {
		close(r->fd);
		free(r->block);
		r->fd = to.fd;
		r->size = to.size;
		r->block = to.block;
		r->blocks = to.blocks;
		r->allocated = to.allocated;
	} else if (to.fd >= 0) {
		close(to.fd);
		unlinkat(directory, beside, 0);
		free(to.block);
	}
	free(beside);
	errno = error;
	return failed ? -1 : 0;
}

int recording_write(struct recording *r, const char *lines, size_t size)
{
	struct block block;

	if (r->ring) {
		size_t head = ring_head(r->ring, lines, size);

		if (head && append(r, lines, head, &block))
			return -1;
		lines += head;
		size -= head;
	}
	if (!size)
		return 0;
	if (append(r, lines, size, &block))
		return -1;
	if (!r->ring)
		return 0;
	block.newest = ring_add(r->ring, lines, size);
	if (r->blocks && r->block[r->blocks - 1].newest > block.newest)
		block.newest = r->block[r->blocks - 1].newest;
	remember(r, &block);
	return r->size > r->limit ? drop_oldest(r) : 0;
}

/* --- as a stdio stream --- */

struct cookie {
	struct recording *recording;
	char *bytes;
	size_t filled, allocated;
	bool failed;
};

/* Writes the whole lines, or everything. */
static int cookie_flush(struct cookie *c, bool all)
{
	const char *end = c->filled ? memrchr(c->bytes, '\n', c->filled) : NULL;
	size_t size = all ? c->filled : end ? (size_t)(end - c->bytes) + 1 : 0;

	if (c->failed || (size && recording_write(c->recording, c->bytes, size))) {
		c->failed = true;
		return -1;
	}
	c->filled -= size;
	if (c->filled)
		memmove(c->bytes, c->bytes + size, c->filled);
	return 0;
}

static ssize_t cookie_write(void *cookie, const char *bytes, size_t size)
{
	struct cookie *c = cookie;

	GROW(c->bytes, c->allocated, c->filled + size);
	memcpy(c->bytes + c->filled, bytes, size);
	c->filled += size;
	return c->filled >= STREAM_BUFFER && cookie_flush(c, false) ? 0 : (ssize_t)size;
}

static int cookie_close(void *cookie)
{
	struct cookie *c = cookie;
	int failed = cookie_flush(c, true), error = errno;

	free(c->bytes);
	free(c);
	errno = error;
	return failed;
}

FILE *recording_stream(struct recording *r)
{
	static const cookie_io_functions_t functions = {.write = cookie_write, .close = cookie_close};
	struct cookie *c = xcalloc(1, sizeof(*c));

	c->recording = r;
	FILE *file = fopencookie(c, "w", functions);

	if (!file)
		xmalloc_failed(0);
	return file;
}

int recording_close(struct recording *r, bool whole)
{
	int error = 0;

	int directory = r->whole.directory;

	if (r->partial && whole &&
	    (fsync(r->fd) != 0 || renameat(directory, r->name, directory, r->whole.name) != 0))
		error = errno;
	if (close(r->fd) != 0 && !error)
		error = errno;
	packer_free(r->packer);
	ring_free(r->ring);
	free(r->block);
	free_names(r);
	errno = error;
	return error ? -1 : 0;
}

void recording_discard(struct recording *r)
{
	if (r->partial)
		unlinkat(r->whole.directory, r->name, 0);
	recording_close(r, false);
}
