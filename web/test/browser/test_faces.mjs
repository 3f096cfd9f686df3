// The faces in pages: a Netflux group of tabs and a bot of Node, Ataraxia's services between tabs
// of one origin, an AnySocket client in a tab.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { start } from '../faces/support.mjs';
import { absent, begin, noPackage, until } from './harness.mjs';

const skip = absent || noPackage;

/** What a page has said so far, of a kind. */
const said = (tab, kind) => tab.run((leno, which) => globalThis.said
	.filter(([name]) => name === which).map(([, value]) => value), kind);

const joinGroup = (tab, key, bot) => tab.run(async (leno, { key: name, bot: url }) => {
	const { WebGroup, WebGroupState } = await import('/leno/faces/netflux.js');
	const wg = globalThis.wg = new WebGroup();

	globalThis.said = [];
	wg.onMemberJoin = (id) => {
		said.push(['joined', id]);
		wg.sendTo(id, 'Hello, my name is Bob');
	};
	wg.onMemberLeave = (id) => said.push(['left', id]);
	wg.onMessage = (id, data) =>
		said.push(['message', [id, data.length > 100 ? data.length : data]]);
	wg.onStateChange = (state) => {
		said.push(['state', state]);
		if (state !== WebGroupState.JOINED)
			return;
		if (url)
			wg.invite(url);
		wg.send('Hello everybody. I have just joined the group.');
	};
	wg.join(name);
}, { key, bot });

const member = (tab) => until('a member', () => tab.run(() => wg.state === 1 && wg.myId));

test('a group of tabs, at the server of their page, and a bot that one of them invites', { skip },
	async (t) => {
		const w = await begin(t);
		const ada = await w.up('ada', '--network', 'netflux');
		const [one, two] = await w.pages(2, ada);
		const key = randomUUID();
		const bot = start(t, 'netflux-bot');
		const url = `ws://127.0.0.1:${await bot.said('port')}`;

		await joinGroup(one, key);
		const first = await member(one);

		await joinGroup(two, key, url);
		const second = await member(two);
		const has = (tab, kind, is) => until(`${kind} of a tab`, async () =>
			(await said(tab, kind)).some(is));

		await has(one, 'joined', (id) => id === second);
		await has(two, 'message', ([id, text]) => id === first && /Bob/.test(text));
		await has(one, 'message', ([id, text]) => id === second && /just joined/.test(text));
		assert.equal(await bot.said('group'), key);
		await has(one, 'message', ([, text]) => text === 'I am a bot');
		await bot.said('message', ([id, text]) => id === first && /Bob/.test(text));
		await one.run(() => wg.send('x'.repeat(1_200_000)));
		await has(two, 'message', ([id, size]) => id === first && size === 1_200_000);

		await two.run(() => wg.leave());
		await has(one, 'left', (id) => id === second);
		await has(two, 'state', (state) => state === 3);
	});

const ECHO = `async (leno, { network, serve }) => {
	const { MachineLocalTransport, Network, ServiceContract, Services, stringType } =
		await import('/leno/faces/ataraxia.js');
	const net = new Network({ name: network, webrtc: false,
		transports: [new MachineLocalTransport({
			onLeader: () => { globalThis.leads = true; } })] });
	const services = globalThis.services = new Services(net);

	await net.join();
	await services.join();
	const EchoService = globalThis.EchoService = new ServiceContract().defineMethod('echo',
		{ returnType: stringType, parameters: [{ name: 'message', type: stringType }] });

	if (serve)
		services.register('echo', EchoService.implement({ echo: async (text) => text }));
	return net.networkId;
}`;

test('tabs of one origin are a network of Ataraxia', { skip }, async (t) => {
	const w = await begin(t);
	const ada = await w.up('ada');
	const context = await w.shared();
	const [one, two] = await w.pages(2, ada, { context });

	assert.notEqual(await one.run(ECHO, { network: w.network, serve: true }),
		await two.run(ECHO, { network: w.network, serve: false }));
	const answer = await two.run(async () => {
		const echo = services.get('echo');

		if (!echo.available)
			await new Promise((resolve) => { echo.onAvailable(resolve); });
		return [await echo.call('echo', 'Hello world'), await echo.as(EchoService).echo('again')];
	});

	assert.deepEqual(answer, ['Hello world', 'again']);
	assert.deepEqual(await Promise.all([one, two].map((tab) =>
		tab.run(() => Boolean(globalThis.leads)))), [true, false]);
});

test('a tab is a client of AnySocket', { skip }, async (t) => {
	const w = await begin(t);
	const ada = await w.up('ada');
	const tab = await w.page(ada);
	const server = start(t, 'anysocket-server');
	const found = await tab.run(async (leno, port) => {
		const { default: AnySocket } = await import('/leno/faces/anysocket.js');
		const client = new AnySocket();
		const peer = await client.connect('ws', '127.0.0.1', port);
		const { msg } = await peer.send('question', true);

		await peer.e2e();
		return [msg, await peer.rpc.hello.world.user('tab'), peer.isE2EEnabled()];
	}, await server.said('port'));

	assert.deepEqual(found, [{ answer: 'question' }, 'Hello World, tab (string)', true]);
});
