/* http_ask.c - requests over one connection.
 *
 *   IDLE --say--> ASKED --the request is said--> ASKED --head of the answer--> BODY --> IDLE
 *
 *  1. `user` is NULL once it is forgotten: then nothing is told, and what comes is dropped. */
#include "transport/http_ask.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

struct ask {
	struct filter filter;
	const struct http_ask_ops *tell;
	void *user;
	enum { IDLE, ASKED, BODY } state;
	uint64_t left;                /* of the body                                 */
	bool last;                    /* the connection ends with this answer        */
	uint8_t *out;                 /* FILTER_HEAD, the request; NULL: none to say */
	size_t n_out;
	bool said;
	struct http_head head;
};

static struct ask *of(struct filter *f)
{
	return (struct ask *)f;
}

bool http_ask_say(struct filter *f, const char *head, struct bytes body)
{
	assert(of(f)->state == IDLE);
	if (!http_ask_last(f, head, body))
		return false;
	of(f)->state = ASKED;
	http_head_begin(&of(f)->head, false);
	return true;
}

bool http_ask_last(struct filter *f, const char *head, struct bytes body)
{
	struct ask *a = of(f);
	size_t n = strlen(head);

	mem_free(a->out);
	a->out = mem_take(FILTER_HEAD + n + body.size);
	if (!a->out)
		return false;
	memcpy(a->out + FILTER_HEAD, head, n);
	bytes_copy(a->out + FILTER_HEAD + n, body.data, body.size);
	a->n_out = n + body.size;
	a->said = false;
	return true;
}

void http_ask_forget(struct filter *f)
{
	struct ask *a = of(f);

	a->user = NULL;
	f->waits = false;
	f->ending = LENO_CLOSED;
}

static int broken(struct ask *a, const char *why)
{
	a->filter.why = why;
	return LENO_PROTOCOL;
}

static int begin(struct ask *a)
{
	const struct http_head *h = &a->head;

	if (h->status >= 100 && h->status < 200) {
		http_head_begin(&a->head, false);
		return LENO_OK;
	}
	if (h->chunked || (!h->sized && h->status != 204 && h->status != 304))
		return broken(a, "an answer that does not say its size");
	a->left = h->length;
	a->last = !h->keep_alive;
	a->state = BODY;
	a->tell->head(a->user, h);
	return LENO_OK;
}

/* The last thing that is done: it may ask again. */
static void finish_answer(struct ask *a)
{
	a->state = IDLE;
	if (a->last) {
		void *user = a->user;

		http_ask_forget(&a->filter);
		a->tell->whole(user, true);
		return;
	}
	a->tell->whole(a->user, false);
}

static int take(struct filter *f, uint8_t *data, size_t size, filter_sink *sink, void *user)
{
	struct ask *a = of(f);
	int error = LENO_OK;

	while (error == LENO_OK && a->user && size > 0) {
		size_t n = size;

		if (a->state == IDLE)
			return broken(a, "it answers what was not asked");
		if (a->state == ASKED) {
			unsigned what = http_head_take(&a->head, data, size, &n);

			if (what > 1)
				error = broken(a, "it does not answer as HTTP");
			else if (what == 1)
				error = begin(a);
		} else {
			if (n > a->left)
				n = (size_t)a->left;
			a->left -= n;
			a->tell->body(a->user, data, n);
		}
		data += n;
		size -= n;
		if (error == LENO_OK && a->user && a->state == BODY && a->left == 0)
			finish_answer(a);
	}
	return error;
}

static struct span say(struct filter *f)
{
	struct ask *a = of(f);

	if (!a->out || a->said)
		return (struct span){ NULL, 0 };
	a->said = true;
	return (struct span){ a->out + FILTER_HEAD, a->n_out };
}

static struct span wrap(struct filter *f, struct span plain)
{
	return plain;
}

static bool ready(const struct filter *f)
{
	return false;
}

static void finish(struct filter *f)
{
}

static void release(struct filter *f)
{
	struct ask *a = of(f);

	if (a->user)
		a->tell->gone(a->user);
	mem_free(a->out);
	mem_free(a);
}

static const struct filter_ops ops = { take, wrap, say, ready, finish, release };

struct filter *http_ask_new(const struct http_ask_ops *tell, void *user)
{
	struct ask *a = mem_new(sizeof *a);

	if (!a)
		return NULL;
	a->filter.ops = &ops;
	a->filter.waits = true;
	a->tell = tell;
	a->user = user;
	return &a->filter;
}
