// Runs one wasm test program under Node: run.mjs SOURCE_DIR FILE.wasm [ARGUMENT...]
// The tree is /src inside. The exit code is the program's; a trap is 1.
import { readFile } from 'node:fs/promises';
import { WASI } from 'node:wasi';

const [source, file, ...args] = process.argv.slice(2);
if (!file) {
	console.error('usage: run.mjs SOURCE_DIR FILE.wasm [ARGUMENT...]');
	process.exit(2);
}
const wasi = new WASI({
	version: 'preview1',
	args: [file, ...args],
	env: { LENO_SEEDS: process.env.LENO_SEEDS ?? '', LENO_WASM: '1' },
	preopens: { '/src': source },
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
