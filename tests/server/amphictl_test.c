// amphictl and the real server process: an operator's commands, and abuse of its socket.
#include "test.h"

#include "account/edit.h"
#include "account/token.h"
#include "base/json.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char directory[] = "/tmp/amphi-ctl-XXXXXX";
static uint16_t port;
static pid_t server;
static char out[262144]; // what the last command printed, on either stream

static const char *in(const char *name)
{
	static char paths[4][80];
	static int next;
	char *path = paths[next++ % 4];
	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

// Runs a shell command in the directory; returns its status.
static int sh(const char *command)
{
	char line[4096];
	snprintf(
	        line, sizeof(line),
	        "cd %s; amphictl() { " AMPHICTL_BINARY " \"$@\"; }; { %s; } 2>&1", directory,
	        command
	);
	FILE *p = popen(line, "r");
	assert_non_null(p);
	size_t len = fread(out, 1, sizeof(out) - 1, p);
	out[len] = '\0';
	return WEXITSTATUS(pclose(p));
}

static void expect(const char *command, int status, const char *has)
{
	int ret = sh(command);
	if (ret != status || !strstr(out, has))
		fail_msg("%s: status %d, not %d with \"%s\":\n%s", command, ret, status, has, out);
}

static void server_start(void)
{
	server = fork();
	assert_true(server >= 0);
	if (server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); // even if a test aborts
		execl(CONTROLPLANE_BINARY, CONTROLPLANE_BINARY, "-c", in("amphi.conf"), NULL);
		_exit(127);
	}
	for (int i = 0; i < 5000 && sh("amphictl account list") != 0; i++)
		usleep(1000);
}

static int server_stop(int signal)
{
	int status;
	assert_true(server > 0); // kill(0, …) would end the test, too
	kill(server, signal);
	waitpid(server, &status, 0);
	return status;
}

static int group_setup(void **)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	getsockname(fd, (struct sockaddr *)&a, &len);
	close(fd);
	port = ntohs(a.sin_port);

	assert_non_null(mkdtemp(directory));
	setenv("AMPHI_ADMIN_SOCKET", in("admin.sock"), 1);
	FILE *f = fopen(in("index.html"), "w");
	fclose(f);
	f = fopen(in("amphi.conf"), "w");
	fprintf(f,
	        "link: { socket = \"%s/dataplane.sock\"; };\n"
	        "controlplane: { port = %u; pages = \"%s\"; store = \"%s/store.db\";"
	        " log_level = \"error\"; };\n",
	        directory, port, directory, directory);
	fclose(f);
	server_start();
	return 0;
}

static int group_teardown(void **)
{
	int status = server_stop(SIGTERM);
	assert_int_equal(access(in("admin.sock"), F_OK), -1);
	sh("rm -rf ../${PWD##*/}");
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1; // leaks count, too
}

// proves S05
static void an_account_is_made_shown_changed_and_removed(void **)
{
	expect("amphictl account add shop --jwt-required on --debug on", 0,
	       "jwt-required           on");
	expect("amphictl host add shop shop.example", 0, "");
	expect("amphictl domain add shop https://*.shop.example", 0, "");
	expect("amphictl domain list shop", 0, "https://*.shop.example\n");
	expect("amphictl host list shop --json", 0, "[\"shop.example\"]\n");
	expect("amphictl account list", 0,
	       "shop                     on      0      0  shop.example");
	expect("amphictl account set shop --debug off --api-event https://shop.example/hook/ "
	       "--auth-event 'Basic secret'",
	       0, "debug                  off");
	expect("amphictl account show shop", 0,
	       "api-event              https://shop.example/hook\n");
	assert_null(strstr(out, "secret\n"));
	assert_non_null(strstr(out, "auth-event             set"));
	expect("amphictl account show shop --json", 0, "\"name\":\"shop\"");
	struct json *j = json_parse(out, strlen(out));
	assert_non_null(j);
	json_free(j);
	expect("amphictl domain remove shop https://*.shop.example", 0, "");
	expect("amphictl host remove shop shop.example", 0, "");
	expect("amphictl account remove shop", 0, "");
	expect("amphictl account show shop", 1, "no account shop");
}

static void wrong_usage_says_what_is_accepted(void **)
{
	static const struct {
		const char *command;
		int status;
		const char *has;
	} rows[] = {
	        {"amphictl", 2, "accepted: account, host, domain, key, token, jwt"},
	        {"amphictl acount list", 2, "unknown noun acount; accepted: account,"},
	        {"amphictl account lst", 2, "unknown verb lst of account; accepted: list, show,"},
	        {"amphictl account", 2, "accepted: list, show, add, set, remove"},
	        {"amphictl account show", 2, "account show takes ACCOUNT"},
	        {"amphictl account list x", 2, "takes no argument"},
	        {"amphictl account show default --kid x", 2,
	         "unknown option --kid; accepted: --socket"},
	        {"amphictl account set default --jwt-required", 2, "takes a value: on|off"},
	        {"amphictl account set default --jwt-required yes", 1, "accepted: on|off"},
	        {"amphictl account set default --api-event http://x", 1, "accepted: https://"},
	        {"amphictl account set default", 2, "nothing to set"},
	        {"amphictl account add 'a b'", 1, "A-Z a-z 0-9"},
	        {"amphictl account add default", 1, "there is already an account default"},
	        {"amphictl account remove default", 1, "the default account cannot be removed"},
	        {"amphictl host add default https://x.example", 1, "has a scheme"},
	        {"amphictl domain add default x.example", 1, "accepted: https://domain"},
	        {"amphictl domain remove default https://x.example", 1, "does not allow"},
	        {"amphictl key add default nofile", 1, "nofile cannot be read: No such file"},
	        {"echo x | amphictl key add default -", 1, "BEGIN PUBLIC KEY"},
	        {"amphictl token remove default none", 1, "no API token named none"},
	        {"amphictl account list --socket ./none", 3, "start amphi-controlplane"},
	        {"AMPHI_ADMIN_SOCKET=./none amphictl account list", 3, "--socket"},
	        {"amphictl jwt keygen k --bits 1024", 2, "accepted: 2048, 3072, 4096"},
	        {"amphictl jwt sign nofile", 1, "cannot be read"},
	        {"amphictl jwt sign k --claim rol=x", 2,
	         "unknown name rol; accepted: accessToken,"},
	        {"amphictl jwt sign k --claim role=king", 2, "no such value of role"},
	        {"amphictl jwt sign k --claim role", 2, "NAME=VALUE"},
	        {"amphictl jwt sign k --room a/b", 2, "no such value of roomId"},
	        {"amphictl jwt sign k --expires soon", 2, "--expires takes seconds"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expect(rows[i].command, rows[i].status, rows[i].has);
		assert_memory_equal(out, "amphictl: ", 10);
	}
}

static void help_is_everywhere(void **)
{
	expect("amphictl --help", 0, "usage: amphictl NOUN VERB");
	expect("amphictl key --help", 0, "key add ACCOUNT FILE");
	assert_null(strstr(out, "account add"));
	expect("amphictl account set --help", 0, "--hook-fail open|closed");
	expect("amphictl jwt sign --help", 0, "--claim NAME=VALUE");
}

// proves S04
static void a_made_key_pair_signs_good_tokens(void **)
{
	struct account_error e;
	struct account *a = account_create("test", &e);
	struct claims claims;
	struct stat st;
	char pem[4096] = "";

	expect("amphictl jwt keygen pair", 0, "amphictl key add ACCOUNT pair.pub");
	assert_int_equal(stat(in("pair"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	expect("amphictl jwt keygen pair", 1, "File exists");
	expect("amphictl key add default pair", 1, "private key");
	expect("amphictl key add default pair.pub --kid k1", 0, "kid k1");
	expect("amphictl key add default pair.pub", 1, "already has this key");
	expect("amphictl key list default", 0, "RSA 2048");
	assert_int_equal(sh("cat pair.pub"), 0);
	strcpy(pem, out);
	assert_int_equal(account_add_key(a, "k1", pem, 1, &e), 0);

	expect("amphictl jwt sign pair --room serv1test --claim role=moderator --claim peerId=7 "
	       "--claim canRecord=true --claim displayName='John Snow' --kid k1",
	       0, ".");
	size_t len = strcspn(out, "\n");
	assert_int_equal(token_verify(a, out, len, time(NULL), &claims), TOKEN_GOOD);
	assert_true(claims_open_room(&claims, "serv1test"));
	assert_false(claims_open_room(&claims, "other"));
	assert_true(claims.attributes.moderator && claims.attributes.can_record);
	assert_string_equal(claims.attributes.peer_id, "7");
	assert_string_equal(claims.attributes.display_name, "John Snow");
	assert_int_equal(claims.attributes.ignored, 0);
	assert_true(claims.expires_s >= time(NULL) + 3590 && claims.expires_s <= time(NULL) + 3600);
	expect("amphictl jwt sign pair --expires 0", 0, ".");
	assert_int_equal(token_verify(a, out, strcspn(out, "\n"), time(NULL), &claims), TOKEN_GOOD);
	assert_int_equal(claims.expires_s, 0);
	expect("amphictl key remove default k1", 0, "");
	account_free(a);
}

// The guide's own commands, and a token that is signed without us.
// proves S01, S04
static void openssl_makes_the_same(void **)
{
	struct account_error e;
	struct account *a = account_create("test", &e);
	struct claims claims;
	char pem[4096];

	assert_int_equal(sh("openssl genrsa -out key_name.key 2048"), 0);
	assert_int_equal(
	        sh("openssl rsa -in key_name.key -pubout -outform PEM -out key_name.key.pub"), 0
	);
	expect("amphictl key add default key_name.key.pub", 0, "tokens that this key signs");
	sh("cat key_name.key.pub");
	strcpy(pem, out);
	assert_int_equal(account_add_key(a, NULL, pem, 1, &e), 0);
	assert_int_equal(
	        sh("b64() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }\n"
	           "signed=$(printf '{\"typ\":\"JWT\",\"alg\":\"RS256\"}' | b64)."
	           "$(printf '{\"roomId\":\"abcd1234\",\"role\":\"moderator\"}' | b64)\n"
	           "printf '%s.%s' $signed $(printf %s $signed |"
	           " openssl dgst -sha256 -sign key_name.key -binary | b64)"),
	        0
	);
	assert_int_equal(token_verify(a, out, strlen(out), time(NULL), &claims), TOKEN_GOOD);
	assert_string_equal(claims.attributes.room_id, "abcd1234");
	expect("amphictl jwt sign key_name.key", 0, ".");
	assert_int_equal(token_verify(a, out, strcspn(out, "\n"), time(NULL), &claims), TOKEN_GOOD);
	account_free(a);
}

// The status of a REST request about a room that does not exist: 400 for callers with access, else
// 403.
static int rest_status(const char *token)
{
	struct sockaddr_in to = {
	        .sin_family = AF_INET,
	        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	        .sin_port = htons(port),
	};
	char request[256], answer[1024] = "";
	int fd = -1, status = 0;

	for (int i = 0; i < 5000; i++) { // the server waits for a data plane first
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
			break;
		close(fd);
		usleep(1000);
	}
	snprintf(
	        request, sizeof(request),
	        "GET /rooms/none/numberPeers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
	        "Authorization: %s\r\n\r\n",
	        token
	);
	assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
	assert_true(recv(fd, answer, sizeof(answer) - 1, MSG_WAITALL) > 0);
	close(fd);
	assert_int_equal(sscanf(answer, "HTTP/1.1 %d", &status), 1);
	return status;
}

// proves S05
static void api_tokens_work_at_once_and_until_removed(void **)
{
	char header[128];
	assert_int_equal(rest_status("none"), 403);
	expect("amphictl account set default --rest-addresses 127.0.0.1", 0, "127.0.0.1");
	assert_int_equal(rest_status("none"), 400);
	assert_int_equal(sh("amphictl token add default ci 2>/dev/null"), 0);
	snprintf(header, sizeof(header), "APIKey %.*s", (int)strcspn(out, "\n"), out);
	assert_int_equal(rest_status(header), 400);
	expect("amphictl account set default --rest-addresses none", 0, "");
	assert_int_equal(rest_status("none"), 403);
	assert_int_equal(rest_status(header), 400);
	expect("amphictl token list default", 0, "ci ");
	assert_null(strstr(out, "amphi_"));
	expect("amphictl account show default --json", 0, "\"tokens\":[{\"name\":\"ci\"");
	assert_null(strstr(out, "amphi_"));
	expect("amphictl token remove default ci", 0, "");
	assert_int_equal(rest_status(header), 403);
	expect("amphictl token add default other", 0, "shown only once");
	assert_int_equal(rest_status(header), 403);
	expect("amphictl token remove default other", 0, "");
}

// proves S05
static void what_was_confirmed_survives_a_kill(void **)
{
	expect("amphictl account add kept --hook-version 2 --hook-secret new", 0,
	       "hook-secret, shown only once: ");
	server_stop(SIGKILL);
	expect("amphictl account list", 3, "no control plane listens");
	server_start();
	expect("amphictl account show kept", 0, "hook-version           2");
	expect("amphictl account remove kept", 0, "");
}

static void the_socket_is_its_owners_alone(void **)
{
	struct stat st;
	assert_int_equal(stat(in("admin.sock"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(in("accounts.db"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static int dial(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", in("admin.sock"));
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void hostile_requests_are_survived(void **)
{
	static const char *const bad[] = {
	        "\n",
	        "x\n",
	        "[]\n",
	        "{}\n",
	        "{\"command\":5}\n",
	        "{\"command\":\"account.show\"}\n",
	        "{\"command\":\"account.show\",\"account\":[]}\n",
	        "{\"command\":\"account.add\",\"account\":\"x\",\"set\":{\"debug\":true}}\n",
	        "{\"command\":\"account.add\",\"account\":\"x\",\"set\":{\"colour\":\"red\"}}\n",
	        "{\"command\":\"key.add\",\"account\":\"default\"}\n",
	        "{\"command\":\"key.add\",\"account\":\"default\",\"pem\":\"x\",\"kid\":1}\n",
	        "{\"command\":\"account.erase\",\"account\":\"default\"}\n",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char answer[1024] = "";
		int fd = dial();
		assert_int_equal(send(fd, bad[i], strlen(bad[i]), 0), strlen(bad[i]));
		assert_true(recv(fd, answer, sizeof(answer) - 1, MSG_WAITALL) > 0);
		assert_non_null(strstr(answer, "{\"ok\":false,\"error\":\""));
		close(fd);
	}
	// Half a request, a request without an end, and one that is too long.
	static char big[100000];
	int half = dial();
	assert_int_equal(send(half, "{\"comm", 6, 0), 6);
	memset(big, ' ', sizeof(big));
	int fd = dial();
	while (send(fd, big, sizeof(big), MSG_NOSIGNAL) > 0)
		;
	close(fd);
	close(half);
	// More connections than the limit: the next one waits or is refused, and everything works
	// afterwards.
	int many[40];
	for (int i = 0; i < 40; i++)
		many[i] = dial();
	for (int i = 0; i < 40; i++)
		close(many[i]);
	expect("amphictl account list", 0, "default");
}

// A change is in force although the file is locked, and says so; it is written once it can be.
// proves F06
static void a_locked_file_delays_only_the_confirmation(void **)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(in("accounts.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	expect("amphictl account add locked 2>err", 4, "locked");
	expect("cat err", 0, "could not be written");
	assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	expect("amphictl account set locked --debug on", 0, "debug                  on");
	server_stop(SIGKILL);
	server_start();
	expect("amphictl account remove locked", 0, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(api_tokens_work_at_once_and_until_removed),
	        cmocka_unit_test(an_account_is_made_shown_changed_and_removed),
	        cmocka_unit_test(wrong_usage_says_what_is_accepted),
	        cmocka_unit_test(help_is_everywhere),
	        cmocka_unit_test(a_made_key_pair_signs_good_tokens),
	        cmocka_unit_test(openssl_makes_the_same),
	        cmocka_unit_test(what_was_confirmed_survives_a_kill),
	        cmocka_unit_test(the_socket_is_its_owners_alone),
	        cmocka_unit_test(hostile_requests_are_survived),
	        cmocka_unit_test(a_locked_file_delays_only_the_confirmation),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
