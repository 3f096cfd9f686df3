/* dashboard.h - the page of `leno up --web`: the files of web/dashboard/, and of the package for
 * browsers below /leno/, as tools/embed made them part of this program. */
#pragma once

#include <leno.h>

#include <stdbool.h>
#include <stddef.h>

struct dashboard_file {
	const char *path, *type, *etag;
	leno_bytes data, gzip; /* gzip.size 0: it would not be smaller */
};

/* In the order of their paths; none where a build had no toolchain for WebAssembly. */
extern const struct dashboard_file dashboard_files[];
extern const size_t n_dashboard_files;

/* The file of a path. False: there is none. */
bool dashboard_page(const char *path, leno_page *ret);

/* Can --web be done? If not, says why. `listen` is what is listened at. */
struct list;
bool dashboard_good(const struct list *listen);

/* Where a browser finds what listens at this URI; false: nowhere. */
enum { DASHBOARD_URI_MAX = 320 };
bool dashboard_uri(const char *uri, char ret[DASHBOARD_URI_MAX]);
