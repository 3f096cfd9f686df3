/* msgpack.js - the fake's values travel as JSON. */

export function encode(value) {
	return new TextEncoder().encode(JSON.stringify(value));
}

export function decode(bytes) {
	return JSON.parse(new TextDecoder().decode(bytes));
}
