/* SPDX-License-Identifier: Apache-2.0 */
/* ptrace-stop.h - stops a thread of another process for a moment.
 *
 * With ptrace, the tracer is a thread of this program. When that ends, the kernel resumes what it still
 * holds. So nothing stays stopped if each of these functions runs in a short-lived thread.
 */
#ifndef HUD_TARGET_PTRACE_STOP_H
#define HUD_TARGET_PTRACE_STOP_H

#include <stdbool.h>
#include <sys/types.h>

/* Stops thread `tid`. Uses PTRACE_SEIZE, which sends no signal, so nothing stays pending whenever this
 * program ends. Returns false if the thread is gone, or did not stop in time (it may stop later). *signal is
 * the signal that it was about to receive. */
bool stopped_begin(pid_t tid, int *signal);

/* Resumes it, with the signal that it was about to receive. */
void stopped_end(pid_t tid, int signal);

/* Has thread `tid` registered restartable sequences with the kernel, as glibc does since 2.35? Stops it for a
 * moment, in a thread made for that. Returns false if that fails. */
bool stopped_rseq(pid_t tid);

/* Stops thread `tid` and resumes it at once, in a thread made for that: if it sleeps in a system call, it
 * leaves the call and enters it again. Returns false if it did not stop. */
bool stopped_touch(pid_t tid);

#endif
