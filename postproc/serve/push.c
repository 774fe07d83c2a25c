/* SPDX-License-Identifier: Apache-2.0 */
/* push.c - see push.h. */
#include "serve/push.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/complain.h"
#include "base/escape.h"
#include "format/formats.h"
#include "format/otlp.h"
#include "sandbox/confine.h"
#include "sandbox/helper.h"
#include "sandbox/pass-descriptor.h"
#include "serve/memory-file.h"
#include "serve/push-http.h"

#define S UINT64_C(1000000000)
#define AUTH_SIZE 4096
#define AUTH_VARIABLE "HUD_TRACE_PUSH_AUTH"

struct pusher {
	const struct push_options *options;
	enum push_protocol protocol;
	int to, from; /* ends of the socket pair: this process's, and hud-push's */
	char host[256];
	char *authorization; /* in hud-push */
	pthread_t sender;
	struct helper *helper;
	uint64_t lost; /* never got to hud-push */
};

const char *push_add_label(struct push_options *o, const char *text)
{
	const char *equals = strchr(text, '=');
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.");

	if (!equals || equals == text || text + length != equals)
		return "it is no KEY=VALUE with letters, digits, _ and . in KEY";
	if (o->labels == PUSH_LABELS)
		return "there are too many";
	o->label[o->labels++] =
		(struct push_label){.key = xstrndup(text, length), .value = escape_utf8(equals + 1)};
	return NULL;
}

/* --- the secret --- */

/* This process reads what the target controls: it must not have the secret. */
static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

/* Reads the first line of the file with the rights of the user who called, in a child: this process keeps its own. Returns it, which the
 * caller frees, or NULL with errno set. */
static char *read_as_user(const char *path)
{
	char text[AUTH_SIZE] = "";
	int ends[2], status = 0;

	if (pipe2(ends, O_CLOEXEC))
		return NULL;
	pid_t pid = fork();

	if (pid == 0) {
		int fd = confine_to_user() ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

		if (got > 0)
			got = write(ends[1], text, (size_t)got);
		_exit(got < 0 ? errno & 127 : 0);
	}
	close(ends[1]);
	ssize_t got = read(ends[0], text, sizeof(text) - 1);

	close(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return NULL;
	text[got > 0 ? got : 0] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	errno = WEXITSTATUS(status) ? WEXITSTATUS(status) : ENODATA;
	char *line = *text ? xstrdup(text) : NULL;

	explicit_bzero(text, sizeof(text));
	return line;
}

/* The value of the Authorization header; NULL with *error 0 if there is none. A word alone is a token. */
static char *find_authorization(const struct push_options *o, int *error)
{
	const char *variable = getenv(AUTH_VARIABLE);
	char *text = o->auth ? read_as_user(o->auth) : variable && *variable ? xstrdup(variable) : NULL;

	*error = o->auth && !text ? errno : 0;
	if (!text || strchr(text, ' '))
		return text;
	char *bearer = concat("Bearer ", text, NULL);

	wipe(text);
	return bearer;
}

/* The variable's value also stays in /proc/PID/environ, of this process and those forked from it. */
static void forget_variable(void)
{
	char *variable = getenv(AUTH_VARIABLE);

	if (variable)
		explicit_bzero(variable, strlen(variable));
	unsetenv(AUTH_VARIABLE);
}

const char *push_check(const struct push_options *o)
{
	static char text[512];
	enum push_protocol protocol;
	const char *wrong = push_protocol_of(o->url, &protocol);
	int error;

	if (wrong)
		return wrong;
	wipe(find_authorization(o, &error));
	if (!error)
		return NULL;
	snprintf(text, sizeof(text), "--push-auth %s: %s", o->auth, strerror(error));
	return text;
}

/* --- the process --- */

static void *send_all(void *the_pusher)
{
	const struct pusher *p = the_pusher;

	push_http_run(p->from, p->options->url, p->authorization);
	return NULL;
}

static int prepare(void *the_pusher)
{
	struct pusher *p = the_pusher;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) || confine_to_nobody())
		return -1;
	return pthread_create(&p->sender, NULL, send_all, p) ? -1 : 0;
}

static void await_sender(void *the_pusher)
{
	pthread_join(((struct pusher *)the_pusher)->sender, NULL);
}

static bool keeps(void *the_pusher, int fd)
{
	return fd == ((struct pusher *)the_pusher)->from;
}

static int start(struct pusher *p)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return errno;
	p->to = ends[0];
	p->from = ends[1];
	p->helper = helper_start(&(struct helper_duty){
		.name = "hud-push", .keeps = keeps, .prepare = prepare, .end = await_sender, .context = p});
	return p->helper ? 0 : errno;
}

struct pusher *push_new(const char *command, const struct push_options *o)
{
	struct pusher *p = xcalloc(1, sizeof(*p));
	const char *wrong = push_protocol_of(o->url, &p->protocol);
	int error = 0;

	p->options = o;
	p->to = p->from = -1;
	gethostname(p->host, sizeof(p->host) - 1);
	if (!wrong)
		p->authorization = find_authorization(o, &error);
	forget_variable();
	error = wrong || error ? error : start(p);
	wipe(p->authorization);
	p->authorization = NULL;
	if (!wrong && !error) {
		close(p->from);
		p->from = -1;
		return p;
	}
	complain("hud-postproc %s: --push %s\n", command, wrong ? wrong : strerror(error));
	push_free(p);
	return NULL;
}

void push_free(struct pusher *p)
{
	if (!p)
		return;
	if (p->to >= 0)
		close(p->to);
	if (p->from >= 0)
		close(p->from);
	helper_end(p->helper);
	if (p->lost)
		complain("hud-postproc: --push: %" PRIu64 " profiles were lost: too many waited\n", p->lost);
	free(p);
}

/* --- a profile --- */

/* The labels: the user's, and those that the user did not give. Returns how many. The texts belong to the caller. */
static size_t label_all(const struct pusher *p, const struct model *m, struct push_label *label)
{
	const struct push_options *o = p->options;
	const struct target *t = &m->target;
	const struct push_label own[] = {
		{(char *)"service.name", escape_utf8(t->name ? t->name : "")},
		{(char *)"host.name", escape_utf8(p->host)},
		{(char *)"process.pid", text_format("%ld", t->pid)},
		{(char *)"service.version", escape_utf8(t->build_id ? t->build_id : "")}};
	size_t count = 0;

	for (size_t i = 0; i < o->labels; i++)
		label[count++] = (struct push_label){xstrdup(o->label[i].key), xstrdup(o->label[i].value)};
	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		size_t k = 0;

		while (k < o->labels && strcmp(o->label[k].key, own[i].key) != 0)
			k++;
		if (k == o->labels && *own[i].value)
			label[count++] = (struct push_label){xstrdup(own[i].key), xstrdup(own[i].value)};
		free(own[i].value);
	}
	return count;
}

#define WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
#define PLAIN WORD "./-"

/* Appends a text to Pyroscope's name, with _ for what may not be in it there. */
static void append_plain(char *name, const char *text, const char *plain)
{
	size_t length = strlen(name);

	for (; *text && length < PUSH_NAME - 4; text++)
		name[length++] = strchr(plain, *text) ? *text : '_';
	name[length] = '\0';
}

/* Pyroscope's words for them: "shop{host=a,pid=42,version=1}". */
static void write_name(char *name, const struct push_label *label, size_t labels)
{
	static const char *const words[][2] = {
		{"host.name", "host"}, {"process.pid", "pid"}, {"service.version", "version"}};
	const char *separator = "{";

	*name = '\0';
	for (size_t i = 0; i < labels; i++)
		if (!strcmp(label[i].key, "service.name"))
			append_plain(name, label[i].value, PLAIN);
	for (size_t i = 0; i < labels; i++) {
		const char *key = label[i].key;

		if (!strcmp(key, "service.name") || strlen(name) > PUSH_NAME - 8)
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(words); k++)
			key = strcmp(key, words[k][0]) != 0 ? key : words[k][1];
		strcat(name, separator);
		append_plain(name, key, WORD);
		strcat(name, "=");
		append_plain(name, label[i].value, PLAIN);
		separator = ",";
	}
	if (*separator == ',')
		strcat(name, "}");
}

/* The profile in a memory file; -1 if it cannot be written. */
static int write_profile(const struct pusher *p, const struct model *m, const struct push_label *label,
			 size_t labels)
{
	struct otlp_attribute attribute[PUSH_LABELS + 4];
	int fd, failed = -1;
	FILE *file = memory_file_begin("hud-profile", &fd);

	for (size_t i = 0; i < labels; i++)
		attribute[i] = (struct otlp_attribute){label[i].key, label[i].value};
	if (file && p->protocol == PUSH_OTLP)
		failed = otlp_write(file, m, attribute, labels);
	else if (file)
		failed = format_named("pprof")->write(file, m, &(struct report_options){0});
	return memory_file_end(file, fd, failed);
}

void push_model(struct pusher *p, const struct model *m)
{
	struct push_label label[PUSH_LABELS + 4];
	struct push_job job = {0};
	uint64_t offset = m->target.clock_wall ? m->target.clock_wall - m->target.clock_boot : 0;

	if (!m->shares)
		return;
	size_t labels = label_all(p, m, label);
	int fd = write_profile(p, m, label, labels);

	job.from = (offset + m->start) / S;
	job.until = (offset + m->end + S - 1) / S;
	write_name(job.name, label, labels);
	/* If many wait already, there is no room. */
	if (fd < 0 || send_with_descriptor(p->to, &job, sizeof(job), fd, MSG_DONTWAIT))
		p->lost++;
	if (fd >= 0)
		close(fd);
	for (size_t i = 0; i < labels; i++) {
		free(label[i].key);
		free(label[i].value);
	}
}
