/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz-record.c - records a stream, in full or in a ring, and reads it back. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "replay/replay.h"
#include "stream/record/recording.h"
#include "stream/record/ring.h"
#include "stream/record/unpack.h"

#define HEAD_MOST 4096 /* bytes of a head: half of a ring of this size */

static char directory[] = "/dev/shm/hud-fuzz-XXXXXX";

static void remove_directory(void)
{
	rmdir(directory);
}

static void make_directory(void)
{
	static int made;

	if (made++)
		return;
	if (!mkdtemp(directory) || atexit(remove_directory))
		abort();
}

/* Records in blocks of whole lines, about `most` bytes each. Returns -1 if recording has given up. */
static int record(struct recording *recording, const char *lines, size_t size, size_t most)
{
	while (size) {
		size_t length = size;

		if (size > most) {
			const char *end = memchr(lines + most, '\n', size - most);

			length = end ? (size_t)(end + 1 - lines) : size;
		}
		if (recording_write(recording, lines, length))
			return -1;
		lines += length;
		size -= length;
	}
	return 0;
}

/* Returns the recording, with a 0 byte at its end. The caller frees it. */
static char *read_again(const char *path, size_t *size)
{
	FILE *in = unpack_open(path);
	size_t room = 0;
	char *text = NULL;

	*size = 0;
	if (!in)
		check_failed("recording", "it cannot be opened", path, strlen(path));
	do {
		room = 2 * room + 4096;
		text = realloc(text, room);
		*size += fread(text + *size, 1, room - *size - 1, in);
	} while (*size == room - 1);
	if (ferror(in))
		check_failed("recording", "it cannot be read", text, *size);
	fclose(in);
	text[*size] = '\0';
	return text;
}

/* A line without its end is ignored; that alone needs no warning. */
static void check_whole(const uint8_t *data, size_t size, const char *text, size_t length)
{
	if (length != size || memcmp(text, data, size) != 0)
		check_failed("recording", "not what was recorded", text, length);
}

/* If the stream can be read, so can what the ring keeps; and the ring is at most one block larger than was
 * asked for. */
static void check_ring(const char *path, const char *text, size_t length, size_t limit, size_t block,
		       size_t longest)
{
	struct stat st;
	struct model model;
	struct replay *replay = replay_new(&(struct replay_options){.detail = DETAIL_SUMS});
	FILE *in = open_bytes((const uint8_t *)text, length);

	replay_read(replay, in, &model);
	fclose(in);
	replay_free(replay);
	if (stat(path, &st) != 0 || (size_t)st.st_size > limit + 2 * (block + longest) + 4096)
		check_failed("ring", "larger than was asked for", text, length);
}

static size_t longest_line(const uint8_t *data, size_t size)
{
	size_t longest = 0;

	for (size_t at = 0, start = 0; at < size; at++) {
		if (data[at] == '\n')
			start = at + 1;
		longest = at - start > longest ? at - start : longest;
	}
	return longest;
}

void fuzz_record(const uint8_t *data, size_t size)
{
	static const char *const endings[] = {"", ".zst", ".gz"};
	unsigned sum = 0;
	char path[64];
	size_t length;

	for (size_t i = 0; i < size && i < 256; i++)
		sum += data[i];
	uint64_t ring = sum & 1 ? (uint64_t)1024 << sum / 2 % 5 : 0;
	size_t block = (size_t)128 << sum / 32 % 4;

	make_directory();
	snprintf(path, sizeof(path), "%s/r%s", directory, endings[sum % 3]);
	struct recording *recording = recording_open(path, ".partial", ring);

	if (!recording)
		check_failed("recording", "it cannot be made", path, strlen(path));
	int failed = record(recording, (const char *)data, size, block);

	if (failed && !ring)
		check_failed("recording", "it failed", path, strlen(path));
	if (failed) {
		recording_discard(recording);
		return;
	}
	if (recording_close(recording, true))
		check_failed("recording", "it cannot be ended", path, strlen(path));
	char *text = read_again(path, &length);

	if (ring)
		check_ring(path, text, length, ring, block, longest_line(data, size));
	else
		check_whole(data, size, text, length);
	free(text);
	unlink(path);
}
