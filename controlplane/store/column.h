// Reads columns of SQLite's rows.
#pragma once

#include <sqlite3.h>

// The text of a column, or "" for NULL. It is SQLite's memory, valid until the next step.
static inline const char *column_text(sqlite3_stmt *p, int column)
{
	const unsigned char *s = sqlite3_column_text(p, column);
	return s ? (const char *)s : "";
}
