/* messages.h - what processes say that may be in foreign hands: passed on to standard error, as text.
 *
 * A process that reads what the target controls must not have the terminal: what it writes there may be obeyed, and what is typed there can
 * be read. So its standard error is a pipe, which another process reads, and its standard input and output are /dev/null.
 */
#ifndef HUD_SANDBOX_MESSAGES_H
#define HUD_SANDBOX_MESSAGES_H

#include <stdbool.h>

/* Starts the process that passes them on, if there is none yet. Returns 0, or -1 with errno set. */
int messages_start(void);

/* Gives this process, which was forked since then, /dev/null as those of 0 and 1 that it is not to keep, and the pipe as 2. Without
 * messages_start(), 0 and 1 become what 2 is. */
void messages_redirect(bool keep_input, bool keep_output, bool keep_errors);

/* All that was said has been passed on. Only for who started it, when all others have ended; one that hangs in the kernel is waited for for
 * five seconds. */
void messages_end(void);

#endif
