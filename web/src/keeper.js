// keeper.js - what a node keeps: its identity, its certificate, revocations, and maps.
//
// In a storage an identity has a number, and one node at a time: of tabs with the same storage
// the first takes the first, by a lock of the platform (navigator.locks). Changes of maps are
// written together, one batch after the other.
import { decode as text } from './bytes.js';
import { LenoError } from './errors.js';
import { decode, encode } from './msgpack.js';

const IDENTITIES_MAX = 64;
const KEY = 32;

/** Takes the first lock that nobody has: [number, release]. */
async function takeNumber(prefix) {
	const locks = globalThis.navigator?.locks;
	if (!locks)
		return [0, () => {}];
	for (let n = 0; n < IDENTITIES_MAX; n++) {
		const release = await new Promise((resolve, reject) => {
			locks.request(`${prefix} ${n}`, { ifAvailable: true }, (lock) => {
				if (!lock)
					return resolve(undefined);
				return new Promise((done) => resolve(done));
			}).catch(reject);
		});
		if (release)
			return [n, release];
	}
	throw new LenoError('EXISTS', `${IDENTITIES_MAX} nodes use this storage already`);
}

class Keeper {
	#storage;
	#prefix;
	#release;
	#kept = new Map();            // map -> [key, entry]
	#dirty = new Map();
	#writing;
	#life = 0;
	identity;
	papers;
	revoked;

	constructor(storage, network) {
		this.#storage = storage;
		this.#prefix = `${encodeURIComponent(network)}/`;   // no name begins with another and a /
	}

	#key(name) { return this.#prefix + name; }

	async load(identity) {
		this.identity = identity instanceof Uint8Array ? identity
			: crypto.getRandomValues(new Uint8Array(KEY));
		if (this.identity.length !== KEY)
			throw new LenoError('ARGUMENT', 'an identity is 32 bytes');
		if (!this.#storage)
			return this;
		const stored = identity === undefined || identity === 'stored';
		let number = 'self';
		[number, this.#release] = await takeNumber(`leno ${this.#prefix}`);
		this.#prefix += `${number}/`;
		if (stored)
			await this.#loadIdentity();
		for (const [key, entry] of await this.#storage.list(this.#key('map/')))
			this.#remember(key.slice(this.#key('map/').length), entry);
		this.revoked = await this.#storage.get(this.#key('revoked'));
		return this;
	}

	async #loadIdentity() {
		const kept = await this.#storage.get(this.#key('identity'));
		const { seed, life = 0, papers } = kept ? decode(kept) : {};
		this.identity = seed ?? this.identity;
		this.papers = papers;
		this.#life = Math.max(life + 1, Date.now());
		await this.#keepIdentity();
	}

	#keepIdentity() {
		return this.#storage.put([[this.#key('identity'),
			encode({ seed: this.identity, life: this.#life, papers: this.papers })]]);
	}

	/** Later lives of an identity have higher numbers, whatever the clock says. */
	incarnation() { return this.#life = Math.max(this.#life + 1, Date.now()); }

	async keepPapers(papers) {
		this.papers = papers;
		if (this.#storage)
			await this.#keepIdentity();
	}

	revocations(bytes) { this.#put('revoked', bytes); }

	/* ---- maps ----------------------------------------------------------------------- */

	/** Names in a storage are text: a map's name and the key's bytes as hexadecimal. */
	#remember(name, bytes) {
		const [map, key, entry] = decode(bytes);
		if (!this.#kept.has(map))
			this.#kept.set(map, new Map());
		this.#kept.get(map).set(name, [key, entry]);
	}

	/** All that is kept of a map, as wasm_state_share() takes it. */
	map(name) {
		const parts = [...this.#kept.get(name)?.values() ?? []].flat();
		const all = new Uint8Array(parts.reduce((size, part) => size + 4 + part.length, 0));
		const view = new DataView(all.buffer);
		let at = 0;
		for (const part of parts) {
			view.setUint32(at, part.length, true);
			all.set(part, at + 4);
			at += 4 + part.length;
		}
		return all;
	}

	change(mapAndKey, entry) {
		const end = mapAndKey.indexOf(0);
		const map = text(mapAndKey.subarray(0, end)), key = mapAndKey.slice(end + 1);
		const name = `${map}/${Array.from(key, (b) => b.toString(16).padStart(2, '0')).join('')}`;
		if (entry.length > 0) {
			const bytes = encode([map, key, entry]);
			this.#remember(name, bytes);
			this.#put(`map/${name}`, bytes);
		} else {
			this.#kept.get(map)?.delete(name);
			this.#put(`map/${name}`, undefined);
		}
	}

	#put(name, bytes) {
		if (!this.#storage)
			return;
		this.#dirty.set(this.#key(name), bytes);
		this.#writing ??= this.#write();
	}

	async #write() {
		try {
			while (this.#dirty.size > 0) {
				await undefined;      // all of this input's changes are one batch
				const batch = [...this.#dirty];
				this.#dirty.clear();
				await this.#storage.put(batch);
			}
		} catch (error) {
			this.onfail?.(error);
		} finally {
			this.#writing = undefined;
		}
	}

	async close() {
		await this.#writing;
		this.#release?.();
	}
}

export async function openKeeper(options, platform) {
	const storage = options.storage === 'indexeddb' ? await platform.storage('leno')
		: options.storage;
	return new Keeper(storage, options.network ?? 'default').load(options.identity);
}
