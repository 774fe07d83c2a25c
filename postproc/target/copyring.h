/* copyring.h - the stacks that a running bpftrace script has copied to its maps (probes/stack.bt), read from outside. */
#ifndef HUD_TARGET_COPYRING_H
#define HUD_TARGET_COPYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct copyring;

/* How the maps are laid out, in rows: the most that one stack takes, how many there is room for, and how many a thread has to
 * itself, if its copies are kept until it is back. */
struct copyring_shape {
	uint64_t rows, slots, kept;
};

/* Opens the maps of the script that process `pid` runs. Returns NULL and sets errno if they cannot be had. */
struct copyring *copyring_open(pid_t pid, const struct copyring_shape *shape);
void copyring_close(struct copyring *ring);

/* Reads `bytes` bytes of a copy, as far as they are still there: the maps are used again. `words` has room for so many. Returns how many
 * bytes, from the first on, are those that were copied. Sets *cleared if there are less because the script has emptied its maps, as it does
 * when it ends. */
size_t copyring_read(struct copyring *ring, uint64_t copy, size_t bytes, uint64_t *words, bool *cleared);

#endif
