import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('download.py', import.meta.url));

/** Runs one end of it in a namespace, or in this one. Resolves to the first line that it prints. */
function end(cleaner, namespace, args) {
	const command = [...(namespace ? ['ip', 'netns', 'exec', namespace] : []), 'python3', SCRIPT, ...args];
	const child = spawn('setpriv', ['--pdeathsig', 'TERM', ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
	cleaner.push(() => child.kill());
	return new Promise((resolve, reject) => {
		createInterface({ input: child.stdout }).once('line', resolve);
		child.once('error', reject);
		child.once('exit', (status) => reject(new Error(`download.py ${args.join(' ')} ended with ${status}`)));
	});
}

/** One TCP connection from the server's end of a cable to the client's, which sends until the cleaner ends it. */
export class Download {
	static async begin(cable, cleaner) {
		const port = await end(cleaner, cable.server, ['serve', cable.serverAddress]);
		await end(cleaner, cable.client, ['take', cable.serverAddress, port]);
	}
}
