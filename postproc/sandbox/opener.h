/* opener.h - opens the ELF files of the target, for a process that has no right to.
 *
 * What it opens is read-only, a regular file, and ELF, but not a core, or the list of functions that the process itself has written: a
 * process that hostile input has taken over learns nothing through it that is secret.
 */
#ifndef HUD_SANDBOX_OPENER_H
#define HUD_SANDBOX_OPENER_H

/* From now on a process that stays what it is now opens what opener_open() is asked for: files of the process `pid` (0: of none),
 * and others by their path. Returns 0, or -1 after a message. */
int opener_start(long pid);

/* The descriptor that a process forked from this one must keep to ask; -1 if there is no such process. */
int opener_descriptor(void);

/* Lets it end. */
void opener_end(void);

/* Opens the ELF file `path`. /proc/PID/map_files/LO-HI is the file that is mapped there; below /proc/PID/root/ no link leads out of
 * PID's root; /proc/PID/root/tmp/perf-PID.map is the one that PID writes, whatever number it has in its own namespace, if it is PID's
 * user's and no link. A FIFO or a device is not even touched. Returns a descriptor, close-on-exec, for the caller to close; or -1 with errno
 * set (ENOEXEC: a file, but not ELF; ETIMEDOUT: its file system did not answer). */
int opener_open(const char *path);

#endif
