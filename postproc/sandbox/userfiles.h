/* userfiles.h - the files that the command line names: read and written with the rights of who called, not root's nor nobody's.
 *
 * Between userfiles_start() and userfiles_end() a helper opens them, and no others: a process that has given up its rights can ask
 * for what was named before, and for nothing else. Without it they are opened here.
 */
#ifndef HUD_SANDBOX_USERFILES_H
#define HUD_SANDBOX_USERFILES_H

/* Names a file, before the start. NULL and "-" name none. */
void userfiles_name(const char *path);

/* Offers new files that are called STEM-N.ENDING, before the start. Both stay the caller's, and static. */
void userfiles_offer(const char *stem, const char *ending);

/* Starts the helper. Returns 0, or -1 after a message. */
int userfiles_start(void);
void userfiles_end(void);

/* Each returns a descriptor for the caller to close, or -1 with errno set. */

/* Opens it for reading. */
int userfile_read(const char *path);

/* Opens a new file, which is beside its name until userfile_place() gives it that, or userfile_discard() removes it. What
 * outpath_special() opens is opened itself. */
int userfile_create(const char *path);

/* Makes one of those that were offered, `number` its N: a file that was not there, and no link. */
int userfile_new(const char *stem, const char *ending, unsigned number);

/* Return 0, or -1 with errno set. */
int userfile_place(const char *path);
int userfile_discard(const char *path);

/* strerror(3), of these functions' errno. It tells whose rights were not enough where that may surprise: in a root's shell that was
 * opened by sudo. */
const char *userfiles_error(int error);

#endif
