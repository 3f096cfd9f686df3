/* ataraxia-node.js - of the Ataraxia face: another node. */
import { pack, subscribable } from './common.js';

export class Node {
	#node;

	constructor(node, id) {
		this.#node = node;
		this.id = id;
		this.onUnavailable = subscribable();
		this.onMessage = subscribable();
	}

	/** Resolves when the other's listeners have returned. */
	send(type, data) {
		return this.#node.send(this.id, type, pack(data));
	}
}
