// links.js - addresses that are dialled and listened at.
import { LenoError, check, codeOf, errorOf } from './errors.js';
import { expire } from './emitter.js';

const USER = Symbol('user');

export class Links {
	#inner;
	#awaited = new Map();         // uri -> those that wait for its link
	#doors = new Map();           // uri -> door
	#up = new Map();              // id -> uri
	#finders = [];
	#kept = new Map();            // uri -> who wants it -> whether it has been up for him

	constructor(inner) { this.#inner = inner; }

	/** owner: who wants it. It is dialled until all have forgotten it. */
	connect(uri, options = {}, owner = USER) {
		const { core, pump } = this.#inner;
		if (!this.#inner.dialers.has(uri.slice(0, Math.max(uri.indexOf(':'), 0))))
			return Promise.reject(new LenoError('URI', `no way to dial ${uri} here`));
		return new Promise((resolve, reject) => {
			options.signal?.throwIfAborted();
			check(core.x.wasm_connect(core.put(core.text(uri))[0]));
			const owners = this.#kept.get(uri) ?? new Map();
			this.#kept.set(uri, owners.set(owner, owners.get(owner) ?? false));
			const entry = { owner, resolve, reject };
			const off = expire(options, (reason) => {
				this.#drop(uri, entry);
				this.#giveUp(uri, owner);
				reject(reason);
			});
			entry.settle = (fn, value) => {
				off();
				this.#drop(uri, entry);
				if (fn === resolve)
					owners.set(owner, true);
				fn(value);
			};
			this.#awaited.set(uri, [...this.#awaited.get(uri) ?? [], entry]);
			for (const [id, at] of this.#up)
				if (at === uri || this.#by(uri) === id)
					entry.settle(resolve, id);
			pump.touch();
		});
	}

	#drop(uri, entry) {
		const rest = (this.#awaited.get(uri) ?? []).filter((e) => e !== entry);
		if (rest.length > 0)
			this.#awaited.set(uri, rest);
		else
			this.#awaited.delete(uri);
	}

	/** One who waited for it waits no more: unless he waits elsewhere, or has had it. */
	#giveUp(uri, owner) {
		const waits = this.#awaited.get(uri)?.some((entry) => entry.owner === owner);
		if (!this.#inner.core.closed && !waits && this.#kept.get(uri)?.get(owner) === false)
			this.forget(uri, owner);
	}

	/** The neighbour that holds the links to the outside for us, if one does. */
	#by(uri) {
		if (uri.startsWith('local:') || !this.#finders.some((stop) => stop.following?.()))
			return undefined;
		return [...this.#up].find(([, at]) => at === 'local:')?.[0];
	}

	forget(uri, owner = USER) {
		const { core, pump } = this.#inner, owners = this.#kept.get(uri);
		if (!owners?.delete(owner))
			throw new LenoError('URI', `it was not connected to ${uri}`);
		if (owners.size > 0)
			return;
		this.#kept.delete(uri);
		check(core.x.wasm_forget(core.put(core.text(uri))[0]));
		pump.touch();
	}

	/** Its link ends, and it is dialled as if it was wanted now. */
	again(uri, id) {
		const { core, pump } = this.#inner;
		core.x.wasm_forget(core.put(core.text(uri))[0]);
		core.x.wasm_disconnect(core.put(core.id(id))[0]);
		if (this.#kept.has(uri))
			core.x.wasm_connect(core.put(core.text(uri))[0]);
		pump.touch();
	}

	/** What waits to be dialled again is dialled now. */
	wake() {
		const { core, pump } = this.#inner, up = new Set(this.#up.values());
		pump.settle();
		for (const uri of this.#kept.keys())
			if (!core.closed && !up.has(uri))
				core.x.wasm_connect(core.put(core.text(uri))[0]);
		pump.touch();
	}

	disconnect(node) {
		const { core, pump } = this.#inner;
		const id = core.id(node);
		check(core.x.wasm_disconnect(core.put(id)[0]));
		pump.touch();
	}

	onUp(id, uri) {
		this.#up.set(id, uri);
		for (const entry of this.#awaited.get(uri) ?? [])
			entry.settle(entry.resolve, id);
		for (const [other, entries] of [...this.#awaited])
			if (this.#by(other) === id)
				entries.forEach((entry) => entry.settle(entry.resolve, id));
		this.#inner.emitter.tell('link-up', { id, uri });
	}

	onDown(id, why, error) {
		if (why !== 'replaced')
			this.#up.delete(id);
		const link = { id, why };
		if (error < 0)
			link.error = errorOf(error);
		this.#inner.emitter.tell('link-down', link);
		if (error < 0 && codeOf(error) === 'DUPLICATE')
			this.#fail(link.error);
	}

	#fail(error) {
		for (const entries of [...this.#awaited.values()])
			for (const entry of entries)
				entry.settle(entry.reject, error);
	}

	/* ---- listening ------------------------------------------------------------------ */

	async listen(uri) {
		const { listen, open } = this.#inner;
		if (!listen)
			throw new LenoError('URI', 'pages cannot listen');
		const door = await listen(uri, { open, origins: this.#inner.origins,
			secure: this.#inner.secure,
			pipe: (pipe, from) => {
				try {
					this.#inner.pump.open(pipe, 0, from);
				} catch {
					pipe.close();   // there is no room, or no node any more
				}
			} });
		if (this.#inner.core.closed) {
			door.close();
			throw new LenoError('CLOSED');
		}
		this.#doors.set(door.uri, door);
		return door.uri;
	}

	unlisten(uri) {
		const door = this.#doors.get(uri);
		if (!door)
			throw new LenoError('URI', `it is not listened at ${uri}`);
		this.#doors.delete(uri);
		door.close();
	}

	discover(uri, node) {
		const scheme = uri.slice(0, Math.max(uri.indexOf(':'), 0));
		const find = this.#inner.finders.get(scheme);
		if (!find)
			throw new LenoError('URI', `nothing is found by ${uri} here`);
		this.#finders.push(find(uri, node, { open: this.#inner.open,
			doors: () => [...this.#doors.keys()], ...this.#ofFinder(Symbol(scheme)) }));
	}

	/** What a finder wants it wants beside the user, and forgets without him. */
	#ofFinder(owner) {
		return {
			keep: (uri) => { this.connect(uri, {}, owner).catch(() => {}); },
			drop: (uri) => {
				if (!this.#inner.core.closed && this.#kept.get(uri)?.has(owner))
					this.forget(uri, owner);
			},
			again: (uri, id) => this.again(uri, id),
		};
	}

	close() {
		this.#fail(new LenoError('CLOSED'));
		for (const stop of this.#finders.splice(0))
			stop();
	}

	/** When all doors are closed. */
	async gone() { await Promise.all([...this.#doors.values()].map((door) => door.close())); }
}
