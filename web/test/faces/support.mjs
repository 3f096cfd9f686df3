// support.mjs - programs as processes of their own, in a folder where the package is installed:
// what they print is waited for, and they end with the test. LENO_PACKAGE names the package, when
// it is not where the build puts it.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const BUILD = path.join(HERE, '../../../build');
const PACKAGE = path.resolve(process.env.LENO_PACKAGE ?? [process.env.BUILD_DIR,
	path.join(BUILD, 'release'), BUILD].filter(Boolean).map((b) => path.join(b, 'wasm/web/leno'))
	.find(existsSync) ?? '.');
const PROGRAMS = mkdtempSync(path.join(os.tmpdir(), 'leno-programs-'));

cpSync(path.join(HERE, 'programs'), PROGRAMS, { recursive: true });
mkdirSync(path.join(PROGRAMS, 'node_modules'));
symlinkSync(PACKAGE, path.join(PROGRAMS, 'node_modules/leno'));
process.on('exit', () => rmSync(PROGRAMS, { recursive: true, force: true }));

const WAIT_MS = 20000;

/** A namespace with a loopback that has multicast, in which nothing else runs; or undefined. */
export const ALONE = (() => {
	const command = ['unshare', '-rn', 'sh', '-c', 'ip link set lo up && ' +
		'ip link set lo multicast on && ip route add 224.0.0.0/4 dev lo && exec "$@"', 'sh'];

	return spawnSync(command[0], [...command.slice(1), 'true']).status === 0 ? command : undefined;
})();

/** Runs programs/NAME.mjs until the test ends. It prints one JSON value a line. */
export function start(t, name, args = [], { env = {}, within = [] } = {}) {
	const command = [...within, process.execPath, path.join(PROGRAMS, `${name}.mjs`), ...args];
	const child = spawn(command[0], command.slice(1), {
		stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env }, detached: true
	});
	const lines = [];
	const waiting = new Set();
	let rest = '';
	let errors = '';
	let over = false;
	const look = () => [...waiting].forEach((check) => check());

	child.stdout.setEncoding('utf8').on('data', (text) => {
		const parts = (rest + text).split('\n');

		rest = parts.pop();
		lines.push(...parts.filter(Boolean).map((line) => JSON.parse(line)));
		look();
	});
	child.stderr.setEncoding('utf8').on('data', (text) => {
		errors += text;
	});
	const ended = new Promise((resolve) => child.on('close', (code) => {
		over = true;
		look();
		resolve(code);
	}));

	const kill = (signal = 'SIGKILL') => {
		try {
			process.kill(-child.pid, signal); /* and what it has started itself */
		} catch { /* it has ended */ }
	};

	t.after(async () => {
		kill();
		await ended;
	});

	/** The value of the nth line { key: value } that the value satisfies. */
	const again = (key, nth, wanted = () => true) => new Promise((resolve, reject) => {
		const fail = (why) => {
			waiting.delete(check);
			clearTimeout(timer);
			reject(new Error(`${name}: ${why} before "${key}"; it said ${
				JSON.stringify(lines)} ${errors}`));
		};
		const check = () => {
			const found = lines.filter((l) => key in l && wanted(l[key]));

			if (found.length >= nth) {
				waiting.delete(check);
				clearTimeout(timer);
				resolve(found[nth - 1][key]);
			} else if (over) {
				fail('it ended');
			}
		};
		const timer = setTimeout(fail, WAIT_MS, 'nothing more came');

		waiting.add(check);
		check();
	});
	const said = (key, wanted) => again(key, 1, wanted);

	return { child, lines, said, again, ended, kill };
}
