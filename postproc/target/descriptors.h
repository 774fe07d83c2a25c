/* descriptors.h - the file descriptors of another process. */
#ifndef HUD_TARGET_DESCRIPTORS_H
#define HUD_TARGET_DESCRIPTORS_H

#include <stdbool.h>
#include <sys/types.h>

/* Calls `visit`, with a duplicate of the descriptor and with `data`, for each that process `pid`, which `pidfd` refers to, has on
 * something of this kind, as its name in /proc/PID/fd has it ("bpf-map", "[perf_event]"). The duplicate is closed behind it,
 * unless `visit` returns true: then it is visit's. No more are looked at when it has set *done. Returns 0, or an errno if there were some that the
 * kernel does not give away (pidfd_getfd, Linux 5.6, which Yama may refuse). */
int descriptors_visit(int pidfd, pid_t pid, const char *kind, bool (*visit)(int fd, void *data, bool *done),
		      void *data);

#endif
