// Runs two programs where it runs itself, and marks what they say with a and b.
import { spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { say } from './say.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));

process.argv.slice(2).forEach((name, i) => {
	const child = spawn(process.execPath, [path.join(here, `${name}.mjs`)],
		{ stdio: ['ignore', 'pipe', 'inherit'] });

	readline.createInterface({ input: child.stdout }).on('line', (line) =>
		say({ [i === 0 ? 'a' : 'b']: JSON.parse(line) }));
	process.on('exit', () => child.kill());
});
