// Nodes of the package among processes of the command: the same mesh, the same promises.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World, native, until } from './support.mjs';

const calls = { timeout: 5000 };

for (const scheme of ['ws', 'tcp']) {
	test(`${scheme}: a native node and one of the package see and ask each other`, native,
		async (t) => {
			const world = new World(t);
			const { uri, id } = await world.up('up', { listen: `${scheme}://127.0.0.1:0` });
			const node = await world.node('js');
			assert.equal(await node.connect(uri, calls), id);
			assert.equal((await node.waitFor(id, calls)).name, 'up');
			node.handle('echo', (request) => `echo of ${request.text}`);
			const asks = world.run(['request', 'js', 'echo', 'hello'], { connect: uri });
			assert.equal(await asks.ended, 0, asks.errors);
			assert.deepEqual(asks.lines, ['echo of hello']);
			const heard = node.once('message', calls);
			const sends = world.run(['send', 'js', 'note', 'ü'], { connect: uri });
			assert.equal(await sends.ended, 0, sends.errors);
			assert.equal((await heard).text, 'ü');
		});
}

test('the command dials a node of the package, and prints what it sends', native, async (t) => {
	const world = new World(t);
	const node = await world.node('js');
	for (const scheme of ['ws', 'tcp']) {
		const uri = await node.listen(`${scheme}://127.0.0.1:0`);
		const listens = world.run(['listen', '--json'], { connect: uri, name: scheme });
		await node.waitFor(scheme, calls);
		await node.send(scheme, 'note', 'hello');
		const told = await listens.event((e) => e.type === 'note', 'the note');
		assert.equal(told.from ?? told.id, node.id);
	}
});

test('a service of either side is called by the other', native, async (t) => {
	const world = new World(t);
	const { uri } = await world.up('up');
	const node = await world.node('js');
	await node.connect(uri, calls);
	node.serve('math', { 'add(a: int, b: int) -> int': (a, b) => a + b });
	const called = world.run(['call', '--wait', 'math.add', '[2, 40]'], { connect: uri });
	assert.equal(await called.ended, 0, called.errors);
	assert.deepEqual(called.lines, ['42']);
	const bad = world.run(['call', '--wait', 'math.add', '["x", 40]'], { connect: uri });
	assert.notEqual(await bad.ended, 0);

	world.run(['serve', 'word', 'count', '--', 'wc', '-c'], { connect: uri, name: 'server' });
	await node.waitFor('server', calls);
	await until(() => node.services().some((s) => s.name === 'word'), 'word is offered');
	assert.equal(await node.service('word').count('abc'), 5);
	await assert.rejects(node.service('word').nothing(), { code: 'NO_METHOD' });
});

test('events pass both ways', native, async (t) => {
	const world = new World(t);
	const { uri } = await world.up('up');
	const node = await world.node('js');
	await node.connect(uri, calls);
	const heard = node.events('sky.*');
	const on = world.run(['on', '--json', 'sky.*'], { connect: uri, name: 'on' });
	await node.waitFor('on', calls);
	await until(() => {
		node.emit('sky.clear', { wind: 3 });
		return on.find((e) => JSON.stringify(e).includes('sky.clear'));
	}, 'the event is heard');
	const { value } = await heard.next();
	assert.deepEqual([value.event, value.value, value.from], ['sky.clear', { wind: 3 }, node.id]);
	const emits = world.run(['emit', 'sky.red', '[1, null, "x"]'], { connect: uri });
	assert.equal(await emits.ended, 0, emits.errors);
	for await (const event of heard) {
		if (event.event === 'sky.red') {
			assert.deepEqual(event.value, [1, null, 'x']);
			break;
		}
	}
});

test('a group has members of both kinds', native, async (t) => {
	const world = new World(t);
	const { uri } = await world.up('up');
	const node = await world.node('js');
	await node.connect(uri, calls);
	const group = node.group('tea');
	const heard = group.messages();
	const joined = group.once('joined', calls);
	const bot = world.run(['group', '--json', 'tea'], { connect: uri, name: 'bot' });
	assert.equal((await joined).name, 'bot');
	await group.ready;
	assert.deepEqual([...group.members.values()].map((m) => m.name), ['bot']);
	bot.say('kettle');
	const { value } = await heard.next();
	assert.deepEqual([value.text, value.alone], ['kettle', false]);
	assert.deepEqual(await group.broadcast('line', 'milk?'), { confirmed: 1, unknown: 0 });
	await until(() => bot.lines.some((line) => line.includes('milk?')), 'the bot has heard');
	const left = group.once('left', calls);
	await bot.stop();
	assert.deepEqual((await left).name, 'bot');
	await group.leave();
	assert.equal(group.state, 'left');
});

test('a map is shared with native nodes', native, async (t) => {
	const world = new World(t);
	const { uri } = await world.up('up', { args: ['--share', 'board'] });
	const node = await world.node('js');
	await node.connect(uri, calls);
	const board = node.state('board', { encoding: 'text' });
	await board.ready;
	board.set('a', 'one');
	const changes = board.changes();
	const reads = world.run(['state', 'get', 'board', 'a'], { connect: uri });
	assert.equal(await reads.ended, 0, reads.errors);
	assert.deepEqual(reads.lines, ['one']);
	const sets = world.run(['state', 'set', 'board', 'b', 'two'], { connect: uri });
	assert.equal(await sets.ended, 0, sets.errors);
	const { value } = await changes.next();
	assert.deepEqual([value.key, value.old, value.value], ['b', undefined, 'two']);
	assert.equal(board.get('b'), 'two');
});

test('a stream reaches a native reader whole', native, async (t) => {
	const world = new World(t);
	const { uri } = await world.up('up');
	const node = await world.node('js');
	await node.connect(uri, calls);
	const pipe = world.run(['pipe', 'js', 'bytes', '--wait'], { connect: uri, input: 'up it goes' });
	const { value: stream } = await node.streams('leno/pipe/bytes').next();
	const text = await new Response(stream.readable).text();
	assert.equal(text, 'up it goes');
	const writer = stream.writable.getWriter();
	await writer.write('down it comes');
	await writer.close();
	assert.equal(await pipe.ended, 0, pipe.errors);
	assert.deepEqual(pipe.lines, ['down it comes']);
});

test('a relay is killed between two of the package: nothing is lost, by the other one', native,
	async (t) => {
		const world = new World(t);
		const [p, q] = [await world.up('p'), await world.up('q')];
		const [a, b] = [await world.node('ada', { noDirect: true }),
			await world.node('bob', { noDirect: true })];
		for (const { uri } of [p, q])
			await Promise.all([a.connect(uri, calls), b.connect(uri, calls)]);
		await a.waitFor('bob', calls);
		const numbers = [];
		b.on('message', (m) => numbers.push(Number(m.text)));
		const sent = [];
		for (let i = 0; i < 2000; i++) {
			sent.push(a.send(b.id, 'n', `${i}`));
			if (i === 500)
				await p.process.stop('SIGKILL');
			if (i % 100 === 0)
				await new Promise((done) => { setTimeout(done, 1); });
		}
		await Promise.all(sent);
		assert.deepEqual(numbers, Array.from({ length: 2000 }, (_, i) => i));
	});

test('a killed process is noticed', native, async (t) => {
	const world = new World(t);
	const { uri, process, id } = await world.up('up');
	const node = await world.node('js');
	await node.connect(uri, calls);
	await node.waitFor(id, calls);
	const down = node.once('node-down', { timeout: 5000 });
	await process.stop('SIGKILL');
	assert.equal((await down).id, id);
});
