/* gcm_lib.c - found when it is first worth it, kept until the process ends. Of the library's
 * manager, which schedules jobs of many kinds, nothing but three functions is used. */
#include "driver/uv/gcm_lib.h"

#ifdef LENO_HAS_IPSEC_MB

#include <dlfcn.h>
#include <intel-ipsec-mb.h>
#include <pthread.h>
#include <string.h>

#define IPSEC_MB_SONAME "libIPSec_MB.so.1"

static bool loaded;
static aes_gcm_pre_t pre;
static aes_gcm_enc_dec_t enc, dec;

static void expand(void *schedule, const uint8_t key[32])
{
	pre(key, schedule);
}

static void seal(const void *schedule, const uint8_t nonce[12], const uint8_t *ad,
                 size_t ad_size, uint8_t *buf, size_t size, uint8_t ret_tag[16])
{
	struct gcm_context_data context;

	enc(schedule, &context, buf, buf, size, nonce, ad, ad_size, ret_tag, 16);
}

static void open(const void *schedule, const uint8_t nonce[12], const uint8_t *ad,
                 size_t ad_size, uint8_t *buf, size_t size, uint8_t ret_tag[16])
{
	struct gcm_context_data context;

	dec(schedule, &context, buf, buf, size, nonce, ad, ad_size, ret_tag, 16);
}

static bool find(void *handle, const char *name, void *ret_function)
{
	void *at = dlsym(handle, name);

	memcpy(ret_function, &at, sizeof at);
	return at;
}

/* Where its structures lie is known of the version that this was compiled for alone. */
static bool take_functions(void *handle)
{
	const uint64_t wanted = IMB_FEATURE_VAES | IMB_FEATURE_VPCLMULQDQ | IMB_FEATURE_AVX512_SKX;
	unsigned (*version)(void);
	IMB_MGR *(*make)(uint64_t);
	void (*drop)(IMB_MGR *), (*init)(IMB_MGR *);
	IMB_MGR *manager;
	bool good;

	if (!find(handle, "imb_get_version", &version) || version() != IMB_VERSION_NUM ||
	    !find(handle, "alloc_mb_mgr", &make) || !find(handle, "free_mb_mgr", &drop) ||
	    !find(handle, "init_mb_mgr_avx512", &init))
		return false;
	manager = make(0);
	if (!manager)
		return false;
	good = (manager->features & wanted) == wanted;
	if (good)
		init(manager);
	good = good && manager->imb_errno == 0;
	pre = manager->gcm256_pre;
	enc = manager->gcm256_enc;
	dec = manager->gcm256_dec;
	drop(manager);
	return good;
}

static void load(void)
{
	void *handle = dlopen(IPSEC_MB_SONAME, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

	loaded = handle && take_functions(handle);
}

const leno_gcm *gcm_lib(void)
{
	static const leno_gcm gcm = { sizeof(struct gcm_key_data), expand, seal, open };
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	return loaded ? &gcm : NULL;
}

#else

const leno_gcm *gcm_lib(void)
{
	return NULL;
}

#endif
