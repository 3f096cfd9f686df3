/* beneath.c - the way from a folder down to a file, word by word.
 *
 *  1. What beneath_wrong() refuses is opened nowhere: no "..", no absolute path.
 *  2. Each word is opened in the folder before it and must be a folder, not a link to
 *     one: nobody who can make links there leads us outside, at whatever moment. */
#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char part_end[] = ".leno-part";

static bool is_part(const char *word, size_t n)
{
	const size_t end = sizeof part_end - 1;

	return n > end && word[0] == '.' && memcmp(word + n - end, part_end, end) == 0;
}

static const char *word_wrong(const char *word, size_t n, bool last)
{
	if (n == 0)
		return "a word of its path is empty";
	if (n > 255)
		return "a word of its path is longer than 255 bytes";
	if ((n == 1 && word[0] == '.') || (n == 2 && word[0] == '.' && word[1] == '.'))
		return "\".\" and \"..\" lead nowhere here";
	if (last && is_part(word, n))
		return "it would be the part of another file";
	if (last && n + sizeof part_end > 255)
		return "its name is too long to have a part beside it";
	return NULL;
}

const char *beneath_wrong(const char *path, size_t size)
{
	if (size == 0)
		return "its name is empty";
	if (size >= BENEATH_PATH_MAX)
		return "its path is longer than 1023 bytes";
	if (memchr(path, '\0', size) != NULL)
		return "its name holds a NUL";
	if (path[0] == '/')
		return "its path must be relative to the folder";
	for (size_t i = 0, n; i <= size; i += n + 1) {
		const char *slash = memchr(path + i, '/', size - i);
		const char *wrong;

		n = slash != NULL ? (size_t)(slash - path) - i : size - i;
		wrong = word_wrong(path + i, n, slash == NULL);
		if (wrong != NULL)
			return wrong;
	}
	return NULL;
}

int beneath_open(int folder, const char *path, const char **ret_leaf)
{
	int at = fcntl(folder, F_DUPFD_CLOEXEC, 3), next, error;
	char word[256];
	const char *slash;

	if (at < 0)
		return -1;
	for (; (slash = strchr(path, '/')) != NULL; path = slash + 1) {
		snprintf(word, sizeof word, "%.*s", (int)(slash - path), path);
		next = openat(at, word, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		error = errno;
		close(at);
		if (next < 0) {
			errno = error;
			return -1;
		}
		at = next;
	}
	*ret_leaf = path;
	return at;
}

bool part_name(const char *name, char ret[PART_NAME_MAX])
{
	int n = snprintf(ret, PART_NAME_MAX, ".%s%s", name, part_end);

	return n > 0 && n < PART_NAME_MAX;
}
