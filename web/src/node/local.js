/* local.js - processes of Node of one user on one machine that find each other: one leads,
 * the others follow it, as driver/uv/local.c does for native ones. Linux alone.
 *
 * Node can neither bind the abstract name by which native nodes do this (version 20 pads it) nor
 * ask the kernel whose socket it has connected to. So there are two sockets: an abstract one is
 * the lock, which the kernel takes back when its process dies, and one in a folder that nobody
 * but the user may enter carries the bytes.
 *
 *   SEEKING --the lock is ours, the door is open--> LEADING
 *     SEEKING --connected to the door--> FOLLOWING --its pipe ends--> SEEKING
 *   any --stop()--> OFF
 *
 * 1. At most one process of a user and network leads: the kernel sees to it.
 * 2. Only processes of the same user, and root, come through the door. */
import { createHash } from 'node:crypto';
import { lstat, mkdir, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { LenoError } from '../errors.js';
import { SocketPipe } from './socket.js';

const RETRY_MS = 20;      /* between tries to lead or to reach who does */
const RETRY_MAX_MS = 200;
const SETTLED_MS = 1000;
const REFUSED_MAX_MS = 10000;

class LocalPipe extends SocketPipe {
	kind = 'local';
}

/* ---- where --------------------------------------------------------------------------- */

/* A folder in which nobody else can put anything: not one that was there for us. */
async function privateFolder() {
	const uid = process.getuid();
	const folder = path.join(process.env.XDG_RUNTIME_DIR ?? os.tmpdir(), `leno-${uid}`);

	await mkdir(folder, { mode: 0o700 }).catch((error) => {
		if (error.code !== 'EEXIST')
			throw new LenoError('FILE', `local: ${error.message}`);
	});
	const found = await lstat(folder);

	if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0)
		throw new LenoError('FILE', `local: ${folder} is not ours alone`);
	return folder;
}

const hashOf = (text) => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** Listens there; false: somebody else does. */
function listen(server, where) {
	return new Promise((resolve, reject) => {
		const fail = (error) => error.code === 'EADDRINUSE' ? resolve(false) :
			reject(new LenoError('SYSTEM', `local: ${error.message}`));

		server.once('error', fail);
		server.listen(where, () => {
			server.off('error', fail);
			server.on('error', () => {});
			resolve(true);
		});
	});
}

/** A connection; undefined: nobody listens. */
function reach(where) {
	return new Promise((resolve) => {
		const socket = net.connect(where);

		socket.once('error', () => resolve(undefined));
		socket.once('connect', () => resolve(socket));
	});
}

/* ---- leading and following ------------------------------------------------------------ */

class Local {
	#node;
	#path;
	#lock = null;
	#door = null;
	#off = false;
	#brief = 0;               /* links in a row that were over before they had settled */
	#again;
	leading = false;

	constructor(node, path) {
		this.#node = node;
		this.#path = path;
	}

	/** Leads, or dials who does. */
	async start() {
		this.#path ||= path.join(await privateFolder(), `${hashOf(this.#node.network)}.sock`);
		if (!await this.#tryToLead() && !this.#off)
			this.#follow();
	}

	#follow() {
		this.#node.connect('local:', { timeout: Infinity }).catch(() => {});
	}

	async #tryToLead() {
		const lock = net.createServer((socket) => socket.destroy());
		const name = `\0leno/node/${process.getuid()}/${hashOf(this.#path)}`;

		if (this.#off || !await listen(lock, name))
			return false;
		this.#lock = lock;
		await rm(this.#path, { force: true });
		this.#door = net.createServer((socket) => {
			try {
				this.#node.attach(new LocalPipe(socket), 'local:');
			} catch { /* there is no room, and the pipe is closed */ }
		});
		await listen(this.#door, this.#path);
		if (this.#off) {
			this.stop();
			return false;
		}
		this.leading = true;
		this.#node.tell('leading');
		return true;
	}

	/* The engine dials when the pipe to the leader has ended: then there is a race for the lock,
	 * and who has lost it looks for the door of who has won. */
	async dial(signal) {
		for (let wait = RETRY_MS; ; wait = Math.min(2 * wait, RETRY_MAX_MS)) {
			signal.throwIfAborted();
			if (this.leading || await this.#tryToLead())
				return this.#lead();
			const socket = await reach(this.#path);

			if (socket)
				return this.#pipe(socket);
			await new Promise((resolve) => setTimeout(resolve, wait));
		}
	}

	#lead() {
		queueMicrotask(() => this.#forget());
		throw new LenoError('UNREACHABLE', 'this process leads the others');
	}

	#forget() {
		try {
			this.#node.forget('local:');
		} catch { /* it has been already */ }
	}

	/* The engine's patience is a second and more after a link has died: a new leader is there in
	 * milliseconds, so it is asked anew. One that does not want us is asked seldomer each time. */
	#pipe(socket) {
		const since = Date.now();

		socket.once('close', () => {
			if (this.#off)
				return;
			this.#brief = Date.now() - since < SETTLED_MS ? this.#brief + 1 : 0;
			this.#again = setTimeout(() => {
				this.#forget();
				this.#follow();
			}, this.#brief && Math.min(RETRY_MS * 2 ** this.#brief, REFUSED_MAX_MS));
		});
		return new LocalPipe(socket);
	}

	stop() {
		this.#off = true;
		this.leading = false;
		clearTimeout(this.#again);
		this.#door?.close();
		this.#lock?.close();
	}
}

const locals = new WeakMap(); /* node -> its Local */

/** The finder of "local:" and "local:PATH", of the socket. */
export function findLocal(uri, node) {
	if (process.platform !== 'linux')
		throw new LenoError('SYSTEM', 'local: is for Linux');
	const local = new Local(node, uri.slice('local:'.length));

	locals.set(node, local);
	local.start().catch((error) => console.warn(`leno: ${error.message}`));
	return () => local.stop();
}

/** The dialer of "local:". */
export async function dialLocal(uri, { node, signal }) {
	const local = locals.get(node);

	if (!local)
		throw new LenoError('URI', 'discover("local:") comes first');
	return local.dial(signal);
}
