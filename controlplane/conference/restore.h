// The rooms of a control plane that has died.
#pragma once

struct conference;

// Makes rooms of what the store and the data plane's tables hold.
void conference_restore(struct conference *);
