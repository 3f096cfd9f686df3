/* group.js - a group of the fake, with three others in it, one of whom answers. */

export class FakeGroup {
	key;
	state = 'joining';
	members = new Map();
	ready;
	#listeners = new Map();

	constructor(key, others) {
		this.key = key;
		this.ready = new Promise((done) => setTimeout(() => {
			this.state = 'joined';
			this.#tell('state', 'joined');
			for (const other of others) {
				this.members.set(other.id, other);
				this.#tell('joined', other);
			}
			done();
		}, 50));
	}

	on(event, listener) {
		const all = this.#listeners.get(event) ?? new Set();
		this.#listeners.set(event, all.add(listener));
		return () => all.delete(listener);
	}

	#tell(event, value) {
		for (const listener of this.#listeners.get(event) ?? [])
			listener(value);
	}

	async broadcast(type, data) {
		const [first] = this.members.keys(), text = `I heard: ${data}`;
		setTimeout(() => this.#tell('message', { from: first, type, text, alone: false,
			data: new TextEncoder().encode(text) }), 80);
		return { confirmed: this.members.size, unknown: 0 };
	}

	async send() {}
	invite() {}
	async leave() {
		this.state = 'left';
		this.#tell('state', 'left');
	}
}
