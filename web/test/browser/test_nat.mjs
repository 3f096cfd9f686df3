// Two browsers behind two NATs, which are namespaces of this machine: a STUN server that shows each
// what it looks like from outside is enough for a link between their tabs.
//
//   one 192.168.1.2 - NAT 198.51.100.2 - 198.51.100.1 | 198.51.100.5 - NAT 198.51.100.6 - two 192.168.2.2
//                                        leno up, STUN
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import test from 'node:test';
import { absent, begin, inNamespace, noPackage, own, sleep, turnserver, until } from './harness.mjs';

const LINK_MS = 20_000, LONG_MS = 8_000;
const OUTSIDE = '198.51.100.1', PORT = 3478;
const RULES = `
table ip nat { chain post { type nat hook postrouting priority 100; oifname "wan" masquerade; }; }
table ip filter {
	chain in { type filter hook input priority 0; iifname "wan" ct state new drop; }
	chain on { type filter hook forward priority 0; iifname "wan" ct state new drop; }
}`;

const ip = (...args) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
const inside = (namespace, bin, ...args) => execFileSync(...inNamespace(namespace, bin, args),
	{ stdio: ['ignore', 'ignore', 'pipe'] });

/** Whether there may be namespaces here, and NATs in them. */
function able() {
	const name = `leno-${process.pid}-try`;
	try {
		ip('netns', 'add', name);
		inside(name, 'nft', RULES.trim());
		return true;
	} catch {
		return false;
	} finally {
		try {
			ip('netns', 'del', name);
		} catch { /* there is none */ }
	}
}

/** Two ends of one wire: [namespace, device, address] each. */
function wire(...ends) {
	const names = ends.map((_, i) => `lw${process.pid % 10000}${i}`);
	ip('link', 'add', names[0], 'type', 'veth', 'peer', 'name', names[1]);
	ends.forEach(([namespace, device, address], i) => {
		ip('link', 'set', names[i], 'netns', namespace, 'name', device);
		ip('-n', namespace, 'addr', 'add', address, 'dev', device);
		ip('-n', namespace, 'link', 'set', device, 'up');
	});
}

/**
 * { outside, homes } in namespaces that end with the test. Without IPv6, whose addresses come up a
 * second or two after their devices: a browser gives up what it connects at such a change.
 */
function build(t) {
	const name = (what) => `leno-${process.pid}-${what}`;
	const outside = name('net'), homes = [name('home1'), name('home2')];
	const nats = [name('nat1'), name('nat2')], all = [outside, ...homes, ...nats];
	t.after(() => all.forEach((one) => {
		try {
			ip('netns', 'del', one);
		} catch { /* it was not made */ }
	}));
	for (const one of all) {
		ip('netns', 'add', one);
		ip('-n', one, 'link', 'set', 'lo', 'up');
		inside(one, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward; ' +
			'echo 1 | tee /proc/sys/net/ipv6/conf/*/disable_ipv6 || true');
	}
	for (const i of [0, 1]) {
		wire([outside, `to${i}`, `198.51.100.${1 + 4 * i}/30`],
			[nats[i], 'wan', `198.51.100.${2 + 4 * i}/30`]);
		wire([nats[i], 'lan', `192.168.${i + 1}.1/24`], [homes[i], 'eth0', `192.168.${i + 1}.2/24`]);
		ip('-n', nats[i], 'route', 'add', 'default', 'via', `198.51.100.${1 + 4 * i}`);
		ip('-n', homes[i], 'route', 'add', 'default', 'via', `192.168.${i + 1}.1`);
		inside(nats[i], 'nft', RULES.trim());
	}
	return { outside, homes };
}

async function stun(world, bin) {
	const { folder, namespace } = world;
	const child = own(spawn(...inNamespace(namespace, bin, ['-n', '--no-cli', '--no-tls',
		'--no-dtls', '--stun-only', '-L', OUTSIDE, '-p', `${PORT}`, '--log-file', 'stdout',
		'--simple-log', '--pidfile', `${folder}/stun.pid`, '-b', `${folder}/stundb`]),
	{ stdio: ['ignore', 'pipe', 'pipe'] }));
	let said = '';
	world.others.push(child);
	for (const stream of [child.stdout, child.stderr])
		stream.on('data', (data) => { said += data; });
	await until('a STUN server', () => /DB connection success/.test(said)).catch((error) => {
		throw new Error(`${error.message}: ${said}`);
	});
}

const isDirect = (_, name) => node.links().some(({ id, uri }) =>
	id === node.find(name) && uri.startsWith('webrtc://'));

const chatter = async (_, to) => {
	await node.waitFor(to);
	clearInterval(globalThis.chattering);
	globalThis.chattering = setInterval(() =>
		node.trySend(to, 'chatter', new Uint8Array(200)), 50);
};

test('STUN alone leads from behind one NAT to behind another', { skip: absent || noPackage },
	async (t) => {
		const bin = turnserver();
		if (!bin || !able())
			return t.skip(bin ? 'no namespaces, or no nft' : 'no turnserver');
		const { outside, homes } = build(t);
		const worlds = [await begin(t), await begin(t)];
		const [w] = worlds;
		w.namespace = outside;
		const ada = await w.start('up', '--json', '--name', 'ada', '--discover', 'none', '--anonymous',
			'--listen', `ws://${OUTSIDE}:0`, '--www', w.site, '--ws-origin', '*').ready();
		await stun(w, bin);
		const tabs = [];
		for (const [i, world] of worlds.entries()) {
			Object.assign(world, { namespace: homes[i], network: w.network });
			tabs.push(await world.page(ada));
		}
		const [one, two] = tabs;
		const join = async (webrtc) => {
			await one.join(ada, 'one', { webrtc });
			await two.join(ada, 'two', { webrtc });
			await one.run(chatter, 'two');
		};

		await join({});
		await sleep(LONG_MS);
		assert.equal(await one.run(isDirect, 'two'), false);
		for (const tab of tabs)
			await tab.run(() => {
				clearInterval(globalThis.chattering);
				return node.close();
			});
		await join({ iceServers: [{ urls: `stun:${OUTSIDE}:${PORT}` }] });
		const began = Date.now();
		await until('a link', () => one.run(isDirect, 'two'), LINK_MS);
		t.diagnostic(`a link after ${Date.now() - began} ms`);
		for (const world of worlds)
			world.expect(/WebSocket connection to/);
		await ada.kill();
		assert.ok(await one.run(() => node.ping('two')) > 0);
		return undefined;
	});
