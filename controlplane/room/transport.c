#include "room/transport.h"

bool transport_data_added(struct transport *t, int result)
{
	if (t->data_stream == AM_DATA_NONE)
		return false;
	if (result < 0) {
		t->data_stream = AM_DATA_NONE;
		return false;
	}
	t->data_ready = true;
	return true;
}
