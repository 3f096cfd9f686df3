/* duct.h - a call whose program has a stream of the caller in place of its standard input and
 * output: what it says is no result, which is nil. */
#pragma once

#include "replies.h"

struct duct;

/* Opens the stream, and fills in who waits for the program. False: it could not be opened, and
 * the call has been refused. */
bool duct_open(struct app *, struct replies *, struct duct **first, leno_incoming *,
               struct asker *ret);

/* Nobody waits for this call any more. */
void ducts_cancel(struct duct *first, const leno_incoming *);

/* For the end of the command, when no program is left. */
void ducts_free(struct duct **first);
