/* bench.h - the two halves of `leno bench`: this machine, and this mesh. */
#pragma once

#include "common.h"

#include <stdint.h>

/* A figure, as a line of the table or as an object. `path` says between whom. */
void bench_figure(const struct settings *, const char *path, const char *metric, size_t size,
                  double value, const char *unit);

/* The p-th percentile (0 to 100) of n values, which are sorted by it. */
uint32_t bench_percentile(uint32_t *values, size_t n, unsigned p);

/* Processes of our own on loopback. An exit code. */
int bench_machine(const struct settings *, leno_ms each);
