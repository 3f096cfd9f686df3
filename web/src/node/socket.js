// socket.js - one TCP socket as a pipe, dialled or accepted.
import net from 'node:net';
import { LenoError } from '../errors.js';
import { addressOf, doorOf, mayListen } from './address.js';

const LINGER_MS = 5000, PIPES_MAX = 4096;

/** What pipes over a socket share: its end, and room in it. */
export class SocketPipe {
	kind = 'stream';
	onbytes = null;
	ondrain = null;
	onclose = null;

	constructor(socket) {
		this.socket = socket;
		socket.setNoDelay(true);
		socket.on('data', (bytes) => this.take(bytes));
		socket.on('drain', () => this.ondrain?.());
		socket.on('error', (error) => { this.error = error; });
		socket.on('close', () => this.onclose?.(this.error));
	}

	take(bytes) { this.onbytes?.(bytes); }
	send(bytes) { this.socket.write(bytes.slice()); }
	get bufferedAmount() { return this.socket.writableLength; }

	/** What was written leaves still, for as long as it may take at most. */
	close() {
		const { socket } = this;
		const timer = setTimeout(() => socket.destroy(), LINGER_MS);
		timer.unref();
		socket.on('close', () => clearTimeout(timer));
		socket.end(() => socket.destroy());
	}
}

export function dialTcp(uri, { signal }) {
	return new Promise((resolve, reject) => {
		const { host, port } = addressOf(uri);
		const socket = net.connect({ host, port, signal });
		socket.once('error', (error) => reject(new LenoError('ADDRESS', error.message)));
		socket.once('connect', () => {
			socket.removeAllListeners('error');
			resolve(new SocketPipe(socket));
		});
	});
}

export async function listenTcp(uri, { open, pipe }) {
	const address = addressOf(uri);
	mayListen(address, open);
	const server = net.createServer((socket) =>
		pipe(new SocketPipe(socket), `tcp://${socket.remoteAddress}:${socket.remotePort}`));
	server.maxConnections = PIPES_MAX;
	return doorOf(server, 'tcp', address);
}
