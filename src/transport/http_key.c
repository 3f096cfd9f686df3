/* http_key.c - Sec-WebSocket-Key and Sec-WebSocket-Accept (RFC 6455, 1.3): SHA-1 and base64
 * from OpenSSL. They prove that the other side means WebSocket, and nothing else. */
#include "transport/http.h"

#include <openssl/evp.h>

static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

void http_key_text(char ret[HTTP_KEY_TEXT + 1], const uint8_t key[HTTP_KEY])
{
	EVP_EncodeBlock((uint8_t *)ret, key, HTTP_KEY);
}

bool http_key_good(struct bytes text)
{
	uint8_t decoded[HTTP_KEY + 2];

	return text.size == HTTP_KEY_TEXT && text.data[HTTP_KEY_TEXT - 3] != '=' &&
	       memcmp(text.data + HTTP_KEY_TEXT - 2, "==", 2) == 0 &&
	       EVP_DecodeBlock(decoded, text.data, HTTP_KEY_TEXT) == HTTP_KEY + 2;
}

bool http_key_accept(char ret[HTTP_ACCEPT + 1], struct bytes key_text)
{
	uint8_t text[HTTP_KEY_TEXT + sizeof magic], digest[EVP_MAX_MD_SIZE];
	size_t size = key_text.size + sizeof magic - 1;
	unsigned n = 0;

	if (key_text.size > HTTP_KEY_TEXT)
		return false;
	memcpy(text, key_text.data, key_text.size);
	memcpy(text + key_text.size, magic, sizeof magic - 1);
	if (!EVP_Digest(text, size, digest, &n, EVP_sha1(), NULL) || n != 20)
		return false;
	EVP_EncodeBlock((uint8_t *)ret, digest, 20);
	return true;
}
