/* ataraxia-services.js - of the Ataraxia face: contracts, services that are registered, and those
 * of others. A service is one of leno's of the same name, so that other programs call it, too. */
import { subscribable } from './common.js';

const type = (name) => Object.freeze({ name });

export const anyType = type('any');
export const booleanType = type('boolean');
export const numberType = type('number');
export const stringType = type('string');

export class ServiceContract {
	methods = new Map();
	events = new Map();

	defineMethod(name, definition = {}) {
		this.methods.set(name, definition);
		return this;
	}

	defineEvent(name, definition = {}) {
		this.events.set(name, definition);
		return this;
	}

	/** An object that has this contract. */
	implement(methods) {
		return Object.assign(Object.create(methods), { serviceContract: this });
	}
}

function contractOf(object) {
	return object.serviceContract ?? object.constructor?.serviceContract;
}

/** Without a contract all functions of an object are methods. */
function methodsOf(object) {
	const contract = contractOf(object);
	const names = new Set(contract?.methods.keys());

	for (let o = contract ? null : object; o && o !== Object.prototype;
	     o = Object.getPrototypeOf(o))
		for (const name of Object.getOwnPropertyNames(o))
			if (name !== 'constructor' && typeof object[name] === 'function')
				names.add(name);
	return [...names];
}

class Service {
	#services;
	onAvailable = subscribable();
	onUnavailable = subscribable();
	onUpdate = subscribable();

	constructor(services, id) {
		this.#services = services;
		this.id = id;
	}

	get available() {
		return this.#services.has(this.id);
	}

	call(method, ...args) {
		return this.apply(method, args);
	}

	apply(method, args) {
		return this.#services.call(this.id, method, args);
	}

	/** The same as an object with the contract's methods and events. */
	as(contract) {
		const proxy = {};

		for (const name of contract.methods.keys())
			proxy[name] = (...args) => this.apply(name, args);
		for (const name of contract.events.keys())
			proxy[name] = async (listener) => {
				const off = this.on(name, listener);

				return { unsubscribe: async () => off() };
			};
		return proxy;
	}

	on(event, listener) {
		return this.#services.subscribe(this.id, event, listener);
	}
}

export class Services {
	#net;
	#services = new Map(); /* id -> Service, of those that were asked for or seen */
	#objects = new Map();  /* id -> { object, offer } that are registered here */
	#providers = new Map(); /* id -> nodes that offer it */
	#joined = false;
	onServiceAvailable = subscribable();
	onServiceUnavailable = subscribable();
	onAvailable = this.onServiceAvailable;
	onUnavailable = this.onServiceUnavailable;

	constructor(net) {
		this.#net = net;
	}

	async join() {
		const node = this.#net.leno;

		if (!node || this.#joined)
			return;
		this.#joined = true;
		node.on('service-up', (info) => this.#come(info.name, info.node));
		node.on('service-down', (info) => this.#go(info.name, info.node));
		for (const info of node.services())
			this.#come(info.name, info.node);
		for (const id of this.#objects.keys())
			this.#offer(id);
	}

	async leave() {
		for (const id of [...this.#objects.keys()])
			await this.#withdraw(id);
		this.#joined = false;
	}

	/* ---- what we offer ---- */

	register(id, object) {
		this.#objects.set(id, { object, offer: null, off: [] });
		if (this.#joined)
			this.#offer(id);
		return {
			unregister: () => this.#withdraw(id),
			emitEvent: (event, ...args) => this.#emit(id, event, args)
		};
	}

	#offer(id) {
		const entry = this.#objects.get(id);
		const { object } = entry;
		const methods = {};

		for (const name of methodsOf(object))
			methods[name] = (...args) => object[name](...args);
		entry.offer = this.#net.leno.serve(id, methods);
		for (const event of contractOf(object)?.events.keys() ?? [])
			object[event]?.((...args) => this.#emit(id, event, args));
		this.#come(id, this.#net.networkId);
	}

	#emit(id, event, args) {
		this.#objects.get(id)?.offer?.emit(event, args);
	}

	async #withdraw(id) {
		const entry = this.#objects.get(id);

		this.#objects.delete(id);
		this.#go(id, this.#net.networkId);
		await entry?.offer?.stop();
	}

	/* ---- what there is ---- */

	#come(id, node) {
		const nodes = this.#providers.get(id) ?? new Set();
		const first = nodes.size === 0;

		nodes.add(node);
		this.#providers.set(id, nodes);
		if (!first)
			return;
		this.get(id).onAvailable.emit();
		this.get(id).onUpdate.emit();
		this.onServiceAvailable.emit(this.get(id));
	}

	#go(id, node) {
		const nodes = this.#providers.get(id);

		if (!nodes?.delete(node) || nodes.size > 0)
			return;
		this.#providers.delete(id);
		this.get(id).onUnavailable.emit();
		this.get(id).onUpdate.emit();
		this.onServiceUnavailable.emit(this.get(id));
		this.#services.delete(id);
	}

	/** Also of a service that is not there yet. */
	get(id) {
		const service = this.#services.get(id) ?? new Service(this, id);

		this.#services.set(id, service);
		return service;
	}

	has(id) {
		return this.#providers.has(id);
	}

	/** Our own is called here. */
	async call(id, method, args) {
		const own = this.#objects.get(id)?.object;

		if (own && methodsOf(own).includes(method))
			return own[method](...args);
		return this.#net.leno.call(id, method, args);
	}

	subscribe(id, event, listener) {
		return this.#net.leno.subscribe(`${id}.${event}`, (args) => {
			if (Array.isArray(args))
				listener(...args);
		});
	}
}
