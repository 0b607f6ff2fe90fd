#include "store/database.h"

#include "am_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 1000 // how long a statement waits while another connection locks the file

// The write-ahead log's files, which a killed process leaves behind.
static const char *const beside[] = {"-wal", "-shm", NULL};

// Creates the file if it is missing, and removes the permissions of others that an earlier version
// may have left. SQLite gives the files that it creates beside it the same permissions. 0, or
// -errno.
static int file_make(const char *path)
{
	char name[4096];
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int ret = fd < 0 ? -errno : 0;

	if (fd >= 0 && fchmod(fd, 0600) < 0)
		ret = -errno;
	if (fd >= 0)
		close(fd);
	for (const char *const *suffix = beside; *suffix && ret == 0; suffix++) {
		int len = snprintf(name, sizeof(name), "%s%s", path, *suffix);
		if (len < (int)sizeof(name) && chmod(name, 0600) < 0 && errno != ENOENT)
			ret = -errno;
	}
	return ret;
}

int database_execute(sqlite3 *db, const char *statements)
{
	return sqlite3_exec(db, statements, NULL, NULL, NULL) == SQLITE_OK ? 0 : -EIO;
}

int64_t database_value(sqlite3 *db, const char *query)
{
	sqlite3_stmt *p;
	int64_t value = -1;

	if (sqlite3_prepare_v2(db, query, -1, &p, NULL) == SQLITE_OK &&
	    sqlite3_step(p) == SQLITE_ROW)
		value = sqlite3_column_int64(p, 0);
	sqlite3_finalize(p);
	return value;
}

// Turns the file into one of this version, in one transaction.
static int version_make(sqlite3 *db, const char *statements, int version)
{
	char mark[64];

	sqlite3_snprintf(sizeof(mark), mark, "PRAGMA user_version = %d", version);
	if (database_execute(db, "BEGIN IMMEDIATE") < 0 || database_execute(db, statements) < 0 ||
	    database_execute(db, mark) < 0)
		return -EIO;
	return database_execute(db, "COMMIT");
}

// 0, -EPROTO if the file is from a later version, or -EIO.
static int layout_make(sqlite3 *db, const struct database_layout *l)
{
	int64_t version = database_value(db, "PRAGMA user_version");

	if (version == l->version)
		return 0;
	if (!l->migrations)
		return version_make(db, l->anew, l->version);
	if (version < 0)
		return -EIO;
	if (version > l->version)
		return -EPROTO;
	for (int n = (int)version; n < l->version; n++) {
		if (version_make(db, l->migrations[n], n + 1) < 0)
			return -EIO;
	}
	return 0;
}

static int file_open(const struct database_layout *l, const char *path, sqlite3 **db)
{
	int ret = file_make(path);

	if (ret < 0)
		return ret;
	if (sqlite3_open(path, db) != SQLITE_OK)
		return -EIO;
	sqlite3_busy_timeout(*db, BUSY_MS);
	if (database_execute(*db, "PRAGMA journal_mode = WAL") < 0 ||
	    database_execute(*db, l->pragmas) < 0)
		return -EIO;
	return layout_make(*db, l);
}

sqlite3 *database_open(const struct database_layout *l, const char *path)
{
	sqlite3 *db = NULL;
	int ret = file_open(l, path, &db);

	if (ret == 0)
		return db;
	database_refuse(l, path, db, ret);
	return NULL;
}

void database_refuse(const struct database_layout *l, const char *path, sqlite3 *db, int error)
{
	am_error(
	        "%s: cannot be opened, set controlplane.%s to %s; path=%s error=%s", l->name,
	        l->name, l->needed, path,
	        error == -EPROTO ? "made by a later version of Amphi"
	        : db             ? sqlite3_errmsg(db)
	                         : strerror(-error)
	);
	sqlite3_close(db);
}

sqlite3 *database_open_reader(const char *name, const char *path)
{
	sqlite3 *db;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
		am_error("%s: cannot be read; path=%s", name, path);
		sqlite3_close(db);
		return NULL;
	}
	sqlite3_busy_timeout(db, BUSY_MS);
	return db;
}

static int query_run(sqlite3 *db, const char *name, const struct database_query *q, void *owner)
{
	sqlite3_stmt *p;
	int ret = 0;

	int step = sqlite3_prepare_v2(db, q->query, -1, &p, NULL);
	while (ret == 0 && (step == SQLITE_OK || step == SQLITE_ROW)) {
		step = sqlite3_step(p);
		if (step == SQLITE_ROW)
			ret = q->row(owner, p);
	}
	sqlite3_finalize(p);
	if (ret == 0 && step != SQLITE_DONE) {
		am_error("%s: cannot be read; error=%s", name, sqlite3_errmsg(db));
		ret = -EIO;
	}
	return ret;
}

int database_read(
        const char *name, const char *path, const struct database_query queries[], size_t count,
        void *owner
)
{
	sqlite3 *db = database_open_reader(name, path);
	int ret = db ? 0 : -EIO;

	for (size_t i = 0; i < count && ret == 0; i++)
		ret = query_run(db, name, &queries[i], owner);
	sqlite3_close(db);
	return ret;
}
