/* overhead.c - hud-postproc overhead: what tracing costs, while it lasts.
 *
 * The time that probes take in the kernel is only known while the kernel counts it, for all BPF programs of the machine, and that
 * costs some 30 ns for each run of each. So it counts for a tenth of each second: as long as a file descriptor is open
 * that asks for it (BPF_ENABLE_STATS, Linux 5.8), which is closed whatever ends this program.
 */
#include <dirent.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "command/command.h"
#include "target/perfevents.h"

#define PROCESSES 8
#define ROUNDS 3		    /* so many in a row are too dear, before that is said */
#define COUNT_NS (int64_t)100000000 /* of a round, how long the probes are watched */
#define REST_MS 900
#define TRAP_NS 1000 /* that a hit takes, at least: the trap into the kernel and back */

/* What is too much, in percent of a CPU. */
struct limits {
	double all, hits;
};

static const char usage[] =
	"usage: hud-postproc overhead [-v] [-p PERCENT] PERCENT BPFTRACE [PID]...\n"
	"\n"
	"Measures once a second what tracing costs: the time in probes of process BPFTRACE, its own,\n"
	"and that of the processes PID. Exits with 3, and says so, when that was more than PERCENT\n"
	"of a CPU for three seconds in a row; with 0 when BPFTRACE has ended. Spares the kernel work\n"
	"with BPFTRACE's events that is of no use to anybody.\n"
	"-v prints each measurement. -p: exits with 4, and says so, when breakpoints of BPFTRACE's\n"
	"were hit so often, by whatever process, that the traps took more than PERCENT of a CPU.\n";

/* What the probes have taken, and how often a breakpoint of theirs was hit, whoever ran into it. */
struct probes {
	uint64_t ns, hits;
	size_t programs;
};

/* What follows "\nNAME:" in the text; NULL if that is not there. */
static const char *find_number(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = strchr(text, '\n'); line; line = strchr(line + 1, '\n'))
		if (!strncmp(line + 1, name, length) && line[1 + length] == ':')
			return line + 2 + length;
	return NULL;
}

/* Adds up over the BPF programs that process `pid` holds, as /proc/PID/fdinfo tells (bpf_prog_show_fdinfo, Linux 5.1). */
static struct probes read_probes(pid_t pid)
{
	struct probes all = {0};
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
		if (type && hits && strtoul(type, NULL, 10) == BPF_PROG_TYPE_KPROBE) /* uprobes, too */
			all.hits += strtoull(hits, NULL, 10);
	}
	if (directory)
		closedir(directory);
	return all;
}

/* The CPU time of process `pid` so far, in ns; 0 when it is gone. */
static int64_t read_cpu(pid_t pid)
{
	struct process_stat stat;

	return process_stat(pid, 0, &stat) ? (int64_t)stat.cpu : 0;
}

/* What the probes of process `pid` take of a CPU, from 0 up. */
struct shares {
	double run, traps;
};

static struct shares watch_probes(pid_t pid, size_t *programs)
{
	union bpf_attr request;

	memset(&request, 0, sizeof(request));
	request.enable_stats.type = BPF_STATS_RUN_TIME;
	int counting = (int)syscall(SYS_bpf, BPF_ENABLE_STATS, &request, sizeof(request));
	uint64_t start = clock_ns();
	struct probes before = read_probes(pid), after;

	nanosleep(&(struct timespec){.tv_nsec = COUNT_NS}, NULL);
	after = read_probes(pid);
	*programs = after.programs;
	if (counting >= 0)
		close(counting);
	double passed = (double)(clock_ns() - start);

	/* Programs that are gone count for nothing. */
	return (struct shares){.run = after.ns > before.ns ? (double)(after.ns - before.ns) / passed : 0,
			       .traps = after.hits > before.hits
						? (double)(after.hits - before.hits) * TRAP_NS / passed
						: 0};
}

/* Measures until BPFTRACE, which `pidfd` refers to, has ended or was too dear. */
static int measure(const struct limits *limits, bool verbose, int pidfd, const pid_t *process, size_t count)
{
	int64_t cpu[PROCESSES] = {0};
	uint64_t then = 0;
	size_t programs, known = 0, dear = 0, dear_hits = 0, hushed = 0;
	bool changed = true; /* there may be events that were not there before */

	while (!process_ends(pidfd, REST_MS)) {
		if (changed)
			hushed = perfevents_hush(pidfd, process[0]);
		struct shares shares = watch_probes(process[0], &programs);
		double probes = shares.run, processes = 0;
		uint64_t at = clock_ns();

		for (size_t i = 0; i < count; i++) {
			int64_t all = read_cpu(process[i]);

			if (all > cpu[i])
				processes += (double)(all - cpu[i]) / (double)(at - then);
			cpu[i] = all;
		}
		then = at;
		/* Compiling and attaching cost much, but once. */
		changed = !programs || programs != known;
		dear = !changed && (probes + processes) * 100 > limits->all ? dear + 1 : 0;
		dear_hits = !changed && shares.traps * 100 > limits->hits ? dear_hits + 1 : 0;
		known = programs;
		if (verbose)
			printf("overhead    %.1f%%, probes %.1f%%, %zu programs, %zu events hushed\n",
			       (probes + processes) * 100, probes * 100, programs, hushed);
		if (dear_hits == ROUNDS) {
			printf("overhead    breakpoints are hit %.0f times a second, by all processes "
			       "together\n",
			       shares.traps * 1e9 / TRAP_NS);
			return 4;
		}
		if (dear == ROUNDS) {
			printf("overhead    tracing costs %.0f%% of a CPU: %.0f%% in probes, %.0f%% in "
			       "bpftrace and hud-postproc\n",
			       (probes + processes) * 100, probes * 100, processes * 100);
			return 3;
		}
	}
	return 0;
}

int overhead_main(int argc, char **argv)
{
	pid_t process[PROCESSES];
	size_t count = 0;

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return fputs(usage, stdout) < 0;
	bool verbose = argc > 1 && !strcmp(argv[1], "-v");

	argc -= verbose;
	argv += verbose;
	struct limits limits = {.hits = INFINITY};

	if (argc > 2 && !strcmp(argv[1], "-p")) {
		limits.hits = command_number("overhead", "-p", argv[2], 0, 1e6);
		argc -= 2;
		argv += 2;
	}
	if (argc < 3 || argc > PROCESSES + 2) {
		fputs(usage, stderr);
		return 2;
	}
	limits.all = command_number("overhead", "PERCENT", argv[1], 0, 1e6);

	for (int i = 2; i < argc; i++)
		process[count++] = command_pid("overhead", "PID", argv[i]);
	int pidfd = process_open(process[0]);

	if (pidfd < 0)
		return 0;
	int status = measure(&limits, verbose, pidfd, process, count);

	close(pidfd);
	return status;
}
