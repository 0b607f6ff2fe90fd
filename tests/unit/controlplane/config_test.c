#include "test.h"

#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int read_text(const char *text, struct config *c, char error[256])
{
	char path[] = "/tmp/amphi-config-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	int ret = config_read(c, path, error, 256);
	unlink(path);
	return ret;
}

static void defaults_serve_a_developer(void **)
{
	struct config c;
	char error[256] = "";
	assert_int_equal(read_text("dataplane: { whatever = 1; };", &c, error), 0);
	assert_string_equal(c.http.listen, "127.0.0.1");
	assert_int_equal(c.http.port, 8080);
	assert_int_equal(c.voices_webinar, 3);
	assert_int_equal(c.voices_call, 5);
}

static void unnamed_files_are_beside_the_store(void **)
{
	struct config c;
	char error[256] = "";
	assert_int_equal(
	        read_text("controlplane: { store = \"/tmp/x/store.db\"; };", &c, error), 0
	);
	assert_string_equal(c.accounts, "/tmp/x/accounts.db");
	assert_string_equal(c.admin, "/tmp/x/admin.sock");
	assert_string_equal(c.history, "/tmp/x/history.db");
	assert_int_equal(
	        read_text("controlplane: { store = \"s.db\"; admin = \"/a\"; };", &c, error), 0
	);
	assert_string_equal(c.accounts, "accounts.db");
	assert_string_equal(c.admin, "/a");
	// What must outlive reboots lies together.
	assert_int_equal(
	        read_text(
	                "controlplane: { store = \"/run/s.db\"; accounts = \"/var/lib/a.db\"; };",
	                &c, error
	        ),
	        0
	);
	assert_string_equal(c.history, "/var/lib/history.db");
}

static void refusals_name_the_setting(void **)
{
	static const struct {
		const char *text, *named;
	} rows[] = {
	        {"controlplane: { listen = \"0.0.0.0\"; };", "certificate"},
	        {"controlplane: { listen = \"::\"; };", "certificate"},
	        {"controlplane: { listen = \"localhost\"; };", "IP address"},
	        {"controlplane: { certificate = \"a\"; };", "private_key"},
	        {"controlplane: { private_key = \"a\"; };", "certificate"},
	        {"controlplane: { port = 0; };", "port"},
	        {"controlplane: { prot = 1; };", "prot"},
	        {"controlplane: { hook_allowed = [\"https://a.example\"]; };", "hook_allowed"},
	        {"controlplane: { hook_allowed = [\"\"]; };", "hook_allowed"},
	        {"controlplane: { log_level = \"loud\"; };", "debug"},
	        {"controlplane: { unknown_hosts = \"maybe\"; };", "refuse"},
	        {"controlplane: { proxies = [\"localhost\"]; };", "proxies"},
	        {"controlplane: { proxies = [\"10.0.0.0/33\"]; };", "proxies"},
	        {"controlplane: { metrics_addresses = [\"\"]; };", "metrics_addresses"},
	        {"controlplane: { address_websockets = 0; };", "address_websockets"},
	        {"controlplane: { address_handshakes = 0; };", "address_handshakes"},
	        {"controlplane: { voices_webinar = 51; };", "between 0 and 50"},
	        {"controlplane: { voices_call = -1; };", "between 0 and 50"},
	        {"controlplane: { voices_call = \"all\"; };", "voices_call"},
	        {"control: { };", "control"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config c;
		char error[256] = "";
		assert_true(read_text(rows[i].text, &c, error) < 0);
		assert_non_null(strstr(error, rows[i].named));
		assert_null(strchr(error, '\n'));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(defaults_serve_a_developer),
	        cmocka_unit_test(unnamed_files_are_beside_the_store),
	        cmocka_unit_test(refusals_name_the_setting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
