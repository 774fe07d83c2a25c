/* SPDX-License-Identifier: Apache-2.0 */
/* confine.h - giving up rights: which user this process is, what it may do, which system calls it may make.
 *
 * hud-trace(8), SECURITY, lists the rights of each process. A process calls one of confine_to_*() for its user and
 * capabilities, and another function for its filter; confine_opener() sets both. All return 0, or -1 after a
 * message: a process that cannot give up a right must end.
 */
#ifndef HUD_SANDBOX_CONFINE_H
#define HUD_SANDBOX_CONFINE_H

/* --- which user: only for a process that root runs; others stay who they are --- */

/* Becomes the user who called sudo, with that user's groups. Without sudo, or if root called it, stays root,
 * but with no capability except to ignore file modes. For a process that opens the files which the command
 * line names. */
int confine_to_user(void);

/* The same, and $HOME becomes that user's: for code of others, which looks for its files there. */
int confine_to_user_at_home(void);

/* As confine_to_user(), but processes forked from it can still become nobody. */
int confine_to_user_or_nobody_later(void);

/* As confine_to_user(), but without sudo it becomes nobody: a user id that nothing else uses, if there is one. For all
 * processes that read what the target controls. */
int confine_to_nobody(void);

/* Stays root, with the capabilities that it needs to measure what tracing costs, and those that its children need, to become whom they become
 * and to keep what they keep. For the monitor. */
int confine_to_monitor(void);

/* As confine_to_nobody(), but it still may look at other processes with ptrace(2). */
int confine_to_tracer(void);

/* As confine_to_nobody(), but may still read BPF maps that it has open. */
int confine_to_map_reader(void);

/* As confine_to_nobody(), but may still read other users' processes in /proc. */
int confine_to_proc_reader(void);

/* As confine_to_nobody(), but may still read any file, and open what other processes have mapped. Sets its
 * filter, too. */
int confine_opener(void);

/* Chooses the id of nobody for this process and those forked from it later: they must be able to end each
 * other. */
void confine_choose(void);

/* --- which system calls: filters, also for processes forked later. Any other call fails with EPERM --- */

/* Cannot open files, execute programs, or create sockets. Can fork. */
int confine_main(void);

/* Can open, rename and remove files, and start threads. Otherwise as confine_main(), but cannot fork. */
int confine_files(void);

/* Can only open files for reading, also in threads. */
int confine_reader(void);

/* For hud-listen: can accept connections, and read and write open ones. It can make none, and start threads but no process. */
int confine_listen(void);

/* For hud-rate: files can be opened for reading, links be read; descriptors of other processes be taken, BPF maps of these be read; perf
 * events be opened and switched on. */
int confine_rate(void);

/* For the inspector and hud-stuck: files can be opened for reading, by threads; others' threads can be stopped, looked at and let go; nothing of
 * them can be changed. */
int confine_inspector(void);

/* Can only open files for reading, and read links. */
int confine_proc_reader(void);

/* Can only compute, and read and write open files. */
int confine_computing(void);

/* Can only read, compute, and read BPF maps. */
int confine_map_reader(void);

/* As confine_files(). */
int confine_record(void);

/* Can only read and compute. Attempts to open a file call `open_file` instead. */
int confine_resolver(int (*open_file)(const char *path));

#endif
