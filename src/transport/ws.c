/* ws.c - WebSocket frames.
 *
 *   frames: HEAD --all of it--> PAYLOAD --all of it--> HEAD
 *   life:   OPEN --finish, or the peer breaks it: close said--> CLOSING --close heard--> ended
 *           OPEN --close heard, close said--> ended
 *
 *  1. After our close nothing is said or wrapped.
 *  2. A mask goes on and off in place, by words. */
#include "transport/ws.h"

#include "base/map.h"
#include "base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum opcode {
	OP_MORE   = 0,
	OP_TEXT   = 1,
	OP_BINARY = 2,
	OP_CLOSE  = 8,
	OP_PING   = 9,
	OP_PONG   = 10
};

enum { FINAL = 0x80, RESERVED = 0x70, CONTROL = 0x08, MASKED = 0x80, KEY = 4 };

struct ws {
	struct filter filter;
	bool client;
	uint64_t seed[2], serial;     /* of masking keys                             */

	uint8_t head[WS_HEAD_MAX];    /* of the frame that comes                     */
	size_t n_head, head_size;
	uint8_t opcode;
	bool final;
	bool within;                  /* fragments of a message are to follow        */
	uint64_t left;                /* of its payload                              */
	uint8_t key[KEY];
	unsigned phase;               /* of the key, at the payload's next byte      */
	uint8_t words[WS_CONTROL_MAX]; /* of a control frame                         */
	size_t n_words;

	bool must_pong, must_close, closed; /* closed: our close was said            */
	uint8_t pong[WS_CONTROL_MAX];
	size_t n_pong;
	uint16_t code;                /* of our close                                */
	uint8_t out[FILTER_HEAD + WS_HEAD_MAX + WS_CONTROL_MAX];
	char text[80];                /* a sentence of its own                       */
};

static struct ws *of(struct filter *f)
{
	return (struct ws *)f;
}

/* ---- masks --------------------------------------------------------------------- */

static void mask(uint8_t *data, size_t size, const uint8_t key[KEY], unsigned phase)
{
	uint8_t turned[8];
	uint64_t word, at;
	size_t i = 0;

	for (unsigned k = 0; k < 8; k++)
		turned[k] = key[(phase + k) % KEY];
	memcpy(&word, turned, 8);
	for (; i + 8 <= size; i += 8) {
		memcpy(&at, data + i, 8);
		at ^= word;
		memcpy(data + i, &at, 8);
	}
	for (; i < size; i++)
		data[i] ^= turned[i % 8];
}

static void new_key(struct ws *w, uint8_t ret[KEY])
{
	uint64_t drawn;

	w->serial++;
	drawn = siphash24(w->seed, &w->serial, sizeof w->serial);
	memcpy(ret, &drawn, KEY);
}

/* ---- what goes ----------------------------------------------------------------- */

/* Puts a frame's head before its payload. */
static struct span frame(struct ws *w, enum opcode opcode, struct span s)
{
	uint8_t head[WS_HEAD_MAX];
	size_t n = 2;

	head[0] = (uint8_t)(FINAL | opcode);
	if (s.size < 126) {
		head[1] = (uint8_t)s.size;
	} else {
		unsigned bytes = s.size < 65536 ? 2 : 8;

		head[1] = bytes == 2 ? 126 : 127;
		while (bytes-- > 0)
			head[n++] = (uint8_t)((uint64_t)s.size >> 8 * bytes);
	}
	if (w->client) {
		head[1] |= MASKED;
		new_key(w, head + n);
		mask(s.data, s.size, head + n, 0);
		n += KEY;
	}
	memcpy(s.data - n, head, n);
	return (struct span){ s.data - n, s.size + n };
}

static struct span wrap(struct filter *f, struct span plain)
{
	return frame(of(f), OP_BINARY, plain);
}

static struct span say(struct filter *f)
{
	struct ws *w = of(f);
	struct span s = { w->out + FILTER_HEAD + WS_HEAD_MAX, 0 };

	if (w->closed)
		return s;
	if (w->must_close) {
		w->closed = true;
		if (w->code != WS_CLOSE_NONE) {
			s.size = 2;
			s.data[0] = (uint8_t)(w->code >> 8);
			s.data[1] = (uint8_t)w->code;
		}
		return frame(w, OP_CLOSE, s);
	}
	if (!w->must_pong)
		return s;
	w->must_pong = false;
	s.size = w->n_pong;
	memcpy(s.data, w->pong, w->n_pong);
	return frame(w, OP_PONG, s);
}

static void close_with(struct ws *w, uint16_t code)
{
	if (w->must_close)
		return;
	w->must_close = true;
	w->code = code;
}

static int broken(struct ws *w, uint16_t code, const char *why)
{
	close_with(w, code);
	w->filter.why = why;
	return LENO_PROTOCOL;
}

/* ---- what comes: control frames ------------------------------------------------- */

/* May the peer close with this code? Those of the RFC that are never on the wire, and those
 * that nobody has a meaning for, may not. */
static bool is_code(unsigned code)
{
	if (code >= 3000)
		return code < 5000;
	return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

/* Strict: no long forms, no surrogates, nothing beyond U+10FFFF. */
static bool is_utf8(const uint8_t *at, size_t size)
{
	while (size > 0) {
		uint8_t lead = *at;
		size_t n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

		if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || n > size)
			return false;
		for (size_t i = 1; i < n; i++)
			if ((at[i] & 0xc0) != 0x80)
				return false;
		if ((lead == 0xe0 && at[1] < 0xa0) || (lead == 0xed && at[1] > 0x9f) ||
		    (lead == 0xf0 && at[1] < 0x90) || (lead == 0xf4 && at[1] > 0x8f))
			return false;
		at += n;
		size -= n;
	}
	return true;
}

static int heard_close(struct ws *w)
{
	unsigned code = WS_CLOSE_NONE;

	if (w->n_words == 1)
		return broken(w, WS_CLOSE_BROKEN, "its close has half a code");
	if (w->n_words >= 2) {
		code = (unsigned)w->words[0] << 8 | w->words[1];
		if (!is_code(code))
			return broken(w, WS_CLOSE_BROKEN, "its close has a code that none may send");
		if (!is_utf8(w->words + 2, w->n_words - 2))
			return broken(w, WS_CLOSE_GARBLED, "the reason of its close is no text");
	}
	close_with(w, (uint16_t)code);
	if (code == WS_CLOSE_NORMAL || code == WS_CLOSE_AWAY || code == WS_CLOSE_NONE)
		return LENO_CLOSED;
	snprintf(w->text, sizeof w->text, "it closed the WebSocket with code %u", code);
	w->filter.why = w->text;
	return LENO_REFUSED;
}

static int heard_control(struct ws *w)
{
	switch (w->opcode) {
	case OP_CLOSE: return heard_close(w);
	case OP_PING:
		w->must_pong = true;
		w->n_pong = w->n_words;
		memcpy(w->pong, w->words, w->n_words);
		return LENO_OK;
	default: return LENO_OK; /* a pong that nobody asked for is allowed */
	}
}

/* ---- what comes: heads ---------------------------------------------------------- */

/* The first two bytes: what kind of frame, and how long its head is. */
static int heard_kind(struct ws *w)
{
	uint8_t first = w->head[0], size = w->head[1] & 0x7f;
	bool control = first & CONTROL;

	w->final = first & FINAL;
	w->opcode = first & 0x0f;
	if (first & RESERVED)
		return broken(w, WS_CLOSE_BROKEN, "a reserved bit is set, without an extension");
	if (w->opcode > OP_PONG || (w->opcode > OP_BINARY && w->opcode < OP_CLOSE))
		return broken(w, WS_CLOSE_BROKEN, "a frame of a kind that there is not");
	if (control && !w->final)
		return broken(w, WS_CLOSE_BROKEN, "a control frame in fragments");
	if (control && size > WS_CONTROL_MAX)
		return broken(w, WS_CLOSE_BROKEN, "a control frame of more than 125 bytes");
	if (w->opcode == OP_MORE && !w->within)
		return broken(w, WS_CLOSE_BROKEN, "a fragment that continues nothing");
	if (!control && w->opcode != OP_MORE && w->within)
		return broken(w, WS_CLOSE_BROKEN, "a message begins within another");
	if (w->opcode == OP_TEXT)
		return broken(w, WS_CLOSE_TEXT, "a text message; leno takes binary ones");
	if (!!(w->head[1] & MASKED) == w->client)
		return broken(w, WS_CLOSE_BROKEN,
		              w->client ? "a masked frame from a server"
		                        : "a frame of a client that is not masked");
	w->head_size = 2 + (size == 126 ? 2 : size == 127 ? 8 : 0) + (w->client ? 0 : KEY);
	return LENO_OK;
}

/* All of the head: how long the payload is. */
static int heard_head(struct ws *w)
{
	uint64_t size = w->head[1] & 0x7f;
	unsigned bytes = size == 126 ? 2 : size == 127 ? 8 : 0;

	if (bytes > 0) {
		size = 0;
		for (unsigned i = 0; i < bytes; i++)
			size = size << 8 | w->head[2 + i];
		if (size < (bytes == 2 ? 126 : 65536))
			return broken(w, WS_CLOSE_BROKEN, "a length that has a shorter form");
		if (size >> 63)
			return broken(w, WS_CLOSE_BROKEN, "a length of more than 63 bits");
	}
	if (!w->client)
		memcpy(w->key, w->head + 2 + bytes, KEY);
	w->left = size;
	w->phase = 0;
	w->n_words = 0;
	if (!(w->opcode & CONTROL))
		w->within = !w->final;
	return LENO_OK;
}

/* Takes bytes of the head; *used of them. */
static int take_head(struct ws *w, const uint8_t *data, size_t size, size_t *used)
{
	int error = LENO_OK;

	for (*used = 0; *used < size && w->n_head < w->head_size && error == LENO_OK;) {
		w->head[w->n_head++] = data[(*used)++];
		if (w->n_head == 2)
			error = heard_kind(w);
		if (error == LENO_OK && w->n_head == w->head_size)
			error = heard_head(w);
	}
	return error;
}

/* ---- what comes ----------------------------------------------------------------- */

static int take_payload(struct ws *w, uint8_t *data, size_t size, filter_sink *sink, void *user)
{
	if (!w->client)
		mask(data, size, w->key, w->phase);
	w->phase = (w->phase + (unsigned)(size % KEY)) % KEY;
	w->left -= size;
	if (!(w->opcode & CONTROL))
		return filter_take(w->filter.inner, data, size, sink, user);
	memcpy(w->words + w->n_words, data, size);
	w->n_words += size;
	return LENO_OK;
}

static int take(struct filter *f, uint8_t *data, size_t size, filter_sink *sink, void *user)
{
	struct ws *w = of(f);
	int error = LENO_OK;

	while (size > 0 && error == LENO_OK) {
		size_t n = size;

		if (w->n_head < w->head_size) {
			error = take_head(w, data, size, &n);
		} else {
			if (n > w->left)
				n = (size_t)w->left;
			error = take_payload(w, data, n, sink, user);
		}
		data += n;
		size -= n;
		if (error != LENO_OK || w->n_head < w->head_size || w->left > 0)
			continue;
		if (w->opcode & CONTROL)
			error = heard_control(w);
		w->n_head = 0;
		w->head_size = 2;
	}
	return error;
}

static bool ready(const struct filter *f)
{
	return true;
}

static void finish(struct filter *f)
{
	close_with(of(f), WS_CLOSE_NORMAL);
}

static void release(struct filter *f)
{
	mem_free(f);
}

static const struct filter_ops ops = { take, wrap, say, ready, finish, release };

struct filter *ws_new(bool client, const uint8_t seed[16])
{
	struct ws *w = mem_new(sizeof *w);

	if (!w)
		return NULL;
	w->filter.ops = &ops;
	w->filter.class = LENO_PIPE_WRAPPED;
	w->client = client;
	w->head_size = 2;
	memcpy(w->seed, seed, sizeof w->seed);
	return &w->filter;
}
