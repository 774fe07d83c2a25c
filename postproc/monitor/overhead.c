/* SPDX-License-Identifier: Apache-2.0 */
/* overhead.c - see overhead.h.
 *
 * The kernel only measures the time of probes when asked to, for all BPF programs of the machine, and this
 * costs some 30 ns for each run. So it measures for a tenth of each second: as long as a file descriptor for
 * it is open (BPF_ENABLE_STATS, Linux 5.8), which is closed however this program ends.
 */
#include "monitor/overhead.h"

#include <dirent.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "target/hush-perfevents.h"

#define ROUNDS 3     /* rounds in a row that must be too expensive */
#define COUNT_MS 100 /* of each round, how long probes are measured */
#define REST_MS 900
#define TRAP_NS 1000 /* the least time of a hit: the trap into the kernel and back */

/* What follows "\nNAME:" in the text; NULL if it is not there. */
static const char *find_number(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = strchr(text, '\n'); line; line = strchr(line + 1, '\n'))
		if (!strncmp(line + 1, name, length) && line[1 + length] == ':')
			return line + 2 + length;
	return NULL;
}

/* Sums over the BPF programs that process `pid` has open, by /proc/PID/fdinfo (bpf_prog_show_fdinfo, Linux
 * 5.1). */
static struct overhead_probes read_probes(pid_t pid)
{
	struct overhead_probes all = {0};
	char path[300], text[1024];
	const struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", (int)pid);
	directory = opendir(path);
	while (directory && (entry = readdir(directory))) {
		const char *ns, *type, *hits;

		snprintf(path, sizeof(path), "fdinfo/%s", entry->d_name);
		if (entry->d_name[0] == '.' || !process_read(pid, path, text, sizeof(text)))
			continue;
		ns = find_number(text, "run_time_ns");
		if (!ns)
			continue;
		all.ns += strtoull(ns, NULL, 10);
		all.programs++;
		type = find_number(text, "prog_type");
		hits = find_number(text, "run_cnt");
		if (type && hits && strtoul(type, NULL, 10) == BPF_PROG_TYPE_KPROBE) /* includes uprobes */
			all.hits += strtoull(hits, NULL, 10);
	}
	if (directory)
		closedir(directory);
	return all;
}

/* The CPU time of process `pid` so far, ns; 0 if it is gone. */
static int64_t read_cpu(pid_t pid)
{
	struct process_stat stat;

	return process_stat(pid, 0, &stat) ? (int64_t)stat.cpu : 0;
}

void overhead_add(struct overhead *o, pid_t pid)
{
	for (size_t i = 0; i < OVERHEAD_PROCESSES; i++)
		if (!o->process[i].pid) {
			o->process[i] = (struct overhead_process){.pid = pid, .cpu = read_cpu(pid)};
			return;
		}
}

void overhead_remove(struct overhead *o, pid_t pid)
{
	for (size_t i = 0; i < OVERHEAD_PROCESSES; i++)
		if (o->process[i].pid == pid)
			o->process[i].pid = 0;
}

/* Makes the kernel measure. */
static void begin_counting(struct overhead *o)
{
	union bpf_attr request;

	if (o->unsettled || !o->programs)
		o->hushed = perfevents_hush(o->pidfd, o->bpftrace);
	memset(&request, 0, sizeof(request));
	request.enable_stats.type = BPF_STATS_RUN_TIME;
	o->counting = (int)syscall(SYS_bpf, BPF_ENABLE_STATS, &request, sizeof(request));
	o->started = clock_ns();
	o->before = read_probes(o->bpftrace);
}

static void end_counting(struct overhead *o)
{
	struct overhead_probes after = read_probes(o->bpftrace);

	if (o->counting >= 0)
		close(o->counting);
	double passed = (double)(clock_ns() - o->started);

	/* Programs that are gone do not count. */
	o->probes = after.ns > o->before.ns ? (double)(after.ns - o->before.ns) / passed : 0;
	o->hits = after.hits > o->before.hits ? (double)(after.hits - o->before.hits) / passed * 1e9 : 0;
	/* Compiling and attaching are expensive, but happen once. */
	o->unsettled = !after.programs || after.programs != o->programs;
	o->programs = after.programs;
}

static void add_up_processes(struct overhead *o)
{
	uint64_t now = clock_ns();

	o->processes = 0;
	for (size_t i = 0; i < OVERHEAD_PROCESSES; i++) {
		int64_t cpu = o->process[i].pid ? read_cpu(o->process[i].pid) : 0;

		if (cpu > o->process[i].cpu)
			o->processes += (double)(cpu - o->process[i].cpu) / (double)(now - o->then);
		o->process[i].cpu = cpu;
	}
	o->then = now;
}

static enum overhead_verdict judge(struct overhead *o)
{
	double all = (o->probes + o->processes) * 100, traps = o->hits * TRAP_NS / 1e9 * 100;

	/* A slow machine takes more than a second to attach a probe, and seems settled meanwhile. */
	o->costly = o->begun && !o->unsettled && all > o->limits.all ? o->costly + 1 : 0;
	o->hit = !o->unsettled && traps > o->limits.hits ? o->hit + 1 : 0;
	if (o->verbose)
		dprintf(STDOUT_FILENO, "overhead    %.1f%%, probes %.1f%%, %zu programs, %zu events hushed\n",
			all, o->probes * 100, o->programs, o->hushed);
	if (o->hit == ROUNDS) {
		o->hit = 0;
		return OVERHEAD_HITS;
	}
	if (o->costly == ROUNDS) {
		o->costly = 0;
		return OVERHEAD_COSTLY;
	}
	return OVERHEAD_FINE;
}

enum overhead_verdict overhead_step(struct overhead *o, unsigned *wait_ms)
{
	o->counts = !o->counts;
	*wait_ms = o->counts ? COUNT_MS : REST_MS;
	if (o->counts) {
		begin_counting(o);
		return OVERHEAD_FINE;
	}
	end_counting(o);
	add_up_processes(o);
	return judge(o);
}
