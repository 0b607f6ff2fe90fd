// relay.mjs FROM TO: relays connections from one end to the other. Each end is a port on this namespace's localhost or
// a socket in the file system, which all namespaces share. So a page is loaded as http://localhost around the link, and
// the link carries only media.
import net from 'node:net';
import { fileURLToPath } from 'node:url';

/** from, to: arguments of net.Server.listen() and net.connect(). */
export function relay(from, to) {
	// Without Nagle's algorithm: otherwise a message waits 40 ms until earlier data is acknowledged.
	const noDelay = true;
	const server = net.createServer({ noDelay }, (near) => {
		const far = net.connect({ ...to, noDelay });
		near.pipe(far).pipe(near);
		for (const [one, other] of [
			[near, far],
			[far, near],
		]) {
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
	const [from, to] = process.argv
		.slice(2)
		.map((end) => (end.includes('/') ? { path: end } : { port: Number(end), host: '127.0.0.1' }));
	await relay(from, to);
	console.log('ready');
}
