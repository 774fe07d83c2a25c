/* syscalls.h - the system calls' names on each architecture: a recording may come from another one than this machine's. */
#ifndef HUD_BASE_SYSCALLS_H
#define HUD_BASE_SYSCALLS_H

#include <stddef.h>

/* One architecture's names by number; NULL where there is no call. Numbers never change, but kernels add new ones. */
struct syscalls {
	const char *const *name;
	size_t count;
};

extern const struct syscalls syscalls_x86_64, syscalls_aarch64;

#endif
