#include "host/config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/amphi-config-XXXXXX";
static struct config config;
static char error[512];

static int make_file(void **)
{
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **)
{
	return unlink(path);
}

static int read_text(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	memset(&config, 0xaa, sizeof(config));
	error[0] = '\0';
	return config_read(path, &config, error, sizeof(error));
}

// The settings under test are on the file's third line.
static int read_settings(const char *settings)
{
	char text[4096];

	snprintf(
	        text, sizeof(text), "controlplane: { anything = 1; };\ndataplane: {\n%s\n};\n",
	        settings
	);
	return read_text(text);
}

#define GOOD "port = \"net_null0\"; ipv4 = \"198.18.0.2/24\"; "

static void a_short_file_gets_the_defaults(void **)
{
	assert_int_equal(read_settings(GOOD), 0);
	assert_int_equal(config.log_level, AM_LOG_INFO);
	assert_int_equal(config.idle, CONFIG_IDLE_ADAPTIVE);
	assert_true(config.adapt);
	assert_true(config.udp_checksum);
	assert_int_equal(config.worker_count, 1);
	assert_int_equal(config.cores[0], 0);
	assert_true(config.hugepages);
	assert_int_equal(config.buffers, 32768);
	assert_int_equal(config.publisher_packets_per_s, 5000);
	assert_int_equal(config.publisher_mbit_per_s, 50);
	assert_int_equal(config.vlan, 0);
	assert_int_equal(config.udp_port, 40000);
	assert_int_equal(config.announced_count, 0);
	assert_int_equal(config.srtp_profile_count, 2);
	assert_int_equal(config.srtp_profiles[0], SRTP_PROFILE_AEAD_AES_128_GCM);
	assert_int_equal(config.srtp_profiles[1], SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80);
	assert_string_equal(config.socket, "/run/amphi/dataplane.sock");
	assert_true(config.tap);
	assert_string_equal(config.tap_socket, "/run/amphi/tap.sock");
	assert_int_equal(config.tap_uid, 0);
	assert_int_equal(config.ipv6.address.family, 0);
	assert_int_equal(config.ipv4.gateway.family, 0);
}

static void every_setting_arrives(void **)
{
	assert_int_equal(
	        read_settings("log_level = \"debug\"; workers = 2; cores = [3, 1]; idle = "
	                      "\"poll\"; adapt = \"off\"; udp_checksum = \"off\"; tap = \"off\"; "
	                      "tap_uid = 1001;"
	                      "port = \"0000:01:00.0\"; hugepages = false; buffers = 8192;"
	                      "vlan = 7; ipv4 = \"10.1.2.3/20\"; ipv4_gateway = \"10.1.15.254\";"
	                      "ipv6 = \"2001:db8::2/61\"; ipv6_gateway = \"2001:db8:0:7::1\";"
	                      "announced = [\"192.0.2.1\", \"2001:db8::9\"]; udp_port = 3478;"
	                      "srtp_profiles = [\"AES_CM_128_HMAC_SHA1_80\"];"),
	        0
	);
	assert_int_equal(config.log_level, AM_LOG_DEBUG);
	assert_int_equal(config.idle, CONFIG_IDLE_POLL);
	assert_false(config.adapt);
	assert_false(config.udp_checksum);
	assert_false(config.tap);
	assert_int_equal(config.tap_uid, 1001);
	assert_int_equal(config.worker_count, 2);
	assert_int_equal(config.cores[0], 3);
	assert_int_equal(config.cores[1], 1);
	assert_string_equal(config.port, "0000:01:00.0");
	assert_false(config.hugepages);
	assert_int_equal(config.buffers, 8192);
	assert_int_equal(config.vlan, 7);
	assert_memory_equal(config.ipv4.address.bytes, ((uint8_t[]){10, 1, 2, 3}), 4);
	assert_int_equal(config.ipv4.prefix_len, 20);
	assert_memory_equal(config.ipv4.gateway.bytes, ((uint8_t[]){10, 1, 15, 254}), 4);
	assert_int_equal(config.ipv6.prefix_len, 61);
	assert_int_equal(config.ipv6.gateway.bytes[7], 7);
	assert_int_equal(config.announced_count, 2);
	assert_int_equal(config.announced[0].family, 4);
	assert_int_equal(config.announced[1].family, 6);
	assert_int_equal(config.udp_port, 3478);
	assert_int_equal(config.srtp_profile_count, 1);
	assert_int_equal(config.srtp_profiles[0], SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80);
}

static void ipv6_routers_may_be_link_local(void **)
{
	assert_int_equal(
	        read_settings("port = \"net_null0\"; ipv6 = \"2001:db8::2/64\";"
	                      "ipv6_gateway = \"fe80::1\";"),
	        0
	);
}

// An error on line 3 is reported with that line and the setting's name.
static void mistakes_are_named_with_their_line(void **)
{
	static const char *const mistakes[][2] = {
	        {GOOD "workers = 0;", "workers = 0"},
	        {GOOD "workers = 17;", "workers = 17"},
	        {GOOD "workers = \"1\";", "workers takes"},
	        {GOOD "workers = 2; cores = [1];", "cores has 1 entries for 2 workers"},
	        {GOOD "workers = 2; cores = [1, 1];", "cores has 1 twice"},
	        {GOOD "cores = [1024];", "cores = 1024"},
	        {GOOD "cores = [-1];", "cores = -1"},
	        {GOOD "idle = \"sleep\";", "idle = \"sleep\" is not one of: poll, adaptive"},
	        {GOOD "adapt = \"yes\";", "adapt = \"yes\" is not one of: off, on"},
	        {GOOD "log_level = \"loud\";", "log_level"},
	        {GOOD "tap = \"yes\";", "tap = \"yes\" is not one of: off, on"},
	        {GOOD "tap_uid = -1;", "tap_uid = -1"},
	        {GOOD "hugepages = 1;", "hugepages takes"},
	        {GOOD "buffers = 4095;", "buffers = 4095"},
	        {GOOD "buffers = 4194305;", "buffers = 4194305"},
	        {GOOD "publisher_packets_per_s = 99;", "publisher_packets_per_s = 99"},
	        {GOOD "publisher_mbit_per_s = 0;", "publisher_mbit_per_s = 0"},
	        {GOOD "workers = 2; buffers = 8191;", "buffers = 8191 is less than 4096"},
	        {GOOD "vlan = 4095;", "vlan = 4095"},
	        {GOOD "udp_port = 0;", "udp_port = 0"},
	        {GOOD "udp_port = 65536;", "udp_port = 65536"},
	        {GOOD "srtp_profiles = [];", "srtp_profiles is empty"},
	        {GOOD "srtp_profiles = [\"NULL\"];", "srtp_profiles = \"NULL\""},
	        {GOOD "srtp_profiles = [\"AEAD_AES_128_GCM\", \"AEAD_AES_128_GCM\"];",
	         "srtp_profiles has AEAD_AES_128_GCM twice"},
	        {GOOD "announced = [\"example.org\"];", "announced has \"example.org\""},
	        {GOOD "announced = [\"0.0.0.0\"];", "announced has"},
	        {GOOD "announced = [\"2001:db8::1\"];", "no address of IPv6"},
	        {GOOD "announced = [\"192.0.2.1\",\"192.0.2.2\",\"192.0.2.3\",\"192.0.2.4\","
	              "\"192.0.2.5\"];",
	         "announced has more than 4"},
	        {GOOD "colour = 1;", "unknown setting dataplane.colour"},
	        {GOOD "ipv4_gateway = \"198.18.1.1\";",
	         "ipv4_gateway = \"198.18.1.1\" is not within"},
	        {GOOD "ipv4_gateway = \"198.18.0.2\";", "own address"},
	        {GOOD "ipv4_gateway = \"router\";", "ipv4_gateway = \"router\""},
	        {GOOD "ipv6_gateway = \"fe80::1\";", "ipv6_gateway = \"fe80::1\" requires ipv6"},
	        {GOOD "ipv6 = \"2001:db8::1\";", "ipv6 = \"2001:db8::1\""},
	        {GOOD "ipv6 = \"2001:db8::1/129\";", "ipv6 ="},
	        {GOOD "ipv6 = \"2001:db8::1/0\";", "ipv6 ="},
	        {GOOD "ipv6 = \"ff02::1/64\";", "ipv6 ="},
	        {GOOD "ipv6 = \"::1/64\";", "ipv6 ="},
	        {GOOD "ipv6 = \"::ffff:1.2.3.4/96\";", "ipv6 ="},
	        {GOOD "ipv6 = \"2001:db8::2/64\"; ipv6_gateway = \"2001:db8:1::1\";",
	         "ipv6_gateway = \"2001:db8:1::1\" is not within"},
	        {"port = \"\"; ipv4 = \"198.18.0.2/24\";", "port names no port"},
	        {"port = \"p\"; ipv4 = \"\";", "ipv4 and ipv6 are both empty"},
	        {"port = \"p\"; ipv4 = \"198.18.0.2\";", "ipv4 = \"198.18.0.2\""},
	        {"port = \"p\"; ipv4 = \"198.18.0.2/\";", "ipv4 ="},
	        {"port = \"p\"; ipv4 = \"198.18.0.2/+8\";", "ipv4 ="},
	        {"port = \"p\"; ipv4 = \"198.18.0.2/24x\";", "ipv4 ="},
	        {"port = \"p\"; ipv4 = \"198.18.0.2/33\";", "ipv4 ="},
	        {"port = \"p\"; ipv4 = \"198.18.0.0/24\";", "ipv4 ="},
	        {"port = \"p\"; ipv4 = \"198.18.0.255/24\";", "ipv4 ="},
	        {"port = \"p\"; ipv4 = \"127.0.0.1/8\";", "ipv4 ="},
	        {"port = \"p\"; ipv4 = \"224.0.0.1/8\";", "ipv4 ="},
	};

	for (unsigned i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		char place[64];
		snprintf(place, sizeof(place), "%s:3: ", path);
		int ret = read_settings(mistakes[i][0]);
		if (ret != -EINVAL || strncmp(error, place, strlen(place)) != 0 ||
		    !strstr(error, mistakes[i][1]))
			fail_msg("%s: %d \"%s\"", mistakes[i][0], ret, error);
	}
}

static void what_is_missing_is_named_without_a_line(void **)
{
	assert_int_equal(read_settings("ipv4 = \"198.18.0.2/24\";"), -EINVAL);
	assert_non_null(strstr(error, ": port names no port"));
	assert_int_equal(config_read("/nonexistent.conf", &config, error, sizeof(error)), -EINVAL);
	assert_string_equal(error, "/nonexistent.conf: cannot be read");
}

static void the_socket_fits_an_address(void **)
{
	char text[512];

	snprintf(
	        text, sizeof(text), "dataplane: { " GOOD "};\nlink: { socket = \"/%0*d\"; };",
	        CONFIG_SOCKET_MAX - 2, 0
	);
	assert_int_equal(read_text(text), 0);
	snprintf(
	        text, sizeof(text), "dataplane: { " GOOD "};\nlink: { socket = \"/%0*d\"; };",
	        CONFIG_SOCKET_MAX - 1, 0
	);
	assert_int_equal(read_text(text), -EINVAL);
	assert_non_null(strstr(error, ":2: socket is empty or longer than 107"));
	assert_int_equal(read_text("dataplane: { " GOOD "};\nlink: { socket = \"\"; };"), -EINVAL);
}

static void the_tap_has_a_socket_of_its_own(void **)
{
	char text[512];

	assert_int_equal(
	        read_text("recording: { directory = \"/x\"; };\ndataplane: { " GOOD "};\n"
	                  "link: { socket = \"/a/b/c\"; recorder = \"/a/d\"; };"),
	        0
	);
	assert_string_equal(config.tap_socket, "/a/b/tap.sock");
	assert_int_equal(
	        read_text("dataplane: { " GOOD "};\nlink: { socket = \"plain\"; tap = \"\"; };"), 0
	);
	assert_string_equal(config.tap_socket, "tap.sock");
	assert_int_equal(
	        read_text("dataplane: { " GOOD "};\nlink: { socket = \"/a\"; tap = \"/b\"; };"), 0
	);
	assert_string_equal(config.tap_socket, "/b");
	assert_int_equal(
	        read_text("dataplane: { " GOOD "};\nlink: { socket = \"/a\";\ntap = \"/a\"; };"),
	        -EINVAL
	);
	assert_non_null(strstr(error, ":3: tap = \"/a\" is also link.socket"));
	snprintf(
	        text, sizeof(text), "dataplane: { " GOOD "};\nlink: { tap = \"/%0*d\"; };",
	        CONFIG_SOCKET_MAX - 1, 0
	);
	assert_int_equal(read_text(text), -EINVAL);
	assert_non_null(strstr(error, ":2: tap is longer than 107"));
}

static void prefixes_are_compared_by_bits(void **)
{
	struct config_network n = {.address = {4, {0}, {10, 1, 0x55, 3}}};
	static const struct {
		uint8_t len;
		uint8_t ip[4];
		bool inside;
	} cases[] = {
	        {24, {10, 1, 0x55, 200}, true}, {24, {10, 1, 0x54, 3}, false},
	        {20, {10, 1, 0x5f, 3}, true},   {20, {10, 1, 0x60, 3}, false},
	        {1, {127, 0, 0, 1}, true},      {1, {128, 0, 0, 1}, false},
	        {32, {10, 1, 0x55, 3}, true},   {32, {10, 1, 0x55, 2}, false},
	        {31, {10, 1, 0x55, 2}, true},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n.prefix_len = cases[i].len;
		assert_int_equal(config_network_contains(&n, cases[i].ip), cases[i].inside);
	}
	n = (struct config_network){0};
	assert_false(config_network_contains(&n, cases[0].ip));
	uint8_t ip6[16] = {0x20, 1};
	n = (struct config_network){.address = {6, {0}, {0x20, 1}}, .prefix_len = 128};
	assert_true(config_network_contains(&n, ip6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_short_file_gets_the_defaults),
	        cmocka_unit_test(every_setting_arrives),
	        cmocka_unit_test(ipv6_routers_may_be_link_local),
	        cmocka_unit_test(mistakes_are_named_with_their_line),
	        cmocka_unit_test(what_is_missing_is_named_without_a_line),
	        cmocka_unit_test(the_socket_fits_an_address),
	        cmocka_unit_test(the_tap_has_a_socket_of_its_own),
	        cmocka_unit_test(prefixes_are_compared_by_bits),
	};
	return cmocka_run_group_tests(tests, make_file, remove_file);
}
