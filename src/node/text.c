/* text.c - ids and errors as people read them. */
#include <leno.h>

#include <string.h>

static const char *const sentences[] = {
	[-LENO_OK]             = "success",
	[-LENO_MEMORY]         = "no memory, or memory_max is reached",
	[-LENO_ARGUMENT]       = "an argument is out of its range",
	[-LENO_AGAIN]          = "the queue is full; wait until it is writable",
	[-LENO_NO_NODE]        = "there is no such node in the mesh",
	[-LENO_UNREACHABLE]    = "no path leads to that node now",
	[-LENO_TIMEOUT]        = "no answer came in time",
	[-LENO_TOO_BIG]        = "larger than the receiver accepts",
	[-LENO_CLOSED]         = "it has been closed",
	[-LENO_PROTOCOL]       = "the peer does not speak leno's protocol, or broke it",
	[-LENO_SECRET]         = "the secrets differ, or bytes were damaged on the way",
	[-LENO_FOREIGN]        = "the peer belongs to another network",
	[-LENO_OLD]            = "no protocol version in common with the peer",
	[-LENO_IDENTITY]       = "the id is not that of the keys, or they are not admitted",
	[-LENO_DUPLICATE]      = "the same identity runs elsewhere",
	[-LENO_SELF]           = "that is this node itself",
	[-LENO_BUSY]           = "the peer has no room now",
	[-LENO_LIMIT]          = "a limit is reached, or more than one matches",
	[-LENO_URI]            = "not a URI that leno understands",
	[-LENO_ADDRESS_IN_USE] = "the address is in use",
	[-LENO_ADDRESS]        = "the address cannot be resolved or bound",
	[-LENO_REFUSED]        = "refused by the other side",
	[-LENO_REPLIED]        = "this request has its answer already",
	[-LENO_NOT_REQUEST]    = "only requests can be answered",
	[-LENO_FILE]           = "the file cannot be read, written or locked",
	[-LENO_EXISTS]         = "it exists already, or is in use",
	[-LENO_SYSTEM]         = "the operating system failed",
	[-LENO_OPEN_NETWORK]   = "beyond loopback a network needs a secret, a key, or to be anonymous on purpose",
	[-LENO_INTERNAL]       = "an internal error of leno",
	[-LENO_CERTIFICATE]    = "it has no certificate of this network",
	[-LENO_EXPIRED]        = "the certificate or invitation has expired",
	[-LENO_REVOKED]        = "the certificate has been revoked",
	[-LENO_ROLE]           = "the role does not allow that",
	[-LENO_UNINVITED]      = "it is not on the list of those who are let in, or was turned away",
	[-LENO_NO_SERVICE]     = "nobody known offers such a service",
	[-LENO_NO_METHOD]      = "the service has no such method",
	[-LENO_ARGUMENTS]      = "the arguments do not fit the method",
	[-LENO_NO_COMMAND]     = "the node obeys no such command"
};

const char *leno_strerror(int error)
{
	size_t index = error <= 0 ? (size_t)-(long)error : SIZE_MAX;

	if (index >= sizeof sentences / sizeof *sentences || !sentences[index])
		return "an error that this version of leno does not know";
	return sentences[index];
}

const char *leno_version(void)
{
	return LENO_VERSION;
}

bool leno_id_same(const leno_id *a, const leno_id *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static bool dash_before(size_t byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

char *leno_id_text(const leno_id *id, char ret_text[LENO_ID_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	char *at = ret_text;

	for (size_t i = 0; i < sizeof id->bytes; i++) {
		if (dash_before(i))
			*at++ = '-';
		*at++ = digits[id->bytes[i] >> 4];
		*at++ = digits[id->bytes[i] & 15];
	}
	*at = '\0';
	return ret_text;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int leno_id_parse(const char *text, leno_id *ret)
{
	leno_id id;

	if (!text || !ret)
		return LENO_ARGUMENT;
	for (size_t i = 0; i < sizeof id.bytes; i++) {
		int high, low;

		if (dash_before(i) && *text++ != '-')
			return LENO_ARGUMENT;
		high = digit(*text++);
		low = high < 0 ? -1 : digit(*text++);
		if (low < 0)
			return LENO_ARGUMENT;
		id.bytes[i] = (uint8_t)(high << 4 | low);
	}
	if (*text)
		return LENO_ARGUMENT;
	*ret = id;
	return 0;
}
