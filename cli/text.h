/* text.h - bytes from elsewhere, made fit for a terminal or for JSON. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes one character. Returns the bytes it takes, 0 when they are not UTF-8. */
size_t utf8_decode(const unsigned char *s, size_t n, uint32_t *ret);

bool utf8_is_harmless(uint32_t c); /* no terminal obeys it, or turns what follows around */
bool utf8_is_text(const void *data, size_t size); /* all UTF-8, and no NUL */

/* Bytes that base64 of n bytes takes, the NUL included. */
#define BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)
void base64_encode(char *ret, const void *data, size_t size);
