/* payload.c - what is to be sent: an argument, or standard input to its end. */
#include "app.h"
#include "output.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAYLOAD_MAX = 64 * 1024 * 1024 }; /* the default of message_max */

void input_failed(void)
{
	fail("standard input cannot be read: %s",
	     errno == EBADF ? "it is closed; say DATA, or \"\" for an empty message"
	                    : strerror(errno));
}

int read_all(int fd, char **ret, size_t *ret_size)
{
	size_t room = 64 * 1024, size = 0;
	char *data = need(malloc(room));
	ssize_t n;

	while ((n = read(fd, data + size, room - size)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) { /* who gave it to us reads it so */
			poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, -1);
			continue;
		}
		if (n < 0) {
			input_failed();
			free(data);
			return EXIT_FAILED;
		}
		size += (size_t)n;
		if (size > PAYLOAD_MAX) {
			fail("standard input is larger than a message may be (%d MiB)",
			     PAYLOAD_MAX / 1024 / 1024);
			free(data);
			return EXIT_FAILED;
		}
		if (size == room)
			data = need(realloc(data, room *= 2));
	}
	*ret = data;
	*ret_size = size;
	return 0;
}

/* Ctrl-C while input is read finds no mesh to take leave of; only the exit code is
 * ours to keep. */
static void quit(int number)
{
	(void)number;
	_exit(EXIT_INTERRUPTED);
}

int read_payload(const char *argument, char **ret, size_t *ret_size)
{
	if (argument != NULL) {
		*ret = need(strdup(argument));
		*ret_size = strlen(argument);
		return 0;
	}
	if (isatty(STDIN_FILENO))
		fail("type the message, and Ctrl-D on a line of its own to end it");
	signal(SIGINT, quit);
	return read_all(STDIN_FILENO, ret, ret_size);
}
