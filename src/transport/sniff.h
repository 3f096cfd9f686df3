/* sniff.h - what comes to a port that takes everything: told by the first byte, as a filter
 * that then lets all pass to what it found.
 *
 *     0x16     the record of a TLS handshake
 *     A to Z   the method of an HTTP request
 *     else     leno's own link, which begins with "leno"; or rubbish, which it refuses */
#ifndef LENO_TRANSPORT_SNIFF_H
#define LENO_TRANSPORT_SNIFF_H

#include "transport/filter.h"

enum sniffed { SNIFFED_LENO, SNIFFED_TLS, SNIFFED_HTTP };

struct sniff_ways {
	void *user;
	/* The filters for it, NULL for none. An error ends the pipe, with *why (static). */
	int (*found)(void *user, enum sniffed, struct filter **ret, const char **ret_why);
};

/* NULL: no memory. The ways outlive it. */
struct filter *sniff_new(const struct sniff_ways *);

#endif
