// indexeddb.js - a storage in the page's IndexedDB: one object store of bytes by key. What put()
// was given is one transaction: it is there altogether, or not at all.
import { LenoError } from './errors.js';

const STORE = 'bytes';

const failure = (error) => new LenoError('FILE', `IndexedDB: ${error?.message ?? 'aborted'}`);

const done = (request) => new Promise((resolve, reject) => {
	request.onsuccess = () => resolve(request.result);
	request.onerror = () => reject(failure(request.error));
});

class IndexedStorage {
	#open;
	#db;

	constructor(open) { this.#open = open; }

	/** The browser closes a database that somebody clears or deletes: then it is opened anew. */
	async database() {
		this.#db ??= this.#open().catch((error) => {
			this.#db = undefined;
			throw error;
		});
		const db = await this.#db;
		db.onclose = () => { this.#db = undefined; };
		db.onversionchange = () => {
			db.close();
			this.#db = undefined;
		};
		return db;
	}

	async #store(mode) {
		const db = await this.database();
		return db.transaction(STORE, mode).objectStore(STORE);
	}

	async get(key) { return done((await this.#store('readonly')).get(key)); }

	async put(entries) {
		const store = await this.#store('readwrite'), { transaction } = store;
		const all = new Promise((resolve, reject) => {
			transaction.oncomplete = () => resolve();
			transaction.onerror = transaction.onabort = () => reject(failure(transaction.error));
		});
		try {
			for (const [key, bytes] of entries) {
				if (bytes === undefined)
					store.delete(key);
				else
					store.put(bytes, key);
			}
		} catch (error) {
			all.catch(() => {});
			transaction.abort();
			throw error;
		}
		return all;
	}

	async list(prefix) {
		const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
		const store = await this.#store('readonly');
		const [keys, values] = await Promise.all([done(store.getAllKeys(range)),
			done(store.getAll(range))]);
		return keys.map((key, i) => [key, values[i]]);
	}
}

export async function openIndexedStorage(name) {
	if (!globalThis.indexedDB)
		throw new LenoError('SYSTEM', 'there is no IndexedDB here');
	const storage = new IndexedStorage(() => {
		const request = indexedDB.open(name, 1);
		request.onupgradeneeded = () => request.result.createObjectStore(STORE);
		return done(request);
	});
	await storage.database();
	return storage;
}
