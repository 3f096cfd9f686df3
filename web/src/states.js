// states.js - maps that nodes share.
import { Asking } from './asking.js';
import { decode, encode, toBytes, toHex, fromHex } from './bytes.js';
import { Emitter, iterate, untilClosed } from './emitter.js';
import { LenoError, check, errorOf } from './errors.js';
import { decodeOrBytes, encode as pack } from './msgpack.js';

const KINDS = [, 'value', 'counter', 'element'];
const PER_NODE = 1, KEEP = 2;
const INSERT = 0, REMOVE = 1, CONTAINS = 2;
const MEMORY = 16 * 1024 * 1024, HORIZON = 7 * 24 * 3600 * 1000;
const CHANGED = 1;
const NOBODY = new Uint8Array(16), NOTHING = new Uint8Array(0);

const codings = {
	msgpack: [pack, decodeOrBytes],
	text: [(value) => encode(String(value)), decode],
	bytes: [toBytes, (bytes) => bytes],
};

class SharedState extends Emitter {
	#inner;
	#handle;
	#write;
	#read;
	#whole = {};

	constructor(inner, handle, name, coding) {
		super();
		this.#inner = inner;
		this.#handle = handle;
		[this.#write, this.#read] = codings[coding];
		this.name = name;
		this.ready = new Promise((resolve, reject) => { this.#whole = { resolve, reject }; });
		this.ready.catch(() => {});
		if (this.synced)
			this.#whole.resolve();
	}

	get #x() {
		if (!this.#handle)
			throw new LenoError('CLOSED');
		return this.#inner.core.x;
	}

	/** call(x, handle, ...addresses) of these parts. */
	#call(call, ...parts) {
		const x = this.#x;
		return call(x, this.#handle, ...this.#inner.core.put(...parts));
	}

	#change(result) {
		this.#inner.pump.touch();
		return check(result);
	}

	get synced() { return this.#x.wasm_state_synced(this.#handle) !== 0; }

	/* ---- values --------------------------------------------------------------------- */

	#found(size) {
		if (check(size) === 0)
			return undefined;
		const [[value, stamp, writer]] = this.#inner.core.list(size);
		return { value, version: `${stamp}-${toHex(writer)}` };
	}

	#look(key, of) {
		const k = encode(key), id = of === undefined ? NOTHING : this.#inner.core.id(of);
		return this.#found(this.#call((x, h, i, at) =>
			x.wasm_state_get(h, id.length ? i : 0, at, k.length), id, k));
	}

	#valueOf(found) { return found && this.#read(found.value); }

	get(key) { return this.#valueOf(this.#look(key)); }
	version(key) { return this.#look(key)?.version ?? null; }
	of(node, key) { return this.#valueOf(this.#look(key, node)); }

	set(key, value) {
		const k = encode(key), data = this.#write(value);
		const size = this.#change(this.#call((x, h, at, d) =>
			x.wasm_state_set(h, at, k.length, d, data.length), k, data));
		return this.#found(size).version;
	}

	delete(key) {
		const k = encode(key);
		this.#change(this.#call((x, h, at) => x.wasm_state_delete(h, at, k.length), k));
	}

	own(key, owner) {
		const k = encode(key), id = this.#inner.core.id(owner);
		this.#change(this.#call((x, h, at, i) => x.wasm_state_own(h, at, k.length, i), k, id));
	}

	owner(key) {
		const { core } = this.#inner;
		const k = encode(key);
		return this.#call((x, h, at) => x.wasm_state_owner(h, at, k.length, core.small), k)
			? core.ids.text(core.view, core.small) : undefined;
	}

	async compareAndSet(key, version, value, options = {}) {
		const k = encode(key), data = value === undefined ? NOTHING : this.#write(value);
		const [stamp, writer] = version === null ? ['0', NOBODY]
			: [version.split('-')[0], fromHex(version.split('-')[1])];
		try {
			await this.#inner.asking.ask((token) => this.#call((x, h, at, w, d) =>
				x.wasm_state_swap(h, at, k.length, BigInt(stamp), w, value === undefined ? 0 : d,
					data.length, Asking.timeout(options), token), k, writer, data), options);
			return true;
		} catch (error) {
			if (error.code === 'REFUSED' && error.reason === CHANGED)
				return false;
			throw error;
		}
	}

	/* ---- counters and sets ------------------------------------------------------------ */

	add(key, by = 1) {
		if (!Number.isSafeInteger(by))
			throw new LenoError('ARGUMENT', 'counters count in whole numbers');
		const k = encode(key);
		this.#change(this.#call((x, h, at) => x.wasm_state_add(h, at, k.length, by), k));
	}

	count(key) {
		const k = encode(key);
		return this.#call((x, h, at) => x.wasm_state_count(h, at, k.length), k);
	}

	#element(verb, key, element) {
		const k = encode(key), data = this.#write(element);
		return this.#change(this.#call((x, h, at, d) =>
			x.wasm_state_element(h, verb, at, k.length, d, data.length), k, data));
	}

	insert(key, element) { this.#element(INSERT, key, element); }
	remove(key, element) { this.#element(REMOVE, key, element); }
	has(key, element) { return this.#element(CONTAINS, key, element) !== 0; }
	elements(key) {
		return this.each(key).filter((c) => c.kind === 'element' && c.key === key)
			.map((c) => c.value);
	}

	/* ---- looking, and being told -------------------------------------------------------- */

	#told([kind, key, old, value, stamp, writer]) {
		const read = (v) => v === null ? undefined : typeof v === 'object' ? this.#read(v) : v;
		return { kind: KINDS[kind], key: decode(key), old: read(old), value: read(value),
			by: this.#inner.core.idText(writer), version: `${stamp}-${toHex(writer)}` };
	}

	each(prefix = '') {
		const k = encode(prefix);
		const size = this.#call((x, h, at) => x.wasm_state_each(h, at, k.length), k);
		return this.#inner.core.list(size).map((fields) => {
			const { old, ...change } = this.#told(fields);
			return change;
		});
	}

	entries(prefix) {
		return this.each(prefix).filter((c) => c.kind === 'value').map((c) => [c.key, c.value]);
	}

	watch(prefix, listener, { signal } = {}) {
		return this.on('change', (change) => {
			if (change.key.startsWith(prefix))
				listener(change);
		}, { signal });
	}

	changes(prefix = '', options) {
		return iterate((push, finish) => untilClosed(this, finish, this.watch(prefix, push)),
			options);
	}

	info() {
		const [[entries, dead, memory, sharers]] =
			this.#inner.core.list(this.#x.wasm_state_info(this.#handle));
		return { entries, dead, memory, sharers };
	}

	onChange(event) {
		if (this.hears('change'))
			this.tell('change', this.#told(this.#inner.core.values(event.data)[0]));
	}

	onSynced() { this.#whole.resolve(); }

	unshare() {
		if (!this.#handle)
			return;
		this.#x.wasm_state_unshare(this.#handle);
		this.#inner.pump.touch();
		this.#inner.states.forget(this.#handle, this.name);
		this.end();
	}

	end() {
		this.#handle = 0;
		this.#whole.reject(new LenoError('CLOSED'));
		this.tell('closed');
	}
}

export class States {
	#inner;
	#all = new Map();
	#names = new Map();

	constructor(inner) { this.#inner = inner; }

	share(name, options = {}) {
		const { core, pump, keeper } = this.#inner;
		const known = this.#names.get(name);
		if (known)
			return known;
		const coding = options.encoding ?? 'msgpack';
		if (!codings[coding])
			throw new LenoError('ARGUMENT', `no such encoding: ${coding}`);
		const writer = options.writer === undefined ? NOTHING : core.id(options.writer);
		const kept = options.keep ? keeper?.map(name) ?? NOTHING : NOTHING;
		const [at, w, k] = core.put(core.text(name), writer, kept);
		const handle = core.x.wasm_state_share(at,
			(options.perNode ? PER_NODE : 0) | (options.keep && keeper ? KEEP : 0),
			writer.length ? w : 0, options.memoryMax ?? MEMORY, options.horizon ?? HORIZON, k,
			kept.length, core.small) >>> 0;
		if (handle === 0)
			throw errorOf(core.smallNumber());
		pump.touch();
		const state = new SharedState(this.#inner, handle, name, coding);
		this.#all.set(handle, state);
		this.#names.set(name, state);
		return state;
	}

	forget(handle, name) {
		this.#all.delete(handle);
		this.#names.delete(name);
	}

	get(event) { return this.#all.get(event.handle); }

	onFailed(event) { this.get(event)?.tell('failed', errorOf(event.number)); }

	onRefused(event) {
		this.get(event)?.tell('refused', { by: event.id, error: errorOf(event.number) });
	}

	close() {
		for (const state of this.#all.values())
			state.end();
	}
}
