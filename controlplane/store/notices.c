// Undelivered events that belong to no admission.
#include "base/memory.h"
#include "store/database.h"
#include "store/history.h"
#include "store/inner.h"
#include "store/writer.h"

void history_notice_put(struct history *h, const struct history_notice *n)
{
	const struct history_event *e = &n->event;

	store_write(
	        h->writer, NOTICE_PUT,
	        (int64_t[HISTORY_NUMBERS]
	        ){(int64_t)e->account_id, e->sequence, (int64_t)e->admission, e->kind, e->time_ms},
	        (const char *[HISTORY_TEXTS]){e->room, e->data, n->url, n->authorization, n->secret}
	);
}

void history_notice_remove(struct history *h, uint64_t account_id, int64_t sequence)
{
	store_write(
	        h->writer, NOTICE_REMOVE, (int64_t[HISTORY_NUMBERS]){(int64_t)account_id, sequence},
	        NULL
	);
}

struct notice_reader {
	void (*found)(void *owner, const struct history_notice *);
	void *owner;
};

static int notice_read(void *reader, sqlite3_stmt *p)
{
	const struct notice_reader *r = reader;
	const struct history_notice n = {
	        .event =
	                {
	                        .account_id = (uint64_t)sqlite3_column_int64(p, 0),
	                        .sequence = sqlite3_column_int64(p, 1),
	                        .admission = (uint64_t)sqlite3_column_int64(p, 2),
	                        .kind = sqlite3_column_int(p, 3),
	                        .time_ms = sqlite3_column_int64(p, 4),
	                        .room = column_text(p, 5),
	                        .data = column_text(p, 6),
	                },
	        .url = column_text(p, 7),
	        .authorization = column_text(p, 8),
	        .secret = column_text(p, 9),
	};
	r->found(r->owner, &n);
	return 0;
}

int history_notices_read(
        const struct history *h, void (*found)(void *owner, const struct history_notice *),
        void *owner
)
{
	static const struct database_query query = {
	        "SELECT account_id, sequence, subject, kind, time_ms, room, data, url,"
	        " authorization, secret FROM notices ORDER BY account_id, sequence",
	        notice_read};

	return database_read("history", h->path, &query, 1, &(struct notice_reader){found, owner});
}
