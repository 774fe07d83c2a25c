/* SPDX-License-Identifier: Apache-2.0 */
/* hush-perfevents.h - the perf events by which another process attaches BPF programs to tracepoints. */
#ifndef HUD_TARGET_HUSH_PERFEVENTS_H
#define HUD_TARGET_HUSH_PERFEVENTS_H

#include <stddef.h>
#include <sys/types.h>

/* Makes the kernel run only the BPF programs of these events of process `pid` (`pidfd` refers to it), without
 * delivering the events. bpftrace opens an event for each program, on the first CPU, and nobody reads it. But
 * its programs return 1, so at every context switch on that CPU the kernel goes on to deliver the event. A
 * disabled event is on no CPU's list, while its program, which belongs to the tracepoint, runs as before
 * (perf_trace_run_bpf_submit and perf_event_attach_bpf_prog, Linux 4.15 to 6.18). Returns how many events it
 * disabled; 0 if the kernel refused access to all of them (pidfd_getfd, Linux 5.6; Yama may refuse it). */
size_t perfevents_hush(int pidfd, pid_t pid);

#endif
