/* contract.h - what a service promises: its methods and events, in one line each.
 *
 *   [idempotent] [stream] NAME(ARGUMENT, ...) [-> TYPE]     a method
 *   event NAME[(NAME: TYPE)]                                an event
 *   ARGUMENT  NAME: TYPE    NAME?: TYPE (may be left out)    NAME: TYPE... (any number, last)
 *   TYPE      any nil bool int number str bin list map, or several: int|nil
 *
 * The lines joined by newlines are the contract: what people read is what is checked, and
 * what its hash is made of. Arguments are one MessagePack array, in the order of the line.
 *
 *  1. Optional arguments stand behind all others but a variadic one.
 *  2. What is not a whole MessagePack array within LENO_DEPTH_MAX is refused, whatever the types. */
#ifndef LENO_SERVICE_CONTRACT_H
#define LENO_SERVICE_CONTRACT_H

#include <leno.h>

#include "base/bytes.h"
#include "service/names.h"

enum {
	ARGUMENTS_MAX = 16,            /* that a line names                           */
	METHOD_LINE_MAX = 511,         /* bytes of a line                             */
	CONTRACT_MAX  = 16 * 1024,     /* of all lines                                */
	COMPLAINT_MAX = 160            /* why arguments are refused, NUL included     */
};

enum method_flags { METHOD_IDEMPOTENT = 1, METHOD_STREAM = 2, METHOD_EVENT = 4 };

struct argument {
	struct bytes name;
	uint16_t     types;            /* bits                                        */
};

struct method {
	struct bytes line, name;
	unsigned     flags;
	unsigned     n_arguments, n_needed;
	bool         variadic;         /* the last one may be there any number of times */
	uint16_t     result;
	struct argument arguments[ARGUMENTS_MAX];
};

/* *ret views the line. False: it is none. */
bool contract_read(struct bytes line, struct method *ret);

/* False: *ret_why is a sentence of COMPLAINT_MAX bytes at most that names the argument. */
bool contract_takes(const struct method *, leno_bytes arguments, char *ret_why);
bool contract_gives(const struct method *, leno_bytes result);
bool contract_says(const struct method *, leno_bytes value);    /* an event: one or nothing */

uint32_t contract_hash(struct bytes text);

#endif
