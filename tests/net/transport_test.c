// How a transport's DTLS starts and ends, and what that means for its media.
#include "scene.h"

static const struct member_options top = {TOP_LAYERS};

static void nothing_is_sent_after_a_close_notify(void **)
{
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *leaver = party_watcher(&p, speaker, &top);
	struct member *other = party_watcher(&p, speaker, &top);
	party_connect(&p);
	party_run(&p, 500);
	assert_true(leaver->client.rtp_in > 0);
	peer_close(&leaver->client.peer);
	check_dtls(&p, leaver, AM_DTLS_CLOSED, 3000);
	party_run(&p, 200); // for what is in transit
	uint64_t before = leaver->client.datagrams_in, heard = other->client.rtp_in;
	party_run(&p, 1000);
	assert_int_equal(leaver->client.datagrams_in, before);
	assert_true(other->client.rtp_in > heard + 20);
	// The leaver's checks do not keep media alive.
	assert_true(leaver->client.peer.checks_sent > leaver->client.peer.checks_answered);

	// Nothing is heard from a speaker that has closed.
	peer_close(&speaker->client.peer);
	check_dtls(&p, speaker, AM_DTLS_CLOSED, 3000);
	party_run(&p, 200);
	uint64_t strangers = driver_drop(&scene.driver, "unknown_flow");
	heard = other->client.rtp_in;
	speaker->client.peer.state = PEER_CONNECTED; // but it goes on sending
	party_run(&p, 500);
	assert_int_equal(other->client.rtp_in, heard);
	assert_true(driver_drop(&scene.driver, "unknown_flow") > strangers);
	party_end(&p);
}

// Clients in either role (RFC 8842) hear each other.
static void a_client_may_be_the_dtls_server(void **)
{
	static const struct member_options rows[] = {
	        {.dtls_server = true, TOP_LAYERS},
	        {.dtls_server = true, .profiles = "SRTP_AES128_CM_SHA1_80", TOP_LAYERS},
	        {.dtls_server = true, .auto_role = true, TOP_LAYERS},
	        {.auto_role = true, TOP_LAYERS},
	        {TOP_LAYERS},
	};
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

	for (int i = 0; i < 2; i++) {
		struct member *watchers[ROWS];
		struct party p;

		party_begin(&p);
		struct member *speaker = party_speaker(&p, &rows[i]);
		for (int k = 0; k < ROWS; k++)
			watchers[k] = party_watcher(&p, speaker, &rows[k]);
		party_connect(&p);
		party_run(&p, 1500);
		party_settle(&p);
		for (int k = 0; k < ROWS; k++) {
			assert_true(check_video(watchers[k]).frames > 20);
			assert_true(check_sound(watchers[k]).frames > 40);
			assert_true(watchers[k]->video->reports > 0);
		}
		assert_true(speaker->publisher.video[2].reports > 0);
		peer_close(&speaker->client.peer);
		check_dtls(&p, speaker, AM_DTLS_CLOSED, 3000);
		party_end(&p);
	}
}

// Nothing is sent to an address that no check has validated.
static void our_handshake_starts_at_a_validated_address(void **)
{
	const struct member_options o = {.dtls_server = true};
	struct party p;

	party_begin(&p);
	struct member *m = party_transport(&p, &o);
	m->client.peer.checks_off = true;
	party_run(&p, 1000);
	assert_int_equal(m->client.datagrams_in, 0);
	m->client.peer.checks_off = false;
	party_connect(&p);
	check_dtls(&p, m, AM_DTLS_CONNECTED, 1000);
	party_end(&p);
}

static void media_needs_srtp(void **)
{
	const struct member_options without = {.profiles = "", TOP_LAYERS};
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *watcher = party_watcher(&p, speaker, &without);
	check_dtls(&p, watcher, AM_DTLS_FAILED, 5000);
	check_dtls(&p, speaker, AM_DTLS_CONNECTED, 5000);
	party_end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(nothing_is_sent_after_a_close_notify),
	        cmocka_unit_test(a_client_may_be_the_dtls_server),
	        cmocka_unit_test(our_handshake_starts_at_a_validated_address),
	        cmocka_unit_test(media_needs_srtp),
	};
	return SCENE_RUN(tests);
}
