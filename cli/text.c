/* text.c - bytes from elsewhere, made fit for a terminal or for JSON. Names, types
 * and data are chosen by other nodes: none of them may move the cursor, colour the
 * screen, or turn the reading direction. */
#include "text.h"
#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t utf8_decode(const unsigned char *s, size_t n, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t size = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	uint32_t c = s[0];

	if (size > 1) {
		if (s[0] < 0xc2 || s[0] > 0xf4 || n < size)
			return 0;
		c = s[0] & (0x7fu >> size);
		for (size_t i = 1; i < size; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (s[i] & 0x3f);
		}
		if (c < least[size] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
			return 0;
	}
	*ret = c;
	return size;
}

bool utf8_is_text(const void *data, size_t size)
{
	const unsigned char *s = data;
	uint32_t c;

	for (size_t i = 0, n; i < size; i += n) {
		n = utf8_decode(s + i, size - i, &c);
		if (n == 0 || c == 0)
			return false;
	}
	return true;
}

bool utf8_is_harmless(uint32_t c)
{
	return c >= 0x20 && !(c >= 0x7f && c <= 0x9f) &&
	       !(c >= 0x200b && c <= 0x200f) && !(c >= 0x2028 && c <= 0x202e) &&
	       !(c >= 0x2066 && c <= 0x2069) && c != 0xfeff;
}

/* Escapes one character into ret, which holds 5 bytes and more. Returns the bytes
 * taken; *ret_size tells those written. */
static size_t safe_step(char *ret, size_t *ret_size, const unsigned char *s, size_t n)
{
	static const char letters[] = "abtnvfr"; /* 7 to 13 */
	static const char digits[] = "0123456789abcdef";
	uint32_t c;
	size_t size = utf8_decode(s, n, &c);

	if (size > 0 && c != '\\' && utf8_is_harmless(c)) {
		memcpy(ret, s, size);
		*ret_size = size;
		return size;
	}
	if (*s == '\\' || (*s >= 7 && *s <= 13)) {
		ret[0] = '\\';
		ret[1] = *s == '\\' ? '\\' : letters[*s - 7];
		*ret_size = 2;
		return 1;
	}
	ret[0] = '\\'; /* the rest of a long one follows alike */
	ret[1] = 'x';
	ret[2] = digits[*s >> 4];
	ret[3] = digits[*s & 15];
	*ret_size = 4;
	return 1;
}

void out_safe(const void *data, size_t size)
{
	const unsigned char *s = data;
	char piece[8], line[256];
	size_t used = 0, n;

	for (size_t i = 0; i < size;) {
		i += safe_step(piece, &n, s + i, size - i);
		if (used + n > sizeof line) {
			out_bytes(line, used);
			used = 0;
		}
		memcpy(line + used, piece, n);
		used += n;
	}
	out_bytes(line, used);
}

void out_safe_text(const char *text)
{
	out_safe(text, strlen(text));
}

char *safe_copy(char *ret, size_t size, const void *data, size_t n)
{
	const unsigned char *s = data;
	char piece[8];
	size_t used = 0, k;

	for (size_t i = 0; i < n;) {
		i += safe_step(piece, &k, s + i, n - i);
		if (used + k + 1 > size)
			break;
		memcpy(ret + used, piece, k);
		used += k;
	}
	ret[used] = '\0';
	return ret;
}

size_t text_columns(const char *text)
{
	size_t columns = 0;

	for (; *text; text++)
		columns += (*text & 0xc0) != 0x80;
	return columns;
}

void base64_encode(char *ret, const void *data, size_t size)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *s = data;

	for (size_t i = 0; i < size; i += 3) {
		uint32_t v = (uint32_t)s[i] << 16;

		if (i + 1 < size)
			v |= (uint32_t)s[i + 1] << 8;
		if (i + 2 < size)
			v |= s[i + 2];
		*ret++ = letters[v >> 18];
		*ret++ = letters[v >> 12 & 63];
		*ret++ = i + 1 < size ? letters[v >> 6 & 63] : '=';
		*ret++ = i + 2 < size ? letters[v & 63] : '=';
	}
	*ret = '\0';
}
