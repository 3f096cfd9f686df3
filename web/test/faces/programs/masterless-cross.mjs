// Two servers that connect to each other at once.
import Server from 'leno/masterless';
import { say } from './say.mjs';

const left = new Server('left', { host: '127.0.0.1' });
const right = new Server('right', { host: '127.0.0.1' });
const connects = [0, 0];

left.on('connect', () => connects[0]++);
right.on('connect', () => connects[1]++);
await Promise.all([left, right].map((one) => new Promise((resolve) =>
	one.on('listening', resolve))));
left.connect(right.info());
right.connect(left.info());
setTimeout(() => say({ connects }), 1500);
