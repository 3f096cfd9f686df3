/* origin.h - is a page of an origin one that this machine served? */
#ifndef LENO_DRIVER_UV_ORIGIN_H
#define LENO_DRIVER_UV_ORIGIN_H

#include "base/bytes.h"

/* What the fields Origin and Host of one request say, and the machine's name ("": unknown). The
 * two have to agree, and the host to be an address, localhost, the machine's name or that name
 * with .local behind it. A stranger can have any other name point here, and a page of his would
 * agree with itself too. */
bool origin_is_own(struct bytes origin, struct bytes host, const char *machine);

#endif
