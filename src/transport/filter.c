/* filter.c - stacks of filters: each calls the next one inside. */
#include "transport/filter.h"

int filter_take(struct filter *f, uint8_t *data, size_t size, filter_sink *sink, void *user)
{
	if (f)
		return f->ops->take(f, data, size, sink, user);
	sink(user, data, size);
	return LENO_OK;
}

struct span filter_wrap(struct filter *f, struct span plain)
{
	struct span wrapped = plain;

	if (!f)
		return plain;
	if (f->inner)
		wrapped = filter_wrap(f->inner, plain);
	return wrapped.size > 0 ? f->ops->wrap(f, wrapped) : wrapped;
}

/* From within, so that an end said inside comes before the end said outside. */
struct span filter_say(struct filter *f)
{
	struct span words = { NULL, 0 };

	if (!f)
		return words;
	if (f->ops->ready(f))
		words = filter_say(f->inner);
	return words.size > 0 ? f->ops->wrap(f, words) : f->ops->say(f);
}

bool filter_ready(const struct filter *f)
{
	for (; f; f = f->inner)
		if (!f->ops->ready(f))
			return false;
	return true;
}

void filter_finish(struct filter *f)
{
	for (; f && f->ops->ready(f); f = f->inner)
		f->ops->finish(f);
}

const char *filter_why(const struct filter *f)
{
	while (f && !f->why)
		f = f->inner;
	return f ? f->why : NULL;
}

bool filter_serves(const struct filter *f)
{
	while (f && !f->serves)
		f = f->inner;
	return f;
}

bool filter_idle(const struct filter *f)
{
	while (f && !f->idle)
		f = f->inner;
	return f;
}

bool filter_waits(const struct filter *f)
{
	while (f && !f->waits)
		f = f->inner;
	return f;
}

int filter_ending(const struct filter *f)
{
	while (f && !f->ending)
		f = f->inner;
	return f ? f->ending : LENO_OK;
}

enum leno_pipe_class filter_class(const struct filter *f, enum leno_pipe_class class)
{
	for (; f; f = f->inner)
		if (f->class > class)
			class = f->class;
	return class;
}

void filter_free(struct filter *f)
{
	while (f) {
		struct filter *inner = f->inner;

		f->ops->free(f);
		f = inner;
	}
}
