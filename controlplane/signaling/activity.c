// Who speaks, how many peers there are, how good connections are, and raised hands: a room is told
// of these as they happen, and newcomers when they enter.
#include "signaling/activity.h"

#include "base/json.h"
#include "conference/events.h"
#include "signaling/handlers.h"

#include <stdlib.h>
#include <string.h>

#define SPEAKING_MAX 10 // in one message: the leader, and the loudest others

static struct json *counts_json(const struct room *r)
{
	struct json *j = json_new_object();

	json_add_int(j, "speakers", r->speaker_count);
	json_add_int(j, "viewers", r->viewer_count);
	return j;
}

static struct json *volume_json(const struct peer *p)
{
	struct json *j = json_new_object();

	json_add_string(j, "peerId", p->id);
	json_add_int(j, "volume", voice_dbov(&p->voice));
	return j;
}

static struct json *leader_json(const struct room *r)
{
	if (r->talk.leader)
		return volume_json(r->talk.leader);
	struct json *j = json_new_object();
	json_add_null(j, "peerId");
	return j;
}

// The leader keeps the first place even while another speaker is louder.
static bool goes_before(const struct peer *a, const struct peer *b)
{
	const struct peer *leader = a->room->talk.leader;

	return a == leader || (b != leader && a->voice.loudness > b->voice.loudness);
}

static struct json *speakers_json(const struct room *r)
{
	const struct peer *first[SPEAKING_MAX], *p;
	struct json *data = json_new_object(), *list = json_new_array();
	int count = 0;

	TAILQ_FOREACH (p, &r->speakers, in_room) {
		int i = count;
		if (!p->voice.speaks)
			continue;
		for (; i > 0 && goes_before(p, first[i - 1]); i--) {
			if (i < SPEAKING_MAX)
				first[i] = first[i - 1];
		}
		if (i < SPEAKING_MAX)
			first[i] = p;
		if (count < SPEAKING_MAX)
			count++;
	}
	for (int i = 0; i < count; i++)
		json_push(list, volume_json(first[i]));
	json_add(data, "peerVolumes", list);
	return data;
}

static struct json *quality_json(const struct peer *p)
{
	struct json *j = json_new_object();

	json_add_string(j, "peerId", p->id);
	json_add_int(j, "quality", p->quality.now);
	return j;
}

static struct json *hand_json(const struct peer *p)
{
	struct json *j = json_new_object();

	json_add_string(j, "id", p->id);
	json_add_string(j, "peerId", p->id);
	if (p->hand)
		json_add_string(j, "displayName", p->display_name);
	return j;
}

static void
send_to_members(const struct signaling *s, const struct peer_list *list, const char *text)
{
	const struct peer *p;

	TAILQ_FOREACH (p, list, in_room) {
		struct connection *c = p->joined ? signaling_connection(s, p->connection) : NULL;
		if (c)
			connection_send(c, text, strlen(text));
	}
}

// Sends the same message to all members with a connection, printing it once.
static void
notify_room(const struct signaling *s, const struct room *r, const char *method, struct json *data)
{
	char *text = notification_text(method, data);

	send_to_members(s, &r->speakers, text);
	send_to_members(s, &r->viewers, text);
	free(text);
}

static void on_counts(void *owner, const struct room *r)
{
	notify_room(owner, r, "roomCounts", counts_json(r));
}

static void on_leader(void *owner, const struct room *r)
{
	notify_room(owner, r, "activeSpeaker", leader_json(r));
}

static void on_speakers(void *owner, const struct room *r)
{
	notify_room(owner, r, "speakingPeers", speakers_json(r));
}

static void on_quality(void *owner, const struct peer *who)
{
	if (who->rights.speaker)
		return notify_room(owner, who->room, "peerQuality", quality_json(who));
	struct connection *c = signaling_connection(owner, who->connection);
	if (c)
		connection_notify(c, "peerQuality", quality_json(who));
}

static void on_hand(void *owner, struct peer *to, const struct peer *who)
{
	struct connection *c = signaling_connection(owner, to->connection);
	if (c)
		connection_notify(c, who->hand ? "handRaised" : "handLowered", hand_json(who));
}

static void send_hands(struct connection *c)
{
	struct json *data = json_new_object(), *list = json_new_array();
	const struct peer *p;

	TAILQ_FOREACH (p, &c->peer->room->hands, in_hands) {
		if (peer_sees_hand(c->peer, p))
			json_push(list, hand_json(p));
	}
	json_add(data, "peers", list);
	connection_notify(c, "raisedHands", data);
}

void activity_send(struct connection *c)
{
	const struct room *r = c->peer->room;
	const struct peer *p;

	connection_notify(c, "roomCounts", counts_json(r));
	connection_notify(c, "activeSpeaker", leader_json(r));
	connection_notify(c, "speakingPeers", speakers_json(r));
	send_hands(c);
	TAILQ_FOREACH (p, &r->speakers, in_room) {
		if (p->joined && p->quality.now && p->quality.now != QUALITY_GOOD)
			connection_notify(c, "peerQuality", quality_json(p));
	}
}

void handle_raise_hand(struct connection *c, int64_t id, const struct json *data)
{
	if (!c->peer->rights.hand)
		return connection_reject(c, id, 403, "not-allowed: hands stay down here");
	conference_set_hand(conference_of(c), c->peer, json_is_true(data, "raised"));
	connection_accept(c, id, NULL);
}

void activity_events_init(struct conference_events *e)
{
	e->counts = on_counts;
	e->leader = on_leader;
	e->speakers = on_speakers;
	e->quality = on_quality;
	e->hand = on_hand;
}
