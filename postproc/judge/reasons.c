/* SPDX-License-Identifier: Apache-2.0 */
/* reasons.c - the table of reasons. postproc/README.md lists what else a new reason needs. */
#include "judge/reasons.h"

#include <string.h>

/* clang-format off: one row each */
/* Colours: Okabe and Ito's eight, then those of Paul Tol's that differ from them. */
static const struct reason_info reasons[REASON_COUNT] = {
	[REASON_COMPUTING] = {"computing", "computing", 'C', 0xd55e00,
			      "Move it to tokio::task::spawn_blocking or rayon; in a long async loop, call "
			      "tokio::task::yield_now().await now and then."},
	[REASON_FILE] = {"file I/O", "file-io", 'F', 0x0072b2,
			 "Use tokio::fs instead of std::fs, or do all of the file work in one "
			 "tokio::task::spawn_blocking."},
	[REASON_FILE_LOCK] =
		{"file lock", "file-lock", 'H', 0x332288,
		 "Take the lock in tokio::task::spawn_blocking, or try it without waiting "
		 "(try_lock, LOCK_NB, F_SETLK) with tokio::time::sleep between; and hold it for less time."},
	[REASON_SLEEP] = {"sleep", "sleep", 'S', 0x56b4e9,
			  "Use tokio::time::sleep(..).await instead of std::thread::sleep."},
	[REASON_LOCK] = {"lock", "lock", 'L', 0xe69f00,
			 "Hold the lock for less time: move slow work out of the locked part, or shard the "
			 "data. If it must be held across an .await, use tokio::sync::Mutex. Waiting on a "
			 "std channel or thread? Use tokio::sync::mpsc or spawn_blocking."},
	[REASON_NAME_LOOKUP] = {"name lookup", "name-lookup", 'N', 0xcc79a7,
				"Use tokio::net::lookup_host, or connect by name with tokio::net: both look "
				"it up outside the worker."},
	[REASON_SOCKET] = {"socket", "socket", 'K', 0x009e73,
			   "Use tokio::net or an async client; a client that only blocks belongs in "
			   "tokio::task::spawn_blocking."},
	[REASON_STDIN] = {"stdin", "stdin", 'I', 0x44aa99,
			  "Use tokio::io::stdin(), or read in a separate thread that sends the lines through "
			  "a tokio::sync::mpsc channel."},
	[REASON_STDOUT] = {"stdout", "stdout", 'O', 0x999933,
			   "The reader of standard output is slow, and every print waits for it. Write logs "
			   "in a separate thread (tracing_appender::non_blocking), which may drop lines "
			   "rather than wait; or to a file."},
	[REASON_STDERR] = {"stderr", "stderr", 'E', 0xddcc77,
			   "The reader of standard error is slow, and every print waits for it. Write logs "
			   "in a separate thread (tracing_appender::non_blocking), which may drop lines "
			   "rather than wait; or to a file."},
	[REASON_PIPE] = {"pipe", "pipe", 'Q', 0xaa4499,
			 "Use tokio::net::unix::pipe; where another library reads or writes it, do that in "
			 "tokio::task::spawn_blocking."},
	[REASON_CHILD] = {"child process", "child", 'P', 0xf0e442,
			  "Use tokio::process::Command and .await its end instead of std::process."},
	[REASON_PAGE_FAULT] =
		{"page fault", "page-fault", 'M', 0x000000,
		 "The memory was not loaded: a cold mmap, swap, or huge allocations. Read mapped files in "
		 "spawn_blocking, warm memory up at start, and look for memory pressure on this machine."},
	[REASON_BLOCK_ON] = {"block_on", "block-on", 'B', 0x882255,
			     ".await the future instead of block_on inside a task; from code that cannot be "
			     "async, go through "
			     "tokio::task::spawn_blocking."},
	[REASON_SYSCALL] =
		{"system call", "syscall", 'Y', 0x888888,
		 "Move this call to tokio::task::spawn_blocking, or use Tokio's own version of it."},
	[REASON_RUN_QUEUE] = {"run queue", "run-queue", 'R', 0xc4b7e6,
			      "The worker was ready but had no CPU: not the fault of this code. Look at the "
			      "CPU limit (cgroup "
			      "quota), the number of busy threads, and other load on this machine."},
	[REASON_THROTTLED] =
		{"throttled", "throttled", 'T', 0xee8866,
		 "The service had used up its CPU quota: neither this code nor a neighbour is to blame. "
		 "Raise the limit of its control group (in Kubernetes: limits.cpu), or set "
		 "worker_threads to what the quota allows, so that the workers do not use it up at once."},
};
/* clang-format on */

const struct reason_info *reason_info(enum reason reason)
{
	return &reasons[(unsigned)reason < REASON_COUNT ? reason : REASON_SYSCALL];
}

const char *reason_nobody(enum reason reason, const char *name)
{
	if (judge_is_wait(reason))
		return "nobody: the CPU was idle";
	return strcmp(name, "timer") ? "an interrupt (timer or device)" : "a timer: its time had come";
}
