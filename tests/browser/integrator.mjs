import { spawn } from 'node:child_process';
import { createSign, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from './system.mjs';

/** An integrator: a key that signs tokens for the default account, and an HTTPS server that receives requests. */
export class Integrator {
	#folder;
	#key;
	#receiver;
	#port;

	static async start() {
		const self = new Integrator();
		self.#folder = await mkdtemp(join(tmpdir(), 'amphi-integrator-'));
		await self.#listen();
		return self;
	}

	async #listen() {
		this.#receiver = spawn('python3', [`${ROOT}/tests/hooks/receiver.py`, this.#folder], {
			stdio: ['pipe', 'pipe', 'inherit'],
		});
		for await (const line of createInterface({ input: this.#receiver.stdout })) {
			this.#port = Number(/^ready (\d+)$/.exec(line)?.[1]);
			return;
		}
		throw new Error('the receiver does not start');
	}

	/** Settings under which a system calls our server. */
	get settings() {
		return { hook_allowed: '["localhost"]', hook_authorities: JSON.stringify(join(this.#folder, 'authority.pem')) };
	}

	/** Sets the answers, in the form that receiver.py describes. */
	url(program) {
		return `https://localhost:${this.#port}/${program}`;
	}

	/** The POST requests so far: the path and the JSON. */
	async asked() {
		const lines = (await readFile(join(this.#folder, 'log.jsonl'), 'utf8')).trim().split('\n');
		return lines
			.map((line) => JSON.parse(line))
			.flatMap(({ method, path, body }) => (method === 'POST' ? [{ path, body: JSON.parse(body) }] : []));
	}

	/** Registers the public key. */
	async register(system) {
		const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
		this.#key = privateKey;
		const file = join(this.#folder, 'key.pub');
		await writeFile(file, publicKey.export({ type: 'spki', format: 'pem' }));
		await system.amphictl('key', 'add', 'default', file);
	}

	token(claims) {
		const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
		const signed = `${part({ typ: 'JWT', alg: 'RS256' })}.${part(claims)}`;
		return `${signed}.${createSign('RSA-SHA256').update(signed).sign(this.#key, 'base64url')}`;
	}

	async stop() {
		this.#receiver?.kill('SIGKILL');
		await rm(this.#folder, { recursive: true, force: true });
	}
}
