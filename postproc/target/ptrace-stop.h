/* ptrace-stop.h - a thread of another process, stopped for a moment.
 *
 * By ptrace, whose tracer is a thread of this program: when that ends, the kernel lets go of what it still holds. So
 * nothing stays stopped, provided that each of these functions runs in a thread that does not live long.
 */
#ifndef HUD_TARGET_PTRACE_STOP_H
#define HUD_TARGET_PTRACE_STOP_H

#include <stdbool.h>
#include <sys/types.h>

/* Stops thread `tid`. PTRACE_SEIZE, because it sends no signal: whenever this program ends, nothing is left pending. Returns
 * false if it did not stop in time (then it may do so later) or is gone. *signal is what it was about to receive. */
bool stopped_begin(pid_t tid, int *signal);

/* Lets it go on, with the signal that it was about to receive. */
void stopped_end(pid_t tid, int signal);

/* Has thread `tid` registered restartable sequences with the kernel, as glibc does since 2.35? It is stopped for a moment, by
 * a thread made for that. False if it cannot be told. */
bool stopped_rseq(pid_t tid);

/* Stops thread `tid` and lets it go on at once, by a thread made for that: if it slept in a system call, it comes out of it
 * and goes in again. False if it did not stop. */
bool stopped_touch(pid_t tid);

#endif
