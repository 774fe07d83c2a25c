/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup.h - CPU quotas of a process's control groups (version 1 and 2), and how long they kept it from
 * running. */
#ifndef HUD_TARGET_CGROUP_H
#define HUD_TARGET_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct cgroups;

/* The control groups of process `pid` and their parents, as they are now. Exits the program when out of
 * memory. */
struct cgroups *cgroups_new(pid_t pid);
void cgroups_free(struct cgroups *cgroups);

/* Does one of them have a quota? */
bool cgroups_have_quota(const struct cgroups *cgroups);

/* Writes a `throttled` line for each group that was throttled longer since the last one, and, once a
 * `second`, for each group with a quota; then also a `steal` line. `ns` is the time. */
void cgroups_look(struct cgroups *cgroups, uint64_t ns, bool second, FILE *out);

#endif
