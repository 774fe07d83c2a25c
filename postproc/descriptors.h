/* descriptors.h - the file descriptors of another process. */
#ifndef HUD_DESCRIPTORS_H
#define HUD_DESCRIPTORS_H

#include <stdbool.h>
#include <sys/types.h>

/* Calls `visit`, with a duplicate of the descriptor and with `data`, for each that process `pid`, which `pidfd` refers to, has on
 * something of this kind, as its name in /proc/PID/fd has it ("bpf-map", "[perf_event]"). The duplicate is closed behind it,
 * unless `visit` returns true: then it is visit's, and no more are looked at. None are found if the kernel gives none
 * away (pidfd_getfd, Linux 5.6, which Yama may refuse). */
void descriptors_visit(int pidfd, pid_t pid, const char *kind, bool (*visit)(int fd, void *data), void *data);

#endif
