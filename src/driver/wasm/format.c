/* format.c - vsnprintf() and snprintf() for what the core writes with them, in place of the C
 * library's, which are a tenth of this module: %s %u %d %x %zu %llu %%, a precision for %s. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct out {
	char *at;
	size_t size, room;     /* size: all that there is to write, NUL not counted */
};

static void put(struct out *o, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++, o->size++)
		if (o->size + 1 < o->room)
			o->at[o->size] = text[i];
}

static void put_number(struct out *o, uint64_t n, unsigned base)
{
	char digits[20], *at = digits + sizeof digits;

	do {
		*--at = "0123456789abcdef"[n % base];
		n /= base;
	} while (n > 0);
	put(o, at, (size_t)(digits + sizeof digits - at));
}

static void put_signed(struct out *o, int64_t n)
{
	if (n < 0)
		put(o, "-", 1);
	put_number(o, n < 0 ? -(uint64_t)n : (uint64_t)n, 10);
}

/* The precision behind a dot, or SIZE_MAX. */
static size_t precision(const char **at, int *asterisk)
{
	size_t n = 0;

	*asterisk = 0;
	if (**at != '.')
		return SIZE_MAX;
	if (*++*at == '*') {
		++*at;
		*asterisk = 1;
		return 0;
	}
	for (; **at >= '0' && **at <= '9'; ++*at)
		n = n * 10 + (size_t)(**at - '0');
	return n;
}

int vsnprintf(char *ret, size_t size, const char *format, va_list args)
{
	struct out o = { ret, 0, size };

	for (const char *at = format; *at; at++) {
		int asterisk;
		size_t most;
		bool wide = false;

		if (*at != '%') {
			put(&o, at, 1);
			continue;
		}
		at++;
		most = precision(&at, &asterisk);
		if (asterisk)
			most = (size_t)va_arg(args, int);
		for (; *at == 'l' || *at == 'z'; at++)
			wide = at[0] == 'l' && at[-1] == 'l';
		if (*at == 's') {
			const char *text = va_arg(args, const char *);

			put(&o, text, strnlen(text, most));
		} else if (*at == 'd') {
			put_signed(&o, wide ? va_arg(args, int64_t) : va_arg(args, int));
		} else if (*at == 'u' || *at == 'x') {
			put_number(&o, wide ? va_arg(args, uint64_t) : va_arg(args, uint32_t),
			           *at == 'x' ? 16 : 10);
		} else {
			put(&o, at, 1);
		}
	}
	if (size > 0)
		ret[o.size < size ? o.size : size - 1] = '\0';
	return (int)o.size;
}

int snprintf(char *ret, size_t size, const char *format, ...)
{
	va_list args;
	int made;

	va_start(args, format);
	made = vsnprintf(ret, size, format, args);
	va_end(args);
	return made;
}
