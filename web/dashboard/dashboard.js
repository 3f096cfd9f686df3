// Shows that the core runs under this page's policy.
const module = await WebAssembly.compileStreaming(fetch('/leno/leno.wasm'));
const count = WebAssembly.Module.exports(module).length;

document.getElementById('status').textContent = `The core is here: ${count} functions.`;
