import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from './wait.mjs';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');

/** The tests' own system, next to the developer's: its names, networks and port come from this number. */
const INSTANCE = process.env.AMPHI_TEST_INSTANCE ?? '231';
/** Settings for tests only. */
const OURS = { unknown_hosts: '"default"', metrics_addresses: '[ "127.0.0.1", "::1" ]' };
const START_MS = 120_000; // including what is left to build
const STOP_MS = 15_000;
const execute = promisify(execFile);

/** The running system, as scripts/run supervises it. */
export class System {
	#supervisor;
	#exited;
	#temporary;
	#stderr = [];
	#kills = { dataplane: 0, controlplane: 0, recorder: 0, demo: 0 };
	/** Where this system keeps its sockets, and will serve pages. */
	runtime = `/run/amphi-${INSTANCE}`;
	address = `http://localhost:${8080 + Number(INSTANCE)}`;
	/** Where it serves them, with the right scheme, once it is ready. */
	url;
	/** The address of the demo, soon after the start with --demo. */
	demo;

	/** settings: lines of the configuration to replace, by their names. options: of scripts/run. */
	static async start({ settings, options } = {}) {
		const system = new System();
		try {
			await system.launch({ settings, options });
		} catch (error) {
			await system.stop().catch(() => {});
			throw error;
		}
		return system;
	}

	/** The interface that leads to the data plane. */
	interface = `amphi-${INSTANCE}-0`;

	/** Resolves when browsers may connect. The caller must call stop(). */
	async launch({ settings = {}, options = [] } = {}) {
		this.#temporary = await mkdtemp(join(tmpdir(), 'amphi-browser-'));
		const config = join(this.#temporary, 'amphi.conf');
		await writeFile(config, configure(await readFile(`${ROOT}/shared/amphi.conf`, 'utf8'), { ...OURS, ...settings }));

		// However this process ends, the supervisor is told and cleans up.
		const run = [`${ROOT}/scripts/run`, '--instance', INSTANCE, '--config', config, ...options];
		this.#supervisor = spawn('setpriv', ['--pdeathsig', 'TERM', ...run], { stdio: ['ignore', 'pipe', 'pipe'] });
		createInterface({ input: this.#supervisor.stderr }).on('line', (line) => this.#stderr.push(line));
		this.#exited = new Promise((resolve) => {
			this.#supervisor.on('exit', (code, signal) => resolve(code ?? signal));
			this.#supervisor.on('error', resolve);
		});

		this.url = await new Promise((resolve, reject) => {
			const timer = setTimeout(() => reject(new Error(`the system is not ready\n${this.log}`)), START_MS);
			createInterface({ input: this.#supervisor.stdout }).on('line', (line) => {
				this.demo ??= /^demo (http\S+)$/.exec(line)?.[1];
				const url = /^ready (http\S+)$/.exec(line)?.[1];
				if (!url) return;
				clearTimeout(timer);
				resolve(url);
			});
			void this.#exited.then((how) => {
				clearTimeout(timer);
				reject(new Error(`scripts/run ended (${how})\n${this.log}`));
			});
		});
	}

	/** The supervisor's output. */
	get log() {
		return this.#stderr.join('\n');
	}

	/** The last lines of a process's log. */
	async tail(name, lines = 40) {
		const text = await readFile(`${ROOT}/build/run-${INSTANCE}/${name}.log`, 'utf8').catch(String);
		return text.split('\n').slice(-lines).join('\n');
	}

	async pid(name) {
		const { pid } = this.#supervisor;
		const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ');
		for (const child of children) {
			const command = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '');
			if (command.split('\0')[0].endsWith(`/amphi-${name}`)) return Number(child);
		}
		return undefined;
	}

	/** Ends a process as a crash would; resolves when the next one runs. */
	async kill(name) {
		const pid = await until(`amphi-${name} to run`, () => this.pid(name));
		this.#kills[name]++;
		process.kill(pid, 'SIGKILL');
		await until(`another amphi-${name}`, async () => {
			const next = await this.pid(name);
			return next !== undefined && next !== pid;
		});
	}

	/** Cuts the browsers' path to the data plane, like a pulled plug, or restores it. */
	async plug(state) {
		await execute('ip', ['link', 'set', this.interface, state]);
	}

	/** Changes accounts as an operator does; resolves to what it printed. */
	async amphictl(...args) {
		const binary = `${ROOT}/build/release/controlplane/amphictl`;
		const { stdout } = await execute(binary, [...args, '--socket', `${this.runtime}/admin.sock`]);
		return stdout.trim();
	}

	/** A REST request about a room; the answer's body is JSON or text. */
	async rest(path, options) {
		const response = await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(10_000), ...options });
		const text = await response.text();
		const json = response.headers.get('content-type')?.startsWith('application/json');
		return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text };
	}

	/** A number from /metrics, summed over all its labels, or over those that contain this text. */
	async metric(name, label = '') {
		const { status, body } = await this.rest('/metrics');
		const lines = body.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(label));
		if (lines.length === 0) throw new Error(`/metrics answers ${status}, and says nothing of ${name}`);
		return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
	}

	/**
	 * Media packets that were lost because this machine was too busy: dropped at a browser's socket, on the way to it, or
	 * by the data plane; including packets that the data plane never got and requested again.
	 */
	async missed() {
		const busy = ['late', 'tx_full', 'handover_full', 'no_buffers'];
		const counts = await Promise.all([
			kernelDrops(),
			this.metric('amphi_dataplane_nacks_sent_packets_total'),
			...busy.map((reason) => this.metric('amphi_dataplane_dropped_packets_total', `reason="${reason}"`)),
		]);
		return counts.reduce((a, b) => a + b);
	}

	/** Ends everything. Fails if a process died that nobody killed. */
	async stop() {
		const running = this.#supervisor;
		if (running && running.exitCode === null && running.signalCode === null) {
			running.kill('SIGTERM');
			const timer = setTimeout(() => running.kill('SIGKILL'), STOP_MS);
			await this.#exited;
			clearTimeout(timer);
		}
		if (this.#temporary) await rm(this.#temporary, { recursive: true, force: true });

		for (const [name, kills] of Object.entries(this.#kills)) {
			const deaths = this.#stderr.filter((line) => line.startsWith(`run: amphi-${name} ended`)).length;
			if (deaths !== kills) throw new Error(`amphi-${name} died ${deaths} times, of them ${kills} by the test`);
		}
	}
}

/** Packets for programs on this machine that found a full buffer. */
async function kernelDrops() {
	const [names, values] = (await readFile('/proc/net/snmp', 'utf8'))
		.split('\n')
		.filter((line) => line.startsWith('Udp: '))
		.map((line) => line.split(' '));
	const udp6 = /^Udp6RcvbufErrors\s+(\d+)/m.exec(await readFile('/proc/net/snmp6', 'utf8').catch(() => ''))?.[1] ?? 0;
	const backlog = (await readFile('/proc/net/softnet_stat', 'utf8'))
		.trim()
		.split('\n')
		.map((line) => parseInt(line.split(' ')[1], 16));
	return Number(values[names.indexOf('RcvbufErrors')]) + Number(udp6) + backlog.reduce((a, b) => a + b);
}

function configure(text, settings) {
	for (const [name, value] of Object.entries(settings)) {
		const line = new RegExp(`^(\\s*${name} = ).*;$`, 'mg');
		if (text.match(line)?.length !== 1) throw new Error(`shared/amphi.conf has no single line for ${name}`);
		text = text.replace(line, (_, start) => `${start}${value};`);
	}
	return text;
}
