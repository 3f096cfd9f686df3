/* idfile.h - identities in files. */
#ifndef LENO_DRIVER_UV_IDFILE_H
#define LENO_DRIVER_UV_IDFILE_H

#include <stdint.h>

enum { IDFILE_SEED = 32 };

struct idfile {
	uint8_t  seed[IDFILE_SEED];
	uint64_t incarnation;        /* the last life that used it */
};

/* Writes a fresh identity. EXISTS, FILE, SYSTEM. */
int idfile_create(const char *path, struct idfile *ret);

/* What a file holds. FILE, and *ret_why (static) says why. */
int idfile_read(const char *path, struct idfile *ret, const char **ret_why);

/* Begins a new life: makes the file if there is none, locks it, stores an incarnation
 * that was never used before, wall_ms if the clock allows. *ret_fd holds the lock until
 * it is closed. FILE, SYSTEM; EXISTS: another process lives by it. */
int idfile_begin(const char *path, uint64_t wall_ms, struct idfile *ret, int *ret_fd,
                 const char **ret_why);

#endif
