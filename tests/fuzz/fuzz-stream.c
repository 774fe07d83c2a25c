/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz-stream.c - event lines from anywhere. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "diff/diff.h"
#include "fuzz-formats.h"
#include "fuzz.h"
#include "replay/replay.h"
#include "stream/record/unpack.h"

/* The first two bytes choose how to read it. */
static struct replay *read_stream(FILE *in, unsigned mode, struct model *model)
{
	struct replay *replay = replay_new(&(struct replay_options){
		.all_stacks = (mode & 1) != 0,
		.detail = mode & 2   ? DETAIL_SPANS
			  : mode & 8 ? DETAIL_SHARES
				     : DETAIL_SUMS,
		.window = mode & 4 ? UINT64_C(1000000000) : 0,
	});

	replay_read(replay, in, model);
	fclose(in);
	return replay;
}

/* The bytes themselves choose how they are read, so that corpora are plain streams. */
static unsigned mode_of(const uint8_t *data, size_t size)
{
	unsigned sum = 0;

	for (size_t i = 0; i < size && i < 256; i++)
		sum += data[i];
	return sum;
}

void fuzz_stream(const uint8_t *data, size_t size)
{
	unsigned mode = mode_of(data, size) | 1;
	struct model model, again;
	struct replay *replay = read_stream(open_bytes(data, size), mode & ~4u, &model);
	char *lines = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&lines, &length);

	/* A resolved stream must consist of valid lines. */
	replay_write_stacks(replay, out);
	fclose(out);
	struct replay *second = read_stream(open_bytes((const uint8_t *)lines, length), mode, &again);

	if (again.bad_lines || again.unknown_lines)
		check_failed("resolved stacks", "not event lines", lines, length);
	check_text("resolved stacks", lines, length, 1);
	replay_free(second);
	replay_free(replay);
	free(lines);
}

void fuzz_formats(const uint8_t *data, size_t size)
{
	struct model model;
	struct replay *replay = read_stream(open_bytes(data, size), mode_of(data, size) | 2, &model);

	check_formats(&model);
	replay_free(replay);
}

void fuzz_diff(const uint8_t *data, size_t size)
{
	static const char border[] = "\n--\n";
	const uint8_t *at = memmem(data, size, border, sizeof(border) - 1);
	size_t first = at ? (size_t)(at - data) + 1 : size, second = at ? first + 3 : size;
	struct model before, after;
	struct replay *one = read_stream(open_bytes(data, first), 2, &before),
		      *two = read_stream(open_bytes(data + second, size - second), 2, &after);
	struct diff diff;

	diff_make(&diff, &before, &after);
	check_diff(&diff);
	diff_free(&diff);
	replay_free(one);
	replay_free(two);
}

void fuzz_unpack(const uint8_t *data, size_t size)
{
	int fd = memfd_create("recording", MFD_CLOEXEC);
	struct model model;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	FILE *in = unpack_fd(fd);

	if (in)
		replay_free(read_stream(in, 0, &model));
	else
		close(fd);
}
