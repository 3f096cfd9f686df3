/* Maps that are kept: whatever ends the process or fails the disk, what was kept is whole, and a
 * failure is told. */
#include "support/check.h"

#include <leno.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];
static int failed_with;
static char logged[600];

static void on_failed(leno_state *map, void *user, int error)
{
	failed_with = error;
}

static void on_log(void *user, enum leno_log_level level, const char *line)
{
	snprintf(logged, sizeof logged, "%s", line);
}

static leno_node *node_of(const char *state_dir)
{
	const leno_options o = { .network = "storage", .state_dir = state_dir, .log = on_log };
	leno_node *node = NULL;

	failed_with = 0;
	logged[0] = '\0';
	CHECK_EQ(leno_open(&node, &o, NULL, NULL), 0);
	return node;
}

static int share(leno_node *node, leno_state **ret)
{
	static const leno_state_options o = { .keep = true };
	static const leno_state_handlers handlers = { .failed = on_failed };

	return leno_state_share(node, "map", &o, &handlers, NULL, ret);
}

static leno_bytes numbered(char buf[24], int i)
{
	return (leno_bytes){ buf, (size_t)snprintf(buf, 24, "key-%d", i) };
}

static bool has(leno_state *map, int i)
{
	char buf[24];

	return leno_state_get(map, numbered(buf, i), NULL, NULL);
}

static int put(leno_state *map, int i, size_t size)
{
	static char value[LENO_STATE_VALUE_MAX];
	char buf[24];

	return leno_state_set(map, numbered(buf, i), (leno_bytes){ value, size }, NULL);
}

static void begin(void)
{
	strcpy(dir, "/tmp/leno-storage-XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
}

static void end(void)
{
	char path[100];
	static const char *const files[] = { "state.db", "state.db-wal", "state.db-shm",
	                                     "state.db-journal" };

	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
}

TEST(what_is_kept_is_there_again)
{
	leno_node *a, *b;
	leno_state *m;
	struct stat st;
	char path[100];

	begin();
	a = node_of(dir);
	CHECK_EQ(share(a, &m), 0);
	CHECK_EQ(put(m, 1, 100), 0);
	CHECK_EQ(put(m, 2, LENO_STATE_VALUE_MAX), 0);
	CHECK_EQ(leno_state_add(m, (leno_bytes){ "n", 1 }, -7), 0);
	snprintf(path, sizeof path, "%s/state.db", dir);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);

	b = node_of(dir);                      /* one at a time */
	CHECK_EQ(share(b, &m), LENO_FILE);
	CHECK(strstr(logged, "state.db") != NULL);
	leno_close(b);
	leno_close(a);

	a = node_of(dir);
	CHECK_EQ(share(a, &m), 0);
	CHECK(has(m, 1) && has(m, 2) && !has(m, 3));
	CHECK_EQ(leno_state_count(m, (leno_bytes){ "n", 1 }), -7);
	leno_close(a);
	end();
}

/* Large ones came first, and are read last: there would be wider tables by then than fit. */
TEST(a_copy_that_was_full_is_there_again)
{
	enum { LARGE = 660, SIZE = 1000 };
	const leno_state_options small = { .keep = true, .memory_max = 1 << 20 };
	static char value[SIZE];
	leno_state_info full, again;
	leno_node *a;
	leno_state *m;
	char buf[24];
	int error = 0;

	begin();
	a = node_of(dir);
	CHECK_EQ(leno_state_share(a, "map", &small, NULL, NULL, &m), 0);
	for (int i = 0; !error; i++) {
		leno_bytes key = { buf, (size_t)snprintf(buf, sizeof buf, "%c%07d",
		                                         i < LARGE ? 'z' : 'a', i) };

		error = leno_state_set(m, key, (leno_bytes){ value, i < LARGE ? SIZE : 1 }, NULL);
	}
	CHECK_EQ(error, LENO_MEMORY);
	leno_state_get_info(m, &full);
	leno_close(a);
	a = node_of(dir);
	REQUIRE(CHECK_EQ(leno_state_share(a, "map", &small, NULL, NULL, &m), 0));
	leno_state_get_info(m, &again);
	CHECK_EQ(again.entries, full.entries);
	CHECK(again.memory <= small.memory_max);
	leno_close(a);
	end();
}

static int rows_kept(void)
{
	sqlite3 *db;
	sqlite3_stmt *count;
	char path[100];
	int rows = -1;

	snprintf(path, sizeof path, "%s/state.db", dir);
	CHECK_EQ(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_prepare_v2(db, "SELECT count(*) FROM entry", -1, &count, NULL);
	if (CHECK_EQ(sqlite3_step(count), SQLITE_ROW))
		rows = sqlite3_column_int(count, 0);
	sqlite3_finalize(count);
	sqlite3_close(db);
	return rows;
}

/* They are dropped while they are read. */
TEST(what_was_deleted_long_ago_goes_from_the_file)
{
	enum { MANY = 400 };
	const leno_state_options soon = { .keep = true, .horizon_ms = 1 };
	leno_node *a;
	leno_state *m;
	char buf[24];

	begin();
	a = node_of(dir);
	CHECK_EQ(share(a, &m), 0);
	for (int i = 0; i < MANY; i++) {
		CHECK_EQ(put(m, i, 100), 0);
		if (i % 4)
			CHECK_EQ(leno_state_delete(m, numbered(buf, i)), 0);
	}
	leno_close(a);
	CHECK_EQ(rows_kept(), MANY);
	usleep(5000);
	a = node_of(dir);
	CHECK_EQ(leno_state_share(a, "map", &soon, NULL, NULL, &m), 0);
	CHECK(has(m, 0) && !has(m, 1) && has(m, MANY - 4));
	leno_close(a);
	CHECK_EQ(rows_kept(), MANY / 4);
	end();
}

TEST(no_folder_no_map)
{
	leno_node *a = node_of("/proc/none");
	leno_state *m;

	CHECK_EQ(share(a, &m), LENO_FILE);
	CHECK(strstr(logged, "/proc/none") != NULL);
	leno_close(a);
	begin();
	char path[100];
	snprintf(path, sizeof path, "%s/state.db", dir);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	CHECK_EQ(write(fd, "this is no database, as long as it may be", 41), 41);
	close(fd);
	a = node_of(dir);
	CHECK_EQ(share(a, &m), LENO_FILE);
	leno_close(a);
	end();
}

/* Says by a byte that i is kept: after the step that did so. */
static void write_on(int fd)
{
	leno_node *a = node_of(dir);
	leno_state *m;

	if (share(a, &m))
		_exit(1);
	for (int i = 0;; i++) {
		if (put(m, i, 1 + (size_t)i % 3000))
			_exit(2);
		leno_step(a);
		if (write(fd, "", 1) != 1)
			_exit(3);
	}
}

TEST(killed_at_any_moment_it_has_what_was_kept)
{
	begin();
	for (int round = 0; round < 5; round++) {
		leno_node *a;
		leno_state *m;
		int fds[2], kept = 0, status, n = 20 + 37 * round;
		char byte;
		pid_t child;

		CHECK_EQ(pipe(fds), 0);
		child = fork();
		if (child == 0)
			write_on(fds[1]);
		close(fds[1]);
		while (kept < n && read(fds[0], &byte, 1) == 1)
			kept++;
		kill(child, SIGKILL);
		while (read(fds[0], &byte, 1) == 1)
			kept++;
		close(fds[0]);
		waitpid(child, &status, 0);
		CHECK(WIFSIGNALED(status));
		a = node_of(dir);
		CHECK_EQ(share(a, &m), 0);
		for (int i = 0; i < kept; i++)
			CHECK(has(m, i));
		leno_close(a);
	}
	end();
}

/* ---- a disk that fails --------------------------------------------------------------------- */

static sqlite3_vfs faulty;
static sqlite3_io_methods faulty_io[2];     /* of the database, and of its log: they lock otherwise */
static const sqlite3_io_methods *real_io[2];
static sqlite3_vfs *real;
static int writes_left = -1, fault;

static int faulty_write(sqlite3_file *f, const void *data, int n, sqlite3_int64 at)
{
	if (writes_left >= 0 && writes_left-- == 0) {
		writes_left = 0;
		return fault;
	}
	return real_io[f->pMethods == &faulty_io[1]]->xWrite(f, data, n, at);
}

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *ret)
{
	int got = real->xOpen(real, name, f, flags, ret);

	if (got == SQLITE_OK && f->pMethods) {
		int i = !(flags & SQLITE_OPEN_MAIN_DB);

		real_io[i] = f->pMethods;
		faulty_io[i] = *real_io[i];
		faulty_io[i].xWrite = faulty_write;
		f->pMethods = &faulty_io[i];
	}
	return got;
}

TEST(an_error_of_the_disk_is_told_and_what_was_kept_is_whole)
{
	static const int faults[] = { SQLITE_IOERR_WRITE, SQLITE_FULL };

	real = sqlite3_vfs_find(NULL);
	faulty = *real;
	faulty.zName = "faulty";
	faulty.xOpen = faulty_open;
	faulty.pNext = NULL;
	sqlite3_vfs_register(&faulty, 1);
	for (int nth = 0; nth < 24; nth++) {
		leno_node *a;
		leno_state *m;
		int i = 0;

		begin();
		fault = faults[nth % 2];
		a = node_of(dir);
		CHECK_EQ(share(a, &m), 0);
		for (; i < 5; i++)
			CHECK_EQ(put(m, i, 2000), 0);
		leno_step(a);
		writes_left = nth;
		for (; i < 60 && !failed_with; i++) {
			CHECK_EQ(put(m, i, 2000), 0);  /* it is shared still */
			leno_step(a);
			leno_step(a);
		}
		CHECK_EQ(failed_with, LENO_FILE);
		CHECK(strstr(logged, "not kept") || strstr(logged, "state.db"));
		writes_left = -1;
		leno_close(a);
		a = node_of(dir);
		REQUIRE(CHECK_EQ(share(a, &m), 0));
		for (int k = 0; k < 5; k++)
			CHECK(has(m, k));
		for (int k = 5; k < i - 2; k++)
			CHECK(has(m, k));
		leno_close(a);
		end();
	}
	sqlite3_vfs_unregister(&faulty);
	sqlite3_vfs_register(real, 1);
}

/* In a mount namespace of its own: 0 as it should be, 77 where that is not allowed. */
static int on_a_small_disk(void)
{
	leno_node *a;
	leno_state *m;
	int i = 0;

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", dir, "tmpfs", 0, "size=400k"))
		return 77;
	a = node_of(dir);
	if (share(a, &m))
		return 1;
	for (; i < 400 && !failed_with; i++) {
		put(m, i, 3000);
		leno_step(a);
		leno_step(a);
	}
	if (failed_with != LENO_FILE || i < 10)
		return 2;
	leno_close(a);
	if (mount("none", dir, "tmpfs", MS_REMOUNT, "size=8m"))
		return 3;
	a = node_of(dir);
	if (share(a, &m))
		return 4;
	for (int k = 0; k < i - 2; k++)
		if (!has(m, k))
			return 5;
	leno_close(a);
	return 0;
}

TEST(a_full_disk_is_told_and_what_was_kept_is_whole)
{
	int status;
	pid_t child;

	begin();
	child = fork();
	if (child == 0)
		_exit(on_a_small_disk());
	waitpid(child, &status, 0);
	end();
	REQUIRE(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		SKIP("no mount namespace here");
	CHECK_EQ(WEXITSTATUS(status), 0);
}

TEST_MAIN(TEST_CASE(what_is_kept_is_there_again), TEST_CASE(no_folder_no_map),
          TEST_CASE(what_was_deleted_long_ago_goes_from_the_file),
          TEST_CASE(a_copy_that_was_full_is_there_again),
          TEST_CASE(killed_at_any_moment_it_has_what_was_kept),
          TEST_CASE(an_error_of_the_disk_is_told_and_what_was_kept_is_whole),
          TEST_CASE(a_full_disk_is_told_and_what_was_kept_is_whole))
