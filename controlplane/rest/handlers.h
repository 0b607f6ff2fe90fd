// What the table of routes refers to, and what else rest.c asks of the files of handlers.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rest/call.h"

struct http_later;

// server.c: what the server says of itself.
rest_handler rest_server_config, rest_server_healthz, rest_server_capabilities;
rest_writer rest_server_readyz, rest_server_metrics, rest_server_openapi;

// handshake.c: tells how a WebSocket with this query and Origin would be answered.
rest_writer rest_handshake;

// statistics.c and hook.c; answered later.
rest_writer rest_statistics_summary, rest_statistics_peers, rest_hook_events;

// statistics.c: an error in the form of the statistics.
void rest_statistics_error(struct http_response *, unsigned status, const char *text);

// quality.c; argument 0 is the room. Answered later.
rest_writer rest_room_quality;

// room.c; argument 0 is the room.
rest_handler rest_room_close_peer, rest_room_duration, rest_room_close, rest_room_number_peers,
        rest_room_existing_peer, rest_room_existing_peer_in_path, rest_room_exists,
        rest_room_capabilities;

// recording.c; argument 0 is the room.
rest_writer rest_recording_start, rest_recording_stop, rest_recording_pause, rest_recording_resume,
        rest_recording_of_room;
rest_handler rest_recording_of_page;

// archive.c; argument 0 is the recording. Answered later, as are the next two.
rest_writer rest_recordings, rest_recording;

// compose.c; argument 0 is the recording. Answered later.
rest_writer rest_recording_compose;

// compose.c: the video of the recording that was asked for last, or null.
struct json *rest_composition_json(const struct rest *r, uint64_t account_id, uint64_t id);

// archive.c: answers with what the archive says is wrong.
void rest_archive_refuse(struct http_later *, int error);

// file.c; arguments after the recording are the file's name.
rest_writer rest_recording_file;

// links.c
rest_writer rest_recording_link;

// player.c: whether a room's page will show an external player, as far as its address, its token
// and its room say.
bool rest_page_has_player(const struct rest_call *, const struct account *);
