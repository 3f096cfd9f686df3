// ws.js - WebSocket in Node: pipes over an upgraded socket, dialled by node:http and node:https,
// accepted by node:http.
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { LenoError } from '../errors.js';
import { addressOf, doorOf, mayListen } from './address.js';
import { SocketPipe } from './socket.js';
import { CODE, FrameReader, KIND, frame } from './ws_frames.js';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const PONGS = 64 * 1024;          // bytes that wait to leave: then a ping has no answer
const HANDSHAKE_MS = 5000, HEAD_MAX = 8192, PIPES_MAX = 4096, KEYS = 4096;

const acceptOf = (key) => createHash('sha1').update(key + GUID).digest('base64');

class WebSocketPipe extends SocketPipe {
	kind = 'wrapped';
	#client;
	#keys;
	#used = KEYS;
	#ended = false;
	#reader = new FrameReader(true, {});

	constructor(socket, client, head) {
		super(socket);
		this.#client = client;
		this.#reader = new FrameReader(!client, {
			onbytes: (bytes) => this.onbytes?.(bytes),
			oncontrol: (kind, payload) => this.#control(kind, payload),
			onbad: (code) => this.#end(code),
		});
		if (head?.length > 0)
			socket.unshift(head);
	}

	/** A client's masks are such as nobody can guess; drawn many at a time. */
	#key() {
		if (!this.#client)
			return undefined;
		if (this.#used === KEYS) {
			this.#keys = randomBytes(KEYS);
			this.#used = 0;
		}
		return this.#keys.subarray(this.#used, this.#used += 4);
	}

	#frame(kind, payload) { this.socket.write(frame(kind, payload, this.#key())); }

	take(bytes) { this.#reader.take(bytes); }

	send(bytes) {
		if (!this.#ended)
			this.#frame(KIND.BINARY, bytes);
	}

	#control(kind, payload) {
		if (kind === KIND.PING && !this.#ended && this.bufferedAmount < PONGS)
			this.#frame(KIND.PONG, payload);
		else if (kind === KIND.CLOSE)
			this.#end(CODE.NORMAL);
	}

	#end(code) {
		if (!this.#ended)
			this.#frame(KIND.CLOSE, Uint8Array.of(code >> 8, code & 0xff));
		this.#ended = true;
		super.close();
	}

	close() { this.#end(CODE.NORMAL); }
}

export function dialWs(uri, { signal }) {
	return new Promise((resolve, reject) => {
		const secure = uri.startsWith('wss:');
		const { host, shown, port, path } = addressOf(uri, secure ? 443 : 80);
		const key = randomBytes(16).toString('base64');
		const fail = (why) => reject(new LenoError('ADDRESS', why));
		const request = (secure ? https : http).request({ host, port, path, signal,
			timeout: HANDSHAKE_MS, agent: false, headers: {
				Host: `${shown}:${port}`, Connection: 'Upgrade', Upgrade: 'websocket',
				'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': key,
				'Sec-WebSocket-Protocol': 'leno' } });
		request.on('timeout', () => request.destroy(new Error('no answer')));
		request.on('error', (error) => fail(error.message));
		request.on('response', (answer) => {
			answer.destroy();
			fail(`status ${answer.statusCode}`);
		});
		request.on('upgrade', (answer, socket, head) => {
			const chosen = answer.headers['sec-websocket-protocol'];
			if (answer.headers['sec-websocket-accept'] !== acceptOf(key) ||
			    (chosen !== undefined && chosen !== 'leno')) {
				socket.destroy();
				return fail('not a WebSocket of leno');
			}
			socket.setTimeout(0);
			resolve(new WebSocketPipe(socket, true, head));
		});
		request.end();
	});
}

const words = (field) => (field ?? '').toLowerCase().split(',').map((word) => word.trim());

/** Why an upgrade is refused, as a status; 0: it is not. */
function wrong({ method, headers }, origins) {
	if (method !== 'GET' || !words(headers.upgrade).includes('websocket') ||
	    !words(headers.connection).includes('upgrade') || !headers['sec-websocket-key'])
		return 400;
	if (headers['sec-websocket-version'] !== '13')
		return 426;
	const { origin } = headers;
	return origin === undefined || origins.includes('*') || origins.includes(origin) ? 0 : 403;
}

export async function listenWs(uri, { open, origins, pipe }) {
	const address = addressOf(uri);
	mayListen(address, open);
	const server = http.createServer({ maxHeaderSize: HEAD_MAX, headersTimeout: HANDSHAKE_MS,
		connectionsCheckingInterval: HANDSHAKE_MS }, (request, answer) => {
		answer.writeHead(426, { Upgrade: 'websocket', Connection: 'close' });
		answer.end('a WebSocket is spoken here\n');
	});
	server.maxConnections = PIPES_MAX;
	server.on('upgrade', (request, socket, head) => {
		const status = wrong(request, origins);
		socket.on('error', () => {});
		if (status) {
			socket.end(`HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\n` +
				'Sec-WebSocket-Version: 13\r\nConnection: close\r\n\r\n');
			return;
		}
		const offered = words(request.headers['sec-websocket-protocol']).includes('leno');
		socket.setTimeout(0);
		socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n' +
			'Connection: Upgrade\r\n' +
			`Sec-WebSocket-Accept: ${acceptOf(request.headers['sec-websocket-key'])}\r\n` +
			(offered ? 'Sec-WebSocket-Protocol: leno\r\n\r\n' : '\r\n'));
		pipe(new WebSocketPipe(socket, false, head),
			`ws://${socket.remoteAddress}:${socket.remotePort}`);
	});
	return doorOf(server, 'ws', address);
}
