/* SPDX-License-Identifier: Apache-2.0 */
/* record-resolve.c - see record-resolve.h. */
#include "command/record-resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "replay/embed-names.h"
#include "sandbox/confine.h"
#include "sandbox/message-relay.h"
#include "sandbox/offspring.h"
#include "sandbox/sandbox.h"
#include "stream/record/recording.h"
#include "stream/record/unpack.h"

/* Ends with an errno; 0 if everything was written. */
static _Noreturn void work(pid_t parent, const int files[2], int to, const struct replay_options *options,
			   bool unasked)
{
	if (offspring_bind(parent, SIGKILL))
		_exit(ECHILD);
	/* While it records, the recorder has a high priority. Names are less urgent than the machine's other
	 * work. */
	setpriority(PRIO_PROCESS, 0, 0);
	messages_redirect(false, false, false);
	sandbox_yield_memory();
	if (confine_to_nobody() || confine_main())
		_exit(EPERM);
	FILE *out = fdopen(to, "w");

	if (!out)
		_exit(ENOMEM);
	errno = 0;
	if (resolve_write(unasked ? NULL : "record", unpack_fd(files[0]), unpack_fd(files[1]), options, out))
		_exit(errno ? errno : EIO);
	_exit(fclose(out) ? EIO : 0);
}

static void pass_on(int from, FILE *out)
{
	static char bytes[65536];
	ssize_t got;

	while ((got = read(from, bytes, sizeof(bytes))) > 0 || (got < 0 && errno == EINTR))
		if (got > 0)
			fwrite(bytes, 1, (size_t)got, out);
}

int record_resolve(const struct recording *recording, const struct replay_options *options, bool unasked,
		   FILE *out)
{
	int files[2] = {-1, -1}, ends[2] = {-1, -1}, status = 0, error = 0;
	pid_t parent = getpid(), pid = -1;

	/* It is read twice. */
	for (int i = 0; i < 2; i++)
		files[i] = recording_reopen(recording);
	if (files[0] >= 0 && files[1] >= 0 && pipe2(ends, O_CLOEXEC) == 0)
		pid = fork();
	if (pid == 0)
		work(parent, files, ends[1], options, unasked);
	error = errno;
	for (int i = 0; i < 2; i++)
		if (files[i] >= 0)
			close(files[i]);
	if (ends[1] >= 0)
		close(ends[1]);
	if (pid > 0) {
		pass_on(ends[0], out);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		error = WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
	}
	if (ends[0] >= 0)
		close(ends[0]);
	errno = error;
	return error ? -1 : 0;
}
