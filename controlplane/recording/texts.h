// The texts beside a finished recording, as WebVTT: what was said in the chat, and who led. They
// are made by a thread from the recorder's chat.txt and from what this process knows.
#pragma once

struct recording;
struct workers;

#define TEXTS_CHAT_FROM "chat.txt" // as the recorder writes it
#define TEXTS_CHAT      "chat.vtt"
#define TEXTS_SPEAKERS  "speakers.vtt"

// Begins. done follows in the loop, unless the process ends before.
void texts_make(struct recording *, struct workers *, void (*done)(struct recording *));
