/* SPDX-License-Identifier: Apache-2.0 */
/* unpack.c - see unpack.h. Members (gzip, RFC 1952) and frames (zstd, RFC 8878) may follow each other.
 *
 * gzread() will not do: it takes garbage behind a member for the end, without an error; if it finds damage,
 * it drops what it has unpacked in the same call; and it returns nothing from a pipe before its buffer is
 * full.
 */
#include "stream/record/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <libiberty/libiberty.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "sandbox/userfiles.h"

#define BUFFER 65536

struct unpacker;

/* Continues unpacking, at most `size` bytes. Returns how many, 0 at the end, -1 with errno set. */
typedef ssize_t unpack_some(struct unpacker *, char *to, size_t size);

struct unpacker {
	int fd;
	unpack_some *some;
	bool at_end;  /* the file is read to its end */
	bool between; /* a member has just ended */
	z_stream gzip;
	ZSTD_DCtx *zstd;
	size_t at, filled; /* of `bytes` */
	unsigned char bytes[BUFFER];
};

/* Reads bytes unless there are some, or the file has ended. Returns -1 with errno set if reading fails. */
static int fill(struct unpacker *u)
{
	ssize_t got;

	if (u->at < u->filled || u->at_end)
		return 0;
	while ((got = read(u->fd, u->bytes, BUFFER)) < 0)
		if (errno != EINTR)
			return -1;
	u->at = 0;
	u->filled = (size_t)got;
	u->at_end = got == 0;
	return 0;
}

static ssize_t plain(struct unpacker *u, char *to, size_t size)
{
	if (fill(u))
		return -1;
	if (size > u->filled - u->at)
		size = u->filled - u->at;
	memcpy(to, u->bytes + u->at, size);
	u->at += size;
	return (ssize_t)size;
}

/* Reads the start of the next member. After a crash there may be zeros. */
static int fill_behind(struct unpacker *u)
{
	do {
		if (fill(u))
			return -1;
		while (u->at < u->filled && u->bytes[u->at] == 0)
			u->at++;
	} while (u->at == u->filled && !u->at_end);
	return 0;
}

static ssize_t gunzip(struct unpacker *u, char *to, size_t size)
{
	u->gzip.next_out = (Bytef *)to;
	u->gzip.avail_out = (uInt)size;
	while (u->gzip.avail_out == size) {
		if (u->between ? fill_behind(u) : fill(u))
			return -1;
		if (u->between && u->at == u->filled)
			break;
		if (u->between)
			inflateReset(&u->gzip);
		u->gzip.next_in = u->bytes + u->at;
		u->gzip.avail_in = (uInt)(u->filled - u->at);
		int result = inflate(&u->gzip, Z_NO_FLUSH);
		u->at = u->filled - u->gzip.avail_in;
		u->between = result == Z_STREAM_END;
		/* Z_BUF_ERROR: it needs more input. */
		if (result == Z_BUF_ERROR && u->at_end)
			break;
		if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
			if (u->gzip.avail_out < size) /* return what was unpacked; the error comes again */
				break;
			errno = result == Z_MEM_ERROR ? ENOMEM : EBADMSG;
			return -1;
		}
	}
	return (ssize_t)(size - u->gzip.avail_out);
}

static ssize_t unzstd(struct unpacker *u, char *to, size_t size)
{
	ZSTD_outBuffer out = {to, size, 0};

	while (out.pos == 0) {
		if (u->between ? fill_behind(u) : fill(u))
			return -1;
		ZSTD_inBuffer in = {u->bytes, u->filled, u->at};
		size_t result = ZSTD_decompressStream(u->zstd, &out, &in);

		u->at = in.pos;
		u->between = result == 0;
		if (ZSTD_isError(result)) {
			ZSTD_ErrorCode code = ZSTD_getErrorCode(result);

			errno = code == ZSTD_error_memory_allocation		   ? ENOMEM
				: code == ZSTD_error_frameParameter_windowTooLarge ? EFBIG
										   : EBADMSG;
			return -1;
		}
		if (u->at_end && out.pos == 0)
			break;
	}
	return (ssize_t)out.pos;
}

static ssize_t cookie_read(void *cookie, char *to, size_t size)
{
	struct unpacker *u = cookie;

	return size ? u->some(u, to, size < INT_MAX ? size : INT_MAX) : 0;
}

static int cookie_close(void *cookie)
{
	struct unpacker *u = cookie;

	if (u->some == gunzip)
		inflateEnd(&u->gzip);
	ZSTD_freeDCtx(u->zstd);
	close(u->fd);
	free(u);
	return 0;
}

/* Looks at the first bytes, which may come one by one. */
static int choose(struct unpacker *u)
{
	static const unsigned char gzip[] = {0x1f, 0x8b}, zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
	ssize_t got;

	u->some = plain;
	while (u->filled < sizeof(zstd) && !u->at_end) {
		got = read(u->fd, u->bytes + u->filled, BUFFER - u->filled);
		if (got < 0 && errno != EINTR)
			return -1;
		u->filled += got > 0 ? (size_t)got : 0;
		u->at_end = got == 0;
	}
	if (u->filled >= sizeof(gzip) && !memcmp(u->bytes, gzip, sizeof(gzip))) {
		if (inflateInit2(&u->gzip, 16 + MAX_WBITS) != Z_OK)
			xmalloc_failed(0);
		u->some = gunzip;
	} else if (u->filled >= sizeof(zstd) && !memcmp(u->bytes, zstd, sizeof(zstd))) {
		u->zstd = ZSTD_createDCtx();
		if (!u->zstd)
			xmalloc_failed(0);
		ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax, 27);
		u->some = unzstd;
	}
	return 0;
}

FILE *unpack_fd(int fd)
{
	static const cookie_io_functions_t functions = {.read = cookie_read, .close = cookie_close};
	struct unpacker *u = xcalloc(1, sizeof(*u));
	FILE *file;

	u->fd = fd;
	if (choose(u)) {
		int error = errno;

		cookie_close(u);
		errno = error;
		return NULL;
	}
	file = fopencookie(u, "r", functions);
	if (!file)
		xmalloc_failed(0);
	setvbuf(file, NULL, _IOFBF, BUFFER);
	return file;
}

FILE *unpack_open(const char *path)
{
	int fd = strcmp(path, "-") != 0 ? userfile_read(path) : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);

	return fd >= 0 ? unpack_fd(fd) : NULL;
}
