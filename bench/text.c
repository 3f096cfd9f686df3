/* text.c - the size of libraries as `size` counts text: what is loaded and is
 * not written to. The peers' shared libraries are found by a function of theirs;
 * leno's is named by option -l, as this program is linked with the static one. */
#include "harness.h"
#include <dlfcn.h>
#include <elf.h>

#ifdef HAVE_ZMQ
#include <zmq.h>
#endif
#ifdef HAVE_NNG
#include <nng/nng.h>
#endif

typedef void any_fn(void);

static double sum_sections(FILE *f)
{
	Elf64_Ehdr head;
	Elf64_Shdr section;
	double sum = 0;

	if (fread(&head, sizeof head, 1, f) != 1 || memcmp(head.e_ident, ELFMAG, SELFMAG) ||
	    head.e_ident[EI_CLASS] != ELFCLASS64)
		return 0;
	for (int i = 0; i < head.e_shnum; i++) {
		if (fseek(f, (long)head.e_shoff + (long)i * head.e_shentsize, SEEK_SET) ||
		    fread(&section, sizeof section, 1, f) != 1)
			return 0;
		if (section.sh_flags & SHF_ALLOC && !(section.sh_flags & SHF_WRITE) &&
		    section.sh_type != SHT_NOBITS)
			sum += (double)section.sh_size;
	}
	return sum;
}

static void measure_file(const char *peer, const char *path)
{
	FILE *f = fopen(path, "rb");
	const double size = f ? sum_sections(f) : 0;

	if (f)
		fclose(f);
	if (size > 0)
		report(peer, "text", 0, size, "B");
	else
		fprintf(stderr, "bench: %s: not a library\n", path);
}

static void measure_library_of(const char *peer, any_fn *function)
{
	Dl_info info;
	void *at;

	memcpy(&at, &function, sizeof at);      /* ISO C has no cast for this */
	if (dladdr(at, &info) && info.dli_fname)
		measure_file(peer, info.dli_fname);
}

static bool measure_text(struct stage *s)
{
	(void)s;
#ifdef HAVE_ZMQ
	measure_library_of("zmq", (any_fn *)zmq_ctx_new);
#endif
#ifdef HAVE_NNG
	measure_library_of("nng", (any_fn *)nng_close);
#endif
	if (leno_library)
		measure_file("leno", leno_library);
	(void)measure_library_of;
	return true;
}

const struct figure text_figures[] = {
	{ "text", 1, measure_text },
	{ NULL, 0, NULL }
};
