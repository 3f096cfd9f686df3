// What a pipe may be given follows how fast it is, between two bounds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Room } from '../src/room.js';

const LEAST = 256 * 1024, MOST = 2 * 1024 * 1024;

// Looks every 4 ms at a pipe that takes so many bytes in each, and is given all that it may have.
function run(room, bytes, times, from = 0) {
	let left = 0;
	for (let i = 0; i < times; i++) {
		room.given(room.full - left);
		left = Math.max(room.full - bytes, 0);
		room.look(left, from + 4 * (i + 1));
	}
	return left;
}

test('who is fast gets more than it can lose until the next look', () => {
	const room = new Room(MOST);
	const left = run(room, LEAST, 20);

	assert.ok(room.full > 3 * LEAST && room.full < 5 * LEAST, String(room.full));
	assert.ok(left > room.low);
});

test('who is slow, or slow again, gets the least', () => {
	const room = new Room(MOST);

	run(room, 1000, 20);
	assert.equal(room.full, LEAST);
	run(room, LEAST, 20, 100);
	assert.ok(room.full > LEAST);
	run(room, 1000, 5, 200);
	assert.equal(room.full, LEAST);
});

test('nobody gets more than the most', () => {
	const room = new Room(MOST);

	run(room, 100 * MOST, 20);
	assert.equal(room.full, MOST);
});

test('two looks at nearly one moment say nothing of speed', () => {
	const room = new Room(MOST);

	room.look(0, 10);
	room.given(LEAST);
	room.look(0, 11);
	assert.equal(room.full, LEAST);
	room.look(0, 12);
	assert.ok(room.full > LEAST);
});
