/* folder.c - files as pages. They are read on the loop: a piece at a time, of files that the
 * system mostly has in memory. */
#define _GNU_SOURCE
#include "driver/uv/folder.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const types[][2] = {
	{ "html", "text/html; charset=utf-8" },
	{ "htm", "text/html; charset=utf-8" },
	{ "css", "text/css; charset=utf-8" },
	{ "js", "text/javascript; charset=utf-8" },
	{ "mjs", "text/javascript; charset=utf-8" },
	{ "json", "application/json" },
	{ "map", "application/json" },
	{ "txt", "text/plain; charset=utf-8" },
	{ "md", "text/plain; charset=utf-8" },
	{ "svg", "image/svg+xml" },
	{ "png", "image/png" },
	{ "jpg", "image/jpeg" },
	{ "jpeg", "image/jpeg" },
	{ "gif", "image/gif" },
	{ "webp", "image/webp" },
	{ "ico", "image/x-icon" },
	{ "woff2", "font/woff2" },
	{ "wasm", "application/wasm" },
	{ "pdf", "application/pdf" },
};

static const char *type_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
		if (strcasecmp(dot + 1, types[i][0]) == 0)
			return types[i][1];
	return "application/octet-stream";
}

/* ---- paths ---------------------------------------------------------------------------- */

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool folder_decode(struct bytes path, char ret[FOLDER_PATH_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < path.size; i++) {
		int c = path.data[i];

		if (c == '%') {
			int high = i + 2 < path.size ? hex(path.data[i + 1]) : -1;
			int low = i + 2 < path.size ? hex(path.data[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = high << 4 | low;
			i += 2;
		}
		if (c == '\0' || n + 1 >= FOLDER_PATH_MAX)
			return false;
		ret[n++] = (char)c;
	}
	ret[n] = '\0';
	return true;
}

int folder_open(const char *name)
{
	return open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Opens a path part by part; -1: it does not lead to a file. *ret_name is its last part. */
static int open_beneath(int folder, const char *path, const char **ret_name)
{
	int at = fcntl(folder, F_DUPFD_CLOEXEC, 0), next;
	char part[FOLDER_PATH_MAX];

	*ret_name = "index.html";
	while (at >= 0) {
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (*path == '.')
			break;
		memcpy(part, path, n);
		part[n] = '\0';
		if (path[n] == '\0') {     /* the file, or what stands for its folder */
			*ret_name = n ? path : "index.html";
			next = openat(at, *ret_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
			close(at);
			return next;
		}
		next = openat(at, part, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
		path += n;
	}
	if (at >= 0)
		close(at);
	return -1;
}

/* ---- pages ----------------------------------------------------------------------------- */

struct file_body {
	struct http_body body;
	int fd;
	off_t at;
};

static ssize_t read_file(struct http_body *body, uint8_t *to, size_t size)
{
	struct file_body *f = (struct file_body *)body;
	ssize_t n;

	do {
		n = pread(f->fd, to, size, f->at);
	} while (n < 0 && errno == EINTR);
	if (n > 0)
		f->at += n;
	return n;
}

static void free_file(struct http_body *body)
{
	struct file_body *f = (struct file_body *)body;

	close(f->fd);
	mem_free(f);
}

void folder_page(int folder, const char *path, struct http_answer *ret)
{
	struct file_body *f;
	const char *name;
	struct stat st;
	int fd = open_beneath(folder, path, &name);

	if (fd < 0)
		return;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return;
	}
	f = mem_new(sizeof *f);
	if (!f) {
		close(fd);
		ret->status = 503;
		return;
	}
	f->body = (struct http_body){ read_file, free_file };
	f->fd = fd;
	*ret = (struct http_answer){ .status = 200, .type = type_of(name), .body = &f->body,
		                     .size = (uint64_t)st.st_size };
}
