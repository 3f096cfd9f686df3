/* journal.c - see journal.h. */
#include "driver/uv/journal.h"

#include "base/mem.h"
#include "driver/uv/file.h"

#include <errno.h>
#include <fcntl.h>
#include <leno.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int refuse(const char **ret_why, const char *why)
{
	*ret_why = why;
	return LENO_FILE;
}

static int make_if_missing(const char *path, const char *head)
{
	char text[JOURNAL_LINE];
	size_t size = strlen(head);
	int error;

	if (access(path, F_OK) == 0 || size + 2 > sizeof text)
		return LENO_OK;
	memcpy(text, head, size);
	memcpy(text + size, "\n", 2);
	error = file_create_private(path, text);
	return error == LENO_EXISTS ? LENO_OK : error;
}

static int read_all(struct journal *j, const char **ret_why)
{
	struct stat st;
	size_t size = 0;
	ssize_t n = 1;

	if (fstat(j->fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > JOURNAL_MAX)
		return refuse(ret_why, "it is too long, or no file");
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return refuse(ret_why, "others may read it: chmod 600 it first");
	j->text = mem_take((size_t)st.st_size + 1);
	if (!j->text)
		return LENO_MEMORY;
	while (size < (size_t)st.st_size && n > 0) {
		n = pread(j->fd, j->text + size, (size_t)st.st_size - size, (off_t)size);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			size += (size_t)n;
	}
	if (n < 0)
		return refuse(ret_why, "it cannot be read");
	while (size > 0 && j->text[size - 1] != '\n') /* cut short: it never was */
		size--;
	j->size = j->end = size;
	return LENO_OK;
}

static bool begins(const struct journal *j, const char *head)
{
	size_t size = strlen(head);

	return j->size > size && memcmp(j->text, head, size) == 0 && j->text[size] == '\n';
}

int journal_open(const char *path, const char *head, bool make, struct journal *ret,
                 const char **ret_why)
{
	struct journal j = { .fd = -1 };
	int error = make ? make_if_missing(path, head) : LENO_OK;

	*ret_why = "it cannot be made: its folder is missing, full, or not ours to write";
	if (error)
		return error;
	j.fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (j.fd < 0)
		return refuse(ret_why, errno == ENOENT ? "there is no such file"
		                                       : "it cannot be opened for writing");
	while (flock(j.fd, LOCK_EX) < 0 && errno == EINTR)
		;
	error = read_all(&j, ret_why);
	if (!error && !begins(&j, head))
		error = refuse(ret_why, "it is damaged, or of a later version");
	if (error) {
		journal_close(&j);
		return error;
	}
	*ret = j;
	return LENO_OK;
}

bool journal_next(const struct journal *j, size_t *cursor, char *ret)
{
	while (*cursor < j->size) {
		const char *line = j->text + *cursor;
		size_t size = (size_t)((const char *)memchr(line, '\n', j->size - *cursor) - line);

		*cursor += size + 1;
		if (size >= JOURNAL_LINE)
			continue; /* none of ours */
		memcpy(ret, line, size);
		ret[size] = '\0';
		return true;
	}
	return false;
}

int journal_add(struct journal *j, const char *line)
{
	char text[JOURNAL_LINE + 1];
	size_t size = strlen(line);

	if (size >= JOURNAL_LINE || j->end + size + 1 > JOURNAL_MAX)
		return LENO_FILE;
	memcpy(text, line, size);
	text[size++] = '\n';
	if (ftruncate(j->fd, (off_t)j->end) < 0 ||
	    pwrite(j->fd, text, size, (off_t)j->end) != (ssize_t)size || fsync(j->fd) < 0)
		return LENO_FILE;
	j->end += size;
	return LENO_OK;
}

void journal_close(struct journal *j)
{
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
	j->text = mem_free(j->text);
	j->size = 0;
}
