/* recording.h - the file that an event-line stream is written to while it is made.
 *
 * It is written under NAME.partial, in blocks of whole lines, each compressed by itself: so it can be read up to its last block
 * at any time, also after a crash. When all is there it gets its name. It belongs to who called sudo, who alone may read it.
 */
#ifndef HUD_STREAM_RECORD_RECORDING_H
#define HUD_STREAM_RECORD_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct recording;

/* Begins to write `path`, under that name and `suffix` until it is done; a device or a pipe is written to as it is. What a
 * recorder that was killed has left there is renamed, with a ~ behind. `ring`: keep only the newest so many bytes on the
 * disk; 0: all. Returns NULL with errno set: EBUSY if another one is being written there, EINVAL for a ring that is no file.
 * Exits the program when out of memory. */
struct recording *recording_open(const char *path, const char *suffix, uint64_t ring);

/* Could recording_open() write there? Leaves nothing behind, and does not open a pipe or device. Returns 0, or -1 with errno set as
 * recording_open() does. */
int recording_check(const char *path, const char *suffix, uint64_t ring);

/* Adds a block of whole lines. Returns 0; or -1 with errno set, and then the file ends with the block before (EMSGSIZE: the
 * stream's head does not fit in the ring). */
int recording_write(struct recording *recording, const char *lines, size_t size);

/* A stream that writes blocks to it, of whole lines. Closing it writes the last one, and leaves the recording open. */
FILE *recording_stream(struct recording *recording);

/* Opens it again, for reading from its beginning: a descriptor for the caller to close, or -1 with errno set. Only of a file. */
int recording_reopen(const struct recording *recording);

/* The name that it has now. */
const char *recording_name(const struct recording *recording);

/* Is it a file, not a device or a pipe? */
bool recording_is_file(const struct recording *recording);

/* Ends it. `whole`: it gets its name; else it stays where it is. Returns 0, or -1 with errno set. */
int recording_close(struct recording *recording, bool whole);

/* Throws it away. */
void recording_discard(struct recording *recording);

#endif
