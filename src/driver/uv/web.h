/* web.h - WebSockets and plain HTTP of one driver: who may open one, and what is served. */
#ifndef LENO_DRIVER_UV_WEB_H
#define LENO_DRIVER_UV_WEB_H

#include "driver/uv/folder.h"
#include "driver/uv/uv.h"
#include "transport/http.h"

/* Copies what the options say, opens the folder. Errors: MEMORY, FILE (logged). */
int  web_new(struct driver *, const leno_options *, struct web **ret);
void web_free(struct web *);           /* after all pipes; NULL is fine */

/* What the Host field says of an address. */
enum { WEB_HOST_MAX = ADDRESS_HOST + 16 };
void web_authority(const struct address *, char ret[WEB_HOST_MAX]); /* always with its port */
void web_host(const struct address *, char ret[WEB_HOST_MAX]);

/* The filters of a connection that was dialled at this address, or accepted (NULL): HTTP, and
 * WebSocket within. NULL: no memory. */
struct filter *web_filter(struct driver *, const struct address *dialled);

#endif
