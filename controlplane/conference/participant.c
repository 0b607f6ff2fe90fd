// What participants change about themselves: their name, and whether their hand is raised.
#include "conference/conference.h"

#include "conference/chat.h"
#include "conference/state.h"
#include "conference/store.h"
#include "conference/tell.h"
#include "store/rooms.h"

#include <string.h>

int conference_rename(struct conference *c, struct peer *p, const char *name)
{
	char old[PEER_NAME_SIZE];

	strcpy(old, p->display_name);
	int ret = peer_set_display_name(p, name);
	if (ret < 0)
		return ret;
	conference_tell_renamed(c, p, old);
	conference_chat_rename(c, p);
	if (c->generation)
		store_peer_rename(c->store, p->room->id, p->id, p->display_name);
	return 0;
}

void conference_set_hand(struct conference *c, struct peer *p, bool raised)
{
	if (p->hand == raised)
		return;
	if (raised)
		room_raise_hand(p);
	else
		room_lower_hand(p);
	conference_store_flags(c, p);
	conference_tell_hand(c, p);
}
