/* tab_storage.js - a Storage for the package in sessionStorage: it ends with the tab. An invitation is
 * used up when it is exchanged, so a page that is to come in again keeps what it got for it. */
import { hex, unhex } from './format.js';

const PREFIX = 'leno/';

export const tabStorage = {
	async get(key) {
		const text = sessionStorage.getItem(PREFIX + key);
		return text === null ? undefined : unhex(text);
	},
	async put(entries) {
		for (const [key, value] of entries)
			if (value === undefined)
				sessionStorage.removeItem(PREFIX + key);
			else
				sessionStorage.setItem(PREFIX + key, hex(value));
	},
	async list(prefix) {
		return Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX + prefix))
			.map((key) => [key.slice(PREFIX.length), unhex(sessionStorage.getItem(key))]);
	},
};
