// Netflux's README, told by leno: members, a bot that is invited, leaving and rejoining.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { start } from './support.mjs';

const LEFT = 3;

test('members greet each other, a bot is invited, one leaves', async (t) => {
	const meeting = await start(t, 'signaling').said('uri');
	const key = randomUUID();
	const bot = start(t, 'netflux-bot');
	const url = `ws://127.0.0.1:${await bot.said('port')}`;
	const one = start(t, 'netflux-member', [meeting, key]);
	const first = await one.said('id');
	const two = start(t, 'netflux-member', [meeting, key, url]);
	const second = await two.said('id');

	assert.equal(await one.said('joined'), second);
	assert.deepEqual(one.lines.find((line) => line.joined === second).members, [first, second]);
	await two.said('message', ([id, text]) => id === first && /Bob/.test(text));
	await two.said('message', ([id, size]) => id === first && size === 1_200_000);
	await one.said('message', ([id, text]) => id === second && /just joined/.test(text));
	await one.said('message', ([id, bytes]) => id === second && String(bytes) === '1,2,3');

	assert.equal(await bot.said('group'), key);
	assert.equal(await bot.said('joining'), true);
	await bot.said('joined', (id) => id === second);
	await two.said('message', ([, text]) => text === 'I am a bot');
	two.kill();
	await bot.said('state');
	await one.said('left', (id) => id === second);
});

test('who leaves is as new, and the others see it at once', async (t) => {
	const meeting = await start(t, 'signaling').said('uri');
	const key = randomUUID();
	const one = start(t, 'netflux-member', [meeting, key]);
	const first = await one.said('id');
	const two = start(t, 'netflux-leaver', [meeting, key]);

	await one.said('left');
	await two.said('state', (state) => state === LEFT);
	assert.deepEqual(await two.said('gone'), ['', 0, 0, []]);
	assert.deepEqual(one.lines.find((line) => 'left' in line).members, [first]);
});

test('a group whose meeting point is lost is joined again by itself', async (t) => {
	const first = start(t, 'signaling');
	const uri = await first.said('uri');
	const key = randomUUID();
	const one = start(t, 'netflux-member', [uri, key]);
	const two = start(t, 'netflux-member', [uri, key]);
	const states = (member) => member.lines.filter((line) => 'state' in line).map((l) => l.state);

	for (const member of [one, two]) {
		await member.said('joined');
		await member.said('id');
	}
	first.kill();
	await one.said('left');
	await two.said('left');
	assert.deepEqual(states(one), [0, 1, 0]);
	await start(t, 'signaling', [new URL(uri).port]).said('uri');
	await one.again('joined', 2);
	await two.again('joined', 2);
	await one.again('id', 2);
	assert.deepEqual(states(one), [0, 1, 0, 1]);
	await two.again('message', 2, ([, text]) => /Bob/.test(text));
});
