// What the test reads: one JSON object a line.
export function say(object) {
	process.stdout.write(`${JSON.stringify(object)}\n`);
}
