/* call.h - the layouts of calls, which travel as requests and replies of sessions.
 *
 *   request "leno/call":     flags u8 | left_ms varint | service sized | method sized | arguments
 *   its reply:               status u8 | load u8 | what the status asks for
 *   message "leno/progress": request varint | value          from the provider
 *   message "leno/cancel":   request varint                  from the caller
 *   request "leno/contract": service, as text                its reply: the contract
 *   message "leno/event":    name sized | value */
#ifndef LENO_SERVICE_CALL_H
#define LENO_SERVICE_CALL_H

#include "service/names.h"
#include "wire/codec.h"

#define CALL_TYPE     "leno/call"
#define CANCEL_TYPE   "leno/cancel"
#define PROGRESS_TYPE "leno/progress"
#define CONTRACT_TYPE "leno/contract"
#define EVENT_TYPE    "leno/event"
#define TIME_TYPE     "leno/time"
#define CALL_TOPIC    "leno/call/"     /* of a stream: then the request's number, decimal */

enum call_flags {
	CALL_AGAIN = 1               /* another provider may have begun it: only when the
	                                method may be done twice                      */
};

enum call_status {
	CALL_RESULT,                 /* value                                         */
	CALL_FAILED,                 /* code u32 | text                               */
	CALL_NO_SERVICE,             /* it is not offered here (any more): not begun  */
	CALL_NO_METHOD,              /* not begun                                     */
	CALL_ARGUMENTS,              /* text: what is wrong with them; not begun      */
	CALL_BUSY,                   /* not begun                                     */
	CALL_NOT_AGAIN,              /* CALL_AGAIN, but it may not be done twice      */
	CALL_STATUSES
};

enum { CALL_HEAD_MAX = 1 + 9 + 1 + LENO_SERVICE_MAX + 1 + LENO_METHOD_MAX,
       ANSWER_HEAD_MAX = 1 + 1 + 4 };

struct call {
	unsigned flags;
	uint64_t left_ms;            /* until the caller has no use for it; 0: never   */
	struct bytes service, method, arguments;
};

struct call_answer {
	enum call_status status;
	uint8_t  load;               /* of the service, see desk.h                    */
	uint32_t code;
	struct bytes rest;           /* value or text                                 */
};

bool read_call(struct bytes, struct call *ret);
void write_call_head(struct writer *, const struct call *);      /* all but the arguments */

bool read_call_answer(struct bytes, struct call_answer *ret);
void write_answer_head(struct writer *, const struct call_answer *); /* all but the rest */

bool read_event(struct bytes, struct bytes *ret_name, struct bytes *ret_value);

#endif
