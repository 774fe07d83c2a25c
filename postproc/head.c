/* head.c - see head.h. */
#include "head.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <getopt.h>
#include <inttypes.h>
#include <libelf.h>
#include <libiberty/libiberty.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "binary.h"
#include "confine.h"
#include "debuginfo.h"
#include "debuginfod.h"
#include "framepointers.h"
#include "opener.h"
#include "pollsites.h"
#include "progress.h"
#include "roles.h"
#include "space.h"
#include "stopped.h"
#include "symbolize.h"
#include "tokio.h"

#define STREAM_VERSION 1
#define COMMAND_MAX 4096 /* bytes of the command line that are kept */
#define VDSO_MAX (1u << 20)

/* The names that Tokio gives its threads: up to 1.49, and since. */
static const char *const tokio_names[] = {"tokio-runtime-w", "tokio-rt-worker"};

/* The executable mappings of the process. */
struct maps {
	struct mapping *mapping;
	size_t count;
};

static void write_escaped(FILE *out, const char *raw, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)raw[i];

		if (c < 0x20 || c > 0x7e || c == '\\')
			fprintf(out, "\\x%02x", c);
		else
			putc(c, out);
	}
}

static void write_meta(FILE *out, const char *key, const char *value)
{
	fprintf(out, "meta %s ", key);
	write_escaped(out, value, strlen(value));
	putc('\n', out);
}

static void ATTRIBUTE_PRINTF(3, 4) write_metaf(FILE *out, const char *key, const char *format, ...)
{
	va_list args;
	char *value;

	va_start(args, format);
	value = xvasprintf(format, args);
	va_end(args);
	write_meta(out, key, value);
	free(value);
}

/* The GNU build id of an ELF file in lower-case hex, or "". */
static char *elf_build_id(Elf *elf)
{
	size_t count;

	if (!elf || elf_getphdrnum(elf, &count))
		return xstrdup("");
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr phdr;
		GElf_Nhdr note;
		size_t at = 0, next, name, desc;
		Elf_Data *data;

		if (!gelf_getphdr(elf, (int)i, &phdr) || phdr.p_type != PT_NOTE)
			continue;
		data = elf_getdata_rawchunk(elf, (int64_t)phdr.p_offset, phdr.p_filesz,
					    phdr.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
		for (; data && (next = gelf_getnote(data, at, &note, &name, &desc)) > 0; at = next) {
			const char *bytes = data->d_buf;
			char *hex;

			if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof("GNU") ||
			    note.n_descsz > 64 || memcmp(bytes + name, "GNU", sizeof("GNU")))
				continue;
			hex = xcalloc(2 * note.n_descsz + 1, 1);
			for (size_t b = 0; b < note.n_descsz; b++)
				sprintf(hex + 2 * b, "%02x", (unsigned char)bytes[desc + b]);
			return hex;
		}
	}
	return xstrdup("");
}

/* The same of the file `path`; *regular tells if there is one that can be read. The path is the target's to
 * choose: what is not a regular file (a pipe would wait for ever) is not read. */
static char *file_build_id(const char *path, bool *regular)
{
	int fd = opener_open(path);
	char *id = NULL;
	Elf *elf;

	*regular = fd >= 0 || errno == ENOEXEC;
	if (fd >= 0) {
		elf = elf_begin(fd, ELF_C_READ, NULL);
		id = elf_build_id(elf);
		elf_end(elf);
	}
	if (fd >= 0)
		close(fd);
	return id ? id : xstrdup("");
}

/* The vdso is in no file. */
static char *vdso_build_id(pid_t pid, const struct mapping *m)
{
	size_t size = m->end - m->start;
	struct iovec remote = {(void *)(uintptr_t)m->start, size}, local = {NULL, size};
	char *id = NULL;
	Elf *elf;

	if (size > VDSO_MAX)
		return xstrdup("");
	local.iov_base = xmalloc(size);
	if (process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)size) {
		elf = elf_memory(local.iov_base, size);
		id = elf_build_id(elf);
		elf_end(elf);
	}
	free(local.iov_base);
	return id ? id : xstrdup("");
}

/* The build id of what is mapped at `m`: through map_files, which is the very file whatever has become of its
 * name; that takes root, so else by name, in the process's own root. */
static char *mapping_build_id(pid_t pid, const struct mapping *m)
{
	bool regular;
	char *path, *id;

	if (!strcmp(m->path, "[vdso]"))
		return vdso_build_id(pid, m);
	if (m->path[0] != '/')
		return xstrdup("");
	path = xasprintf("/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)pid, m->start, m->end);
	id = file_build_id(path, &regular);
	if (!regular) {
		free(path);
		free(id);
		path = xasprintf("/proc/%d/root%s", (int)pid, m->path);
		id = file_build_id(path, &regular);
	}
	free(path);
	return id;
}

/* Reads the executable mappings of `pid`. Returns 0, or -1 with errno set. */
static int maps_read(pid_t pid, struct maps *maps)
{
	char *line = NULL, *path = xasprintf("/proc/%d/maps", (int)pid);
	FILE *in = fopen(path, "re");
	size_t room = 0, size = 0;
	ssize_t length;

	*maps = (struct maps){0};
	free(path);
	if (!in)
		return -1;
	while ((length = getline(&line, &size, in)) > 0) {
		struct mapping m = {.executable = true};
		char perms[5];
		int name = 0;

		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %n", &m.start, &m.end,
			   perms, &m.offset, &name) < 4 ||
		    !name || perms[2] != 'x' || !strcmp(line + name, "[vsyscall]"))
			continue;
		m.path = xstrdup(line + name);
		m.build_id = mapping_build_id(pid, &m);
		if (maps->count == room) {
			room = room ? 2 * room : 32;
			maps->mapping = xrealloc(maps->mapping, room * sizeof(*maps->mapping));
		}
		maps->mapping[maps->count++] = m;
	}
	free(line);
	fclose(in);
	return 0;
}

static void maps_free(struct maps *maps)
{
	for (size_t i = 0; i < maps->count; i++) {
		free((char *)maps->mapping[i].path);
		free((char *)maps->mapping[i].build_id);
	}
	free(maps->mapping);
}

/* Where /proc/PID/exe leads, or NULL with errno set. */
static char *exe_path(pid_t pid)
{
	char *link = xasprintf("/proc/%d/exe", (int)pid), *path = xcalloc(PATH_MAX + 1, 1);
	ssize_t length = readlink(link, path, PATH_MAX);

	free(link);
	if (length >= 0)
		return path;
	free(path);
	return NULL;
}

static void write_command(FILE *out, pid_t pid)
{
	char *path = xasprintf("/proc/%d/cmdline", (int)pid), text[COMMAND_MAX];
	FILE *in = fopen(path, "re");
	size_t length = in ? fread(text, 1, sizeof(text), in) : 0;

	while (length && !text[length - 1])
		length--;
	for (size_t i = 0; i < length; i++)
		if (!text[i])
			text[i] = ' ';
	fputs("meta command ", out);
	write_escaped(out, text, length);
	putc('\n', out);
	if (in)
		fclose(in);
	free(path);
}

static void write_machine(FILE *out)
{
	struct timespec mono, real;
	struct utsname name;

	if (!uname(&name)) {
		write_meta(out, "kernel", name.release);
		write_meta(out, "arch", name.machine);
	}
	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &real);
	write_metaf(out, "clock", "%lld%09ld %lld%09ld", (long long)mono.tv_sec, mono.tv_nsec,
		    (long long)real.tv_sec, real.tv_nsec);
}

/* Says what the report will lack for want of symbols. */
static void write_symbol_warnings(FILE *out, struct space *space, const char *target, const char *build_id)
{
	struct debuginfo_function functions[DEBUGINFO_CHAIN];
	struct module *main = space_main(space);
	bool regular;
	char *id;

	if (target) {
		id = file_build_id(target, &regular);
		if (strcmp(id, build_id))
			write_metaf(out, "warning",
				    "%s is another build than the one that runs: build id %s, not %s", target,
				    *id ? id : "none", *build_id ? build_id : "none");
		free(id);
	}
	if (main && main->dwfl && !main->has_debug_info) /* perhaps in a file of its own */
		debuginfo_find(main, main->low, functions);
	if (main && main->dwfl && main->problem && !target)
		write_metaf(out, "warning", "%s: %s", main->path, main->problem);
	if (!main || !main->dwfl)
		write_metaf(out, "warning", "no symbols: %s",
			    main && main->problem ? main->problem : "the executable cannot be read");
	else if (!main->has_symtab && !main->has_debug_info)
		write_meta(out, "warning",
			   "stripped: functions are shown as module+offset, with the source files that their "
			   "panic messages name; --target FILE takes names from an unstripped copy");
	else if (!main->has_debug_info && !main->problem)
		write_meta(out, "warning",
			   "no debug info: no source lines or inlined calls; build with [profile.release] "
			   "debug = 1");
}

static size_t roles_count(const struct thread *threads, size_t count, enum role role)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += threads[i].role == role;
	return found;
}

static void find_by_prefix(FILE *out, const char *prefix, struct thread *threads, size_t count)
{
	size_t found = roles_by_name(threads, count, prefix);

	write_metaf(out, "workers", "--workers %s: %zu of %zu threads", prefix, found, count);
}

/* Decides who is watched, and says how. Names alone would miss a current-thread runtime, whose thread has any name while
 * its blocking pool has Tokio's; stacks alone, workers whose stack cannot be read and a pool thread that takes over from a
 * worker in block_in_place. So either is enough. */
static void find_workers(FILE *out, pid_t pid, struct thread *threads, size_t count, const struct maps *maps,
			 struct space *space)
{
	struct symbolizer *symbolizer = symbolizer_new(space);
	size_t unread = roles_by_stack(pid, threads, count, maps->mapping, maps->count, symbolizer),
	       named = 0;

	for (size_t i = 0; i < sizeof(tokio_names) / sizeof(*tokio_names); i++)
		named += roles_by_name(threads, count, tokio_names[i]);
	write_metaf(out, "workers",
		    "%zu multi-thread and %zu current-thread by stack, %zu by name, of %zu threads",
		    roles_count(threads, count, ROLE_WORKER),
		    roles_count(threads, count, ROLE_CURRENT_THREAD), named, count);
	if (unread)
		write_metaf(out, "warning", "the stacks of %zu of %zu threads could not be read", unread,
			    count);
	symbolizer_free(symbolizer);
}

static void write_scheduler(FILE *out, const struct tokio_scheduler *t)
{
	fprintf(out, " %d %" PRIu64 " %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu32, t->known,
		t->pointer, t->tag, t->core, t->counter, t->idle, t->idle_value);
}

/* Where the state of Tokio is that tells one poll from another, in the order that poll.bt takes it; or why it is not known. */
static void write_tokio(FILE *out, pid_t pid, struct thread *threads, size_t count, struct space *space)
{
	struct tokio_layout layout;
	const char *why = tokio_find(space_main(space), &layout);

	if (!why) {
		roles_read_thread_pointers(pid, threads, count);
		why = tokio_verify(pid, threads, count, &layout);
	}
	if (why) {
		fprintf(out, "tokio - %s\n", why);
		return;
	}
	fprintf(out, "tokio %" PRIu64 " %" PRIu64 " %" PRIu64 " %d %" PRIu64, layout.id, layout.id_tag,
		layout.budget, layout.tagged, layout.tag);
	write_scheduler(out, &layout.multi_thread);
	write_scheduler(out, &layout.current_thread);
	fprintf(out, " %s\n", layout.how);
	if (!layout.current_thread.known && roles_count(threads, count, ROLE_CURRENT_THREAD))
		write_meta(out, "warning",
			   "without debug info the polls of a current-thread runtime cannot be told apart: "
			   "it is "
			   "left out; --polls estimate takes it in");
}

/* Where probes would tell one poll from another, for pollentry.bt; or why they would not. */
static void write_sites(FILE *out, pid_t pid, struct space *space)
{
	struct symbolizer *symbolizer = symbolizer_new(space);
	struct module *module = space_main(space);
	struct pollsites sites;
	const char *why = pollsites_find(pid, module, symbolizer, &sites);

	if (why)
		fprintf(out, "site - %s\n", why);
	for (size_t i = 0; i < sites.count; i++) {
		const struct pollsite *site = &sites.site[i];

		fprintf(out, "site %c %" PRIx64 " %" PRIx64 " %d ", SITE_KINDS[site->kind], site->address,
			site->address - module->bias, site->slow);
		if (site->future)
			write_escaped(out, site->future, strlen(site->future));
		else
			putc('-', out);
		putc('\n', out);
	}
	pollsites_free(&sites);
	symbolizer_free(symbolizer);
}

static void write_thread(FILE *out, const struct thread *thread)
{
	fprintf(out, "thread %d %s %d ", (int)thread->tid, role_name(thread->role), thread->watched);
	write_escaped(out, thread->comm, strlen(thread->comm));
	putc('\n', out);
}

static void write_map(FILE *out, const struct mapping *m)
{
	fprintf(out, "map %" PRIx64 " %" PRIx64 " r-xp %" PRIx64 " %s ", m->start, m->end, m->offset,
		*m->build_id ? m->build_id : "-");
	write_escaped(out, m->path, strlen(m->path));
	putc('\n', out);
}

/* The space that the reader of this stream will build from its map lines. */
static struct space *space_of(const struct head_options *options, const char *exe, const struct maps *maps)
{
	struct space *space = space_new(&(struct space_options){.pid = options->pid,
								.exe = exe,
								.target = options->target,
								.debuginfod = options->debuginfod});

	for (size_t i = 0; i < maps->count; i++)
		space_add(space, &maps->mapping[i]);
	return space;
}

/* Do the executable and its C library both keep frame pointers? */
static bool frame_pointers(struct space *space, const struct maps *maps)
{
	const struct module *main = space_main(space);
	bool kept = main && keeps_frame_pointers(main);

	for (size_t i = 0; i < maps->count && kept; i++) {
		const char *base = strrchr(maps->mapping[i].path, '/');

		if (base && (!strncmp(base, "/libc.", 6) || !strncmp(base, "/libc-", 6)))
			kept = keeps_frame_pointers(space_module(space, maps->mapping[i].start));
	}
	return kept;
}

/* What decides how stacks are taken. */
static void write_stack_facts(FILE *out, struct space *space, const struct maps *maps,
			      const struct thread *threads, size_t count)
{
	bool rseq = false;

	write_meta(out, "frame-pointers", frame_pointers(space, maps) ? "yes" : "no");
	/* One thread tells it of all, but on a busy machine not each can be stopped in time. */
	for (size_t i = 0, tries = 0; i < count && tries < 8 && !rseq; i++)
		if (threads[i].watched) {
			rseq = stopped_rseq(threads[i].tid);
			tries++;
		}
	write_meta(out, "rseq", rseq ? "yes" : "no");
}

static void write_all(FILE *out, const struct head_options *options, const char *exe, const struct maps *maps,
		      struct thread *threads, size_t count)
{
	char *exe_link = xasprintf("/proc/%ld/exe", options->pid);
	struct space *space = space_of(options, exe, maps);
	bool regular;
	char *build_id = file_build_id(exe_link, &regular);

	fprintf(out, "hud-trace %d\n", STREAM_VERSION);
	for (size_t i = 0; i < options->metas; i++) {
		const char *equals = strchr(options->meta[i], '=');

		fprintf(out, "meta %.*s ", (int)(equals - options->meta[i]), options->meta[i]);
		write_escaped(out, equals + 1, strlen(equals + 1));
		putc('\n', out);
	}
	write_metaf(out, "pid", "%ld", options->pid);
	write_meta(out, "exe", exe);
	write_meta(out, "build-id", *build_id ? build_id : "-");
	write_command(out, (pid_t)options->pid);
	write_machine(out);
	if (options->workers)
		find_by_prefix(out, options->workers, threads, count);
	else
		find_workers(out, (pid_t)options->pid, threads, count, maps, space);
	write_symbol_warnings(out, space, options->target, build_id);
	write_stack_facts(out, space, maps, threads, count);
	write_tokio(out, (pid_t)options->pid, threads, count, space);
	write_sites(out, (pid_t)options->pid, space);
	for (size_t i = 0; i < maps->count; i++)
		write_map(out, &maps->mapping[i]);
	for (size_t i = 0; i < count; i++)
		write_thread(out, &threads[i]);
	space_free(space);
	free(exe_link);
	free(build_id);
}

int head_write(FILE *out, const struct head_options *options)
{
	char *exe = exe_path((pid_t)options->pid);
	struct thread *threads;
	struct maps maps;
	size_t count;

	if (!exe)
		return -1;
	elf_version(EV_CURRENT);
	if (maps_read((pid_t)options->pid, &maps)) {
		free(exe);
		return -1;
	}
	count = threads_list((pid_t)options->pid, &threads);
	if (count)
		write_all(out, options, exe, &maps, threads, count);
	free(threads);
	maps_free(&maps);
	free(exe);
	return count && !fflush(out) && !ferror(out) ? 0 : -1;
}

static const char usage[] =
	"usage: hud-postproc head --pid PID [--workers PREFIX] [--target FILE] [--meta KEY=VALUE]...\n"
	"\n"
	"Writes the head of an event-line stream (probes/README.md): what is needed to resolve the\n"
	"events of process PID later, and which of its threads are Tokio workers.\n"
	"\n"
	"  -p, --pid PID         the process\n"
	"      --workers PREFIX  its workers are the threads whose name starts so\n"
	"  -t, --target FILE     take the symbols of its executable from FILE\n"
	"      --debuginfod      ask the servers in $DEBUGINFOD_URLS for debug info\n"
	"      --headless        no progress\n"
	"  -m, --meta KEY=VALUE  one more meta line; may be repeated\n"
	"  -h, --help            this text\n";

static bool is_meta(const char *text)
{
	size_t key = 0;

	while (islower((unsigned char)text[key]) || isdigit((unsigned char)text[key]) || text[key] == '-')
		key++;
	return key && text[key] == '=';
}

static int usage_error(void)
{
	fputs("Try 'hud-postproc head --help'.\n", stderr);
	return 2;
}

/* It keeps the right to look at processes: it stops threads for a moment, and reads their stacks. */
static int enter_sandbox(const struct head_options *options)
{
	if (opener_start(options->pid) || (options->debuginfod && debuginfod_start()) || confine_to_tracer())
		return -1;
	binary_prepare();
	tzset();
	return confine_head();
}

int head_main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"pid", required_argument, NULL, 'p'},	  {"workers", required_argument, NULL, 'w'},
		{"target", required_argument, NULL, 't'}, {"meta", required_argument, NULL, 'm'},
		{"debuginfod", no_argument, NULL, 'd'},	  {"headless", no_argument, NULL, 'q'},

		{"help", no_argument, NULL, 'h'},	  {NULL, 0, NULL, 0},
	};
	const char **meta = xcalloc((size_t)argc + 1, sizeof(*meta));
	struct head_options options = {.meta = meta};
	int c, status = 0;
	bool quiet = false;
	char *end;

	while (!status && (c = getopt_long(argc, argv, "p:t:m:h", long_options, NULL)) != -1) {
		switch (c) {
		case 'p':
			errno = 0;
			options.pid = strtol(optarg, &end, 10);
			if (errno || *end || end == optarg || options.pid < 1 || options.pid > INT_MAX) {
				fprintf(stderr, "hud-postproc head: --pid: '%s' is not a process id\n",
					optarg);
				status = 2;
			}
			break;
		case 'w':
			options.workers = optarg;
			break;
		case 't':
			options.target = optarg;
			break;
		case 'q':
			quiet = true;
			break;
		case 'd':
			options.debuginfod = debuginfod_wanted("head");
			break;
		case 'm':
			if (!is_meta(optarg)) {
				fprintf(stderr, "hud-postproc head: --meta: '%s' is not KEY=VALUE\n", optarg);
				status = 2;
			}
			meta[options.metas++] = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			free(meta);
			return 0;
		default:
			status = usage_error();
		}
	}
	if (!status && (optind < argc || !options.pid)) {
		fprintf(stderr, "hud-postproc head: %s\n",
			options.pid ? "operands are not taken" : "--pid is needed");
		status = usage_error();
	}
	if (!quiet && isatty(STDERR_FILENO))
		progress_enable();
	if (!status && enter_sandbox(&options))
		status = 1;
	if (!status && head_write(stdout, &options)) {
		fprintf(stderr, "hud-postproc head: process %ld: %s\n", options.pid,
			errno == ENOENT ? strerror(ESRCH) : strerror(errno));
		status = 1;
	}
	opener_end();
	debuginfod_end();
	free(meta);
	return status;
}
