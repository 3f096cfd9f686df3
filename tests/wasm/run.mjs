// Runs one wasm test program under Node: run.mjs SOURCE_DIR FILE.wasm [ARGUMENT...]
// The tree is /src inside, and the public vectors, where there are any, /vectors.
// The exit code is the program's; a trap is 1.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WASI } from 'node:wasi';

const [source, file, ...args] = process.argv.slice(2);
if (!file) {
	console.error('usage: run.mjs SOURCE_DIR FILE.wasm [ARGUMENT...]');
	process.exit(2);
}
const vectors = process.env.LENO_VECTORS ?? join(source, '../shared/vectors');
const seen = existsSync(vectors) ? { '/vectors': vectors } : {};
const wasi = new WASI({
	version: 'preview1',
	args: [file, ...args],
	env: { ...process.env, SOURCE_DIR: '/src', LENO_VECTORS: '/vectors' },
	preopens: { '/src': source, ...seen },
	returnOnExit: true,
});
const imports = {
	wasi_snapshot_preview1: wasi.wasiImport,
	env: { host_random: () => { throw new Error('the core asked its host for randomness'); } },
};
try {
	const module = await WebAssembly.compile(await readFile(file));
	process.exitCode = wasi.start(await WebAssembly.instantiate(module, imports));
} catch (error) {
	console.error(`${file}: ${error.stack ?? error}`);
	process.exitCode = 1;
}
