// Asks, starts, hears, stops.
import { Client } from 'leno/askr';
import { say } from './say.mjs';

const client = new Client({ url: `ws://localhost:${process.argv[2]}` });

await client.connect();
say({ fetched: await client.send('fetch') });
let n = 0;
const enough = new Promise((resolve) => client.on('FETCHED_TIME', (data) => {
	say({ event: typeof data });
	if (++n === 3)
		resolve();
}));

say({ started: await client.send('start') ?? null });
await enough;
say({ stopped: await client.send('stop') ?? null });
say({ unknown: await client.send('nothing').catch((error) => error.code) });
await client.close();
