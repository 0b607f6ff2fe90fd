// relay.mjs FROM TO: carries connections from one end to the other, each a port of this namespace's localhost or a socket
// in the file system, which has no namespaces. So a page is loaded as http://localhost from beside the link, and only media
// are on it.
import net from 'node:net';
import { fileURLToPath } from 'node:url';

/** from, to: where net.Server.listen() and net.connect() are told to. */
export function relay(from, to) {
	// At once: else a message waits for what was sent before it to be acknowledged, 40 ms.
	const noDelay = true;
	const server = net.createServer({ noDelay }, (near) => {
		const far = net.connect({ ...to, noDelay });
		near.pipe(far).pipe(near);
		for (const [one, other] of [[near, far], [far, near]]) {
			one.on('error', () => other.destroy());
			one.on('close', () => other.destroy());
		}
	});
	return new Promise((resolve, reject) => {
		server.on('error', reject);
		server.listen(from, () => resolve(server));
	});
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const [from, to] = process.argv.slice(2).map((end) => (end.includes('/') ? { path: end } : { port: Number(end), host: '127.0.0.1' }));
	await relay(from, to);
	console.log('ready');
}
