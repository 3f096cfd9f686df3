/* view.c - see view.h. */
#include "view.h"
#include "output.h"
#include "units.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void view_node(char *ret, size_t size, const leno_id *id, const char *name)
{
	char text[LENO_ID_TEXT];

	leno_id_text(id, text);
	if (*name)
		snprintf(ret, size, "%s %.8s", name, text);
	else
		snprintf(ret, size, "%s", text);
}

static void add_node(struct table *t, const leno_id *id, const char *name)
{
	char text[LENO_ID_TEXT];

	if (*name) {
		table_add(t, name);
		return;
	}
	leno_id_text(id, text);
	text[8] = '\0';
	table_add(t, text);
}

static void add_bytes(struct table *t, double bytes)
{
	char text[UNITS_MAX];

	table_add(t, show_bytes(text, bytes));
}

static void add_count(struct table *t, uint64_t count)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, count);
	table_add(t, text);
}

/* What rose: as it stands, or by how much a second. */
static void add_risen(struct table *t, const struct view *v, uint64_t now, uint64_t before)
{
	char text[UNITS_MAX];

	if (v->ms > 0)
		table_add(t, show_count(text, rate_of(now, before, v->ms)));
	else
		add_count(t, now);
}

static void add_risen_bytes(struct table *t, const struct view *v, uint64_t now, uint64_t before)
{
	add_bytes(t, v->ms > 0 ? rate_of(now, before, v->ms) : (double)now);
}

static void add_times(struct table *t, uint32_t rtt_us, uint64_t age_ms)
{
	char text[UNITS_MAX];

	table_add(t, show_trip(text, rtt_us));
	table_add(t, show_age(text, age_ms));
}

/* ---- the order of rows ----------------------------------------------------- */

struct place {
	double weight;
	size_t row;
};

static int by_weight(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static uint64_t risen(const struct view *v, uint64_t now, uint64_t before)
{
	return v->ms == 0 || now < before ? now : now - before;
}

static struct place *places_new(size_t n)
{
	return need(calloc(n ? n : 1, sizeof(struct place)));
}

/* ---- links ----------------------------------------------------------------- */

#define LINK_COLUMNS(per)                                                                      \
	{                                                                                      \
		{ "NEIGHBOUR", false, 0 }, { "KIND", false, 5 }, { "RTT", true, 0 },           \
			{ "AGE", true, 6 }, { "OUT" per, true, 0 }, { "IN" per, true, 0 },     \
			{ "QUEUE", true, 1 }, { "FORWARDED" per, true, 2 },                    \
			{ "DROPPED" per, true, 3 }, { "MARKED" per, true, 4 },                 \
	}

static const struct column link_totals[] = LINK_COLUMNS("");
static const struct column link_rates[] = LINK_COLUMNS("/s");

static const leno_link_info *link_before(const struct view *v, const struct link_row *row)
{
	static const leno_link_info none;
	const struct link_row *old = v->ms > 0 ? snapshot_link(v->before, &row->info.id) : NULL;

	/* One that is younger than the snapshot before is another link. */
	return old && row->info.age_ms >= v->ms ? &old->info : &none;
}

static void add_link(struct table *t, const struct view *v, const struct link_row *row)
{
	const leno_link_info *now = &row->info, *old = link_before(v, row);

	add_node(t, &now->id, row->name);
	table_add(t, now->local ? "local" : "stream");
	add_times(t, now->rtt_us, now->age_ms);
	add_risen_bytes(t, v, now->bytes_out, old->bytes_out);
	add_risen_bytes(t, v, now->bytes_in, old->bytes_in);
	add_bytes(t, (double)now->relay_bytes);
	add_risen(t, v, now->forwarded, old->forwarded);
	add_risen(t, v, now->dropped, old->dropped);
	add_risen(t, v, now->marked, old->marked);
}

void view_links(struct table *t, const struct view *v)
{
	size_t n = v->now->n_links;
	struct place *places = places_new(n);

	for (size_t i = 0; i < n; i++) {
		const leno_link_info *now = &v->now->links[i].info,
		                     *old = link_before(v, &v->now->links[i]);

		places[i].row = i;
		places[i].weight = (double)risen(v, now->bytes_out, old->bytes_out) +
		                   (double)risen(v, now->bytes_in, old->bytes_in);
	}
	qsort(places, n, sizeof *places, by_weight);
	table_init(t, v->ms > 0 ? link_rates : link_totals,
	           sizeof link_rates / sizeof link_rates[0]);
	for (size_t i = 0; i < n; i++)
		add_link(t, v, &v->now->links[places[i].row]);
	free(places);
}

/* ---- sessions -------------------------------------------------------------- */

#define SESSION_COLUMNS(per)                                                                   \
	{                                                                                      \
		{ "NODE", false, 0 }, { "PATH", false, 5 }, { "RTT", true, 0 },                \
			{ "AGE", true, 9 }, { "OUT" per, true, 0 }, { "IN" per, true, 0 },     \
			{ "SENT" per, true, 1 }, { "RECEIVED" per, true, 2 },                  \
			{ "RESENT" per, true, 3 }, { "WAITING", true, 4 },                     \
			{ "UNCONFIRMED", true, 6 }, { "WINDOW", true, 7 },                     \
			{ "LOST" per, true, 4 }, { "MARKED" per, true, 5 },                    \
			{ "UNKNOWN" per, true, 8 }, { "STREAMS", true, 7 },                    \
	}

static const struct column session_totals[] = SESSION_COLUMNS("");
static const struct column session_rates[] = SESSION_COLUMNS("/s");

static const leno_session_info *session_before(const struct view *v,
                                               const struct session_row *row)
{
	static const leno_session_info none;
	const struct session_row *old =
		v->ms > 0 ? snapshot_session(v->before, &row->info.id) : NULL;

	return old && row->info.age_ms >= v->ms ? &old->info : &none;
}

static void add_session(struct table *t, const struct view *v, const struct session_row *row)
{
	const leno_session_info *now = &row->info, *old = session_before(v, row);

	add_node(t, &now->id, row->name);
	table_add(t, path_text(now->path));
	add_times(t, now->rtt_us, now->age_ms);
	add_risen_bytes(t, v, now->bytes_out, old->bytes_out);
	add_risen_bytes(t, v, now->bytes_in, old->bytes_in);
	add_risen(t, v, now->sent, old->sent);
	add_risen(t, v, now->received, old->received);
	add_risen_bytes(t, v, now->resent_bytes, old->resent_bytes);
	add_bytes(t, (double)now->waiting_bytes);
	add_bytes(t, (double)now->unconfirmed_bytes);
	if (now->window_bytes > 0)
		add_bytes(t, (double)now->window_bytes);
	else
		table_add(t, "-");
	add_risen(t, v, now->lost_packets, old->lost_packets);
	add_risen(t, v, now->marked_packets, old->marked_packets);
	add_risen(t, v, now->items_unknown, old->items_unknown);
	add_count(t, now->streams);
}

void view_sessions(struct table *t, const struct view *v)
{
	size_t n = v->now->n_sessions;
	struct place *places = places_new(n);

	for (size_t i = 0; i < n; i++) {
		const leno_session_info *now = &v->now->sessions[i].info,
		                        *old = session_before(v, &v->now->sessions[i]);

		places[i].row = i;
		places[i].weight = (double)risen(v, now->bytes_out, old->bytes_out) +
		                   (double)risen(v, now->bytes_in, old->bytes_in);
	}
	qsort(places, n, sizeof *places, by_weight);
	table_init(t, v->ms > 0 ? session_rates : session_totals,
	           sizeof session_rates / sizeof session_rates[0]);
	for (size_t i = 0; i < n; i++)
		add_session(t, v, &v->now->sessions[places[i].row]);
	free(places);
}
