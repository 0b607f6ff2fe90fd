#include "server_process.h"

#include "test.h"

#include "account/setting.h"
#include "base/loop.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUIET_MS 100 // without a commit: everything has been stored

static uint16_t free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	getsockname(fd, (struct sockaddr *)&a, &len);
	close(fd);
	return ntohs(a.sin_port);
}

static FILE *file_make(const struct server *s, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", s->directory, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	return f;
}

void server_make(struct server *s, const char *settings)
{
	char path[128];

	*s = (struct server){
	        .directory = "/tmp/amphi-server-XXXXXX",
	        .recorder.listener = -1,
	        .recorder.connection = -1,
	};
	assert_non_null(mkdtemp(s->directory));
	snprintf(s->accounts, sizeof(s->accounts), "%s/accounts.db", s->directory);
	snprintf(path, sizeof(path), "%s/dataplane.sock", s->directory);
	fake_dataplane_start(&s->dataplane, path);
	FILE *f = file_make(s, "index.html");
	fputs("<!doctype html>page", f);
	fclose(f);
	s->port = free_port();
	f = file_make(s, "amphi.conf");
	fprintf(f,
	        "link: { socket = \"%s/dataplane.sock\"; recorder = \"%s/recorder.sock\"; };\n"
	        "recording: { directory = \"%s/recordings\"; };\n"
	        "controlplane: { port = %u; pages = \"%s\"; store = \"%s/store.db\"; log_level = "
	        "\"error\"; address_connections = 65536; %s\n"
	        "metrics_addresses = [\"127.0.0.1\"]; %s\n};\n",
	        s->directory, s->directory, s->directory, s->port, s->directory, s->directory,
	        strstr(settings, "address_websockets") ? "" : "address_websockets = 16384;",
	        settings);
	fclose(f);
}

void server_set_default(struct server *s, const char *setting, const char *value)
{
	struct loop *loop = loop_create();
	struct accounts *accounts = accounts_open(loop, s->accounts);
	struct account *a = account_copy(accounts_by_name(accounts, ACCOUNT_DEFAULT));
	struct account_error e;

	assert_int_equal(account_set(a, setting, value, &e), 0);
	assert_int_equal(accounts_put(accounts, a, &e), 0);
	accounts_close(accounts);
	loop_destroy(loop);
}

void server_turn(struct server *s)
{
	fake_dataplane_turn(&s->dataplane);
	fake_recorder_turn(&s->recorder);
	usleep(1000);
}

int server_dial(struct server *s)
{
	struct sockaddr_in a = {
	        .sin_family = AF_INET,
	        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	        .sin_port = htons(s->port),
	};

	for (int i = 0; i < SERVER_WAIT_MS; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
			return fd;
		close(fd);
		server_turn(s);
	}
	fail_msg("the server does not listen");
	return -1;
}

// Waits for the data plane, too: peers that come earlier are sent away once it is there.
static void wait_ready(struct server *s)
{
	static const char request[] =
	        "GET /readyz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
	char answer[4096];

	for (int i = 0; i < SERVER_WAIT_MS; i++) {
		if (server_ask(s, request, NULL, answer, sizeof(answer)) == 200)
			return;
	}
	fail_msg("the server is not ready");
}

void server_start(struct server *s)
{
	char conf[128];

	snprintf(conf, sizeof(conf), "%s/amphi.conf", s->directory);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0) {
		execl(CONTROLPLANE_BINARY, CONTROLPLANE_BINARY, "-c", conf, NULL);
		_exit(127);
	}
	wait_ready(s);
}

int server_stop(struct server *s, int signal)
{
	int status;

	assert_true(s->pid > 0); // kill(0, …) would end the test, too
	kill(s->pid, signal);
	while (waitpid(s->pid, &status, WNOHANG) == 0)
		server_turn(s);
	return status;
}

static bool finds(sqlite3 *db, const char *sql, const char *peer_id, uint32_t flags)
{
	sqlite3_stmt *p;
	bool found = false;

	if (sqlite3_prepare_v2(db, sql, -1, &p, NULL) != SQLITE_OK)
		return false;
	sqlite3_bind_text(p, 1, peer_id, -1, SQLITE_STATIC);
	while (sqlite3_step(p) == SQLITE_ROW)
		found |= ((uint32_t)sqlite3_column_int(p, 0) & flags) == flags;
	sqlite3_finalize(p);
	return found;
}

// Changes with each commit of another connection.
static int data_version(sqlite3 *db)
{
	sqlite3_stmt *p;

	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA data_version", -1, &p, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(p), SQLITE_ROW);
	int version = sqlite3_column_int(p, 0);
	sqlite3_finalize(p);
	return version;
}

// Other rows may be written together with this one, or soon after.
static void wait_quiet(struct server *s, sqlite3 *db)
{
	int version = data_version(db);

	for (int i = 0, since = 0; i < SERVER_WAIT_MS && i - since < QUIET_MS; i++) {
		server_turn(s);
		int now = data_version(db);
		since = now == version ? since : i;
		version = now;
	}
}

static void
wait_row(struct server *s, const char *file, const char *sql, const char *peer_id, uint32_t flags)
{
	char path[128];
	sqlite3 *db;
	bool found = false;

	snprintf(path, sizeof(path), "%s/%s", s->directory, file);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	for (int i = 0; i < SERVER_WAIT_MS && !found; i++) {
		server_turn(s);
		found = finds(db, sql, peer_id, flags);
	}
	wait_quiet(s, db);
	sqlite3_close(db);
	assert_true(found);
}

void server_wait_stored(struct server *s, const char *peer_id, uint32_t flags)
{
	wait_row(s, "store.db", "SELECT flags FROM peers WHERE id = ?1", peer_id, flags);
}

void server_wait_kept(struct server *s, const char *room)
{
	wait_row(s, "store.db", "SELECT 1 FROM kept_rules WHERE key LIKE '%' || ?1", room, 0);
}

void server_wait_turned_away(struct server *s, const char *session)
{
	wait_row(s, "store.db", "SELECT 1 FROM turned_away WHERE key LIKE '%/' || ?1", session, 0);
}

void server_wait_admission(struct server *s, const char *peer_id)
{
	wait_row(s, "history.db", "SELECT 1 FROM admissions WHERE peer = ?1", peer_id, 0);
}

int server_remove(struct server *s)
{
	char path[512];
	int status = server_stop(s, SIGTERM);

	fake_dataplane_stop(&s->dataplane);
	if (s->recorder.listener >= 0)
		fake_recorder_stop(&s->recorder);
	DIR *d = opendir(s->directory);
	for (const struct dirent *e; (e = readdir(d));) {
		snprintf(path, sizeof(path), "%s/%s", s->directory, e->d_name);
		unlink(path);
	}
	closedir(d);
	rmdir(s->directory);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

size_t server_read_until(struct server *s, int fd, char *out, size_t size, const char *pattern)
{
	size_t len = 0;

	for (int i = 0; i < SERVER_WAIT_MS; i++) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		fake_dataplane_turn(&s->dataplane);
		fake_recorder_turn(&s->recorder);
		if (poll(&p, 1, 1) == 0)
			continue;
		ssize_t n = recv(fd, out + len, size - len - 1, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
		out[len] = '\0';
		if (pattern && memmem(out, len, pattern, strlen(pattern)))
			break;
	}
	out[len] = '\0';
	return len;
}

int server_ask(struct server *s, const char *request, const char *last, char *answer, size_t size)
{
	int fd = server_dial(s), status = 0;

	assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
	server_read_until(s, fd, answer, size, last);
	close(fd);
	assert_int_equal(sscanf(answer, "HTTP/1.1 %d", &status), 1);
	return status;
}
