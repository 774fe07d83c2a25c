/* bpfmap.h - a variable of a running bpftrace script, read from outside. */
#ifndef HUD_BPFMAP_H
#define HUD_BPFMAP_H

#include <stdint.h>
#include <sys/types.h>

/* Opens the variable @NAME of the script that process `pid`, which `pidfd` refers to, runs. bpftrace keeps each in a BPF map of its
 * own (named AT_NAME by 0.17 to 0.27). Returns a file descriptor, the caller's; else -1 and sets errno: ENOENT if there is none (yet),
 * else why it cannot be had. */
int bpfmap_open(int pidfd, pid_t pid, const char *name);

/* The value of such a variable, a number without a key; 0 if it has none. */
uint64_t bpfmap_number(int map);

#endif
