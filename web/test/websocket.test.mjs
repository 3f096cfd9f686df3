// Pipes within the platform's WebSocket, of which there is one of a few lines here.
import { after, it, mock } from 'node:test';
import assert from 'node:assert/strict';

import { dialWebSocket } from '../src/dialers/websocket.js';

const before = globalThis.WebSocket;

class Socket {
	bufferedAmount = 0;
	constructor(uri, protocol) {
		Object.assign(this, { uri, protocol });
		queueMicrotask(() => this.onopen());
	}
	send(bytes) { this.bufferedAmount += bytes.length; }
	close() { this.closed = true; }
}
globalThis.WebSocket = class extends Socket {
	constructor(...args) {
		super(...args);
		sockets.push(this);
	}
};
const sockets = [];
after(() => { globalThis.WebSocket = before; });

async function dialled() {
	const pipe = await dialWebSocket('ws://x', { signal: new AbortController().signal });
	const heard = { drained: 0, bytes: 0, over: 0 };
	pipe.ondrain = () => heard.drained++;
	pipe.onbytes = (bytes) => { heard.bytes += bytes.length; };
	pipe.onclose = () => heard.over++;
	return { pipe, heard, socket: sockets.at(-1) };
}

it('is looked at for room by a clock, and by what arrives', async () => {
	mock.timers.enable({ apis: ['setTimeout'] });
	const { pipe, heard, socket } = await dialled();
	pipe.send(new Uint8Array(1 << 20));
	mock.timers.tick(100);
	assert.equal(heard.drained, 0);
	socket.bufferedAmount = 0;
	mock.timers.tick(4);
	assert.equal(heard.drained, 1);
	pipe.send(new Uint8Array(1 << 20));
	socket.onmessage({ data: new ArrayBuffer(5) });
	assert.equal(heard.drained, 1);
	socket.bufferedAmount = 0;
	socket.onmessage({ data: new ArrayBuffer(5) });
	assert.deepEqual(heard, { drained: 2, bytes: 10, over: 0 });
	mock.timers.tick(100);
	assert.equal(heard.drained, 2);
	mock.timers.reset();
});

it('takes no text', async () => {
	const { heard, socket } = await dialled();
	socket.onmessage({ data: 'text' });
	assert.ok(socket.closed);
	assert.equal(heard.over, 1);
});
