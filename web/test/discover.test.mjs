// "local:" and "mdns:" of Node: processes of one machine and of one network that find each other.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { folder as installed, later, leno, native, part, until } from './support.mjs';

const { A, ANY, PTR, SRV, TXT, networkTag, readMessage, writeMessage } =
	await part('node/mdns_wire.js');

const TAGS = [
	['ataraxia-test', '30df58fcf25f4fc3'],
	['a name of a network that is as long as such a name may ever be!!', 'ea23ac025e7d6fb3'],
	['äöü', 'a4551ab89edf720d'],
];

async function folder(t) {
	const made = await mkdtemp(join(tmpdir(), 'leno-local-'));

	t.after(() => rm(made, { recursive: true }));
	return made;
}

async function open(t, network, path) {
	const node = await leno.open({ network });

	node.led = 0;
	node.on('leading', () => node.led++);
	node.discover(`local:${path}`);
	t.after(() => node.close());
	return node;
}

test('of several nodes one leads; when it is closed another does, and all go on', async (t) => {
	const path = join(await folder(t), 'socket');
	const nodes = [];

	for (let i = 0; i < 4; i++)
		nodes.push(await open(t, 'local-test', path));
	await until(() => nodes.every((node) => node.nodes.size === 3), 'all see all');
	assert.equal(nodes.filter((node) => node.led > 0).length, 1);
	const [leader] = nodes.filter((node) => node.led > 0);
	const rest = nodes.filter((node) => node !== leader);
	const heard = rest[0].once('message');

	await leader.close();
	await until(() => rest.filter((node) => node.led === 1).length === 1, 'another leads');
	await rest[1].send(rest[0].id, 'word', 'after');
	assert.equal((await heard).text, 'after');
	await until(() => rest.every((node) => node.nodes.size === 2), 'the rest see each other');
});

test('networks do not mix, nor do sockets of other names', async (t) => {
	const made = await folder(t);
	const one = await open(t, 'local-one', join(made, 'one'));
	const two = await open(t, 'local-one', join(made, 'two'));

	await until(() => one.led === 1 && two.led === 1, 'both lead');
	assert.equal(one.nodes.size, 0);
});

test('a leader of another secret is not asked without end', async (t) => {
	const path = join(await folder(t), 'socket');
	const nodes = [];

	for (let i = 0; i < 2; i++) {
		nodes.push(await leno.open({ network: 'local-test', secret: leno.createSecret() }));
		nodes[i].on('leading', () => { nodes[i].led = true; });
		nodes[i].discover(`local:${path}`);
		t.after(() => nodes[i].close());
		await until(() => nodes[0].led, 'the first leads');
	}
	const refused = () => nodes[0].stats().refusedSecret + nodes[1].stats().refusedSecret;

	await until(() => refused() >= 3, 'they try');
	const before = refused();

	await later(1000);
	assert.ok(refused() - before < 40, `${refused() - before} tries a second`);
	assert.equal(nodes[1].nodes.size, 0);
});

test('a folder that others may enter is not used', async (t) => {
	const made = await folder(t);
	const before = process.env.XDG_RUNTIME_DIR;
	const ours = join(made, `leno-${process.getuid()}`);
	const warned = t.mock.method(console, 'warn', () => {});

	await mkdir(ours);
	await chmod(ours, 0o777);
	process.env.XDG_RUNTIME_DIR = made;
	t.after(() => {
		process.env.XDG_RUNTIME_DIR = before ?? '';
		if (before === undefined)
			delete process.env.XDG_RUNTIME_DIR;
	});
	const node = await leno.open({ network: 'local-folder' });

	t.after(() => node.close());
	node.discover('local:');
	await until(() => warned.mock.callCount() > 0, 'a warning');
	assert.match(warned.mock.calls[0].arguments[0], /not ours alone/);
});

test('an open network is not offered by multicast DNS unless it is meant to be', async (t) => {
	const node = await leno.open({ network: 'mdns-test' });

	t.after(() => node.close());
	assert.throws(() => node.discover('mdns:'), { code: 'OPEN_NETWORK' });
	assert.throws(() => node.discover('nothing:'), { code: 'URI' });
});

/* A network with a node of the command and one of Node, of which each prints whom it sees. */
const LAN = `ip link set lo up
	ip link add d0 type veth peer name d1 && ip addr add 10.9.0.1/24 dev d0 &&
	ip link set d0 up multicast on && ip link set d1 up && ip route add 224.0.0.0/4 dev d0 || exit 3
	"$LENO" up --network ataraxia-test --anonymous --json --discover mdns: \\
		--listen tcp://0.0.0.0:0 &
	exec "$NODE" --input-type=module -e "
		const { open } = await import('$INSTALLED/node.js');
		const node = await open({ network: 'ataraxia-test', anonymous: true });
		node.on('node-up', ({ id }) => console.log('node sees ' + id));
		await node.listen('tcp://0.0.0.0:0');
		node.discover('mdns:');
		console.log('node is ' + node.id);"`;
const MAY_UNSHARE = spawnSync('unshare', ['-rn', 'true']).status === 0;

test('a node of the command and one of Node find each other by multicast DNS',
	{ skip: native.skip ?? (MAY_UNSHARE ? false : 'no namespaces here') }, async (t) => {
		const child = spawn('unshare', ['-rn', 'sh', '-c', LAN], { detached: true,
			stdio: ['ignore', 'pipe', 'inherit'],
			env: { ...process.env, NODE: process.execPath, INSTALLED: installed } });
		let said = '';

		child.stdout.setEncoding('utf8').on('data', (text) => { said += text; });
		t.after(() => process.kill(-child.pid, 'SIGKILL'));
		await until(() => /node sees/.test(said) && /"node_up"/.test(said), said, 20000);
		const [, id] = /node is (\S+)/.exec(said);

		assert.ok(said.includes(`"event":"node_up"`) && said.includes(id));
	});

test('messages of multicast DNS are read as they were written', () => {
	const answers = [
		{ name: '_a._sub._leno._tcp.local', type: PTR, ttl: 120, target: 'x-1._leno._tcp.local' },
		{ name: 'x-1._leno._tcp.local', type: SRV, ttl: 120, port: 7400, target: 'h.local' },
		{ name: 'x-1._leno._tcp.local', type: TXT, ttl: 0, texts: ['v=1', 'scheme=tcp'] },
		{ name: 'h.local', type: A, ttl: 70000, address: '10.1.2.255' }
	];
	const questions = [{ name: 'h.local', type: ANY }];
	const read = readMessage(writeMessage({ questions, answers }));

	assert.deepEqual(read.questions, questions);
	assert.deepEqual(read.answers, answers.map((record) => ({ ...record, class: 1 })));
});

/* One answer, a PTR, whose names are these bytes. */
const pointing = (...name) => Uint8Array.from([0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0, ...name]);

test('names may point back, and what is damaged is passed over', () => {
	const rest = [0, 12, 0, 1, 0, 0, 0, 120, 0, 4, 1, 98, 0xc0, 12];
	const [answer] = readMessage(pointing(1, 97, 0, ...rest)).answers;

	assert.deepEqual([answer.name, answer.target], ['a', 'b.a']);
	for (const [why, bytes] of [
		['a name that points at itself', pointing(0xc0, 12, ...rest)],
		['a name that points beyond the end', pointing(0xc1, 0, ...rest)],
		['a label of no kind', pointing(0x80, 0, ...rest)],
		['it ends early', pointing(1, 97, 0, 0, 12)],
		['nothing', new Uint8Array(0)],
		['more records than any has', Uint8Array.from([0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0])]
	])
		assert.equal(readMessage(bytes), undefined, why);
	for (let n = 0; n < 2000; n++)
		readMessage(crypto.getRandomValues(new Uint8Array(n % 64)));
});

test('the tag of a network is its BLAKE2b, that of tests/vectors/mdns.txt too', () => {
	assert.equal(networkTag('home'), 'a05c0ad62f73492b');
	for (const [name, tag] of TAGS) /* every word of the block counts */
		assert.equal(networkTag(name), tag);
});

test('addresses of hosts that offer nothing take no room from those that do', async () => {
	const { Mdns } = await part('node/mdns.js');
	const kept = [], tag = networkTag('home');
	const mdns = new Mdns({ id: 'me', network: 'home' }, { doors: () => [],
		keep: (uri) => kept.push(uri), drop() {} });
	const take = (answers) => mdns.take(writeMessage({ questions: [], answers }));
	for (let i = 0; i < 300; i++)
		take([{ name: `h${i}.local`, type: A, ttl: 120, address: '192.0.2.1' }]);
	const service = '_leno._tcp.local', instance = `you-7400.${service}`;
	take([{ name: `_${tag.slice(0, 8)}._sub.${service}`, type: PTR, ttl: 120, target: instance },
		{ name: instance, type: SRV, ttl: 120, port: 7400, target: 'you.local' },
		{ name: instance, type: TXT, ttl: 120, texts: ['v=1', 'id=you', `net=${tag}`, 'scheme=tcp'] },
		{ name: 'you.local', type: A, ttl: 120, address: '192.0.2.2' }]);
	assert.deepEqual(kept, ['tcp://192.0.2.2:7400']);
});
