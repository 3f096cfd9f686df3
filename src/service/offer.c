/* offer.c - see offer.h. */
#include "service/offer.h"

#include "wire/node_record.h"

static bool after(struct bytes name, struct bytes last)
{
	size_t least = name.size < last.size ? name.size : last.size;
	int order = memcmp(last.data, name.data, least);

	return order < 0 || (order == 0 && last.size < name.size);
}

static void read_offer(struct reader *r, struct offer *o)
{
	uint64_t labels;

	o->name = read_sized(r, LENO_SERVICE_MAX);
	o->version = read_sized(r, LENO_VERSION_MAX);
	o->hash = read_u32(r);
	o->load = read_u8(r);
	labels = read_varint(r);
	r->bad = r->bad || labels > SERVICE_LABELS_MAX ||
	         !name_ok(o->name, LENO_SERVICE_MAX, true) || !version_ok(o->version);
	for (o->n_labels = 0; o->n_labels < labels && !r->bad; o->n_labels++) {
		o->labels[o->n_labels] = read_sized(r, LABEL_MAX);
		r->bad = r->bad || !node_text_ok(o->labels[o->n_labels], LABEL_MAX);
	}
}

bool offers_read(struct bytes raw, struct offers *ret)
{
	struct reader r = reader_of(raw);
	uint64_t count = read_varint(&r);

	ret->n = ret->n_patterns = 0;
	r.bad = r.bad || count > SERVICES_MAX;
	for (size_t i = 0; i < count && !r.bad; i++) {
		read_offer(&r, &ret->at[i]);
		r.bad = r.bad || (i > 0 && !after(ret->at[i].name, ret->at[i - 1].name));
		ret->n = i + 1;
	}
	count = read_varint(&r);
	r.bad = r.bad || count > PATTERNS_MAX;
	for (size_t i = 0; i < count && !r.bad; i++) {
		ret->patterns[i] = read_sized(&r, EVENT_MAX);
		r.bad = r.bad || !pattern_ok(ret->patterns[i]);
		ret->n_patterns = i + 1;
	}
	if (read_end(&r))
		return true;
	ret->n = ret->n_patterns = 0;
	return false;
}

void offers_write(struct writer *w, const struct offers *all)
{
	write_varint(w, all->n);
	for (size_t i = 0; i < all->n; i++) {
		const struct offer *o = &all->at[i];

		write_sized(w, o->name);
		write_sized(w, o->version);
		write_u32(w, o->hash);
		write_u8(w, o->load);
		write_varint(w, o->n_labels);
		for (size_t k = 0; k < o->n_labels; k++)
			write_sized(w, o->labels[k]);
	}
	write_varint(w, all->n_patterns);
	for (size_t i = 0; i < all->n_patterns; i++)
		write_sized(w, all->patterns[i]);
}
