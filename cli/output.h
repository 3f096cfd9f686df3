/* output.h - what the command prints: lines for people, one JSON object a line for
 * machines, and sentences on standard error. */
#pragma once

#include <leno.h>

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What happens to a line when whoever reads standard output has stopped reading
 * and OUT_MAX bytes wait already. */
enum out_full {
	OUT_WAIT, /* this process waits a little in each turn, and so do those that
	             send to it, until WAIT_MAX waits; then as below, and it fails */
	OUT_DROP  /* lines are dropped and counted: a relay must not stop  */
};

void out_when_full(enum out_full);

/* A node that stays has work to do even when standard output was closed to begin with. */
void out_may_be_missing(void);

/* A turn of the loop begins: see OUT_WAIT. */
void out_turn(void);

/* Adds text or bytes to what is to be printed. */
void out(const char *format, ...) __attribute__((format(printf, 1, 2)));
void out_bytes(const void *data, size_t size);

/* The same with everything escaped that could move a cursor or hide text: what
 * other nodes say reaches the terminal only through this. */
void out_safe(const void *data, size_t size);
void out_safe_text(const char *text);

/* Prints the object in one line, and frees it. */
void out_json(cJSON *object);

/* Ends a line (or any other unit that is dropped as a whole): writes what can be
 * written now without blocking. */
void out_end(void);

/* Waits until all is written. False when a signal came first; after one that came before,
 * it waits for a second at most. */
bool out_drain(void);

/* How long not to ask the terminal whether it takes what waits; -1: ask poll(2). */
int out_ask_again_ms(void);

size_t out_size(void);  /* bytes that wait                             */
bool out_waiting(void); /* bytes wait for standard output to take them     */
bool out_closed(void);  /* nobody reads standard output any more           */
bool out_failed(void);  /* some of it could not be written, and that was said */
bool out_is_terminal(void);
bool out_is_utf8(void);
unsigned out_columns(void); /* width of the terminal, 80 where there is none */

/* SGR sequences on a terminal, "" elsewhere. */
const char *style_bold(void);
const char *style_dim(void);
const char *style_good(void);
const char *style_bad(void);
const char *style_none(void);

/* "leno: " and a sentence on standard error. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The last of these sentences, "" before there was one. */
const char *fail_last(void);

/* Escapes as out_safe() does into a buffer, cut to its size. Returns the buffer. */
char *safe_copy(char *ret, size_t size, const void *data, size_t n);

/* Columns that a text takes, one a character. */
size_t text_columns(const char *text);

/* {"event": name, "time_ms": now} */
cJSON *json_event(const char *event);
void json_text(cJSON *object, const char *key, const char *text);
void json_number(cJSON *object, const char *key, double value);
void json_integer(cJSON *object, const char *key, int64_t value);
void json_bool(cJSON *object, const char *key, bool value);
void json_id(cJSON *object, const char *key, const leno_id *id); /* NULL: null */

/* "size", and "data" where it is UTF-8 text without NUL, else "data_base64". */
void json_data(cJSON *object, leno_bytes data);

/* The fields of `leno nodes --json`. */
void json_info(cJSON *object, const leno_info *info);

const char *role_text(enum leno_role role);
const char *why_text(enum leno_why why);

int64_t clock_ms(void); /* monotonic */
int64_t clock_us(void); /* monotonic */
int64_t clock_wall_ms(void);

/* Memory, or the end of the process with a sentence. */
void *need(void *memory);
