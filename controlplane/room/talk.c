#include "room/talk.h"

#include "room/peer.h"

#include <stddef.h>

#define LOUDNESS_MAX 127

void talk_hear(struct talk *t, struct voice *v, uint8_t loudness, uint64_t now_ms)
{
	bool spoke = v->speaks;

	v->loudness = loudness <= LOUDNESS_MAX ? loudness : LOUDNESS_MAX;
	if (v->loudness >= (v->speaks ? TALK_OFF : TALK_ON)) {
		v->heard_ms = now_ms;
		v->speaks = true;
	} else if (now_ms - v->heard_ms >= TALK_HOLD_MS) {
		v->speaks = false;
	}
	t->speakers_changed |= v->speaks != spoke;
}

static const struct peer *loudest(const struct peer_list *speakers)
{
	const struct peer *p, *best = NULL;

	TAILQ_FOREACH (p, speakers, in_room) {
		if (p->voice.speaks && (!best || p->voice.loudness > best->voice.loudness))
			best = p;
	}
	return best;
}

static void lead(struct talk *t, const struct peer *p)
{
	t->rival = NULL;
	t->leader_changed |= t->leader != p;
	// The order of speakers that the room was told before has changed.
	t->speakers_changed |= p && t->leader != p;
	t->leader = p;
}

// While the leader speaks, a rival must be louder for a while to take the lead.
static void challenge(struct talk *t, const struct peer *best, uint64_t now_ms)
{
	if (best->voice.loudness < t->leader->voice.loudness + TALK_LOUDER) {
		t->rival = NULL;
	} else if (t->rival != best) {
		t->rival = best;
		t->rival_ms = now_ms;
	} else if (now_ms - t->rival_ms >= TALK_TAKE_MS) {
		lead(t, best);
	}
}

void talk_decide(struct talk *t, const struct peer_list *speakers, uint64_t now_ms)
{
	const struct peer *best = loudest(speakers);

	if (t->leader && t->leader->voice.speaks)
		challenge(t, best, now_ms);
	else if (best)
		lead(t, best);
	else if (t->leader && now_ms - t->leader->voice.heard_ms >= TALK_SILENCE_MS)
		lead(t, NULL);
}

void talk_forget(struct talk *t, struct peer *p)
{
	if (t->rival == p)
		t->rival = NULL;
	if (t->leader == p)
		lead(t, NULL);
	t->speakers_changed |= p->voice.speaks;
	p->voice = (struct voice){0};
}

int voice_dbov(const struct voice *v)
{
	return v->loudness - LOUDNESS_MAX;
}
