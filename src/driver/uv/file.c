/* file.c - small files that only their owner may read.
 *
 *  1. A file appears whole, or not at all: written aside, synced, then linked, which
 *     never replaces what is there. (Where there are no links: made in its place, if there
 *     is nothing.)
 *  2. What others may read or write is no secret and no identity: refused. */
#define _GNU_SOURCE
#include "driver/uv/file.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <leno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_all(int fd, const char *text)
{
	size_t size = strlen(text);

	while (size > 0) {
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		text += n;
		size -= (size_t)n;
	}
	return fsync(fd) == 0;
}

/* The new name is in the directory, and that is a file as well. */
static void sync_directory(const char *path)
{
	char folder[PATH_MAX];
	char *slash;
	int fd;

	snprintf(folder, sizeof folder, "%s", path);
	slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

/* For file systems without hard links, where it may be seen half written. */
static int create_in_place(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool written;

	if (fd < 0)
		return errno == EEXIST ? LENO_EXISTS : LENO_FILE;
	written = write_all(fd, text);
	if (!written)
		unlink(path);
	close(fd);
	return written ? LENO_OK : LENO_FILE;
}

int file_create_private(const char *path, const char *text)
{
	char aside[PATH_MAX];
	int fd, error = LENO_FILE;

	if (snprintf(aside, sizeof aside, "%s.XXXXXX", path) >= (int)sizeof aside)
		return LENO_FILE;
	fd = mkostemp(aside, O_CLOEXEC); /* of mode 0600 */
	if (fd < 0)
		return access(path, F_OK) == 0 ? LENO_EXISTS : LENO_FILE;
	if (write_all(fd, text)) {
		if (link(aside, path) == 0)
			error = LENO_OK;
		else if (errno == EEXIST)
			error = LENO_EXISTS;
		else if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS)
			error = create_in_place(path, text);
	}
	close(fd);
	unlink(aside);
	if (error == LENO_OK)
		sync_directory(path);
	return error;
}

static int refuse(const char **ret_why, const char *why)
{
	*ret_why = why;
	return LENO_FILE;
}

/* Is it a file that may be read, and of whom? */
static int look_at(int fd, bool private, struct stat *st, const char **ret_why)
{
	if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode))
		return refuse(ret_why, "it is not a regular file");
	if (private && st->st_mode & (S_IRWXG | S_IRWXO))
		return refuse(ret_why, "others may read it: chmod 600 it first");
	return LENO_OK;
}

static int read_all(int fd, char *ret, size_t capacity, const char **ret_why)
{
	size_t size = 0;
	ssize_t n;

	do {
		n = pread(fd, ret + size, capacity - size, (off_t)size);
		if (n < 0 && errno != EINTR)
			return refuse(ret_why, "it cannot be read");
		size += n > 0 ? (size_t)n : 0;
		if (size == capacity)
			return refuse(ret_why, "it is too long");
	} while (n != 0);
	ret[size] = '\0';
	if (strlen(ret) != size)
		return refuse(ret_why, "it is not text");
	return LENO_OK;
}

int file_read_open(int fd, char *ret, size_t capacity, const char **ret_why)
{
	struct stat st;
	int error = look_at(fd, true, &st, ret_why);

	return error < 0 ? error : read_all(fd, ret, capacity, ret_why);
}

/* A pipe of that name would be waited for; so it is refused as what it is. */
static int open_to_read(const char *path, const char **ret_why)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		*ret_why = errno == ENOENT ? "there is no such file" : "it cannot be opened";
	return fd;
}

int file_read_private(const char *path, char *ret, size_t capacity, const char **ret_why)
{
	int fd = open_to_read(path, ret_why), error;

	if (fd < 0)
		return LENO_FILE;
	error = file_read_open(fd, ret, capacity, ret_why);
	close(fd);
	return error;
}

int file_read_text(const char *path, bool private, size_t most, char **ret, const char **ret_why)
{
	int fd = open_to_read(path, ret_why), error;
	struct stat st;
	char *text = NULL;

	if (fd < 0)
		return LENO_FILE;
	error = look_at(fd, private, &st, ret_why);
	if (error == LENO_OK && (size_t)st.st_size >= most)
		error = refuse(ret_why, "it is too long");
	if (error == LENO_OK && !(text = mem_new((size_t)st.st_size + 1))) {
		*ret_why = "no memory";
		error = LENO_MEMORY;
	}
	if (error == LENO_OK)
		error = read_all(fd, text, (size_t)st.st_size + 1, ret_why);
	close(fd);
	if (error < 0)
		text = mem_free(text);
	else
		*ret = text;
	return error;
}
