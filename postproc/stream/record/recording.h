/* SPDX-License-Identifier: Apache-2.0 */
/* recording.h - a file to which an event-line stream is written.
 *
 * While it is written it is called NAME.partial. It consists of blocks of whole lines, each compressed
 * separately, so it can be read up to its last block at any time, also after a crash. When complete it gets
 * its name. It belongs to the user who called sudo, and only that user may read it.
 */
#ifndef HUD_STREAM_RECORD_RECORDING_H
#define HUD_STREAM_RECORD_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct recording;

/* Begins to write `path`, called `path` and `suffix` until it is complete; writes to a device or pipe
 * directly. A file left by a killed recorder is renamed to end in ~. `ring`: keep only so many bytes on the
 * disk, the newest; 0: all. Returns NULL with errno set: EBUSY if another recorder writes there, EINVAL for a
 * ring that is not a file. Exits the program when out of memory. */
struct recording *recording_open(const char *path, const char *suffix, uint64_t ring);

/* Could recording_open() write there? Changes nothing, and opens no pipe or device. Returns 0, or -1 with
 * errno as recording_open(). */
int recording_check(const char *path, const char *suffix, uint64_t ring);

/* Appends a block of whole lines. Returns 0; or -1 with errno set, and then the file ends with the previous
 * block (EMSGSIZE: the stream's head does not fit in the ring). */
int recording_write(struct recording *recording, const char *lines, size_t size);

/* A stdio stream that writes to it, in blocks of whole lines. Closing it writes the last block and leaves the
 * recording open. */
FILE *recording_stream(struct recording *recording);

/* Opens the file again to read it from the start. Returns a descriptor that the caller closes, or -1 with
 * errno set. Only for a file. */
int recording_reopen(const struct recording *recording);

/* Its current name. */
const char *recording_name(const struct recording *recording);

/* Is it a file, not a device or a pipe? */
bool recording_is_file(const struct recording *recording);

/* Closes it. `whole`: gives it its name; otherwise it keeps its current one. Returns 0, or -1 with errno
 * set. */
int recording_close(struct recording *recording, bool whole);

/* Removes it. */
void recording_discard(struct recording *recording);

#endif
