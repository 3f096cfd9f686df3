/* serve.c - streams of others, by topic: to the copies, or to the forwards. */
#include "serve.h"
#include "background.h"
#include "conn.h"
#include "copy_frame.h"
#include "copy_serve.h"
#include "forward_serve.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

struct serve {
	struct background *background;
	struct copies *copies;
	struct forwards *forwards;
};

struct serve *serve_new(struct app *app, const struct settings *set, enum event_style style)
{
	struct serve *s = need(calloc(1, sizeof *s));

	s->background = background_new(app);
	s->forwards = forwards_new(app, s->background, &set->allow_forward, style);
	if (s->forwards == NULL) {
		app->exit = EXIT_USAGE;
		serve_free(s);
		return NULL;
	}
	s->copies = copies_new(app, s->background, set->accept_files, set->share_files, style);
	if (s->copies == NULL) {
		app->exit = EXIT_FAILED;
		serve_free(s);
		return NULL;
	}
	return s;
}

void serve_adopt(struct serve *s, struct serve *other)
{
	copies_adopt(s->copies, other->copies);
	forwards_adopt(s->forwards, other->forwards);
	other->copies = NULL;
	other->forwards = NULL;
	serve_free(other);
}

void serve_free(struct serve *s)
{
	if (s == NULL)
		return;
	background_free(s->background);
	copies_free(s->copies);
	forwards_free(s->forwards);
	free(s);
}

/* Whether they keep to their role would be their choice: so it is ours. The code means the same
 * to copies and forwards. */
static bool observes(leno_stream *stream)
{
	if (leno_role_of(leno_stream_node(stream), leno_stream_peer(stream)) != LENO_OBSERVER)
		return false;
	leno_stream_abort(stream, CONN_DENIED,
	                  "observers copy and forward nothing");
	return true;
}

void serve_take(struct serve *s, leno_stream *stream, const char *topic)
{
	bool copy = strcmp(topic, COPY_TOPIC) == 0;

	if ((copy || strncmp(topic, FORWARD_TOPIC, strlen(FORWARD_TOPIC)) == 0) &&
	    observes(stream))
		return;
	if (copy)
		copies_take(s->copies, stream);
	else if (strncmp(topic, FORWARD_TOPIC, strlen(FORWARD_TOPIC)) == 0)
		forwards_take(s->forwards, stream, topic);
}
