/* SPDX-License-Identifier: Apache-2.0 */
/* sleepers.h - in which system calls workers sleep, by /proc: on which descriptor, and whether in Tokio's
 * driver. */
#ifndef HUD_TARGET_SLEEPERS_H
#define HUD_TARGET_SLEEPERS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct sleepers;

/* Watches threads of process `pid`. `tids` are `count` numbers, with a + before workers of a multi-thread
 * runtime. Exits the program when out of memory. */
struct sleepers *sleepers_new(pid_t pid, char *const *tids, size_t count);
void sleepers_free(struct sleepers *sleepers);

/* Looks at each thread. Writes a `descriptor` line for one that sleeps in a call on a descriptor, if it is a
 * new one or was last written a second ago; and a `parked` line if the number of workers that wait in the
 * driver, or elsewhere, has changed. `ns` is the time. */
void sleepers_look(struct sleepers *sleepers, uint64_t ns, FILE *out);

#endif
