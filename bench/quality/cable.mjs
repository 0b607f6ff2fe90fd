import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../../tests/browser/system.mjs';
import { until } from '../../tests/browser/wait.mjs';

const LINK = `${ROOT}/build/release/tests/link/amphi-link`;
const TRACE_S = 120;

/** A trace of this kind, always the same. */
export const traceText = (kind) => execFileSync(LINK, ['trace', kind, '--seconds', String(TRACE_S)]).toString();

const hasCarrier = (namespace) =>
	execFileSync('ip', ['-n', namespace, 'link', 'show', 'eth0', 'up']).toString().includes('state UP');

/** A bad cable laid by tests/link/between, with the namespaces at its ends. It lasts until close(). */
export class Cable {
	#between;
	#ended;
	#errors = [];
	#folder;
	#environment;

	/** via: the interface that leads to the data plane; without it, the other end has a namespace, too. */
	static async lay({ via, first }) {
		const self = new Cable();
		try {
			await self.#lay(via, first);
		} catch (error) {
			await self.close();
			throw error;
		}
		return self;
	}

	async #lay(via, first) {
		this.#folder = await mkdtemp(join(tmpdir(), 'amphi-quality-'));
		const options = [...(via ? ['--via', via] : []), '--here', '--log', join(this.#folder, 'log')];
		// The cable ends when its standard input does, and so with this process, however that ends.
		const command = ['sh', '-c', 'env | grep ^AMPHI_; echo laid; exec cat'];
		this.#between = spawn('setpriv', ['--pdeathsig', 'TERM', `${ROOT}/tests/link/between`, ...options, '--', ...command], {
			env: { ...process.env, AMPHI_LINK: LINK },
		});
		createInterface({ input: this.#between.stderr }).on('line', (line) => this.#errors.push(line));
		this.#ended = new Promise((resolve) => {
			this.#between.on('exit', resolve);
			this.#between.on('error', resolve);
		});
		const lines = [];
		await new Promise((resolve, reject) => {
			createInterface({ input: this.#between.stdout }).on('line', (line) =>
				line === 'laid' ? resolve() : lines.push(line),
			);
			void this.#ended.then(() => reject(new Error(`tests/link/between ended: ${this.#errors.join('; ')}`)));
		});
		this.#environment = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s)));
		// Browsers look at their interfaces once, and skip those without a carrier. A new interface has none
		// for a second.
		for (const end of [this.client, this.server].filter(Boolean))
			await until(`${end} to have a carrier`, () => hasCarrier(end));
		await this.tell(first);
	}

	get client() {
		return this.#environment.AMPHI_CLIENT;
	}

	get server() {
		return this.#environment.AMPHI_SERVER;
	}

	/** Where the server's end listens to the client. */
	get serverAddress() {
		return this.#environment.AMPHI_SERVER_ADDRESS;
	}

	/** Changes the direction to the client or, if a line begins with "up", from it. */
	async tell(lines) {
		for (const line of lines) {
			const [, way, what] = /^(?:(up|down) )?(.*)$/.exec(line);
			this.#say(`${way ?? 'down'} ${await this.#withFile(what)}`);
		}
	}

	/** How long the cable has existed: the clock of its log. */
	async seconds() {
		const before = await this.#reports();
		this.#say('report');
		const reports = await until(
			'a report of amphi-link',
			async () => {
				const now = await this.#reports();
				return now.length > before.length && now;
			},
			{ every: 10 },
		);
		return JSON.parse(reports.at(-1)).seconds;
	}

	/** Ends it, and returns bytes and queueing times of the packets to the client, per second. */
	async close() {
		if (this.#between && this.#between.exitCode === null && this.#between.signalCode === null) {
			this.#between.stdin.end();
			await this.#ended;
		}
		if (!this.#folder) return [];
		const log = await readFile(join(this.#folder, 'log'), 'utf8').catch(() => '');
		await rm(this.#folder, { recursive: true, force: true });
		return log
			.split('\n')
			.filter((line) => line.includes('"way":"down"') && line.includes('queue_ms'))
			.map((line) => JSON.parse(line));
	}

	#say(line) {
		const control = openSync(this.#environment.AMPHI_LINK_CONTROL, 'w');
		writeSync(control, `${line}\n`);
		closeSync(control);
	}

	async #reports() {
		const text = await readFile(this.#environment.AMPHI_LINK_FIGURES, 'utf8');
		return text.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
	}

	async #withFile(line) {
		const kind = /^trace (\w+)$/.exec(line)?.[1];
		if (!kind) return line;
		const path = join(this.#folder, kind);
		await writeFile(path, traceText(kind));
		return `trace ${path}`;
	}
}
