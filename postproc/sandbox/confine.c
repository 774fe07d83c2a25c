/* SPDX-License-Identifier: Apache-2.0 */
/* confine.c - see confine.h. Who and what: credentials(7), capabilities(7), seccomp(2). */
#include "sandbox/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libiberty/libiberty.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "sandbox/offspring.h"

#define NOBODY 65534
#define STRANGERS                                                                                            \
	61184 /* systemd's range for dynamic users: no distribution assigns these ids (Users, Groups, UIDs
	       * and */
#define STRANGERS_END 65520 /* GIDs on systemd Systems, systemd.io/UIDS-GIDS) */
#define TRIES 8
#define NAMESPACES ((uint64_t)0x7e020080) /* CLONE_NEW* (linux/sched.h) */

#ifndef CAP_PERFMON
#define CAP_PERFMON 38 /* Linux 5.8 */
#endif
#ifndef CAP_BPF
#define CAP_BPF 39 /* Linux 5.8 */
#endif
#ifndef CAP_CHECKPOINT_RESTORE
#define CAP_CHECKPOINT_RESTORE 40 /* Linux 5.9 */
#endif

static int fail(const char *what)
{
	fprintf(stderr, "hud-postproc: cannot give up %s: %s\n", what, strerror(errno));
	return -1;
}

/* --- who this process is --- */

/* The id in an environment variable that sudo sets; 0 if there is none. */
static unsigned sudo_id(const char *name)
{
	const char *text = getenv(name);
	char *end;
	unsigned long id = text ? strtoul(text, &end, 10) : 0;

	return text && *text >= '0' && *text <= '9' && !*end && id < UINT32_MAX ? (unsigned)id : 0;
}

/* Did root start this program, not sudo? Then its files are root's. */
static bool user_is_root(void)
{
	return geteuid() == 0 && sudo_id("SUDO_UID") == 0;
}

static uint64_t bit(int capability)
{
	return (uint64_t)1 << capability;
}

/* Drops from the bounding set all capabilities but those in `kept`. This needs a capability itself. */
static void drop_bounds(uint64_t kept)
{
	for (int i = 0; i < 64 && prctl(PR_CAPBSET_READ, i) >= 0; i++)
		if (!(kept & bit(i)))
			prctl(PR_CAPBSET_DROP, i);
}

/* Becomes another user than root. Returns 0, or -1 with errno set. */
static int become(uid_t uid, gid_t gid)
{
	const struct passwd *user = getpwuid(uid);
	pid_t parent = getppid();
	int signal = 0;

	prctl(PR_GET_PDEATHSIG, &signal);
	drop_bounds(0);
	if ((user ? initgroups(user->pw_name, gid) : setgroups(0, NULL)) || setresgid(gid, gid, gid) ||
	    setresuid(uid, uid, uid))
		return -1;
	/* The kernel drops the parent death signal when the user changes. */
	if (signal && offspring_bind(parent, signal))
		raise(signal);
	return 0;
}

static int become_user(void)
{
	unsigned gid = sudo_id("SUDO_GID");

	return become(sudo_id("SUDO_UID"), gid ? gid : NOBODY) ? fail("root's identity") : 0;
}

static uid_t stranger; /* 0: not chosen yet */

void confine_choose(void)
{
	uid_t uid = 0;

	if (stranger || geteuid() != 0 || !user_is_root())
		return;
	for (int tries = 0; tries < TRIES; tries++) {
		if (getrandom(&uid, sizeof(uid), 0) != sizeof(uid))
			break;
		uid = STRANGERS + uid % (STRANGERS_END - STRANGERS);
		if (!getpwuid(uid)) {
			stranger = uid;
			return;
		}
	}
	stranger = NOBODY;
}

/* Not the user "nobody": others who run as that could send signals to this process. */
static int become_nobody(void)
{
	const struct passwd *nobody;

	confine_choose();
	if (stranger != NOBODY && become(stranger, stranger) == 0)
		return 0;
	/* A user namespace may not have the id. */
	nobody = getpwnam("nobody");
	if (nobody && nobody->pw_uid ? become(nobody->pw_uid, nobody->pw_gid ? nobody->pw_gid : NOBODY)
				     : become(NOBODY, NOBODY))
		return fail("root's identity");
	return 0;
}

/* Keeps those of its capabilities that are bits of `kept`, and makes sure that executing a program adds
 * none. */
static int keep_capabilities(uint64_t kept)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capget, &header, data))
		return fail("capabilities");
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(kept >> 32 * i);
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &header, data) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return fail("capabilities");
	return 0;
}

/* Other processes of the same user must not reach what a former root process still holds: its helpers, and
 * what it has read. */
static int hide(void)
{
	return prctl(PR_SET_DUMPABLE, 0) ? fail("being inspected by other processes") : 0;
}

/* A root that stays root keeps the capabilities `kept`. */
static int confine_to(uint64_t kept)
{
	if (geteuid() != 0)
		return keep_capabilities(0);
	if (!user_is_root() && (become_user() || hide()))
		return -1;
	if (user_is_root())
		drop_bounds(kept);
	return keep_capabilities(user_is_root() ? kept : 0);
}

int confine_to_user(void)
{
	return confine_to(bit(CAP_DAC_OVERRIDE));
}

int confine_to_user_at_home(void)
{
	if (confine_to_user())
		return -1;
	const struct passwd *user = getenv("SUDO_UID") ? getpwuid(geteuid()) : NULL;

	if (user)
		setenv("HOME", user->pw_dir, true);
	return 0;
}

int confine_to_user_or_nobody_later(void)
{
	return confine_to(bit(CAP_DAC_OVERRIDE) | bit(CAP_SETUID) | bit(CAP_SETGID));
}

int confine_to_nobody(void)
{
	if (geteuid() == 0 && ((user_is_root() ? become_nobody() : become_user()) || hide()))
		return -1;
	return keep_capabilities(0);
}

/* Becomes nobody, or the calling user, with the capabilities `kept`. */
static int confine_to_nobody_with(uint64_t kept)
{
	if (geteuid() == 0 &&
	    (prctl(PR_SET_KEEPCAPS, 1) || (user_is_root() ? become_nobody() : become_user()) || hide()))
		return -1;
	return keep_capabilities(kept);
}

int confine_to_monitor(void)
{
	/* The first three to set what children keep, the fourth to end them, the next two to look at others; the last ones to have
	 * the kernel count, and for hud-rate. */
	static const int needed[] = {CAP_SETUID,    CAP_SETGID,	    CAP_SETPCAP,
				     CAP_KILL,	    CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH,
				     CAP_SYS_ADMIN, CAP_PERFMON,    CAP_BPF};
	uint64_t kept = 0;

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		kept |= bit(needed[i]);
	drop_bounds(kept);
	return keep_capabilities(kept);
}

int confine_to_tracer(void)
{
	return confine_to_nobody_with(bit(CAP_SYS_PTRACE));
}

int confine_to_proc_reader(void)
{
	return confine_to_nobody_with(bit(CAP_SYS_PTRACE) | bit(CAP_DAC_READ_SEARCH));
}

int confine_to_map_reader(void)
{
	return confine_to_nobody_with(bit(prctl(PR_CAPBSET_READ, CAP_BPF) >= 0 ? CAP_BPF : CAP_SYS_ADMIN));
}

/* --- which system calls --- */

/* For every process: computing, memory, and open files. */
static const char *const common[] = {
	"read",
	"write",
	"readv",
	"writev",
	"pread64",
	"pwrite64",
	"lseek",
	"close",
	"fstat",
	"fstat64",
	"newfstatat",
	"statx",
	"stat",
	"lstat",
	"munmap",
	"mremap",
	"brk",
	"madvise",
	"futex",
	"clock_gettime",
	"clock_getres",
	"nanosleep",
	"clock_nanosleep",
	"gettimeofday",
	"time",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sigaltstack",
	"exit",
	"exit_group",
	"getpid",
	"gettid",
	"getppid",
	"getrandom",
	"poll",
	"ppoll",
	"select",
	"pselect6",
	"dup",
	"dup2",
	"dup3",
	"pipe2",
	"sendmsg",
	"recvmsg",
	"sendto",
	"recvfrom",
	"shutdown",
	"set_robust_list",
	"rseq",
	"sched_yield",
	"sched_getaffinity",
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"umask",
	"restart_syscall",
	"setitimer",
	"getitimer",
	"membarrier",
	"ftruncate",
	"fallocate",
	"fsync",
	"fdatasync",
	"memfd_create",
	"close_range",
	"getrusage",
	"uname",
	"sysinfo",
	"fadvise64",
};

/* For starting processes. `clone` is allowed by its flags. */
static const char *const forking[] = {"fork",	    "vfork",   "wait4",		  "waitid",
				      "kill",	    "tgkill",  "set_tid_address", "prctl",
				      "socketpair", "seccomp", "prlimit64",	  "setrlimit"};

static const char *const files[] = {
	"open",	     "openat",	   "openat2",  "creat",	     "rename",	   "renameat", "renameat2", "unlink",
	"unlinkat",  "chmod",	   "fchmod",   "fchmodat",   "fchmodat2",  "fchown",   "flock",	    "access",
	"faccessat", "faccessat2", "readlink", "readlinkat", "getdents64", "getcwd",   "fstatfs"};

/* For a server whose socket listens already. */
static const char *const serving[] = {"accept",	    "accept4",	  "getsockname", "getpeername",
				      "getsockopt", "setsockopt", "sendfile",	 "eventfd2"};

/* For reading links and directories. */
static const char *const folder_calls[] = {"readlink", "readlinkat", "getdents64", "fstatfs"};

/* For the recorder's resolver, which changes its user. */
static const char *const becoming[] = {"setresuid", "setresgid", "setgroups", "capget", "capset"};

/* What hud-rate makes timer interrupts with, and reads how many are needed. */
static const char *const timing[] = {"pidfd_getfd", "perf_event_open", "sched_setaffinity"};
static const unsigned long map_reading[] = {BPF_MAP_LOOKUP_ELEM, BPF_OBJ_GET_INFO_BY_FD};

/* For the inspector and hud-stuck. */
static const char *const looking[] = {"process_vm_readv", "wait4", "waitid", "prlimit64", "pidfd_open"};

static const unsigned long tracing[] = {PTRACE_INTERRUPT, PTRACE_GETREGSET, PTRACE_GET_RSEQ_CONFIGURATION};

/* Of descriptors: none by which the kernel sends a signal to whoever is named as the owner. */
static const unsigned long descriptors[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD,	    F_SETFD,
					    F_GETFL, F_SETFL,	      F_GETPIPE_SZ, F_SETPIPE_SZ};

/* Requests to terminals: their size, their owner, and raw input for the live view. None that types for the
 * user. The last four are from asm-generic/ioctls.h: glibc 2.42 uses them, but hides their names. */
static const unsigned long controls[] = {TCGETS,   TCSETS,     TCSETSW,	   TCSETSF,    TIOCGWINSZ, TIOCGPGRP,
					 FIONREAD, 0x802c542a, 0x402c542b, 0x402c542c, 0x402c542d};

static void allow(scmp_filter_ctx filter, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int number = seccomp_syscall_resolve_name(names[i]);

		/* an architecture may lack it */
		if (number >= 0)
			seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
	}
}

static void allow_values(scmp_filter_ctx filter, int number, unsigned argument, const unsigned long *values,
			 size_t count)
{
	for (size_t i = 0; i < count; i++)
		seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1,
				 SCMP_CMP32(argument, SCMP_CMP_EQ, (uint32_t)values[i]));
}

/* A filter that allows what every process needs. */
static scmp_filter_ctx filter_begin(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));

	if (!filter)
		xmalloc_failed(0);
	allow(filter, common, ARRAY_SIZE(common));
	/* No new executable memory: all code was loaded at the start. */
	seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
			 SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
			 SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	allow_values(filter, SCMP_SYS(ioctl), 1, controls, ARRAY_SIZE(controls));
	allow_values(filter, SCMP_SYS(fcntl), 1, descriptors, ARRAY_SIZE(descriptors));
	/* abort() and raise() are signals to oneself. */
	seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
			 SCMP_CMP32(0, SCMP_CMP_EQ, (uint32_t)getpid()));
	return filter;
}

/* Limits of its own: those of others of the same user might end them. */
static void allow_own_limits(scmp_filter_ctx filter)
{
	seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_CMP32(0, SCMP_CMP_EQ, 0));
}

/* Threads and processes, but no namespaces. clone3's flags are in memory, where no filter sees them; the C library then takes
 * clone. */
static void allow_clone(scmp_filter_ctx filter)
{
	seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			 SCMP_A0(SCMP_CMP_MASKED_EQ, NAMESPACES, 0));
	seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

/* Threads, but no processes. */
static void allow_threads(scmp_filter_ctx filter)
{
	const uint64_t shared = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;

	seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			 SCMP_A0(SCMP_CMP_MASKED_EQ, NAMESPACES | shared, shared));
	seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

static int filter_end(scmp_filter_ctx filter)
{
	int error = seccomp_load(filter);

	seccomp_release(filter);
	errno = -error;
	return error ? fail("system calls") : 0;
}

/* Files can be opened for reading, but not written, created or truncated. */
static void allow_reading(scmp_filter_ctx filter)
{
#ifdef __NR_open
	seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
			 SCMP_A1(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));
#endif
	seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
			 SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));
}

int confine_opener(void)
{
	/* Needed for: other users' files; other users' processes; /proc/PID/map_files (since Linux 5.9;
	 * before that, CAP_SYS_ADMIN). */
	uint64_t kept = bit(CAP_DAC_READ_SEARCH) | bit(CAP_SYS_PTRACE) |
			bit(prctl(PR_CAPBSET_READ, CAP_CHECKPOINT_RESTORE) >= 0 ? CAP_CHECKPOINT_RESTORE
										: CAP_SYS_ADMIN);

	/* Not as root: even without capabilities, root could create files in all of its directories. */
	if (confine_to_nobody_with(kept))
		return -1;
	scmp_filter_ctx filter = filter_begin();

	allow_reading(filter);
	allow(filter, folder_calls, ARRAY_SIZE(folder_calls));
	allow_threads(filter);
	return filter_end(filter);
}

int confine_computing(void)
{
	return filter_end(filter_begin());
}

int confine_main(void)
{
	scmp_filter_ctx filter = filter_begin();

	allow(filter, forking, ARRAY_SIZE(forking));
	allow_own_limits(filter);
	allow_clone(filter);
	/* The resolver's own filter is narrower. */
	return filter_end(filter);
}

int confine_files(void)
{
	scmp_filter_ctx filter = filter_begin();

	allow(filter, files, ARRAY_SIZE(files));
	allow_threads(filter);
	return filter_end(filter);
}

int confine_listen(void)
{
	scmp_filter_ctx filter = filter_begin();

	allow(filter, serving, ARRAY_SIZE(serving));
	allow_threads(filter);
	return filter_end(filter);
}

int confine_reader(void)
{
	scmp_filter_ctx filter = filter_begin();

	allow_reading(filter);
	allow_threads(filter);
	return filter_end(filter);
}

int confine_proc_reader(void)
{
	scmp_filter_ctx filter = filter_begin();

	allow_reading(filter);
	allow(filter, folder_calls, ARRAY_SIZE(folder_calls));
	return filter_end(filter);
}

int confine_map_reader(void)
{
	scmp_filter_ctx filter = filter_begin();

	seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(bpf), 1, SCMP_A0(SCMP_CMP_EQ, BPF_MAP_LOOKUP_ELEM));
	return filter_end(filter);
}

int confine_rate(void)
{
	static const unsigned long switching[] = {PERF_EVENT_IOC_ENABLE}, slack[] = {PR_SET_TIMERSLACK};
	scmp_filter_ctx filter = filter_begin();

	allow_reading(filter);
	allow(filter, folder_calls, ARRAY_SIZE(folder_calls));
	allow(filter, timing, ARRAY_SIZE(timing));
	allow_values(filter, SCMP_SYS(bpf), 0, map_reading, ARRAY_SIZE(map_reading));
	allow_values(filter, SCMP_SYS(ioctl), 1, switching, ARRAY_SIZE(switching));
	allow_values(filter, SCMP_SYS(prctl), 0, slack, ARRAY_SIZE(slack));
	return filter_end(filter);
}

int confine_record(void)
{
	scmp_filter_ctx filter = filter_begin();

	allow(filter, files, ARRAY_SIZE(files));
	allow(filter, forking, ARRAY_SIZE(forking));
	allow(filter, becoming, ARRAY_SIZE(becoming));
	allow(filter, (const char *const[]){"setpriority"}, 1);
	allow_clone(filter);
	return filter_end(filter);
}

/* To stop threads, and to let them go with the signal that they were about to get: it cannot be seen here that it is that one, but none is
 * killed. Without options: by one of those they would be killed with their tracer. */
static void allow_tracing(scmp_filter_ctx filter)
{
	allow_values(filter, SCMP_SYS(ptrace), 0, tracing, ARRAY_SIZE(tracing));
	seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ptrace), 2,
			 SCMP_CMP32(0, SCMP_CMP_EQ, PTRACE_SEIZE), SCMP_A3(SCMP_CMP_EQ, 0));
	seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ptrace), 2,
			 SCMP_CMP32(0, SCMP_CMP_EQ, PTRACE_DETACH), SCMP_A3(SCMP_CMP_LT, SIGKILL));
	seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ptrace), 2,
			 SCMP_CMP32(0, SCMP_CMP_EQ, PTRACE_DETACH), SCMP_A3(SCMP_CMP_GT, SIGKILL));
}

int confine_inspector(void)
{
	scmp_filter_ctx filter = filter_begin();

	allow_reading(filter);
	allow(filter, folder_calls, ARRAY_SIZE(folder_calls));
	allow(filter, looking, ARRAY_SIZE(looking));
	allow_own_limits(filter);
	allow_tracing(filter);
	allow_threads(filter);
	return filter_end(filter);
}

/* --- libraries that open files themselves --- */

static int (*open_instead)(const char *path);

/* The kernel refused the call and sent this signal. What the handler stores here is the call's result. */
static void on_trapped(int signal, siginfo_t *info, void *context)
{
	ucontext_t *registers = context;
	const char *path;
	long result;

	(void)signal;
#if defined(__x86_64__)
	path = (const char *)(info->si_syscall == SYS_open ? registers->uc_mcontext.gregs[REG_RDI]
							   : registers->uc_mcontext.gregs[REG_RSI]);
#elif defined(__aarch64__)
	path = (const char *)registers->uc_mcontext.regs[1];
#endif
	result = open_instead(path);
	if (result < 0)
		result = -errno;
#if defined(__x86_64__)
	registers->uc_mcontext.gregs[REG_RAX] = result;
#elif defined(__aarch64__)
	registers->uc_mcontext.regs[0] = (uint64_t)result;
#endif
}

int confine_resolver(int (*open_file)(const char *path))
{
	struct sigaction action = {.sa_sigaction = on_trapped, .sa_flags = SA_SIGINFO | SA_NODEFER};
	scmp_filter_ctx filter = filter_begin();

	open_instead = open_file;
	sigaction(SIGSYS, &action, NULL);
#ifdef __NR_open
	seccomp_rule_add(filter, SCMP_ACT_TRAP, SCMP_SYS(open), 0);
#endif
	seccomp_rule_add(filter, SCMP_ACT_TRAP, SCMP_SYS(openat), 0);
	return filter_end(filter);
}
