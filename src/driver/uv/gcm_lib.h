/* gcm_lib.h - AES-256-GCM by libipsec-mb, where that is installed and the processor has VAES and
 * AVX-512: more than twice as fast as OpenSSL 3.0 with large records, four times with small ones. */
#ifndef LENO_DRIVER_UV_GCM_LIB_H
#define LENO_DRIVER_UV_GCM_LIB_H

#include <leno/engine.h>

/* For leno_engine_gcm(); NULL: not here. From any thread. The first call in a process takes half
 * a millisecond, and 220 KiB for that long, so only who is busy asks. */
const leno_gcm *gcm_lib(void);

#endif
