/* state.js - a shared map of the fake: one other node changes a key of it now and then. */

export class FakeState {
	name;
	synced = true;
	ready = Promise.resolve();
	#self;
	#values = new Map();
	#counters = new Map([['visits', 41]]);
	#sets = new Map([['colours', new Set(['indigo', 'madder', 'weld'])]]);
	#watchers = new Set();
	#owners = new Map();
	#version = 0;
	#timer;

	constructor(name, self, other) {
		this.name = name;
		this.#self = self;
		this.#owners.set('thermostat/mode', other);
		this.#put('greeting', 'hello', other);
		this.#put('lamp/kitchen', { on: true, level: 0.7 }, other);
		this.#put('lamp/porch', { on: false, level: 0 }, other);
		this.#put('thermostat/mode', 'heat', other);
		let n = 0;
		this.#timer = setInterval(() => this.#put('clock', ++n, other), 3000);
	}

	#put(key, value, by) {
		const old = this.#values.get(key)?.value, version = `${++this.#version}`;
		if (value === undefined)
			this.#values.delete(key);
		else
			this.#values.set(key, { value, by, version });
		if (by !== this.#self)
			for (const { prefix, listener } of this.#watchers)
				if (key.startsWith(prefix))
					listener({ kind: 'value', key, old, value, by, version });
		return version;
	}

	get(key) { return this.#values.get(key)?.value; }
	version(key) { return this.#values.get(key)?.version ?? null; }
	set(key, value) { return this.#put(key, value, this.#self); }
	delete(key) { this.#put(key, undefined, this.#self); }
	owner(key) { return this.#owners.get(key); }
	async compareAndSet(key, version, value) {
		if (this.version(key) !== version)
			return false;
		this.#put(key, value, this.#owners.get(key));
		return true;
	}

	add(key, by = 1) { this.#counters.set(key, (this.#counters.get(key) ?? 0) + by); }
	insert(key, element) {
		this.#sets.set(key, (this.#sets.get(key) ?? new Set()).add(element));
	}
	remove(key, element) { this.#sets.get(key)?.delete(element); }

	each(prefix = '') {
		const out = [];
		for (const [key, v] of this.#values)
			out.push({ kind: 'value', key, ...v });
		for (const [key, value] of this.#counters)
			out.push({ kind: 'counter', key, value, by: this.#self, version: null });
		for (const [key, set] of this.#sets)
			for (const value of set)
				out.push({ kind: 'element', key, value, by: this.#self, version: null });
		return out.filter((one) => one.key.startsWith(prefix));
	}

	/** As if another node had done it. */
	change(key, value) { this.#put(key, value, this.#owners.get('thermostat/mode')); }

	on() { return () => {}; }
	watch(prefix, listener) {
		const one = { prefix, listener };
		this.#watchers.add(one);
		return () => this.#watchers.delete(one);
	}
	info() { return { entries: this.each().length, dead: 1, memory: 4321, sharers: 2 }; }
	unshare() { clearInterval(this.#timer); }
}
