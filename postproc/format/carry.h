/* SPDX-License-Identifier: Apache-2.0 */
/* carry.h - counters that go on where those of an earlier trace ended: with --follow, each life of the target is a trace of its own. */
#ifndef HUD_FORMAT_CARRY_H
#define HUD_FORMAT_CARRY_H

#include <stddef.h>
#include <stdio.h>

/* Counters and histograms, as read from metrics. */
struct carried;

/* Reads what format_prometheus() wrote, from the start of the file `fd`; of an empty one there are none. Returns NULL with errno set if
 * it cannot be read. Exits the program when out of memory. */
struct carried *carried_read(int fd);
void carried_free(struct carried *carried);

/* Writes metrics (of format_prometheus() or format_openmetrics()) to `out`, with these counters added, also those that are not among them.
 * Errors show in ferror(out). */
void carried_add(struct carried *carried, const char *metrics, size_t size, FILE *out);

#endif
