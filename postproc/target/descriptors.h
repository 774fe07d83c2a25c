/* SPDX-License-Identifier: Apache-2.0 */
/* descriptors.h - the file descriptors of another process. */
#ifndef HUD_TARGET_DESCRIPTORS_H
#define HUD_TARGET_DESCRIPTORS_H

#include <stdbool.h>
#include <sys/types.h>

/* Calls `visit` with a duplicate of each descriptor of process `pid` (`pidfd` refers to it) that has this
 * kind, as the links in /proc/PID/fd name it ("bpf-map", "[perf_event]"), and with `data`. The duplicate is
 * closed afterwards, unless `visit` returns true: then `visit` owns it. Stops when *done is set. Returns 0,
 * or an errno if the kernel refused to duplicate some (pidfd_getfd, Linux 5.6; Yama may refuse it). */
int descriptors_visit(int pidfd, pid_t pid, const char *kind, bool (*visit)(int fd, void *data, bool *done),
		      void *data);

#endif
