/* pour.c - a stream. `pour` alone is a node named "sink" that prints what is poured into
 * it; `pour FILE`, beside it, pours a file. The file is read as the stream has room. */
#include <leno.h>
#include <stdio.h>
#include <string.h>

/* ---- the sink ---- */

static void print(leno_stream *stream, void *user)
{
	leno_bytes b;

	while ((b = leno_stream_peek(stream)).size > 0) {
		fwrite(b.data, 1, b.size, stdout);
		leno_stream_skip(stream, b.size);
	}
	if (leno_stream_ended(stream)) {
		fflush(stdout);
		leno_stream_finish(stream);
	}
}

static void take(leno_node *node, void *user, leno_stream *stream, const char *topic)
{
	if (strcmp(topic, "pour") == 0)
		leno_stream_accept(stream, &(leno_stream_handlers){ .readable = print }, NULL);
}

/* ---- who pours ---- */

static void pour(leno_stream *stream, void *user)
{
	static char piece[64 * 1024];
	static size_t size, taken;      /* what the stream had no room for goes first */
	FILE *file = user;
	size_t n;

	for (;;) {
		if (taken == size) {
			size = fread(piece, 1, sizeof piece, file);
			taken = 0;
		}
		if (size == 0) {
			leno_stream_finish(stream);
			return;
		}
		if (leno_stream_write(stream, (leno_bytes){ piece + taken, size - taken }, &n))
			return;
		taken += n;
		if (taken < size)
			return;         /* `writable` calls again */
	}
}

static void closed(leno_stream *stream, void *user, int error, int code, const char *why)
{
	if (error)
		fprintf(stderr, "pour: %s %s\n", leno_strerror(error), why);
	leno_stop(leno_stream_node(stream));
}

static void node_up(leno_node *node, void *user, const leno_info *info)
{
	static const leno_stream_handlers handlers = { .writable = pour, .closed = closed };
	static leno_stream *stream;     /* once, though the sink may be lost and found meanwhile */

	if (user != NULL && stream == NULL && strcmp(info->name, "sink") == 0 &&
	    leno_stream_open(node, &info->id, "pour", &handlers, user, &stream) == 0)
		pour(stream, user);
}

int main(int argc, char **argv)
{
	FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
	leno_options options = { .name = argc > 1 ? "source" : "sink" };
	leno_handlers handlers = { .node_up = node_up, .stream = take };
	leno_node *node = NULL;
	int error;

	if (argc > 1 && file == NULL) {
		perror(argv[1]);
		return 1;
	}
	error = leno_open(&node, &options, &handlers, file);
	if (error == 0)
		error = leno_discover(node, "local:");
	if (error == 0)
		error = leno_run(node);
	if (error)
		fprintf(stderr, "pour: %s\n", leno_strerror(error));
	leno_close(node);
	return error != 0;
}
