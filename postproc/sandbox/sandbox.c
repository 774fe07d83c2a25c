/* sandbox.c - see sandbox.h. */
#include "sandbox/sandbox.h"

#include <time.h>
#include <unistd.h>

#include "sandbox/confine.h"
#include "sandbox/debuginfod.h"
#include "sandbox/opener.h"
#include "sandbox/userfiles.h"

int sandbox_begin(long pid, bool debuginfod)
{
	return opener_start(pid) || userfiles_start() || (debuginfod && debuginfod_start()) ||
			       confine_to_nobody()
		       ? -1
		       : 0;
}

int sandbox_seal(void)
{
	tzset(); /* reads a file when it is first needed */
	return confine_main();
}

void sandbox_end(void)
{
	userfiles_end();
	opener_end();
	debuginfod_end();
}

int sandbox_resolver(void)
{
	/* The recorder stays root, if nobody else called it. */
	if (geteuid() == 0 && confine_to_nobody())
		return -1;
	return confine_resolver(opener_open);
}
