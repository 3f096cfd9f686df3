/* snapshot.c - a node's counters at one moment, and how fast they rose since another. */
#include "snapshot.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

static void show(char *ret, size_t size, const char *text)
{
	size_t n = strnlen(text, size - 1);

	while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--; /* a character is whole or not there */
	memcpy(ret, text, n);
	ret[n] = '\0';
}

struct link_row *snapshot_add_link(struct snapshot *s)
{
	if (s->n_links == s->links_room) {
		s->links_room = s->links_room ? 2 * s->links_room : 16;
		s->links = need(realloc(s->links, s->links_room * sizeof *s->links));
	}
	s->links[s->n_links] = (struct link_row){ .name = "" };
	return &s->links[s->n_links++];
}

struct session_row *snapshot_add_session(struct snapshot *s)
{
	if (s->n_sessions == s->sessions_room) {
		s->sessions_room = s->sessions_room ? 2 * s->sessions_room : 16;
		s->sessions = need(realloc(s->sessions, s->sessions_room * sizeof *s->sessions));
	}
	s->sessions[s->n_sessions] = (struct session_row){ .name = "" };
	return &s->sessions[s->n_sessions++];
}

static bool take_link(void *arg, const leno_link_info *info)
{
	struct link_row *row = snapshot_add_link(arg);

	row->info = *info;
	show(row->name, sizeof row->name, info->name);
	show(row->uri, sizeof row->uri, info->uri);
	return true;
}

static bool take_session(void *arg, const leno_session_info *info)
{
	struct session_row *row = snapshot_add_session(arg);

	row->info = *info;
	show(row->name, sizeof row->name, info->name);
	return true;
}

void snapshot_take(struct snapshot *s, leno_node *node)
{
	s->id = *leno_self(node);
	show(s->version, sizeof s->version, leno_version());
	s->time_ms = clock_wall_ms();
	leno_get_stats(node, &s->stats);
	leno_links(node, take_link, s);
	leno_sessions(node, take_session, s);
	snapshot_sort(s);
}

void snapshot_free(struct snapshot *s)
{
	free(s->links);
	free(s->sessions);
	*s = (struct snapshot){ .name = "" };
}

/* Both kinds of rows begin with an info, which begins with its id. */
static int by_id(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(leno_id));
}

void snapshot_sort(struct snapshot *s)
{
	if (s->n_links > 0)
		qsort(s->links, s->n_links, sizeof *s->links, by_id);
	if (s->n_sessions > 0)
		qsort(s->sessions, s->n_sessions, sizeof *s->sessions, by_id);
}

const struct link_row *snapshot_link(const struct snapshot *s, const leno_id *id)
{
	return s->n_links ? bsearch(id, s->links, s->n_links, sizeof *s->links, by_id) : NULL;
}

const struct session_row *snapshot_session(const struct snapshot *s, const leno_id *id)
{
	return s->n_sessions
	               ? bsearch(id, s->sessions, s->n_sessions, sizeof *s->sessions, by_id)
	               : NULL;
}

double rate_of(uint64_t now, uint64_t before, uint64_t ms)
{
	uint64_t rose = now >= before ? now - before : now;

	return ms > 0 ? (double)rose * 1000 / (double)ms : 0;
}

const char *path_text(enum leno_path path)
{
	switch (path) {
	case LENO_PATH_NONE: return "none";
	case LENO_PATH_DIRECT: return "direct";
	case LENO_PATH_RELAYED: return "relayed";
	}
	return "unknown";
}
