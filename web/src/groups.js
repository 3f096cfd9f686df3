// groups.js - groups: nodes that share a key.
import { decode, toBytes } from './bytes.js';
import { Emitter, iterateEvent } from './emitter.js';
import { LenoError, check, errorOf } from './errors.js';
import { WHY, nodeInfo } from './look.js';
import { Outcomes } from './messages.js';

const STATES = [, 'joining', 'joined', 'leaving', 'left'];
const ALONE = 1;

class GroupMessage {
	#text;
	constructor(event) {
		this.from = event.id;
		this.type = decode(event.text);
		this.data = event.data;
		this.alone = (event.flag & ALONE) !== 0;
	}
	get text() { return this.#text ??= decode(this.data); }
}

class Group extends Emitter {
	#inner;
	#handle;
	#queue;
	#spread = new Outcomes();
	#joined = {};
	#left = {};
	#names = new Map();
	#members;
	#turn = -1;
	state = 'joining';

	constructor(inner, handle, key) {
		super();
		this.#inner = inner;
		this.#handle = handle;
		this.#queue = `group ${handle}`;
		this.key = key;
		this.#await();
		this.#left.promise = new Promise((resolve) => { this.#left.resolve = resolve; });
	}

	#await() {
		this.ready = new Promise((resolve, reject) => { this.#joined = { resolve, reject }; });
		this.ready.catch(() => {});
	}

	get members() {
		const { core, pump } = this.#inner;
		if (this.state === 'left')
			return new Map();
		if (this.#turn !== pump.turn) {
			const all = core.list(core.x.wasm_group_members(this.#handle)).slice(1);
			this.#members = new Map(all.map((fields) => {
				const info = nodeInfo(core, fields);
				return [info.id, info];
			}));
			this.#turn = pump.turn;
		}
		return this.#members;
	}

	async broadcast(type, data) {
		const { core, turns, pump } = this.#inner;
		const name = core.text(type);
		let bytes = toBytes(data);
		return turns.take(this.#queue, () => {
			const [t, d] = core.put(name, bytes);
			pump.touch();
			return core.x.wasm_group_send(this.#handle, t, d, bytes.length);
		}, { keep: () => { bytes = bytes.slice(); }, took: (seq) => this.#spread.add(seq) });
	}

	async send(to, type, data) {
		const { core, turns, pump, messages } = this.#inner;
		const id = core.id(to), name = core.text(type), key = core.idText(id);
		let bytes = toBytes(data);
		return turns.take(key, () => {
			const at = core.putMessage(id, name, bytes);
			pump.touch();
			return core.x.wasm_group_send_to(this.#handle, at, at + 16, at + 16 + name.length,
				bytes.length);
		}, { keep: () => { bytes = bytes.slice(); },
			took: (seq) => messages.confirmation(key, seq) });
	}

	messages(type, options) {
		return iterateEvent(this, 'message', options,
			{ wanted: (m) => type === undefined || m.type === type });
	}

	invite(node, note) {
		const { core, pump } = this.#inner;
		const id = core.id(node), bytes = toBytes(note);
		const [at, data] = core.put(id, bytes);
		check(core.x.wasm_group_invite(this.#handle, at, data, bytes.length));
		pump.touch();
	}

	leave() {
		if (this.state !== 'left') {
			this.#inner.core.x.wasm_group_leave(this.#handle);
			this.#inner.pump.touch();
		}
		return this.#left.promise;
	}

	/* ---- what happens ------------------------------------------------------------- */

	onState(event) {
		const before = this.state;
		this.state = STATES[event.number];
		this.#turn = -1;
		if (this.state === 'joined')
			this.#joined.resolve();
		else if (this.state === 'joining' && before === 'joined')
			this.#await();
		else if (this.state === 'left')
			this.end();
		this.tell('state', this.state);
		if (this.state === 'left')
			this.tell('closed');
	}

	end() {
		this.state = 'left';
		const lost = new LenoError('CLOSED');
		this.#spread.settle(0, Infinity, ({ reject }) => reject(lost));
		this.#inner.turns.end(this.#queue);
		this.#joined.reject(lost);
		this.#left.resolve();
	}

	onJoined(event) {
		this.#turn = -1;
		const info = this.members.get(event.id) ?? this.#inner.look.nodes.get(event.id) ??
			{ id: event.id, name: '' };
		this.#names.set(event.id, info.name);
		this.tell('joined', info);
	}

	onLeft(event) {
		this.#turn = -1;
		const name = this.#names.get(event.id) ?? '';
		this.#names.delete(event.id);
		this.tell('left', { id: event.id, name, why: WHY[event.number] });
	}

	onMessage(event) { this.tell('message', new GroupMessage(event)); }

	onDone(event) {
		this.#spread.settle(event.first, event.first, ({ resolve }) =>
			resolve({ confirmed: event.number, unknown: event.last }));
	}

	onWritable() { this.#inner.turns.room(this.#queue); }
}

export class Groups {
	#inner;
	#all = new Map();

	constructor(inner) { this.#inner = inner; }

	join(key) {
		const { core, pump } = this.#inner;
		const bytes = toBytes(key).slice();
		const [at] = core.put(bytes);
		const handle = core.x.wasm_group_join(at, bytes.length, core.small) >>> 0;
		if (handle === 0)
			throw errorOf(core.smallNumber());
		pump.touch();
		const group = new Group(this.#inner, handle, bytes);
		this.#all.set(handle, group);
		return group;
	}

	get(event) { return this.#all.get(event.handle); }

	onState(event) {
		this.get(event)?.onState(event);
		if (STATES[event.number] === 'left')
			this.#all.delete(event.handle);
	}

	close() {
		for (const group of this.#all.values()) {
			group.end();
			group.tell('state', 'left');
			group.tell('closed');
		}
		this.#all.clear();
	}
}
