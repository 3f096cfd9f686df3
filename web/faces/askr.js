/* askr.js - node-askr on leno: microservices (Askr) that answer commands and say events, and
 * clients that connect to one of them and hear all. What was one server and its clients is a mesh
 * here: events go to everybody who can be reached, commands to whom the client has dialled. */
import { LenoError, fromJSON, hostPort, inNode, open, toJSON } from './common.js';

const COMMAND = 'askr.command';
const EVENT = 'askr.event';
const PORT = 8800;
const PORTS = 100; /* tried, when the first is taken */

/** A name and what is said with it; nothing, when it is something else. */
function pair(text) {
	const found = fromJSON(text);

	return Array.isArray(found) && typeof found[0] === 'string' ? found : [];
}

/** What both ends do: listeners by name, and events to all. */
class Party {
	#listeners = new Map();
	node = null;

	on(name, listener) {
		const list = this.#listeners.get(name) ?? [];

		this.#listeners.set(name, [...list, listener]);
		return this;
	}

	off(name, listener) {
		const list = this.#listeners.get(name) ?? [];

		this.#listeners.set(name, list.filter((l) => l !== listener));
		return this;
	}

	/** The first answer that is not undefined; NO_METHOD: nobody listens. */
	async answer({ from, text }) {
		const [name, data] = pair(text);
		const list = this.#listeners.get(name);
		let first;

		if (!list?.length)
			throw new LenoError('NO_METHOD', `nobody listens for ${name}`);
		for (const listener of list) {
			const result = await listener(data, { id: from });

			first = first === undefined ? result : first;
		}
		return toJSON(first);
	}

	hear(message) {
		const [name, data] = message.type === EVENT ? pair(message.text) : [];

		for (const listener of this.#listeners.get(name) ?? [])
			Promise.resolve().then(() => listener(data, { id: message.from }));
	}

	/** Says it to every other node. */
	async emit(name, data) {
		await this.node?.broadcast(EVENT, toJSON([name, data])).catch(() => {});
	}

	async enter({ name, workspace, ...options }) {
		this.node = await open({ network: workspace ? `askr/${workspace}` : 'askr',
			anonymous: true, origins: ['*'], name, ...options });
		this.node.on('message', (message) => this.hear(message));
		this.node.handle(COMMAND, (request) => this.answer(request));
	}

	async close() {
		await this.node?.close();
	}
}

export class Askr extends Party {
	#options;
	#started = null;
	port = 0;

	constructor({ host = '0.0.0.0', port = 0, ...options } = {}) {
		super();
		this.#options = { host, port, options };
	}

	/** Listens at the port that was given, or the first that is free from 8800 on. */
	start() {
		return this.#started ??= this.#start();
	}

	async #start() {
		const { host, port, options } = this.#options;

		await this.enter(options);
		if (inNode)
			await this.#listen(host, port || PORT, port ? 1 : PORTS);
		return this;
	}

	async #listen(host, port, tries) {
		try {
			const uri = await this.node.listen(`ws://${hostPort(host, port)}`);

			this.port = Number(/:(\d+)\/?$/.exec(uri)?.[1] ?? port);
		} catch (error) {
			if (error.code !== 'ADDRESS_IN_USE' || tries <= 1)
				throw error;
			await this.#listen(host, port + 1, tries - 1);
		}
	}

	/** Joins the mesh of the Askr that listens there. */
	async addPeer(host, port) {
		await this.start();
		return this.node.connect(`ws://${hostPort(host, port)}`);
	}

	async emit(name, data) {
		await this.#started;
		await super.emit(name, data);
	}

	get id() {
		return this.node?.id ?? '';
	}
}

export class Client extends Party {
	#url;
	#options;
	#server = null;

	constructor({ url = `ws://localhost:${PORT}`, ...options } = {}) {
		super();
		this.#url = url;
		this.#options = options;
	}

	async connect() {
		await this.enter({ endpoint: true, ...this.#options });
		this.#server = await this.node.connect(this.#url);
	}

	/** What the command's listener has returned. REFUSED: it has none, or it threw. */
	async send(command, data) {
		const bytes = await this.node.request(this.#server, COMMAND, toJSON([command, data]));

		return fromJSON(new TextDecoder().decode(bytes));
	}
}
