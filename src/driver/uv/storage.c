/* storage.c - see storage.h. The only user of SQLite. */
#include "driver/uv/storage.h"

#include "base/mem.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_SIZE = 4096, BUSY_MS = 200 };

static const char *const FILE_NAME = "state.db";

struct storage {
	leno_node *node;
	sqlite3 *db;
	sqlite3_stmt *put, *drop;
	bool begun, broken;
	char path[PATH_SIZE];      /* of the folder; of the file once it is open */
};

struct storage *storage_new(leno_node *node, const char *dir)
{
	struct storage *s = mem_new(sizeof *s);

	if (!s)
		return NULL;
	s->node = node;
	if (snprintf(s->path, sizeof s->path, "%s", dir) >= (int)sizeof s->path)
		s->path[0] = '\0';     /* which cannot be made */
	return s;
}

static void say(struct storage *s, const char *what)
{
	char line[PATH_SIZE + 256];

	snprintf(line, sizeof line, "%s: %s: %s", s->path, what,
	         s->db ? sqlite3_errmsg(s->db) : strerror(errno));
	leno_engine_log(s->node, LENO_LOG_ERROR, line);
}

static int fail(struct storage *s, const char *what)
{
	if (!s->broken)
		say(s, what);
	s->broken = true;
	return LENO_FILE;
}

static bool run(struct storage *s, const char *sql)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static bool prepare(struct storage *s, const char *sql, sqlite3_stmt **ret)
{
	return sqlite3_prepare_v2(s->db, sql, -1, ret, NULL) == SQLITE_OK;
}

/* With a write-ahead log a commit is an append, and a reader of a half-written one sees the state
 * before it. */
static bool set_up(struct storage *s)
{
	sqlite3_busy_timeout(s->db, BUSY_MS);
	return run(s, "PRAGMA locking_mode = EXCLUSIVE") && run(s, "PRAGMA journal_mode = WAL") &&
	       run(s, "PRAGMA synchronous = NORMAL") && run(s, "PRAGMA cache_size = -4096") &&
	       run(s, "CREATE TABLE IF NOT EXISTS entry (map TEXT NOT NULL, key BLOB NOT NULL, "
	              "value BLOB NOT NULL, PRIMARY KEY (map, key)) WITHOUT ROWID") &&
	       run(s, "BEGIN IMMEDIATE") && run(s, "COMMIT") &&
	       prepare(s, "INSERT INTO entry VALUES (?, ?, ?) ON CONFLICT DO UPDATE "
	                  "SET value = excluded.value", &s->put) &&
	       prepare(s, "DELETE FROM entry WHERE map = ? AND key = ?", &s->drop);
}

static int open_file(struct storage *s)
{
	size_t size = strlen(s->path);

	if (s->db)
		return LENO_OK;
	if (mkdir(s->path, 0700) < 0 && errno != EEXIST)
		return fail(s, "cannot be made");
	if (snprintf(s->path + size, sizeof s->path - size, "/%s", FILE_NAME) >=
	    (int)(sizeof s->path - size)) {
		errno = ENAMETOOLONG;
		return fail(s, "cannot be opened");
	}
	if (sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
	                    SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return fail(s, "cannot be opened");
	chmod(s->path, 0600);
	return set_up(s) ? LENO_OK : fail(s, "cannot be used");
}

static leno_bytes column(sqlite3_stmt *row, int at)
{
	const void *data = sqlite3_column_blob(row, at);

	return (leno_bytes){ data ? data : "", (size_t)sqlite3_column_bytes(row, at) };
}

int storage_load(struct storage *s, const char *map, leno_stored_fn *fn, void *arg)
{
	sqlite3_stmt *rows = NULL;
	int got, error = s->broken ? LENO_FILE : open_file(s);

	if (error)
		return error;
	got = SQLITE_ERROR;
	if (prepare(s, "SELECT key, value FROM entry WHERE map = ?", &rows))
		sqlite3_bind_text(rows, 1, map, -1, SQLITE_STATIC);
	while (rows && (got = sqlite3_step(rows)) == SQLITE_ROW)
		fn(arg, column(rows, 0), column(rows, 1));
	sqlite3_finalize(rows);
	return got == SQLITE_DONE ? LENO_OK : fail(s, "cannot be read");
}

int storage_change(struct storage *s, const char *map, leno_bytes key, leno_bytes entry)
{
	sqlite3_stmt *change = entry.size > 0 ? s->put : s->drop;
	int got;

	if (s->broken || !s->db)
		return LENO_FILE;
	if (!s->begun && !run(s, "BEGIN IMMEDIATE"))
		return fail(s, "cannot be written");
	s->begun = true;
	sqlite3_bind_text(change, 1, map, -1, SQLITE_STATIC);
	sqlite3_bind_blob(change, 2, key.data, (int)key.size, SQLITE_STATIC);
	if (entry.size > 0)
		sqlite3_bind_blob(change, 3, entry.data, (int)entry.size, SQLITE_STATIC);
	got = sqlite3_step(change);
	if (got != SQLITE_DONE)
		fail(s, "cannot be written");
	sqlite3_reset(change);
	sqlite3_clear_bindings(change);
	if (got == SQLITE_DONE)
		return LENO_OK;
	run(s, "ROLLBACK");
	s->begun = false;
	leno_engine_store_failed(s->node, NULL, LENO_FILE);
	return LENO_FILE;
}

void storage_commit(struct storage *s)
{
	if (!s || !s->begun)
		return;
	s->begun = false;
	if (run(s, "COMMIT"))
		return;
	fail(s, "cannot be written");
	run(s, "ROLLBACK");
	leno_engine_store_failed(s->node, NULL, LENO_FILE);
}

void storage_free(struct storage *s)
{
	if (!s)
		return;
	storage_commit(s);
	sqlite3_finalize(s->put);
	sqlite3_finalize(s->drop);
	sqlite3_close(s->db);
	mem_free(s);
}
