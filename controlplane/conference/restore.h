// The rooms of a control plane that has died.
#pragma once

struct conference;

// Restores rooms from the store and the data plane's tables.
void conference_restore(struct conference *);
