#include "store/accounts.h"

#include "base/memory.h"
#include "store/database.h"
#include "store/writer.h"

#include <libgen.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>

#define NUMBERS 4
#define TEXTS   11

enum flag {
	FLAG_JWT_REQUIRED = 1,
	FLAG_DEBUG = 2,
	FLAG_HOOK_FAIL_OPEN = 4,
	FLAG_ENFORCE_START_TIME = 8,
};

static const char *const migrations[] = {
        "CREATE TABLE accounts(id INTEGER PRIMARY KEY, created_ms INTEGER NOT NULL,"
        " flags INTEGER NOT NULL, hook_version INTEGER NOT NULL, name TEXT NOT NULL,"
        " access_url TEXT, authorization_access TEXT, api_event TEXT, auth_event TEXT,"
        " hook_secret TEXT, hosts TEXT NOT NULL, domains TEXT NOT NULL, keys TEXT NOT NULL,"
        " api_tokens TEXT NOT NULL);"
        "CREATE TABLE token_uses("
        " account_id INTEGER NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,"
        " identity TEXT NOT NULL, first_ms INTEGER NOT NULL, expires_s INTEGER NOT NULL,"
        " PRIMARY KEY(account_id, identity)) WITHOUT ROWID;"
        "CREATE INDEX token_uses_by_expiry ON token_uses(expires_s);",
        "ALTER TABLE accounts ADD COLUMN settings TEXT NOT NULL DEFAULT '{}'",
};

static const struct database_layout layout = {
        .name = "accounts",
        .needed = "a file that this user may write",
        // A change that was confirmed to the operator survives a power cut.
        .pragmas = "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON",
        .version = sizeof(migrations) / sizeof(migrations[0]),
        .migrations = migrations,
};

enum statement {
	ACCOUNT_PUT,
	ACCOUNT_REMOVE,
	TOKEN_USED,
	TOKEN_FORGET,
	TOKENS_FORGET,
	TOKENS_PRUNE,
	STATEMENT_COUNT,
};

// ?1 to ?4 are numbers, ?5 to ?15 texts. The use of a token is not inserted if its account is gone
// already.
static const char *const sql[STATEMENT_COUNT] = {
        [ACCOUNT_PUT] =
                "INSERT INTO accounts VALUES"
                "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
                " ON CONFLICT(id) DO UPDATE SET flags = ?3, hook_version = ?4, name = ?5,"
                " access_url = ?6, authorization_access = ?7, api_event = ?8, auth_event = ?9,"
                " hook_secret = ?10, hosts = ?11, domains = ?12, keys = ?13, api_tokens = ?14,"
                " settings = ?15",
        [ACCOUNT_REMOVE] = "DELETE FROM accounts WHERE id = ?1",
        [TOKEN_USED] = "INSERT INTO token_uses(account_id, identity, first_ms, expires_s)"
                       " SELECT ?1, ?5, ?2, ?3 WHERE EXISTS(SELECT 1 FROM accounts WHERE id = ?1)"
                       " ON CONFLICT DO NOTHING",
        [TOKEN_FORGET] = "DELETE FROM token_uses WHERE account_id = ?1 AND identity = ?5",
        [TOKENS_FORGET] = "DELETE FROM token_uses WHERE account_id = ?1",
        [TOKENS_PRUNE] = "DELETE FROM token_uses WHERE expires_s > 0 AND expires_s < ?1",
};

static const struct store_statements statements = {
        .name = "accounts",
        .count = STATEMENT_COUNT,
        .sql = sql,
        .numbers = NUMBERS,
        .texts = TEXTS,
};

struct store_accounts {
	sqlite3 *db; // the writer's
	struct store_writer *writer;
};

// Creates the file's directory if it is missing.
static void directory_make(const char *path)
{
	char *copy = memory_copy_string(path);

	mkdir(dirname(copy), 0700); // if this fails, so does opening the file
	free(copy);
}

static const char *text_at(sqlite3_stmt *p, int column)
{
	return (const char *)sqlite3_column_text(p, column);
}

static int account_read(void *reader, sqlite3_stmt *p)
{
	const struct store_accounts_reader *r = reader;
	int flags = sqlite3_column_int(p, 2);
	const struct store_account a = {
	        .id = (uint64_t)sqlite3_column_int64(p, 0),
	        .created_ms = sqlite3_column_int64(p, 1),
	        .jwt_required = flags & FLAG_JWT_REQUIRED,
	        .debug = flags & FLAG_DEBUG,
	        .hook_fail_open = flags & FLAG_HOOK_FAIL_OPEN,
	        .enforce_start_time = flags & FLAG_ENFORCE_START_TIME,
	        .hook_version = (uint8_t)sqlite3_column_int(p, 3),
	        .name = text_at(p, 4),
	        .access_url = text_at(p, 5),
	        .authorization_access = text_at(p, 6),
	        .api_event = text_at(p, 7),
	        .auth_event = text_at(p, 8),
	        .hook_secret = text_at(p, 9),
	        .hosts = text_at(p, 10),
	        .domains = text_at(p, 11),
	        .keys = text_at(p, 12),
	        .api_tokens = text_at(p, 13),
	        .settings = text_at(p, 14),
	};
	return r->account(r->owner, &a);
}

static int token_use_read(void *reader, sqlite3_stmt *p)
{
	const struct store_accounts_reader *r = reader;
	const struct store_token_use u = {
	        .account_id = (uint64_t)sqlite3_column_int64(p, 0),
	        .identity = text_at(p, 1),
	        .first_ms = sqlite3_column_int64(p, 2),
	        .expires_s = sqlite3_column_int64(p, 3),
	};
	return r->token_use(r->owner, &u);
}

static const struct database_query queries[] = {
        {"SELECT id, created_ms, flags, hook_version, name, access_url,"
         " authorization_access, api_event, auth_event, hook_secret, hosts, domains, keys,"
         " api_tokens, settings FROM accounts",
         account_read},
        {"SELECT account_id, identity, first_ms, expires_s FROM token_uses"
         " ORDER BY first_ms",
         token_use_read},
};

struct store_accounts *store_accounts_open(const char *path, const struct store_accounts_reader *r)
{
	struct store_accounts_reader reader = *r;

	directory_make(path);
	sqlite3 *db = database_open(&layout, path);
	if (!db)
		return NULL;
	struct store_accounts *s = memory_new(1, sizeof(*s));
	s->db = db;
	s->writer = store_writer_start(db, &statements);
	if (!s->writer)
		goto close;
	if (database_read(
	            layout.name, path, queries, sizeof(queries) / sizeof(queries[0]), &reader
	    ) == 0)
		return s;
	store_writer_stop(s->writer);

close:
	sqlite3_close(db);
	free(s);
	return NULL;
}

void store_accounts_close(struct store_accounts *s)
{
	store_writer_stop(s->writer);
	sqlite3_close(s->db);
	free(s);
}

void store_accounts_count(const struct store_accounts *s, struct store_counts *counts)
{
	store_writer_count(s->writer, counts);
}

uint64_t store_accounts_put(struct store_accounts *s, const struct store_account *a)
{
	int flags = (a->jwt_required ? FLAG_JWT_REQUIRED : 0) | (a->debug ? FLAG_DEBUG : 0) |
	            (a->hook_fail_open ? FLAG_HOOK_FAIL_OPEN : 0) |
	            (a->enforce_start_time ? FLAG_ENFORCE_START_TIME : 0);

	return store_write(
	        s->writer, ACCOUNT_PUT,
	        (int64_t[NUMBERS]){(int64_t)a->id, a->created_ms, flags, a->hook_version},
	        (const char *[TEXTS]
	        ){a->name, a->access_url, a->authorization_access, a->api_event, a->auth_event,
	          a->hook_secret, a->hosts, a->domains, a->keys, a->api_tokens, a->settings}
	);
}

uint64_t store_accounts_remove(struct store_accounts *s, uint64_t id)
{
	return store_write(s->writer, ACCOUNT_REMOVE, (int64_t[NUMBERS]){(int64_t)id}, NULL);
}

void store_accounts_token_used(struct store_accounts *s, const struct store_token_use *u)
{
	store_write(
	        s->writer, TOKEN_USED,
	        (int64_t[NUMBERS]){(int64_t)u->account_id, u->first_ms, u->expires_s},
	        (const char *[TEXTS]){u->identity}
	);
}

void store_accounts_token_forget(
        struct store_accounts *s, uint64_t account_id, const char *identity
)
{
	store_write(
	        s->writer, TOKEN_FORGET, (int64_t[NUMBERS]){(int64_t)account_id},
	        (const char *[TEXTS]){identity}
	);
}

uint64_t store_accounts_tokens_forget(struct store_accounts *s, uint64_t account_id)
{
	return store_write(s->writer, TOKENS_FORGET, (int64_t[NUMBERS]){(int64_t)account_id}, NULL);
}

void store_accounts_prune(struct store_accounts *s, int64_t before_s)
{
	store_write(s->writer, TOKENS_PRUNE, (int64_t[NUMBERS]){before_s}, NULL);
}

bool store_accounts_are_written(const struct store_accounts *s, uint64_t number)
{
	return number > 0 && store_written(s->writer) >= number;
}
