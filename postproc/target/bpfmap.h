/* SPDX-License-Identifier: Apache-2.0 */
/* bpfmap.h - a variable of a running bpftrace script, read or set from outside. */
#ifndef HUD_TARGET_BPFMAP_H
#define HUD_TARGET_BPFMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A variable of a script. bpftrace keeps each in a BPF map (named AT_NAME by 0.17 to 0.27). */
struct bpfmap_wanted {
	const char *name;
	size_t size; /* of a value: exact if above 8 bytes; otherwise the most that a number has */
	int map;     /* gets a descriptor that the caller closes; -1 if there is none */
};

/* Opens variables of the script that process `pid` runs; `pidfd` refers to it. Returns 0, or an errno if some
 * cannot be opened. */
int bpfmap_open_all(int pidfd, pid_t pid, struct bpfmap_wanted *wanted, size_t count);

/* Opens a variable that holds numbers. Returns a descriptor that the caller closes; otherwise -1 with errno
 * set: ENOENT if there is none (yet). */
int bpfmap_open(int pidfd, pid_t pid, const char *name);

/* Reads the value of key `key` into `value`. Returns false if there is none. */
bool bpfmap_value(int map, uint64_t key, void *value);

/* The value of a number without a key; 0 if it has none. */
uint64_t bpfmap_number(int map);

/* Sets it, if it has a value already: the script sees that. Returns false with errno set if that is impossible. */
bool bpfmap_set_number(int map, uint64_t value);

#endif
