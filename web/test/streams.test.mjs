// Streams: bytes both ways, slow readers, ends of every kind.
// covers: src/driver/wasm/streams.c
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World, later, pattern } from './support.mjs';

async function opened(t, options) {
	const [a, b] = await new World(t).pair('ws', options);
	const coming = b.streams().next();
	const here = await a.openStream(b.id, 'files');
	const { value: there } = await coming;
	return { a, b, here, there };
}

const whole = async (readable) => new Uint8Array(await new Response(readable).arrayBuffer());

test('what is written is read, both ways, and then it is over', async (t) => {
	const { a, b, here, there } = await opened(t);
	assert.deepEqual([here.peer, there.peer, there.topic], [b.id, a.id, 'files']);
	const bytes = pattern(3_000_000);
	const sink = here.writable.getWriter();
	const write = sink.write(bytes).then(() => sink.close());
	const back = new Response('short').body.pipeTo(there.writable);
	assert.deepEqual(await whole(there.readable), bytes);
	assert.deepEqual(await whole(here.readable), new TextEncoder().encode('short'));
	await Promise.all([write, back, here.closed, there.closed]);
});

test('a reader that does not read stops its writer, and nobody else', async (t) => {
	const { a, b, here, there } = await opened(t);
	const sink = here.writable.getWriter();
	const piece = new Uint8Array(1 << 20);
	let written = 0;
	const writing = (async () => {
		for (let i = 0; i < 12; i++) {
			await sink.write(piece);
			written++;
		}
		await sink.close();
	})();
	await later(300);
	assert.ok(written < 12, `${written} MiB went to a reader who does not read`);
	await a.send(b.id, 'ordinary', 'message');
	assert.equal((await whole(there.readable)).length, 12 << 20);
	await writing;
});

test('an aborted stream fails at both ends, with the reason', async (t) => {
	const { here, there } = await opened(t);
	const reading = there.readable.getReader().read();
	here.abort('enough', 5);
	await assert.rejects(reading, { code: 'REFUSED', reason: 5, message: 'enough' });
	await assert.rejects(there.closed, { code: 'REFUSED' });
	await assert.rejects(here.closed, { code: 'CLOSED' });
	await assert.rejects(here.writable.getWriter().write('x'), { code: 'CLOSED' });
});

test('who cancels reading stops a writer that has nothing else to read', async (t) => {
	const { here, there } = await opened(t);
	await there.writable.close();
	await there.readable.cancel('not wanted');
	await assert.rejects(here.readable.getReader().read().then(() => here.closed),
		{ code: 'REFUSED', message: 'not wanted' });
});

test('a stream that nobody listens for is refused', async (t) => {
	const [a, b] = await new World(t).pair();
	const stream = await a.openStream(b.id, 'x');
	await assert.rejects(stream.closed, { code: 'REFUSED' });
	await assert.rejects(a.openStream('nobody', 'x'), { code: 'NO_NODE' });
});

test('a closed node ends its streams', async (t) => {
	const { a, here, there } = await opened(t);
	await a.close();
	await assert.rejects(here.closed, { code: 'CLOSED' });
	await assert.rejects(there.closed, { code: 'CLOSED' });
});

test('streams of other topics are refused, and those that a loop leaves when it ends', async (t) => {
	const [a, b] = await new World(t).pair();
	const loop = b.streams('wanted');
	const other = await a.openStream(b.id, 'other');
	await assert.rejects(other.closed, { code: 'REFUSED' });
	const two = [await a.openStream(b.id, 'wanted'), await a.openStream(b.id, 'wanted')];
	for await (const stream of loop) {
		assert.equal(stream.topic, 'wanted');
		await later(100);             // the second waits in the loop by now
		break;
	}
	await assert.rejects(two[1].closed, { code: 'REFUSED' });
});
