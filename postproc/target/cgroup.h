/* cgroup.h - the CPU quota of a process's control groups, and how long that kept it from running; version 1 and 2. */
#ifndef HUD_TARGET_CGROUP_H
#define HUD_TARGET_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct cgroups;

/* Those that process `pid` is in now, and their parents. Exits the program when out of memory. */
struct cgroups *cgroups_new(pid_t pid);
void cgroups_free(struct cgroups *cgroups);

/* Does one of them have a quota? */
bool cgroups_have_quota(const struct cgroups *cgroups);

/* Writes a `throttled` line for each with a quota of whose time more was taken since it was last told, or, once a `second`, for each
 * with a quota; then a `steal` line as well. `ns` is the time. */
void cgroups_look(struct cgroups *cgroups, uint64_t ns, bool second, FILE *out);

#endif
