/* sleepers.h - in which system calls workers sleep, as /proc tells: on which descriptors, and whether in Tokio's driver. */
#ifndef HUD_TARGET_SLEEPERS_H
#define HUD_TARGET_SLEEPERS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct sleepers;

/* For the threads of process `pid` whose `count` ids are these numbers, with a + before those that are workers of a multi-thread runtime. Exits the program when out of memory. */
struct sleepers *sleepers_new(pid_t pid, char *const *tids, size_t count);
void sleepers_free(struct sleepers *sleepers);

/* Looks at each. Writes a `descriptor` line for one that sleeps in a call on a descriptor and was not seen there before, or not for a
 * second; and a `parked` line if other numbers of workers wait in the driver, or otherwise, than before. `ns` is the time. */
void sleepers_look(struct sleepers *sleepers, uint64_t ns, FILE *out);

#endif
