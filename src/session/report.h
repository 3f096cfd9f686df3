/* report.h - which packets of one epoch have come: the body of FRAME_HEARD.
 *
 *     index u32 | newest varint | delay varint | marked varint | span varint
 *               | (gap varint, span varint)...
 *
 * index names the epoch, as the packets that are spoken of do. newest is the greatest counter
 * that came, delay the microseconds since then, marked how many of all packets of the epoch
 * came marked. The first span: so many right before the newest have come, too. Then, going
 * down: gap + 1 that have not, span + 1 that have. (RFC 9000, section 19.3, says it so.) */
#ifndef LENO_SESSION_REPORT_H
#define LENO_SESSION_REPORT_H

#include "recovery/report.h"
#include "wire/codec.h"

enum { REPORT_MAX = 4 + 3 * 9 + REPORT_SPANS * 2 * 9 };

/* False: it is not one. Spans beyond REPORT_SPANS are skipped. */
bool report_read(struct bytes body, struct report *ret);
void report_write(struct writer *, const struct report *);

#endif
