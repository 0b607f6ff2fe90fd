// Starts and stops the control plane, in order.
#include "account/account.h"
#include "account/admin.h"
#include "archive/archive.h"
#include "archive/retention.h"
#include "base/loop.h"
#include "base/memory.h"
#include "conference/conference.h"
#include "config.h"
#include "hook/hook.h"
#include "http/http.h"
#include "rest/pages.h"
#include "rest/rest.h"
#include "signaling/admission.h"
#include "signaling/pin.h"
#include "signaling/signaling.h"
#include "statistics/statistics.h"
#include "upload/s3.h"
#include "store/history.h"
#include "store/recordings.h"
#include "store/rooms.h"

#include "am_log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <sys/stat.h>

#ifndef AMPHI_VERSION
#define AMPHI_VERSION "0.1.0"
#endif

#define READY_WAIT_MS   1000 // the longest wait for a data plane before browsers are let in
#define GOODBYE_MS      300 // time for the close frames at the end
#define DESCRIPTORS_OWN 1024 // files besides the sockets of clients
#define LOG_MS          1000 // between two reports of lines that the log has left out

struct server {
	struct config config;
	struct s3_settings s3;
	struct loop *loop;
	struct store_rooms *store;
	struct accounts *accounts;
	struct admin *admin;
	struct history *history;
	struct archive *archive;
	struct retention *retention;
	struct statistics *statistics;
	struct hooks *hooks;
	struct pages *pages;
	struct signaling *signaling;
	struct conference *conference;
	struct admissions admissions;
	struct http *http;
	struct rest rest;
	struct http_handler handler;
	struct loop_timer ready_wait;
	struct loop_timer log_wait;
	int status;
};

static const char usage[] = "usage: amphi-controlplane -c FILE\n"
                            "       amphi-controlplane --help | --version\n";

// Warns if a file that must outlive a reboot lies in a memory file system: the operator would
// otherwise notice too late.
static void volatile_warn(const char *setting, const char *path)
{
	struct statfs fs;

	if (statfs(path, &fs) == 0 && fs.f_type == TMPFS_MAGIC)
		am_warning(
		        "main: controlplane.%s is lost at the next reboot, since it lies in "
		        "memory (tmpfs): name a file such as /var/lib/amphi/%s.db; path=%s",
		        setting, setting, path
		);
}

static struct loop *stop_loop;

static void stop(int)
{
	loop_stop(stop_loop);
}

// Returns the configuration's path, or NULL if there is nothing left to do; *status is then the
// exit status.
static const char *arguments_read(int argc, char **argv, int *status)
{
	*status = 0;
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return NULL;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("amphi-controlplane " AMPHI_VERSION);
		return NULL;
	}
	if (argc == 3 && strcmp(argv[1], "-c") == 0)
		return argv[2];
	*status = 2;
	if (argc > 1 && strcmp(argv[1], "-c") != 0)
		fprintf(stderr,
		        "amphi-controlplane: unknown option %s; accepted: -c FILE, --help, "
		        "--version\n",
		        argv[1]);
	else
		fputs(usage, stderr);
	return NULL;
}

// A webinar has thousands of sockets. Raises the number of open files to the hard limit, or beyond
// it if the connections of one address require that.
static void descriptors_raise(const struct config *c)
{
	rlim_t each = c->http.certificate[0] ? 3 : 1; // http/tls.c adds a socket pair
	rlim_t wanted = each * (rlim_t)c->http.address_connections + DESCRIPTORS_OWN;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	rlim_t allowed = limit.rlim_max;
	limit.rlim_max = allowed < wanted ? wanted : allowed;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return;
	limit = (struct rlimit){allowed, allowed};
	setrlimit(RLIMIT_NOFILE, &limit);
	am_warning(
	        "main: too few files may be open for controlplane.address_connections: raise the "
	        "hard limit (LimitNOFILE of systemd); limit=%llu wanted=%llu",
	        (unsigned long long)allowed, (unsigned long long)wanted
	);
}

// Lets browsers in, once the rooms are back or there is nothing to wait for.
static void serve(void *owner)
{
	struct server *s = owner;

	loop_timer_cancel(s->loop, &s->ready_wait);
	if (s->http)
		return;
	s->http = http_create(s->loop, &s->config.http, &s->handler);
	if (!s->http) {
		s->status = 1;
		loop_stop(s->loop);
	}
}

// For the videos of recordings.
static bool data_plane_is_short(void *owner)
{
	const struct server *s = owner;
	return conference_is_short(s->conference);
}

static void
composed(void *owner, const struct recording_row *r, const struct recording_file_row *video)
{
	struct server *s = owner;
	hook_recording(
	        s->hooks, accounts_by_id(s->accounts, r->account_id), HOOK_RECORDING_COMPOSED, r,
	        video, 1
	);
}

static int start(struct server *s)
{
	s->loop = loop_create();
	if (!s->loop)
		return -errno;
	s->pages = pages_open(s->config.pages);
	if (!s->pages)
		goto destroy_loop;
	s->store = store_rooms_open(s->config.store);
	if (!s->store)
		goto close_pages;
	s->accounts = accounts_open(s->loop, s->config.accounts);
	if (!s->accounts)
		goto close_store;
	accounts_serve_unknown_hosts(s->accounts, strcmp(s->config.unknown_hosts, "default") == 0);
	s->admin = admin_create(s->loop, s->config.admin, s->accounts);
	if (!s->admin)
		goto close_accounts;
	s->history = history_open(s->loop, s->config.history, s->config.session_days);
	if (!s->history)
		goto destroy_admin;
	volatile_warn("accounts", s->config.accounts);
	volatile_warn("history", s->config.history);
	s->archive = archive_create(&(struct archive_settings){
	        .loop = s->loop,
	        .history = s->history,
	        .directory = s->config.recordings,
	        .free_min_mib = (uint32_t)s->config.recording_free_min_mib,
	        .is_busy = data_plane_is_short,
	        .composed = composed,
	        .owner = s,
	});
	if (!s->archive)
		goto close_history;
	s->retention = retention_create(s->loop, s->archive, s->accounts);
	s->statistics = statistics_create(s->loop, s->history);
	s->hooks = hooks_create(
	        s->loop, s->history, &s->config.hook_allowed, s->config.hook_authorities
	);
	if (!s->hooks)
		goto destroy_statistics;
	s->signaling = signaling_create(s->loop, (uint32_t)s->config.address_websockets, serve, s);
	s->s3 = (struct s3_settings){
	        .url = s->config.bucket,
	        .region = s->config.bucket_region,
	        .key_id = s->config.bucket_key_id,
	        .secret = s->config.bucket_secret,
	        .authorities = s->config.bucket_authorities,
	};
	s->conference = conference_create(&(struct conference_settings){
	        .loop = s->loop,
	        .socket = s->config.socket,
	        .store = s->store,
	        .hooks = s->hooks,
	        .statistics = s->statistics,
	        .accounts = s->accounts,
	        .events = signaling_events(s->signaling),
	        .join_ms = (uint64_t)s->config.join_s * 1000,
	        .voices[ROOM_WEBINAR] = (uint8_t)s->config.voices_webinar,
	        .voices[ROOM_CALL] = (uint8_t)s->config.voices_call,
	        .client_transports = 2 * (uint32_t)s->config.address_websockets,
	        .history = s->history,
	        .recorder = s->config.recorder,
	        .recordings = s->config.recordings,
	        .s3 = s->config.bucket[0] ? &s->s3 : NULL,
	        .s3_prefix = s->config.bucket_prefix,
	        .recording_free_min_mib = (uint32_t)s->config.recording_free_min_mib,
	});
	if (!s->conference)
		goto destroy_signaling;
	s->admissions = (struct admissions){
	        .loop = s->loop,
	        .accounts = s->accounts,
	        .hooks = s->hooks,
	        .conference = s->conference,
	        .pins = pins_create(),
	};
	signaling_set_admissions(s->signaling, &s->admissions);
	s->rest = (struct rest){
	        .loop = s->loop,
	        .settings = &s->config.rest,
	        .accounts = s->accounts,
	        .conference = s->conference,
	        .pages = s->pages,
	        .statistics = s->statistics,
	        .archive = s->archive,
	        .history = s->history,
	        .store = s->store,
	        .hooks = s->hooks,
	        .signaling = s->signaling,
	};
	rest_init(&s->rest);
	return 0;

destroy_signaling:
	am_error("main: cannot start; error=%s", strerror(errno));
	signaling_destroy(s->signaling);
	hooks_destroy(s->hooks);
destroy_statistics:
	statistics_destroy(s->statistics);
	archive_destroy(s->archive);
	retention_destroy(s->retention);
close_history:
	history_close(s->history);
destroy_admin:
	admin_destroy(s->admin);
close_accounts:
	accounts_close(s->accounts);
close_store:
	store_rooms_close(s->store);
close_pages:
	pages_close(s->pages);
destroy_loop:
	loop_destroy(s->loop);
	return -EIO;
}

static void respond(void *owner, const struct http_request *q, struct http_response *r)
{
	struct server *s = owner;
	rest_respond(&s->rest, q, r);
}

static bool takes_body(void *owner, const struct http_request *q)
{
	struct server *s = owner;
	return rest_takes_body(&s->rest, q);
}

static void *upgrade(void *owner, const struct http_request *q, struct http_response *r)
{
	struct server *s = owner;
	return signaling_upgrade(s->signaling, q, r);
}

static void
upgraded(void *owner, void *session, struct http_socket *socket, const void *extra, size_t len)
{
	struct server *s = owner;
	signaling_upgraded(s->signaling, session, socket, extra, len);
}

static void shut_down(struct server *s)
{
	if (s->http) {
		signaling_suspend(s->signaling);
		uint64_t end = loop_now_ms(s->loop) + GOODBYE_MS;
		while (loop_now_ms(s->loop) < end && http_socket_count(s->http) > 0)
			loop_turn(s->loop, 10);
		signaling_suspend(s->signaling); // also those that have arrived meanwhile
	}
	archive_destroy(s->archive); // before http, since it answers requests, and before the hooks
	retention_destroy(s->retention);
	hooks_destroy(s->hooks); // before http, which then answers the requests that wait for hooks
	statistics_destroy(s->statistics);
	if (s->http)
		http_destroy(s->http);
	rest_fini(&s->rest);
	conference_destroy(s->conference);
	pins_destroy(s->admissions.pins);
	signaling_destroy(s->signaling);
	history_close(s->history);
	admin_destroy(s->admin);
	accounts_close(s->accounts);
	store_rooms_close(s->store);
	pages_close(s->pages);
	loop_destroy(s->loop);
}

static void log_tick(void *owner)
{
	struct server *s = owner;

	am_log_flush();
	loop_timer_set(s->loop, &s->log_wait, LOG_MS);
}

int main(int argc, char **argv)
{
	static struct server s;
	char error[512];
	int status;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN); // there is nothing to reload
	const char *path = arguments_read(argc, argv, &status);
	if (!path)
		return status;
	if (config_read(&s.config, path, error, sizeof(error)) < 0) {
		fprintf(stderr, "amphi-controlplane: %s\n", error);
		return 1;
	}
	am_log_level = (enum am_log_level)am_log_level_from_name(s.config.log_level);
	memory_reserve(MEMORY_RESERVE);
	umask(077); // what is written here holds secrets: sessions, PINs, tokens
	descriptors_raise(&s.config);
	if (start(&s) < 0)
		return 1;
	stop_loop = s.loop;
	signal(SIGTERM, stop);
	signal(SIGINT, stop);
	s.handler = (struct http_handler
	){.owner = &s,
	  .takes_body = takes_body,
	  .respond = respond,
	  .upgrade = upgrade,
	  .upgraded = upgraded};
	s.ready_wait = (struct loop_timer){.expired = serve, .owner = &s};
	loop_timer_set(s.loop, &s.ready_wait, READY_WAIT_MS);
	s.log_wait = (struct loop_timer){.expired = log_tick, .owner = &s};
	loop_timer_set(s.loop, &s.log_wait, LOG_MS);
	loop_run(s.loop);
	loop_timer_cancel(s.loop, &s.log_wait);
	shut_down(&s);
	am_log_flush();
	return s.status;
}
