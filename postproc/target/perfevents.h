/* perfevents.h - the perf events by which another process has attached BPF programs to tracepoints. */
#ifndef HUD_TARGET_PERFEVENTS_H
#define HUD_TARGET_PERFEVENTS_H

#include <stddef.h>
#include <sys/types.h>

/* Has the kernel deliver these events of process `pid`, which `pidfd` refers to, to their programs alone. bpftrace opens such an
 * event for each program, on the first CPU, and nobody reads it; but its programs return 1, with which the kernel takes the event
 * further, on that CPU, at each switch of threads. Disabled, the event is on no CPU's list any more, while its
 * program, which is the tracepoint's own, runs as before (perf_trace_run_bpf_submit and perf_event_attach_bpf_prog, Linux 4.15 to
 * 6.18). Returns how many there are; 0 if the kernel gives none of them away (pidfd_getfd, Linux 5.6, which Yama may refuse). */
size_t perfevents_hush(int pidfd, pid_t pid);

#endif
