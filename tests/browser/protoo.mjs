import { PATIENCE_MS } from './wait.mjs';

/** An error answer of the server. */
class Refused extends Error {
	constructor(method, { errorCode, errorReason }) {
		super(`${method}: ${errorCode} ${errorReason}`);
		this.code = errorCode;
		this.reason = errorReason;
	}
}

/** A participant without a browser: only the signaling, by hand. */
export class Protoo {
	#socket;
	#pending = new Map();
	#next = 1;
	/** Resolves with the close code. */
	closed;

	/** Opens a WebSocket to /call/ or /webinar/ with these query values. */
	static async connect(url, kind, query) {
		const protoo = new Protoo();
		const address = `${url.replace(/^http/, 'ws')}/${kind}/?${new URLSearchParams(query)}`;
		const socket = new WebSocket(address, { protocols: ['protoo'], headers: { Origin: url } });
		protoo.#socket = socket;
		protoo.closed = new Promise((resolve) => {
			socket.addEventListener('close', ({ code }) => {
				resolve(code);
				for (const { reject } of protoo.#pending.values()) reject(new Error(`closed with ${code}`));
			});
		});
		socket.addEventListener('message', ({ data }) => protoo.#received(JSON.parse(data)));
		await new Promise((resolve, reject) => {
			socket.addEventListener('open', resolve);
			socket.addEventListener('error', () => reject(new Error(`no WebSocket to ${address}`)));
		});
		return protoo;
	}

	/** Joins without sending or receiving media. */
	async join(displayName) {
		return this.request('join', { displayName, device: { flag: 'test', name: 'test', version: '1' } });
	}

	async request(method, data = {}) {
		const id = this.#next++;
		const answer = new Promise((resolve, reject) => this.#pending.set(id, { method, resolve, reject }));
		this.#socket.send(JSON.stringify({ request: true, id, method, data }));
		const timer = setTimeout(() => this.#pending.get(id)?.reject(new Error(`${method}: no answer`)), PATIENCE_MS);
		return answer.finally(() => {
			clearTimeout(timer);
			this.#pending.delete(id);
		});
	}

	#received(message) {
		if (message.request) this.#socket.send(JSON.stringify({ response: true, id: message.id, ok: true, data: {} }));
		if (!message.response) return;
		const { method, resolve, reject } = this.#pending.get(message.id) ?? {};
		if (message.ok) resolve?.(message.data ?? {});
		else reject?.(new Refused(method, message));
	}

	async close() {
		this.#socket.close(1000);
		await this.closed;
	}
}
