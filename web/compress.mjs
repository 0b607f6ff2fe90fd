// Puts a .br and a .gz next to each text file of the build; the control plane sends the one that a browser accepts.
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';

const FOLDER = new URL('dist/', import.meta.url);
const WORTH_BYTES = 1024; // anything smaller fits into one packet anyway

for (const name of await readdir(FOLDER, { recursive: true })) {
	const path = new URL(name, FOLDER).pathname;
	if (!/\.(html|js|mjs|css|svg|json|wasm)$/.test(name) || (await stat(path)).size < WORTH_BYTES) continue;
	const content = await readFile(path);
	await writeFile(`${path}.br`, await promisify(brotliCompress)(content));
	await writeFile(`${path}.gz`, await promisify(gzip)(content, { level: 9 }));
}
