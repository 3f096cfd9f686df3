// stretch.js - passphrases: Argon2id is a module of its own, loaded when the first is met.
import { LenoError } from './errors.js';

const url = new URL('../argon2.wasm', import.meta.url);
const encoder = new TextEncoder();
const SECRET = 32;
let module;

export async function stretch(network, passphrase, load) {
	module ??= load(url).catch((error) => {
		module = undefined;       // it may be there the next time
		throw new LenoError('SYSTEM', `no argon2.wasm at ${url}: ${error.message}`);
	});
	const { exports: x } = await WebAssembly.instantiate(await module, {
		wasi_snapshot_preview1: new Proxy({}, { get: () => () => 8 }),
		env: new Proxy({}, { get: () => () => 0 }),
	});
	x._initialize();
	const place = (text) => {
		const bytes = encoder.encode(`${text}\0`), at = x.stretch_room(bytes.length);
		new Uint8Array(x.memory.buffer, at, bytes.length).set(bytes);
		return at;
	};
	const at = x.stretch(place(network), place(passphrase));
	if (at === 0)
		throw new LenoError('MEMORY');
	return new Uint8Array(x.memory.buffer, at, SECRET).slice();
}
