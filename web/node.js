// node.js - leno in Node: what pages have, and tcp:// and ws:// both
// ways.
import { webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { LenoError } from './src/errors.js';
import { dialLocal, findLocal } from './src/node/local.js';
import { findByMdns } from './src/node/mdns.js';
import { openNode } from './src/open.js';
import { dialTcp, listenTcp } from './src/node/socket.js';
import { dialWs, listenWs } from './src/node/ws.js';
import { stretch } from './src/stretch.js';

globalThis.crypto ??= webcrypto;     // Node 18 keeps it for itself

async function load(url) {
	const place = String(url);
	return WebAssembly.compile(await readFile(place.startsWith('file:') ? fileURLToPath(place)
		: place));
}

const doors = new Map([['tcp', listenTcp], ['ws', listenWs]]);

const platform = {
	wasm: new URL('./leno.wasm', import.meta.url),
	load,
	dialers: new Map([['tcp', dialTcp], ['ws', dialWs], ['wss', dialWs], ['local', dialLocal]]),
	finders: new Map([['local', findLocal], ['mdns', findByMdns]]),
	async listen(uri, how) {
		const door = doors.get(uri.slice(0, Math.max(uri.indexOf(':'), 0)));
		if (!door)
			throw new LenoError('URI', `no way to listen at ${uri} here`);
		return door(uri, how);
	},
	storage() { throw new LenoError('SYSTEM', 'there is no IndexedDB here'); },
	stretch: (network, passphrase) => stretch(network, passphrase, load),
};

export const open = (options = {}) => openNode(options, platform);
export { LenoError } from './src/errors.js';
export { LenoNode } from './src/leno_node.js';
export { createSecret } from './src/open.js';
export { registerDialer, registerFinder } from './src/dialers/registry.js';
export const version = '0.1.0';
