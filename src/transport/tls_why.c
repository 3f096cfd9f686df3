/* tls_why.c - why TLS was refused, by us or by the other end, in a sentence. OpenSSL's own
 * words are for those who wrote it. */
#include "transport/tls_inside.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>

/* Said of "its certificate", or of "a CA of its certificate". */
static const struct {
	int code;
	const char *what;
} refusals[] = {
	{ X509_V_ERR_CERT_HAS_EXPIRED, "has expired" },
	{ X509_V_ERR_CERT_NOT_YET_VALID, "is not valid yet: perhaps a clock is wrong" },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "is signed by itself alone, and not believed here" },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "is a root that is not believed here" },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "is signed by a CA that is not known here" },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
	  "is signed by a CA that is not known here, or its chain has a gap" },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
	  "is signed by a CA that is not known here, or its chain has a gap" },
	{ X509_V_ERR_CERT_SIGNATURE_FAILURE, "was altered: its signature does not hold" },
	{ X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, "was altered: its signature does not hold" },
	{ X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH, "was altered: its signature does not hold" },
	{ X509_V_ERR_INVALID_PURPOSE, "was made for another purpose (extended key usage)" },
	{ X509_V_ERR_INVALID_CA, "was not made to sign others (no CA)" },
	{ X509_V_ERR_KEYUSAGE_NO_CERTSIGN, "was not made to sign others (key usage)" },
	{ X509_V_ERR_PATH_LENGTH_EXCEEDED, "has more CAs below it than it allows" },
	{ X509_V_ERR_PERMITTED_VIOLATION, "has a name that its CA may not give" },
	{ X509_V_ERR_EXCLUDED_VIOLATION, "has a name that its CA may not give" },
	{ X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, "demands what is not understood here" },
	{ X509_V_ERR_EE_KEY_TOO_SMALL, "has a weak key" },
	{ X509_V_ERR_CA_KEY_TOO_SMALL, "has a weak key" },
	{ X509_V_ERR_CA_MD_TOO_WEAK, "is signed with a weak hash" },
	{ X509_V_ERR_CERT_REVOKED, "was revoked" },
	{ X509_V_ERR_UNABLE_TO_GET_CRL, "is of an issuer whose list of revocations is missing" },
	{ X509_V_ERR_CRL_HAS_EXPIRED, "is of an issuer whose list of revocations has expired" },
	{ X509_V_ERR_CRL_SIGNATURE_FAILURE, "is of an issuer whose list of revocations was altered" },
	{ X509_V_ERR_CERT_CHAIN_TOO_LONG, "has too long a chain of CAs" },
};

/* What the other end says by an alert; said of our certificate, or of us. */
static const struct {
	int alert;
	const char *sentence;
} alerts[] = {
	{ SSL_AD_BAD_CERTIFICATE, "it refuses our certificate: bad, or damaged" },
	{ SSL_AD_UNSUPPORTED_CERTIFICATE, "it refuses our certificate: made for another purpose" },
	{ SSL_AD_CERTIFICATE_REVOKED, "it refuses our certificate: revoked" },
	{ SSL_AD_CERTIFICATE_EXPIRED, "it refuses our certificate: expired, or not valid yet" },
	{ SSL_AD_CERTIFICATE_UNKNOWN, "it refuses our certificate" },
	{ SSL_AD_UNKNOWN_CA, "it refuses our certificate: it does not know its CA" },
	{ SSL_AD_CERTIFICATE_REQUIRED, "it asks for a certificate, and we have none" },
	{ SSL_AD_ACCESS_DENIED, "it refuses us" },
	{ SSL_AD_PROTOCOL_VERSION, "it does not speak TLS 1.3" },
	{ SSL_AD_NO_APPLICATION_PROTOCOL, "it speaks another protocol within TLS than we do (ALPN)" },
	{ SSL_AD_UNRECOGNIZED_NAME, "it knows no certificate for the name that was dialled" },
	{ SSL_AD_HANDSHAKE_FAILURE, "it found nothing in common with our TLS" },
	{ SSL_AD_DECRYPT_ERROR, "it found a signature of our handshake wrong" },
	{ SSL_AD_BAD_RECORD_MAC, "it found what we sent altered" },
};

static const char *of_refusal(long code)
{
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		if (refusals[i].code == code)
			return refusals[i].what;
	return NULL;
}

/* The certificate of the other end does not please us. */
static void say_refusal(struct tls_filter *t)
{
	long code = SSL_get_verify_result(t->ssl);
	const char *what = of_refusal(code);

	if (code == X509_V_ERR_HOSTNAME_MISMATCH || code == X509_V_ERR_IP_ADDRESS_MISMATCH)
		snprintf(t->text, sizeof t->text, "its certificate is for others than %.150s",
		         t->host ? t->host : "it");
	else
		snprintf(t->text, sizeof t->text, "%s %s",
		         t->depth > 0 ? "a CA of its certificate" : "its certificate",
		         what ? what : X509_verify_cert_error_string(code));
}

static void say(struct tls_filter *t, const char *sentence)
{
	snprintf(t->text, sizeof t->text, "%s", sentence);
}

static int say_alert(struct tls_filter *t, int alert)
{
	for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++)
		if (alerts[i].alert == alert) {
			say(t, alerts[i].sentence);
			return LENO_REFUSED;
		}
	snprintf(t->text, sizeof t->text, "it ended TLS: %s", SSL_alert_desc_string_long(alert));
	return LENO_REFUSED;
}

/* 0: it says nothing that we know. */
static int understand_one(struct tls_filter *t, unsigned long error)
{
	int reason = ERR_GET_REASON(error);

	if (reason == ERR_R_MALLOC_FAILURE) {
		say(t, "no memory for TLS");
		return LENO_MEMORY;
	}
	if (ERR_GET_LIB(error) != ERR_LIB_SSL)
		return LENO_OK;
	if (reason > SSL_AD_REASON_OFFSET)
		return say_alert(t, reason - SSL_AD_REASON_OFFSET);
	switch (reason) {
	case SSL_R_CERTIFICATE_VERIFY_FAILED: say_refusal(t); return LENO_REFUSED;
	case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
		say(t, "it has shown no certificate, which is asked for here");
		return LENO_REFUSED;
	case SSL_R_BAD_SIGNATURE:
		say(t, "it does not have the key of its certificate: its signature does not hold");
		return LENO_REFUSED;
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_WRONG_SSL_VERSION: say(t, "it does not speak TLS 1.3"); return LENO_REFUSED;
	case SSL_R_NO_APPLICATION_PROTOCOL:
		say(t, "it speaks another protocol within TLS than we do (ALPN)");
		return LENO_REFUSED;
	case SSL_R_EXCESSIVE_MESSAGE_SIZE:
		say(t, "its certificates, or its greeting, are too long");
		return LENO_PROTOCOL;
	case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
		say(t, "what came was altered on its way");
		return LENO_PROTOCOL;
	case SSL_R_WRONG_VERSION_NUMBER: say(t, "what came is not TLS"); return LENO_PROTOCOL;
	default: return LENO_OK;
	}
}

/* What lies deeper in the library has failed first, and means less. */
int tls_understand(struct tls_filter *t)
{
	unsigned long first = ERR_peek_error(), error;
	const char *words = first ? ERR_reason_error_string(first) : NULL;

	while ((error = ERR_get_error()) != 0) {
		int meant = understand_one(t, error);

		if (meant == LENO_OK)
			continue;
		ERR_clear_error();     /* the rest is nobody else's business */
		return meant;
	}
	snprintf(t->text, sizeof t->text, "TLS broke: %.200s", words ? words : "no reason is known");
	return LENO_PROTOCOL;
}

/* Handshakes and alerts are what TLS begins with. */
const char *tls_other_tongue(const uint8_t *data, size_t size)
{
	if (data[0] == SSL3_RT_HANDSHAKE || data[0] == SSL3_RT_ALERT)
		return NULL;
	if (data[0] == 'l')
		return "it speaks leno without TLS: tcp:// and tls:// are different doors";
	if (data[0] >= 'A' && data[0] <= 'Z')
		return "it speaks without TLS, perhaps HTTP";
	return "what came is not TLS";
}
