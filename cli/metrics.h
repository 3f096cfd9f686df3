/* metrics.h - the counters of a node over HTTP, for Prometheus: GET /metrics, nothing else. */
#pragma once

#include "app.h"

enum { METRICS_URI_MAX = 80 };

struct metrics;

/* "PORT", "HOST:PORT" or "[V6]:PORT"; HOST is numeric, localhost, or * for every address,
 * and loopback when there is none. */
bool metrics_address_ok(const char *address);

/* In place of an address: at the doors of --listen that speak HTTP, see metrics_page.h. */
bool metrics_at_doors(const char *place); /* NULL: no */
bool metrics_place_ok(const char *place); /* either of the two */
#define METRICS_PLACE "takes HOST:PORT, as in 127.0.0.1:9464 or [::1]:9464, or the word listen"

/* NULL when it cannot be had: that has been said. Lives no longer than the app's node. */
struct metrics *metrics_open(struct app *, const char *address);
void metrics_close(struct metrics *); /* NULL is fine */

/* With the port that was bound. */
const char *metrics_uri(const struct metrics *);
