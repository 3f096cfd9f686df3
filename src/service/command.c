/* command.c - see command.h. */
#include "service/command.h"

bool word_ok(const char *word)
{
	return word && name_ok(bytes_text(word), LENO_WORD_MAX, false);
}

int command_write(leno_pack *p, const char *word, size_t n, const char *const *args)
{
	size_t bytes = 0;

	if (!word_ok(word) || n > LENO_ARGS_MAX || (n > 0 && !args))
		return LENO_ARGUMENT;
	leno_pack_array(p, (uint32_t)n + 1);
	leno_pack_text(p, word);
	for (size_t i = 0; i < n; i++) {
		size_t size = args[i] ? strlen(args[i]) : LENO_ARGS_BYTES;

		if (size >= LENO_ARGS_BYTES - bytes)
			return LENO_ARGUMENT;
		bytes += size + 1;
		leno_pack_text(p, args[i]);
	}
	return 0;
}

/* A text of at most so many bytes with its NUL, of which it has none itself. */
static bool read_text(leno_unpack *u, char *ret, size_t room, size_t *ret_size)
{
	leno_value v;

	if (!leno_unpack_next(u, &v) || v.kind != LENO_STR || v.bytes.size >= room ||
	    (v.bytes.size > 0 && memchr(v.bytes.data, 0, v.bytes.size)))
		return false;
	bytes_copy(ret, v.bytes.data, v.bytes.size);
	ret[v.bytes.size] = '\0';
	*ret_size = v.bytes.size + 1;
	return true;
}

bool command_read(struct bytes raw, struct command *ret)
{
	leno_unpack u = leno_unpack_from((leno_bytes){ raw.data, raw.size });
	size_t used = 0, size;
	leno_value head;

	if (!leno_unpack_next(&u, &head) || head.kind != LENO_ARRAY || head.count == 0 ||
	    head.count > LENO_ARGS_MAX + 1 ||
	    !read_text(&u, ret->word, sizeof ret->word, &size) || !word_ok(ret->word))
		return false;
	ret->n_args = head.count - 1;
	for (size_t i = 0; i < ret->n_args; i++) {
		if (!read_text(&u, ret->texts + used, sizeof ret->texts - used, &size))
			return false;
		ret->args[i] = ret->texts + used;
		used += size;
	}
	return u.at == u.end;
}
