/* idfile.c - identities in files:
 *
 *	leno identity 1
 *	seed <64 hex digits>
 *	incarnation <20 digits>
 *
 *  1. One process at a time lives by a file: it holds the lock until it ends.
 *  2. The incarnation only grows, and is on the disk before it is used: two lives of
 *     one identity never have the same, not even when the clock went back. */
#include "driver/uv/idfile.h"

#include "driver/uv/file.h"
#include "driver/uv/secret.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <leno.h>
#include <leno/engine.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD "leno identity 1\nseed "
#define LIFE "\nincarnation "

enum {
	HEX = 2 * IDFILE_SEED,
	DIGITS = 20,
	SEED_AT = sizeof HEAD - 1,
	LIFE_AT = SEED_AT + HEX + sizeof LIFE - 1,
	SIZE = LIFE_AT + DIGITS + 1
};
static_assert((int)IDFILE_SEED == (int)SECRET_SIZE, "one codec for both");
static_assert(SIZE <= 512, "a sector: overwriting a number in it is all or nothing");

static void format(const struct idfile *id, char ret[SIZE + 1])
{
	char hex[HEX + 1];

	secret_to_hex(id->seed, hex);
	snprintf(ret, SIZE + 1, HEAD "%s" LIFE "%020" PRIu64 "\n", hex, id->incarnation);
	secret_wipe(hex, sizeof hex);
}

/* Exactly what format() makes. */
static bool parse(char *text, struct idfile *ret)
{
	char again[SIZE + 1];
	struct idfile id;
	bool good;

	if (strlen(text) != SIZE)
		return false;
	memcpy(again, text, sizeof again);
	again[SEED_AT + HEX] = '\0';
	id.incarnation = strtoull(again + LIFE_AT, NULL, 10);
	good = secret_from_hex(again + SEED_AT, id.seed);
	if (good) {
		format(&id, again);
		good = memcmp(again, text, SIZE) == 0;
	}
	if (good)
		*ret = id;
	secret_wipe(again, sizeof again);
	secret_wipe(&id, sizeof id);
	return good;
}

static int read_open(int fd, struct idfile *ret, const char **ret_why)
{
	char text[SIZE + 2];
	int error = file_read_open(fd, text, sizeof text, ret_why);

	if (error == LENO_OK && !parse(text, ret)) {
		*ret_why = "it is no identity, damaged, or of a later version";
		error = LENO_FILE;
	}
	secret_wipe(text, sizeof text);
	return error;
}

int idfile_create(const char *path, struct idfile *ret)
{
	struct idfile id = { .incarnation = 0 };
	char text[SIZE + 1];
	int error;

	if (!secret_random(id.seed, sizeof id.seed))
		return LENO_SYSTEM;
	format(&id, text);
	error = file_create_private(path, text);
	if (error == LENO_OK && ret)
		*ret = id;
	secret_wipe(&id, sizeof id);
	secret_wipe(text, sizeof text);
	return error;
}

int idfile_read(const char *path, struct idfile *ret, const char **ret_why)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), error;

	if (fd < 0) {
		*ret_why = errno == ENOENT ? "there is no such file" : "it cannot be opened";
		return LENO_FILE;
	}
	error = read_open(fd, ret, ret_why);
	close(fd);
	return error;
}

/* Open and locked, and still the file of that name: else who put another one in its place
 * would not find it locked. */
static int open_locked(const char *path, int *ret_fd, const char **ret_why)
{
	struct stat mine, there;
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		*ret_why = "it cannot be opened for writing";
		return LENO_FILE;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		*ret_why = "another process uses it";
		close(fd);
		return LENO_EXISTS;
	}
	if (fstat(fd, &mine) < 0 || stat(path, &there) < 0 || mine.st_ino != there.st_ino ||
	    mine.st_dev != there.st_dev) {
		*ret_why = "it was replaced just now";
		close(fd);
		return LENO_FILE;
	}
	*ret_fd = fd;
	return LENO_OK;
}

/* In place, because a file beside it would not be the locked one. */
static bool store_incarnation(int fd, uint64_t incarnation)
{
	char digits[DIGITS + 1];

	snprintf(digits, sizeof digits, "%020" PRIu64, incarnation);
	return pwrite(fd, digits, DIGITS, LIFE_AT) == DIGITS && fsync(fd) == 0;
}

int idfile_begin(const char *path, uint64_t wall_ms, struct idfile *ret, int *ret_fd,
                 const char **ret_why)
{
	struct idfile id;
	int fd, error;

	if (access(path, F_OK) < 0 && errno == ENOENT) {
		*ret_why = "it cannot be made: its folder is missing, full, or not ours to write";
		error = idfile_create(path, NULL);
		if (error < 0 && error != LENO_EXISTS)
			return error;
	}
	error = open_locked(path, &fd, ret_why);
	if (error < 0)
		return error;
	error = read_open(fd, &id, ret_why);
	if (error == LENO_OK) {
		id.incarnation = id.incarnation >= wall_ms ? id.incarnation + 1 : wall_ms;
		if (!store_incarnation(fd, id.incarnation)) {
			*ret_why = "it cannot be written";
			error = LENO_FILE;
		}
	}
	if (error < 0) {
		close(fd);
	} else {
		*ret = id;
		*ret_fd = fd;
	}
	secret_wipe(&id, sizeof id);
	return error;
}

/* ---- leno.h ------------------------------------------------------------------ */

/* Only the core knows how an id follows from a seed: so a node is asked. */
static int id_of(const struct idfile *file, leno_id *ret)
{
	leno_engine_config config;
	leno_node *node;
	int error;

	memset(&config, 0, sizeof config);
	memcpy(config.identity, file->seed, sizeof config.identity);
	config.wall_ms = 1;
	error = leno_engine_open(&node, &config);
	secret_wipe(config.identity, sizeof config.identity);
	if (error < 0)
		return error;
	*ret = *leno_self(node);
	leno_engine_free(node);
	return LENO_OK;
}

int leno_identity_create(const char *path, leno_id *ret)
{
	struct idfile file;
	int error = path ? idfile_create(path, &file) : LENO_ARGUMENT;

	if (error == LENO_OK && ret)
		error = id_of(&file, ret);
	secret_wipe(&file, sizeof file);
	return error;
}

int leno_identity_read(const char *path, leno_id *ret)
{
	struct idfile file;
	const char *why;
	int error = path && ret ? idfile_read(path, &file, &why) : LENO_ARGUMENT;

	if (error == LENO_OK)
		error = id_of(&file, ret);
	secret_wipe(&file, sizeof file);
	return error;
}
