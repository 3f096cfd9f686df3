/* admission.c - see admission.h. */
#include "admission/admission.h"

#include <assert.h>

void admission_clear(struct admission *a)
{
	revoked_clear(&a->revoked);
	crypto_wipe(a, sizeof *a);
}

static bool over(uint64_t end_ms, uint64_t now_ms)
{
	return end_ms != 0 && end_ms <= now_ms;
}

int admission_still(const struct admission *a, const struct pass *p, uint64_t now_ms)
{
	if (over(p->expires_ms, now_ms))
		return LENO_EXPIRED;
	return revoked_has(&a->revoked, &p->holder) ? LENO_REVOKED : 0;
}

/* Whether it has expired or been used up its issuer says, once it is asked. */
static int judge_guest(const struct admission *a, const struct public_keys *keys,
		       struct bytes raw, struct pass *ret)
{
	struct invitation v;

	if (!invitation_read(raw, &v) || !invitation_holds(&v, a->key))
		return LENO_CERTIFICATE;
	*ret = (struct pass){.role = LENO_OBSERVER, .guest = true, .holder = identity_id(keys)};
	return 0;
}

static bool holds(struct admission *a, const struct certificate *c, struct bytes raw,
		  const struct public_keys *keys)
{
	struct bytes parts[] = {bytes_of(keys->ed, sizeof keys->ed),
				bytes_of(keys->x, sizeof keys->x), raw};
	uint8_t hash[SEEN_SIZE], *seen;

	crypto_hash(hash, sizeof hash, bytes_of(a->key, sizeof a->key), parts, 3);
	seen = a->seen[hash[0]];
	if (memcmp(seen, hash, sizeof hash) == 0)
		return true;
	if (!certificate_holds(c, keys, a->key))
		return false;
	memcpy(seen, hash, sizeof hash);
	return true;
}
static_assert((int)SEEN_MAX == UINT8_MAX + 1, "a byte says where a hash would be");

static int judge_holder(struct admission *a, const struct public_keys *keys, struct bytes raw,
			struct pass *ret)
{
	struct certificate c;
	struct public_keys holder = *keys;

	if (!certificate_read(raw, &c) || !holds(a, &c, raw, keys))
		return LENO_CERTIFICATE;
	*ret = (struct pass){.role = c.role, .sent = c.sent, .issuer = c.issuer,
			     .expires_ms = c.expires_ms};
	if (c.sent) {
		memcpy(holder.ed, c.holder_ed, sizeof holder.ed);
		memcpy(holder.x, c.holder_x, sizeof holder.x);
		if (!c.expires_ms || c.until_ms < c.expires_ms)
			ret->expires_ms = c.until_ms;
	}
	ret->holder = identity_id(&holder);
	return 0;
}

int admission_judge(struct admission *a, const struct public_keys *keys, struct bytes extensions,
		    uint64_t now_ms, struct pass *ret)
{
	struct pass pass = {0};
	struct bytes raw;
	int error = LENO_CERTIFICATE;

	if (extensions_find(extensions, EXTENSION_CERTIFICATE, &raw))
		error = judge_holder(a, keys, raw, &pass);
	else if (extensions_find(extensions, EXTENSION_INVITATION, &raw))
		error = judge_guest(a, keys, raw, &pass);
	if (!error)
		error = admission_still(a, &pass, now_ms);
	if (!error)
		*ret = pass;
	return error;
}

static uint64_t end_of(uint64_t lifetime_s, uint64_t now_ms)
{
	uint64_t most_s = (INCARNATION_MAX - now_ms) / 1000;

	if (lifetime_s == 0)
		return 0;
	return now_ms + (lifetime_s < most_s ? lifetime_s : most_s) * 1000;
}

void admission_issue(const struct admission *a, const struct invitation *v,
		     const struct public_keys *keys, uint64_t now_ms, struct writer *w)
{
	assert(a->issues);
	certificate_write(w, &(struct certificate){
		.role = v->role, .issued_ms = now_ms, .name = v->name,
		.expires_ms = end_of(v->lifetime_s, now_ms)});
	certificate_sign(w, keys, &a->pair);
}

void admission_issue_own(const struct admission *a, const struct public_keys *keys,
			 uint64_t now_ms, struct writer *w)
{
	assert(a->issues);
	certificate_write(w, &(struct certificate){.role = LENO_MEMBER, .issuer = true,
						   .issued_ms = now_ms});
	certificate_sign(w, keys, &a->pair);
}
