/* masterless.js - masterless's Server on leno: no clients and no servers, one connection between
 * two nodes however many were opened, and names that the program chooses.
 *
 * A name is what a node says of itself. While one of that name is connected, another that
 * claims it is not heard.
 *
 *   new Server --opened, bound--> 'listening' --a link and its name--> 'connect'
 *     --the link ends--> 'disconnect' --kept--> dialled again */
import { Emitter, fromJSON, hostPort, inNode, open, toJSON } from './common.js';

const HELLO = 'masterless.hello';
const PACKET = 'masterless.packet';
const KNOWN_MAX = 1024; /* addresses of nodes that are kept */

export default class Server extends Emitter {
	#node = null;
	#opening;
	#info = null;
	#peers = new Map(); /* name -> id, of those that are connected */
	#where = new Map(); /* name -> address at which it was, or says that it can be, dialled */
	#kept = new Set();
	#closed = false;

	constructor(id, options = {}) {
		super();
		this.id = String(id);
		this.#opening = this.#open(options).catch((error) => {
			if (!this.emit('error', error))
				throw error;
		});
	}

	async #open({ port = 0, host = '0.0.0.0', ...options }) {
		const node = await open({ network: 'masterless', anonymous: true, noDirect: true,
			...options, name: this.id });

		if (this.#closed)
			return node.close();
		this.#node = node;
		node.on('link-up', ({ id, uri }) => this.#hello(id, uri));
		node.on('link-down', ({ id }) => this.#gone(id));
		node.on('message', (message) => this.#take(message));
		if (!inNode)
			return node;
		const { reachable } = await import('../src/node/face.js');

		this.#info = reachable(await node.listen(`tcp://${hostPort(host, port)}`));
		this.emit('listening', this.#info);
		return node;
	}

	/* ---- neighbours ---- */

	#hello(id, uri) {
		const hello = { name: this.id, info: this.#info };

		this.#node.send(id, HELLO, toJSON({ ...hello, dialled: uri })).catch(() => {});
	}

	#nameOf(id) {
		for (const [name, peer] of this.#peers)
			if (peer === id)
				return name;
		return undefined;
	}

	#linked(id) {
		return this.#node.links().some((link) => link.id === id);
	}

	#take({ from, type, text }) {
		const packet = fromJSON(text);

		if (type === HELLO)
			return this.#meet(from, packet);
		const name = this.#nameOf(from);

		if (type === PACKET && name !== undefined)
			this.emit('message', name, packet);
	}

	#meet(id, hello) {
		const name = hello?.name;

		if (typeof name !== 'string' || !this.#linked(id) || name === this.id)
			return;
		if (this.#peers.has(name))
			return;
		this.#peers.set(name, id);
		this.#remember(name, hello.info, id);
		this.emit('connect', name);
	}

	/* Where we dialled it counts for more than where it says that it listens. */
	#remember(name, info, id) {
		const link = this.#node.links().find((l) => l.id === id && l.dialled);
		const where = link?.uri ?? info;

		if (typeof where !== 'string')
			return;
		this.#where.delete(name);
		this.#where.set(name, where);
		if (link)
			this.#kept.add(name);
		if (this.#where.size > KNOWN_MAX)
			this.#where.delete(this.#where.keys().next().value);
	}

	#gone(id) {
		const name = this.#nameOf(id);

		if (name === undefined || this.#linked(id))
			return;
		this.#peers.delete(name);
		this.emit('disconnect', name);
		if (this.#kept.has(name))
			this.#dial(this.#where.get(name));
	}

	#dial(uri) {
		if (uri && !this.#closed)
			this.#node.connect(uri, { timeout: Infinity }).catch(() => {});
	}

	/* ---- what the program does ---- */

	/** The address may be another Server's info(). Kept: it is dialled again when it dies. */
	connect(uri) {
		if (uri)
			this.#opening.then(() => this.#dial(uri));
	}

	disconnect(id) {
		const peer = this.#peers.get(id);

		if (peer)
			this.#node.disconnect(peer);
	}

	keep(id, on = true) {
		if (on)
			this.#kept.add(id);
		else
			this.#kept.delete(id);
		if (!on && this.#where.has(id))
			try {
				this.#node.forget(this.#where.get(id));
			} catch { /* it was not we who dialled */ }
	}

	/** Null while it does not listen. */
	info() {
		return this.#info;
	}

	/** To one or several; coded once. False: the only one is not connected, or full. */
	send(id, packet) {
		const text = toJSON(packet);

		if (!Array.isArray(id))
			return this.#sendTo(id, text);
		for (const one of id)
			this.#sendTo(one, text);
		return true;
	}

	#sendTo(name, text) {
		const peer = this.#peers.get(name);

		return peer !== undefined && this.#node.trySend(peer, PACKET, text);
	}

	close(done) {
		this.#closed = true;
		this.#opening.then(() => this.#node?.close()).then(() => {
			this.#peers.clear();
			this.emit('close');
			done?.();
		});
	}
}

export { Server };
