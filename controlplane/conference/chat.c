#include "conference/chat.h"

#include "base/json.h"
#include "conference/chat_readers.h"
#include "conference/state.h"
#include "conference/tell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// Prints what the readers' pages are told about a sender.
static char *tag_print(const struct peer *p, const char *id, const char *name)
{
	struct json *j = json_new_object();

	if (id)
		json_add_string(j, "peerId", id);
	json_add_string(j, "displayName", name);
	json_add_bool(j, "moderator", p->rights.moderator);
	char *text = json_print(j);
	json_free(j);
	return text;
}

static void last_character_cut(char *name)
{
	size_t len = strlen(name);

	while (len > 0 && ((unsigned char)name[--len] & 0xc0) == 0x80)
		;
	name[len] = '\0';
}

// If id and name are too long for a command, the name is cut; then the id, if it has more than a
// hundred rare characters, is left out.
static void tag_fill(const struct peer *p, struct am_cmd_data_add *add)
{
	char name[PEER_NAME_SIZE];
	const char *id = p->id;
	char *text;

	strcpy(name, p->display_name);
	while (strlen(text = tag_print(p, id, name)) > AM_DATA_TAG_MAX) {
		free(text);
		if (name[0])
			last_character_cut(name);
		else
			id = NULL;
	}
	add->tag_len = (uint16_t)strlen(text);
	memcpy(add->tag, text, add->tag_len);
	free(text);
}

static struct transport *producing(struct peer *p)
{
	for (int i = 0; i < PEER_TRANSPORT_MAX; i++) {
		struct transport *t = &p->transports[i];
		if (t->id && t->data_stream != AM_DATA_NONE)
			return t;
	}
	return NULL;
}

static void data_producer_added(void *owner, const struct media_call *call, int result)
{
	struct conference *c = owner;
	struct transport *t = conference_transport(c, call->id);
	const struct asker by = conference_asker(call);

	if (!t || !transport_data_added(t, result))
		return conference_tell_failed(c, call, result);
	conference_chat_sender_come(c, t);
	c->events->data_producer_made(c->events->owner, &by, t);
}

int conference_chat_produce(
        struct conference *c, struct transport *t, uint16_t stream, const struct asker *by
)
{
	struct am_cmd_data_add add = {.transport_id = t->id, .stream = stream};
	const struct media_call call = conference_call(t->id, by);

	if (!t->peer->rights.chat)
		return -EPERM;
	struct transport *other = producing(t->peer);
	if (other && other != t)
		conference_chat_close(c, other);
	tag_fill(t->peer, &add);
	int ret = media_data_producer_add(c->media, &add, data_producer_added, c, &call);
	if (ret == 0)
		t->data_stream = stream;
	return ret;
}

void conference_chat_close(struct conference *c, struct transport *t)
{
	if (t->data_stream == AM_DATA_NONE)
		return;
	t->data_stream = AM_DATA_NONE;
	t->data_ready = t->data_confirmed = false;
	if (t->consuming) {
		media_data_consumer_remove(c->media, t->id);
		memset(t->peer->chat_senders, 0, sizeof(t->peer->chat_senders));
	} else {
		media_data_producer_remove(c->media, t->id);
		conference_chat_sender_gone(c, t);
	}
}

void conference_chat_forget(struct conference *c, struct transport *t)
{
	bool was_sender = !t->consuming && t->data_ready;

	t->data_ready = false;
	if (was_sender)
		conference_chat_sender_gone(c, t);
	else if (t->consuming && t->data_stream != AM_DATA_NONE)
		memset(t->peer->chat_senders, 0, sizeof(t->peer->chat_senders));
}

void conference_chat_rename(struct conference *c, struct peer *p)
{
	struct transport *t = producing(p);

	if (!t)
		return;
	struct am_cmd_data_add add = {.transport_id = t->id, .stream = t->data_stream};
	tag_fill(p, &add);
	media_data_producer_change(c->media, &add);
}

void conference_chat_restore(struct transport *t, const struct am_transport_state *state)
{
	uint16_t stream = t->consuming ? state->data_consumer : state->data_producer;

	if (stream >= AM_DATA_STREAMS_IN)
		return;
	// Which sender is on which stream is not stored, so the senders are offered to the client
	// again.
	if (t->consuming && !t->peer->reads_envelope)
		return;
	t->data_stream = stream;
	t->data_ready = true;
	t->takes_data = true;
}

void conference_chat_verify(
        struct conference *c, struct transport *t, const struct am_transport_state *state
)
{
	uint16_t stream = t->consuming ? state->data_consumer : state->data_producer;

	if (t->data_ready && stream == AM_DATA_NONE) {
		if (t->consuming && t->peer->connection)
			c->events->data_consumer_closed(c->events->owner, t->peer, t->id);
		conference_chat_close(c, t);
	}
}
