/* bpfmap.h - a variable of a running bpftrace script, read or set from outside. */
#ifndef HUD_TARGET_BPFMAP_H
#define HUD_TARGET_BPFMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A variable of a script: bpftrace keeps each in a BPF map of its own (named AT_NAME by 0.17 to 0.27). */
struct bpfmap_wanted {
	const char *name;
	size_t size; /* of a value: of a number at most that, of more exactly */
	int map;     /* set to a file descriptor, the caller's; -1 if there is none */
};

/* Opens variables of the script that process `pid`, which `pidfd` refers to, runs. Returns 0, or an errno if there were some that cannot
 * be had. */
int bpfmap_open_all(int pidfd, pid_t pid, struct bpfmap_wanted *wanted, size_t count);

/* Opens one that holds numbers. Returns a file descriptor, the caller's; else -1 and sets errno: ENOENT if there is none (yet), else
 * why it cannot be had. */
int bpfmap_open(int pidfd, pid_t pid, const char *name);

/* Reads its value for a key, a number, into `value`. Returns false if it has none. */
bool bpfmap_value(int map, uint64_t key, void *value);

/* The value of a variable that is a number without a key; 0 if it has none. */
uint64_t bpfmap_number(int map);

/* Sets it, if it has a value already: the script sees that. Returns false with errno set if that is impossible. */
bool bpfmap_set_number(int map, uint64_t value);

#endif
