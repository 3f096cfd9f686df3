/* polled.h - pipes out of HTTP requests (transport/poll.h): sessions that others ask for here,
 * and those that we ask for. */
#ifndef LENO_DRIVER_UV_POLLED_H
#define LENO_DRIVER_UV_POLLED_H

#include "driver/uv/uv.h"
#include "transport/http.h"
#include "transport/poll.h"

/* polled_serve.c: a request of a session came by the connection whose filters are at work (d->at).
 * See http_server.exchange in http.h. */
struct http_exchange *polled_exchange(struct driver *, const struct http_head *,
                                      unsigned *ret_status);

/* polled_dial.c: a pipe out of requests to this address, the first ones by this connection (takes
 * fd), others by new ones to where it leads. Those of pipe_open(), SYSTEM. */
int  polled_pipe(struct driver *, int fd, const struct address *, const struct pipe_setup *);

#endif
