/* SPDX-License-Identifier: Apache-2.0 */
/* copyring.h - reads the stacks that a running bpftrace script copies to its maps (probes/stack.bt). */
#ifndef HUD_TARGET_COPYRING_H
#define HUD_TARGET_COPYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct copyring;

/* The layout of the maps, in rows: the most that one stack takes, the size of the ring, and how many rows a
 * thread has to itself if its copies are kept until it is back. */
struct copyring_shape {
	uint64_t rows, slots, kept;
};

/* Opens the maps of the script that process `pid` runs. Returns NULL with errno set if that fails. */
struct copyring *copyring_open(pid_t pid, const struct copyring_shape *shape);
void copyring_close(struct copyring *ring);

/* Reads `bytes` bytes of a copy into `words`, as far as they have not been overwritten. Returns how many
 * bytes from the start are valid. Sets *cleared if there are fewer because the script has emptied its maps,
 * as it does when it ends. */
size_t copyring_read(struct copyring *ring, uint64_t copy, size_t bytes, uint64_t *words, bool *cleared);

#endif
