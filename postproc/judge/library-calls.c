/* SPDX-License-Identifier: Apache-2.0 */
/* library-calls.c - see library-calls.h.
 *
 * Rules match parts of a frame's demangled name, or of its display name: v0 has `<a::Type>::method`, the
 * display name `a::Type::method`. Names of std are from Rust 1.63 to 1.97.
 */
#include "judge/library-calls.h"

#include <libiberty/libiberty.h>
#include <libiberty/safe-ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "resolve/symbolize/pathname.h"

struct rule {
	const char *part;
	enum call call;
};

/* The first match counts: specific rules precede general ones. */
static const struct rule rules[] = {
	{"getaddrinfo", CALL_NAME_LOOKUP},
	{"gethostbyname", CALL_NAME_LOOKUP},
	{"getnameinfo", CALL_NAME_LOOKUP},
	{"gethostbyaddr", CALL_NAME_LOOKUP},
	{"ToSocketAddrs", CALL_NAME_LOOKUP},
	{"lookup_host", CALL_NAME_LOOKUP},
	{"dns_lookup::", CALL_NAME_LOOKUP},
	{"stdio::_print", CALL_STDOUT},
	{"stdio::Stdout", CALL_STDOUT},
	{"stdio::_eprint", CALL_STDERR},
	{"stdio::Stderr", CALL_STDERR},
	{"stdio::Stdin", CALL_STDIN},
	{"stdio::stdin", CALL_STDIN},
	{"std::process::", CALL_CHILD},
	{"std::sys::process", CALL_CHILD},
	{"std::sys_common::process", CALL_CHILD},
	{"sys::unix::process", CALL_CHILD},
	{"sys::pal::unix::process", CALL_CHILD},
	{"unix::linux::pidfd", CALL_CHILD},
	{"os::linux::process", CALL_CHILD},
	{"wait_timeout::ChildExt", CALL_CHILD}, /* not Condvar::wait_timeout::<T> */
	{"wait_timeout::imp::", CALL_CHILD},
	{"shared_child::", CALL_CHILD},
	{"subprocess::", CALL_CHILD},
	{"duct::", CALL_CHILD},
	{"nix::sys::wait", CALL_CHILD},
	{"rustix::process::wait", CALL_CHILD},
	{"std::thread::Builder::spawn", CALL_THREAD},
	{"unix::thread::Thread::new", CALL_THREAD},
	{"std::io::pipe::", CALL_PIPE},
	{"std::sys::anonymous_pipe", CALL_PIPE},
	{"nix::unistd::pipe", CALL_PIPE},
	/* Before Rust 1.87, only child processes used it. */
	{"pipe::AnonPipe", CALL_CHILD},
	{"std::net::", CALL_SOCKET},
	{"sys::net::", CALL_SOCKET},
	{"sys_common::net", CALL_SOCKET},
	{"::net::Socket", CALL_SOCKET},
	{"std::os::unix::net", CALL_SOCKET},
	{"socket2::", CALL_SOCKET},
	{"std::fs::", CALL_FILE},
	{"::fs::File", CALL_FILE},
	{"sys::fs::", CALL_FILE},
	{"sys::unix::fs", CALL_FILE},
	{"sys::pal::unix::fs", CALL_FILE},
	{"reqwest::blocking::", CALL_BLOCK_ON},
	{"futures_executor::", CALL_BLOCK_ON},
	{"futures::executor::", CALL_BLOCK_ON},
	{"pollster::", CALL_BLOCK_ON},
	{"tokio::runtime::park::CachedParkThread", CALL_BLOCK_ON},
	{"tokio::future::block_on", CALL_BLOCK_ON},
	{"async_std::task::builder::Builder::blocking", CALL_BLOCK_ON},
	{"async_global_executor::", CALL_BLOCK_ON},
	{"extreme::run", CALL_BLOCK_ON},
	{"spin_on::", CALL_BLOCK_ON},
	{"cassette::block_on", CALL_BLOCK_ON},
	{"zbus::blocking::", CALL_BLOCK_ON},
};

/* For functions without a name: source files that their code refers to. */
static const struct rule file_rules[] = {
	{"/std/src/process.rs", CALL_CHILD},
	{"/std/src/sys/unix/process/", CALL_CHILD},
	{"/std/src/sys/pal/unix/process/", CALL_CHILD},
	{"/std/src/sys/process/", CALL_CHILD},
	{"/std/src/os/linux/process.rs", CALL_CHILD},
	{"/std/src/io/pipe.rs", CALL_PIPE},
	{"/std/src/net/", CALL_SOCKET},
	{"/std/src/os/unix/net/", CALL_SOCKET},
	{"/std/src/fs.rs", CALL_FILE},
	{"/futures-executor-", CALL_BLOCK_ON},
	{"/pollster-", CALL_BLOCK_ON},
	{"/async-global-executor-", CALL_BLOCK_ON},
	{"/src/blocking/wait.rs", CALL_BLOCK_ON}, /* reqwest's */
	{"/src/runtime/park.rs", CALL_BLOCK_ON},  /* Tokio's */
};

/* Whole names of functions of the C library. */
static const struct rule c_rules[] = {
	{"fork", CALL_CHILD},
	{"vfork", CALL_CHILD},
	{"_Fork", CALL_CHILD},
	{"__libc_fork", CALL_CHILD},
	{"arch_fork", CALL_CHILD},
	{"wait", CALL_CHILD},
	{"waitpid", CALL_CHILD},
	{"wait3", CALL_CHILD},
	{"wait4", CALL_CHILD},
	{"waitid", CALL_CHILD},
	{"posix_spawn", CALL_CHILD},
	{"posix_spawnp", CALL_CHILD},
	{"__spawni", CALL_CHILD},
	{"__spawnix", CALL_CHILD},
	{"system", CALL_CHILD},
	{"do_system", CALL_CHILD},
	{"popen", CALL_CHILD},
	{"pclose", CALL_CHILD},
	{"pidfd_spawn", CALL_CHILD},
	{"pidfd_spawnp", CALL_CHILD},
	{"wordexp", CALL_CHILD},
	{"pthread_create", CALL_THREAD},
	{"__pthread_create", CALL_THREAD},
	{"create_thread", CALL_THREAD},
	{"puts", CALL_STDOUT},
	{"printf", CALL_STDOUT},
	{"__printf_chk", CALL_STDOUT},
	{"vprintf", CALL_STDOUT},
	{"putchar", CALL_STDOUT},
	{"perror", CALL_STDERR},
	{"getchar", CALL_STDIN},
	{"scanf", CALL_STDIN},
	{"gets", CALL_STDIN},
};

static enum call first_of(const char *text, const struct rule *rule, size_t count)
{
	for (size_t i = 0; text && i < count; i++)
		if (strstr(text, rule[i].part))
			return rule[i].call;
	return CALL_NONE;
}

/* Is `part` in this path? A part of a path does not begin in the middle of a word: "duct::" is not in "product::load". Functions
 * of the C library have all kinds of prefixes. */
static bool has_part(const char *path, const char *part)
{
	bool any = !strchr(part, ':');
	const char *at = path;

	while ((at = strstr(at, part)) && !any && at > path && (ISALNUM(at[-1]) || at[-1] == '_'))
		at++;
	return at;
}

static enum call matching(const char *path)
{
	for (size_t i = 0; path && i < ARRAY_SIZE(rules); i++)
		if (has_part(path, rules[i].part))
			return rules[i].call;
	return CALL_NONE;
}

/* Is this a function named block_on, or a closure in one, of any crate? Every executor has one. */
static bool is_block_on(const char *bare)
{
	const char *at = strstr(bare, "::block_on");
	size_t length = at ? strcspn(at + 2, ":<>") : 0;

	return length == strlen("block_on") ||
	       (length == strlen("block_on_stream") && !strncmp(at + 2, "block_on_stream", length));
}

/* Generic functions of std::io: their type arguments tell what they read or write. */
static bool tells_by_type(const char *bare)
{
	return strncmp(bare, "std::io::", 9) == 0 || strncmp(bare, "<std::io::", 10) == 0;
}

enum call call_of(const struct frame *f)
{
	enum call call;
	size_t length;

	if (!f->function) {
		call = first_of(f->file, file_rules, ARRAY_SIZE(file_rules));
		return call ? call : first_of(f->runtime_files, file_rules, ARRAY_SIZE(file_rules));
	}
	if (pathname_dropped(f->function, &length))
		return CALL_NONE;
	if (f->origin == ORIGIN_SYSTEM)
		for (size_t i = 0; i < ARRAY_SIZE(c_rules); i++)
			if (!strcmp(f->function, c_rules[i].part))
				return c_rules[i].call;
	char *bare = pathname_bare(f->function);

	/* The user's own functions are named after what they are for, and after traits that they implement. */
	call = f->origin == ORIGIN_USER ? CALL_NONE : matching(bare);
	if (!call && f->name && f->origin != ORIGIN_USER)
		call = matching(f->name);
	if (!call && is_block_on(bare))
		call = CALL_BLOCK_ON;
	if (!call && tells_by_type(bare)) {
		call = matching(f->function);
		call = call ? call : matching(f->generics);
	}
	free(bare);
	return call;
}

/* Was `inner` called for the sake of `outer`? The two are neighbours, with no user code between. */
static bool made_of(enum call outer, enum call inner)
{
	switch (outer) {
	case CALL_CHILD:
		return inner == CALL_PIPE || inner == CALL_FILE || inner == CALL_SOCKET;
	case CALL_STDIN:
	case CALL_STDOUT:
	case CALL_STDERR:
		return inner == CALL_FILE || inner == CALL_PIPE;
	case CALL_PIPE: /* std::io's name for the same pipe */
		return inner == CALL_CHILD;
	case CALL_NAME_LOOKUP:
		return inner == CALL_SOCKET || inner == CALL_FILE;
	default:
		return false;
	}
}

enum call calls_decide(const struct frame *const *frame, const enum call *call, size_t count)
{
	enum call found = CALL_NONE;

	for (size_t i = 0; i < count; i++) {
		if (call[i] && (!found || made_of(call[i], found)))
			found = call[i];
		if (frame[i]->origin == ORIGIN_USER)
			break;
	}
	return found;
}
