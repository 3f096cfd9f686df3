// indexeddb.js - a storage in the page's IndexedDB: one object store of bytes by key.
import { LenoError } from './errors.js';

const STORE = 'bytes';

const done = (request) => new Promise((resolve, reject) => {
	request.onsuccess = () => resolve(request.result);
	request.onerror = () => reject(request.error);
});

class IndexedStorage {
	#db;
	constructor(db) { this.#db = db; }

	#store(mode) { return this.#db.transaction(STORE, mode).objectStore(STORE); }

	get(key) { return done(this.#store('readonly').get(key)); }

	put(entries) {
		const store = this.#store('readwrite'), { transaction } = store;
		const all = new Promise((resolve, reject) => {
			transaction.oncomplete = () => resolve();
			transaction.onerror = transaction.onabort = () => reject(transaction.error);
		});
		for (const [key, bytes] of entries) {
			if (bytes === undefined)
				store.delete(key);
			else
				store.put(bytes, key);
		}
		return all;
	}

	async list(prefix) {
		const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
		const store = this.#store('readonly');
		const [keys, values] = await Promise.all([done(store.getAllKeys(range)),
			done(store.getAll(range))]);
		return keys.map((key, i) => [key, values[i]]);
	}
}

export async function openIndexedStorage(name) {
	if (!globalThis.indexedDB)
		throw new LenoError('SYSTEM', 'there is no IndexedDB here');
	const request = indexedDB.open(name, 1);
	request.onupgradeneeded = () => request.result.createObjectStore(STORE);
	return new IndexedStorage(await done(request));
}
