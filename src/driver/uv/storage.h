/* storage.h - shared maps that are kept, in one SQLite database in a folder.
 *
 *   storage_new --first map is shared--> open --each turn of the loop--> committed
 *   any --a write failed--> broken: what was committed stays, nothing more is written
 *
 *  1. All changes of a turn are one transaction: killed at any moment, the file holds what it
 *     held after some turn.
 *  2. One process at a time has it open. */
#ifndef LENO_DRIVER_UV_STORAGE_H
#define LENO_DRIVER_UV_STORAGE_H

#include <leno/engine.h>

struct storage;

struct storage *storage_new(leno_node *, const char *dir);     /* NULL: memory is out    */
void storage_commit(struct storage *);                        /* NULL is fine           */
void storage_free(struct storage *);                          /* commits; NULL is fine  */

/* For engine.h: its driver argument is the struct storage. */
int  storage_load(struct storage *, const char *map, leno_stored_fn *, void *arg);
int  storage_change(struct storage *, const char *map, leno_bytes key, leno_bytes entry);

#endif
