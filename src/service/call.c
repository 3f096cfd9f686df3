/* call.c - see call.h. */
#include "service/call.h"

static struct bytes rest(struct reader *r)
{
	return read_bytes(r, reader_left(r));
}

bool read_call(struct bytes raw, struct call *ret)
{
	struct reader r = reader_of(raw);
	struct call c;

	c.flags = read_u8(&r);
	c.left_ms = read_varint(&r);
	c.service = read_sized(&r, LENO_SERVICE_MAX);
	c.method = read_sized(&r, LENO_METHOD_MAX);
	c.arguments = rest(&r);
	if (!read_end(&r) || (c.flags & ~(unsigned)CALL_AGAIN))
		return false;
	*ret = c;
	return true;
}

void write_call_head(struct writer *w, const struct call *c)
{
	write_u8(w, (uint8_t)c->flags);
	write_varint(w, c->left_ms);
	write_sized(w, c->service);
	write_sized(w, c->method);
}

bool read_call_answer(struct bytes raw, struct call_answer *ret)
{
	struct reader r = reader_of(raw);
	struct call_answer a = { 0 };
	unsigned status = read_u8(&r);

	a.load = read_u8(&r);
	r.bad = r.bad || status >= CALL_STATUSES;
	a.status = r.bad ? CALL_FAILED : (enum call_status)status;
	if (a.status == CALL_FAILED)
		a.code = read_u32(&r);
	a.rest = rest(&r);
	if (!read_end(&r))
		return false;
	*ret = a;
	return true;
}

void write_answer_head(struct writer *w, const struct call_answer *a)
{
	write_u8(w, (uint8_t)a->status);
	write_u8(w, a->load);
	if (a->status == CALL_FAILED)
		write_u32(w, a->code);
}

bool read_event(struct bytes raw, struct bytes *ret_name, struct bytes *ret_value)
{
	struct reader r = reader_of(raw);
	struct bytes name = read_sized(&r, EVENT_MAX), value = rest(&r);

	if (!read_end(&r) || !name_ok(name, EVENT_MAX, true))
		return false;
	*ret_name = name;
	*ret_value = value;
	return true;
}
