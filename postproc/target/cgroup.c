/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup.c - see cgroup.h. Files: Documentation/scheduler/sched-bwc.rst and admin-guide/cgroup-v2.rst of
 * Linux 6.18; steal: proc(5). */
#include "target/cgroup.h"

#include <fcntl.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream/event.h"

#define LEVELS 16 /* the process's own control group, and so many parents */

struct group {
	char *folder;  /* its directory */
	char *name;    /* as the process sees it: hostile */
	uint64_t told; /* throttled time when it was last written */
	int stat;      /* its cpu.stat, open */
	bool v2;
};

struct cgroups {
	struct group group[LEVELS];
	size_t count;
};

/* Reads a small file. Returns false if there is none. */
static bool read_file(int fd, char *text, size_t size)
{
	ssize_t length = fd < 0 ? -1 : pread(fd, text, size - 1, 0);

	text[length > 0 ? length : 0] = '\0';
	return length > 0;
}

static bool read_named(const char *folder, const char *name, char *text, size_t size)
{
	char *path = concat(folder, "/", name, NULL);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool read = read_file(fd, text, size);

	if (fd >= 0)
		close(fd);
	free(path);
	return read;
}

/* The number behind `key` in cpu.stat. */
static uint64_t number(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return strtoull(line + length, NULL, 10);
	return 0;
}

/* The group's quota and period, in us. False if it has none. */
static bool read_quota(const struct group *g, uint64_t *quota, uint64_t *period)
{
	char text[128];
	long long limit;

	if (g->v2)
		return read_named(g->folder, "cpu.max", text, sizeof(text)) &&
		       sscanf(text, "%" SCNu64 " %" SCNu64, quota, period) == 2;
	if (!read_named(g->folder, "cpu.cfs_quota_us", text, sizeof(text)) ||
	    (limit = strtoll(text, NULL, 10)) <= 0 ||
	    !read_named(g->folder, "cpu.cfs_period_us", text, sizeof(text)))
		return false;
	*quota = (uint64_t)limit;
	*period = strtoull(text, NULL, 10);
	return true;
}

/* Adds the process's group below `mount`, and its parents. */
static void add(struct cgroups *c, const char *mount, const char *name, bool v2)
{
	char *path = xstrdup(name);

	while (c->count < LEVELS) {
		char *folder = concat(mount, path, NULL), *stat = concat(folder, "/cpu.stat", NULL);
		int fd = open(stat, O_RDONLY | O_CLOEXEC);
		char *slash = strrchr(path, '/');

		free(stat);
		if (fd >= 0)
			c->group[c->count++] = (struct group){
				.folder = folder, .name = xstrdup(*path ? path : "/"), .stat = fd, .v2 = v2};
		else
			free(folder);
		if (!slash)
			break;
		*slash = '\0';
	}
	free(path);
}

/* Does the list of controllers ("cpu,cpuacct") have `cpu`? */
static bool has_cpu(const char *controllers, size_t length)
{
	for (const char *at = controllers, *end = controllers + length; at < end;) {
		const char *comma = memchr(at, ',', (size_t)(end - at));

		comma = comma ? comma : end;
		if (comma - at == 3 && !memcmp(at, "cpu", 3))
			return true;
		at = comma + 1;
	}
	return false;
}

struct cgroups *cgroups_new(pid_t pid)
{
	static const char *const v1[] = {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"};
	static const char *const v2[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	struct cgroups *c = xcalloc(1, sizeof(*c));
	char path[64], line[4096 + 64];
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	in = fopen(path, "re");
	/* HIERARCHY:CONTROLLERS:PATH */
	while (in && fgets(line, sizeof(line), in)) {
		char *controllers = strchr(line, ':'),
		     *name = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!name)
			continue;
		controllers++;
		bool unified = name == controllers;

		if (!unified && !has_cpu(controllers, (size_t)(name - controllers)))
			continue;
		name++;
		name[strcspn(name, "\n")] = '\0';
		for (size_t i = 0, before = c->count; i < 2 && c->count == before; i++)
			add(c, unified ? v2[i] : v1[i], strcmp(name, "/") ? name : "", unified);
	}
	if (in)
		fclose(in);
	return c;
}

void cgroups_free(struct cgroups *c)
{
	for (size_t i = 0; i < c->count; i++) {
		close(c->group[i].stat);
		free(c->group[i].folder);
		free(c->group[i].name);
	}
	free(c);
}

bool cgroups_have_quota(const struct cgroups *c)
{
	uint64_t quota, period;

	for (size_t i = 0; i < c->count; i++)
		if (read_quota(&c->group[i], &quota, &period))
			return true;
	return false;
}

static void look_at(struct group *g, uint64_t ns, bool second, FILE *out)
{
	char text[1024];
	uint64_t quota, period, taken;

	if (!read_file(g->stat, text, sizeof(text)))
		return;
	taken = g->v2 ? number(text, "throttled_usec") * 1000 : number(text, "throttled_time");
	if ((!second && taken == g->told) || !read_quota(g, &quota, &period))
		return;
	g->told = taken;
	event_write(out, &(struct event){.kind = EVENT_THROTTLED,
					 .ns = ns,
					 .quota = {quota, period, number(text, "nr_periods"),
						   number(text, "nr_throttled")},
					 .total = taken,
					 .text = g->name});
}

/* The time that the host gave this machine's CPUs to others, for all CPUs together: the eighth number. */
static void look_at_host(uint64_t ns, FILE *out)
{
	char text[256];
	uint64_t ticks;

	if (read_named("/proc", "stat", text, sizeof(text)) &&
	    sscanf(text, "cpu %*u %*u %*u %*u %*u %*u %*u %" SCNu64, &ticks) == 1)
		event_write(out,
			    &(struct event){.kind = EVENT_STEAL,
					    .ns = ns,
					    .total = ticks * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK))});
}

void cgroups_look(struct cgroups *c, uint64_t ns, bool second, FILE *out)
{
	for (size_t i = 0; i < c->count; i++)
		look_at(&c->group[i], ns, second, out);
	if (second)
		look_at_host(ns, out);
}
