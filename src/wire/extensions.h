/* extensions.h - what may be said besides: `kind u8 | value sized`, kinds strictly ascending.
 * Who does not know a kind steps over it, and passes it on. */
#ifndef LENO_WIRE_EXTENSIONS_H
#define LENO_WIRE_EXTENSIONS_H

#include "wire/extension.h"

/* Are they such a sequence, to the last byte? An empty one is. */
bool extensions_ok(struct bytes);

/* The value of this kind; false when there is none. */
bool extensions_find(struct bytes, uint8_t kind, struct bytes *ret);

/* Puts this value into the sequence in buf, in place of the one of its kind; none when
 * value.data is NULL. False, and nothing is changed, when it does not fit the capacity. */
bool extensions_set(uint8_t *buf, size_t *size, size_t capacity, uint8_t kind,
                    struct bytes value);

#endif
