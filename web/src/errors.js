// errors.js - what fails, by the words of enum leno_error.

const CODES = ['OK', 'MEMORY', 'ARGUMENT', 'AGAIN', 'NO_NODE', 'UNREACHABLE', 'TIMEOUT', 'TOO_BIG',
	'CLOSED', 'PROTOCOL', 'SECRET', 'FOREIGN', 'OLD', 'IDENTITY', 'DUPLICATE', 'SELF', 'BUSY',
	'LIMIT', 'URI', 'ADDRESS_IN_USE', 'ADDRESS', 'REFUSED', 'REPLIED', 'NOT_REQUEST', 'FILE',
	'EXISTS', 'SYSTEM', 'OPEN_NETWORK', 'INTERNAL', 'CERTIFICATE', 'EXPIRED', 'REVOKED', 'ROLE',
	'UNINVITED'];
CODES[40] = 'NO_SERVICE';
CODES[41] = 'NO_METHOD';
CODES[42] = 'ARGUMENTS';

const SENTENCES = {
	MEMORY: 'no memory, or memoryMax is reached',
	ARGUMENT: 'an argument is out of its range',
	AGAIN: 'too much waits to be sent already',
	NO_NODE: 'there is no such node in the mesh',
	UNREACHABLE: 'no path leads to that node now',
	TIMEOUT: 'no answer came in time',
	TOO_BIG: 'larger than the receiver accepts',
	CLOSED: 'it has been closed',
	PROTOCOL: 'the peer does not speak leno’s protocol, or broke it',
	DUPLICATE: 'the same identity runs elsewhere',
	SELF: 'that is this node itself',
	BUSY: 'the peer has no room now',
	LIMIT: 'a limit is reached, or more than one matches',
	URI: 'not an address that can be used here',
	ADDRESS_IN_USE: 'the address is in use',
	ADDRESS: 'the address cannot be resolved or bound',
	REFUSED: 'refused by the other side',
	EXISTS: 'it exists already, or is in use',
	SYSTEM: 'the platform failed',
	OPEN_NETWORK: 'beyond loopback a network needs a secret, a key, or to be anonymous on purpose',
	CERTIFICATE: 'no certificate of this network',
	EXPIRED: 'the certificate or invitation has expired',
	REVOKED: 'the certificate has been revoked',
	ROLE: 'the role does not allow that',
	UNINVITED: 'it is not on the list of those who are let in, or was turned away',
	NO_SERVICE: 'nobody known offers such a service',
	NO_METHOD: 'the service has no such method',
	ARGUMENTS: 'the arguments do not fit the method',
	UNKNOWN: 'it may have arrived, or not',
};

export class LenoError extends Error {
	constructor(code, message = SENTENCES[code] ?? code, reason = 0) {
		super(message);
		this.code = code;
		this.reason = reason;
	}
}
Object.defineProperty(LenoError.prototype, 'name', { value: 'LenoError' });

export const codeOf = (number) => CODES[-number] ?? 'INTERNAL';
export const numberOf = (code) => -CODES.indexOf(code);

/** The error of a negative number. */
export function errorOf(number, why = '', reason = 0) {
	const code = codeOf(number);
	return new LenoError(code, why || undefined, reason);
}

/** Gives back what is no error. */
export function check(number) {
	if (number < 0)
		throw errorOf(number);
	return number;
}

/** What a listener has thrown concerns nobody here, and is not swallowed either. */
export function report(error) {
	if (typeof globalThis.reportError === 'function')
		globalThis.reportError(error);
	else
		queueMicrotask(() => { throw error; });
}
