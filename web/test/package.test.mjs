// The package as npm would pack it: nothing is left out that it needs, and nothing else is in it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { folder } from './support.mjs';

const all = readdirSync(folder, { recursive: true, withFileTypes: true })
	.filter((entry) => entry.isFile())
	.map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name))).sort();

function npm(...args) {
	try {
		return execFileSync('npm', args, { cwd: folder, encoding: 'utf8',
			stdio: ['ignore', 'pipe', 'ignore'] });
	} catch (error) {
		if (error.code === 'ENOENT')
			return undefined;
		throw error;
	}
}

test('what is packed is all that was built', (t) => {
	const said = npm('pack', '--dry-run', '--json', '--offline');
	if (said === undefined)
		return t.skip('no npm');
	assert.deepEqual(JSON.parse(said)[0].files.map(({ path }) => path).sort(), all);
	return undefined;
});

test('it has both modules, the terms of both authors, and what its exports name', () => {
	for (const name of ['leno.wasm', 'argon2.wasm', 'LICENSE', 'LICENSE.libsodium'])
		assert.ok(all.includes(name), name);
	const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
	for (const target of Object.values(exports).flatMap((e) => typeof e === 'string' ? e
		: Object.values(e)))
		assert.ok(existsSync(join(folder, target)), target);
});

test('it needs no other package, and runs nothing when it is installed', () => {
	const { dependencies, scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
	assert.equal(dependencies ?? scripts, undefined);
});
