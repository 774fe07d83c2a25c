/* SPDX-License-Identifier: Apache-2.0 */
/* push-http.c - see push-http.h. By libcurl.
 *
 * Pyroscope: POST /ingest with the profile of --format pprof (Grafana Pyroscope 1.x, "Server HTTP API"). OpenTelemetry: POST
 * /v1development/profiles (format/otlp.proto). Which answers are worth another try: OTLP 1.11.0, "Retryable Response Codes".
 */
#include "serve/push-http.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/complain.h"
#include "base/escape.h"
#include "sandbox/pass-descriptor.h"
#include "serve/memory-file.h"

#define QUEUE 16 /* profiles; of more, the oldest are lost */
#define CONNECT_S 5L
#define TIMEOUT_S 15L
#define WAIT_MS 1000 /* after the first failure; doubled each time, */
#define LONGEST_WAIT_MS 60000
#define END_MS 5000 /* for what is left when the trace has ended */
#define PYROSCOPE_PATH "/ingest"
#define OTLP_PATH "/v1development/profiles"

/* What the values of --format pprof are, in Pyroscope's units. */
static const char sample_types[] =
	"{\"blocks\":{\"units\":\"lock_samples\",\"display-name\":\"blocks\",\"aggregation\":\"sum\"},"
	"\"blocked\":{\"units\":\"lock_nanoseconds\",\"display-name\":\"blocked\",\"aggregation\":\"sum\"},"
	"\"delay\":{\"units\":\"lock_nanoseconds\",\"display-name\":\"delay\",\"aggregation\":\"sum\"}}";

struct profile {
	struct push_job job;
	char *bytes;
	size_t size;
};

struct sender {
	int socket;
	bool open; /* more may come */
	const char *url, *authorization;
	enum push_protocol protocol;
	struct profile queue[QUEUE];
	size_t queued;
	int64_t next_try, wait; /* ms */
	int64_t end;		/* ms: when it gives up, once nothing more comes; 0: more may come */
	uint64_t sent, lost;
	char why[256]; /* the last failure, as it was said; "": none since */
};

const char *push_protocol_of(const char *url, enum push_protocol *protocol)
{
	const char *host = !strncmp(url, "http://", 7)	  ? url + 7
			   : !strncmp(url, "https://", 8) ? url + 8
							  : NULL;
	size_t authority = host ? strcspn(host, "/?#") : 0, path = host ? strcspn(host, "?#") : 0;

	if (!authority)
		return "it is no http:// or https:// URL";
	if (memchr(host, '@', authority))
		return "everybody can read what is in arguments: put the password into the file of "
		       "--push-auth";
	const size_t ingest = strlen(PYROSCOPE_PATH), otlp = strlen(OTLP_PATH);

	if (path >= ingest && !strncmp(host + path - ingest, PYROSCOPE_PATH, ingest))
		*protocol = PUSH_PYROSCOPE;
	else if (path >= otlp && !strncmp(host + path - otlp, OTLP_PATH, otlp))
		*protocol = PUSH_OTLP;
	else
		return "its path ends neither in " PYROSCOPE_PATH " (Pyroscope) nor in " OTLP_PATH " (OTLP)";
	return NULL;
}

/* --- the queue --- */

static void drop_first(struct sender *s)
{
	free(s->queue[0].bytes);
	memmove(s->queue, s->queue + 1, --s->queued * sizeof(*s->queue));
}

/* Takes a profile from the socket. */
static void receive(struct sender *s)
{
	struct profile new = {0};
	int fd;
	ssize_t got = receive_with_descriptor(s->socket, &new.job, sizeof(new.job), &fd, 0);

	if (got <= 0) {
		s->open = got < 0 && errno == EINTR;
		s->end = s->end ? s->end : clock_ms() + END_MS;
		return;
	}
	new.job.name[PUSH_NAME - 1] = '\0';
	new.bytes = fd < 0 ? NULL : memory_file_read(fd, SIZE_MAX, &new.size);
	if (fd >= 0)
		close(fd);
	if (!new.bytes) {
		s->lost++;
		return;
	}
	if (s->queued == QUEUE) {
		drop_first(s);
		s->lost++;
	}
	s->queue[s->queued++] = new;
}

/* Called by libcurl while it waits. Other than 0: nothing more comes, and it has waited long enough. */
static int waited_enough(void *the_sender, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct sender *s = the_sender;
	struct pollfd end = {.fd = s->socket};

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	if (!s->end && poll(&end, 1, 0) > 0 && end.revents & (POLLHUP | POLLERR))
		s->end = clock_ms() + END_MS;
	return s->end && clock_ms() > s->end;
}

/* --- a request --- */

static size_t ignore(char *bytes, size_t size, size_t count, void *context)
{
	(void)bytes;
	(void)context;
	return size * count;
}

static void set_common(CURL *curl, struct sender *s)
{
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, waited_enough);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, s);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S);
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	/* Nor is a redirection followed: the secret is for this server. */
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "hud-trace");
	curl_easy_setopt(curl, CURLOPT_URL, s->url);
}

/* The URL with Pyroscope's parameters; the caller frees it. */
static char *ingest_url(CURL *curl, const struct sender *s, const struct push_job *job)
{
	char *name = curl_easy_escape(curl, job->name, 0);
	char *url =
		text_format("%s%cname=%s&from=%" PRIu64 "&until=%" PRIu64 "&format=pprof&spyName=hud-trace",
			    s->url, strchr(s->url, '?') ? '&' : '?', name ? name : "", job->from, job->until);

	curl_free(name);
	return url;
}

static void add_part(curl_mime *form, const char *name, const char *bytes, size_t size)
{
	curl_mimepart *part = curl_mime_addpart(form);

	curl_mime_name(part, name);
	curl_mime_filename(part, name);
	curl_mime_data(part, bytes, size);
}

static struct curl_slist *headers(const struct sender *s)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	if (s->protocol == PUSH_OTLP)
		list = curl_slist_append(list, "Content-Type: application/x-protobuf");
	if (s->authorization) {
		char *header = concat("Authorization: ", s->authorization, NULL);

		list = curl_slist_append(list, header);
		free(header);
	}
	return list;
}

/* Sends a profile. Returns the status, or 0 with why it did not come to one in `why`. *after: s to wait by the server's word. */
static long send_profile(struct sender *s, const struct profile *p, char *why, long *after)
{
	CURL *curl = curl_easy_init();
	struct curl_slist *list = headers(s);
	char *url = NULL;
	long status = 0;
	curl_off_t retry = 0;

	if (!curl)
		xmalloc_failed(0);
	curl_mime *form = s->protocol == PUSH_PYROSCOPE ? curl_mime_init(curl) : NULL;

	set_common(curl, s);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
	if (form) {
		add_part(form, "profile", p->bytes, p->size);
		add_part(form, "sample_type_config", sample_types, strlen(sample_types));
		curl_easy_setopt(curl, CURLOPT_MIMEPOST, form);
		url = ingest_url(curl, s, &p->job);
		curl_easy_setopt(curl, CURLOPT_URL, url);
	} else {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, p->bytes);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)p->size);
	}
	CURLcode code = curl_easy_perform(curl);

	if (code != CURLE_OK)
		strcpy(why, curl_easy_strerror(code));
	else
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry);
	*after = (long)(retry > 3600 ? 3600 : retry);
	curl_easy_cleanup(curl);
	curl_mime_free(form);
	curl_slist_free_all(list);
	free(url);
	return status;
}

/* --- the loop --- */

/* Says a failure, unless it is the one that was said last. */
static void say(struct sender *s, const char *why, const char *then)
{
	if (strcmp(why, s->why) != 0)
		complain("hud-postproc: --push: %s: %s\n", why, then);
	strcpy(s->why, why);
}

static bool worth_another(long status)
{
	return status == 0 || status == 408 || status == 429 || status == 502 || status == 503 ||
	       status == 504;
}

/* Tries to send the first one. */
static void try_first(struct sender *s)
{
	char why[256] = "";
	long after, status = send_profile(s, &s->queue[0], why, &after);

	if (status)
		snprintf(why, sizeof(why), "the server says %ld", status);
	if (status >= 200 && status < 300) {
		if (*s->why)
			complain("hud-postproc: --push: it works again\n");
		*s->why = '\0';
		s->sent++;
	} else if (worth_another(status)) {
		say(s, why, "it is tried again");
		s->wait = s->wait ? 2 * s->wait : WAIT_MS;
		s->wait = s->wait > LONGEST_WAIT_MS ? LONGEST_WAIT_MS : s->wait;
		s->next_try = clock_ms() + (after * 1000 > s->wait ? after * 1000 : s->wait);
		return;
	} else {
		say(s, why, "such profiles are lost");
		s->lost++;
	}
	s->wait = 0;
	drop_first(s);
}

/* Waits for the next profile, or for the next try. */
static void await(struct sender *s)
{
	struct pollfd ready = {.fd = s->open ? s->socket : -1, .events = POLLIN};
	int64_t now = clock_ms(), left = s->queued ? s->next_try - now : -1;

	if (s->queued && left < 0)
		left = 0;
	if (!s->open && left > s->end - now)
		left = s->end > now ? s->end - now : 0;
	if (poll(&ready, 1, (int)left) > 0)
		receive(s);
}

void push_http_run(int socket, const char *url, const char *authorization)
{
	struct sender *s = xcalloc(1, sizeof(*s));

	*s = (struct sender){.socket = socket, .open = true, .url = url, .authorization = authorization};
	push_protocol_of(url, &s->protocol);
	while (s->open || (s->queued && clock_ms() < s->end)) {
		await(s);
		if (s->queued && clock_ms() >= s->next_try)
			try_first(s);
	}
	s->lost += s->queued;
	if (s->lost)
		complain("hud-postproc: --push: %" PRIu64 " of %" PRIu64 " profiles were lost\n", s->lost,
			 s->lost + s->sent);
	while (s->queued)
		drop_first(s);
	free(s);
}
