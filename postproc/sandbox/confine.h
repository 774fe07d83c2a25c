/* confine.h - giving up rights: who this process is, what it may do, which system calls it can make.
 *
 * hud-trace(8), SECURITY, tells which process has which. Each of these functions is for one of them, and returns 0, or -1 after a
 * message: who cannot give up a right must not go on.
 */
#ifndef HUD_SANDBOX_CONFINE_H
#define HUD_SANDBOX_CONFINE_H

#include <stdbool.h>

/* --- who: of a process that root runs; another stays who it is --- */

/* Becomes who called sudo, with that user's groups. Without sudo, or if that is root: stays root, with no capability but to
 * disregard files' modes. For a process that opens the files which the command line names. */
int confine_to_user(void);

/* The same, and processes forked from it can become nobody. */
int confine_to_user_or_nobody_later(void);

/* The same, but without sudo it becomes nobody: a user that has nothing else, if there can be one. For all that reads what the target
 * controls. */
int confine_to_nobody(void);

/* As confine_to_nobody(), but it still may look at other processes with ptrace(2). */
int confine_to_tracer(void);

/* As confine_to_nobody(), but it still may read BPF maps that it has open. */
int confine_to_map_reader(void);

/* As confine_to_nobody(), but it still may read what /proc has of other users' processes. */
int confine_to_proc_reader(void);

/* As confine_to_nobody(), but it still may read any file, and open what other processes have mapped. With its filter. */
int confine_opener(void);

/* Chooses which user that is, for this process and those that it forks from now on: they may have to end each other. */
void confine_choose(void);

/* Does root run this program without sudo? Then its files are root's. */
bool confine_user_is_root(void);

/* The user's home directory for a process that has become the user; for the caller to free. NULL if it is $HOME. */
char *confine_home(void);

/* --- which system calls: filters, which hold for what is forked from now on as well. Others fail with EPERM --- */

/* No file can be opened, nothing executed, no socket made. It may fork. */
int confine_main(void);

/* Files can be opened, renamed and removed; else as the main process, but it cannot fork: only have threads. */
int confine_files(void);

/* Files can be opened for reading, and nothing else, by threads. */
int confine_reader(void);

/* For the looker and `stuck`: files can be opened for reading, by threads; others' threads can be stopped, looked at and let go; nothing of
 * them can be changed. */
int confine_inspector(void);

/* Files can be opened for reading, links be read, and nothing else. */
int confine_proc_reader(void);

/* Only reading, computing, and writing to what is open. */
int confine_computing(void);

/* Only reading and computing, and reading of BPF maps. */
int confine_map_reader(void);

/* As confine_files(), with threads. */
int confine_record(void);

/* Only reading and computing. What tries to open a file is told to confine_open instead. */
int confine_resolver(int (*open_file)(const char *path));

#endif
