import { Peer, WebSocketTransport } from 'protoo-client';
import { Heartbeat } from './heartbeat';
import { latest } from './websocket';
import type { NotificationHandlers, Requests, ServerRequests } from './messages';

/** The first retries come fast, later ones every two seconds, for as long as the page is open. */
const RETRY = { forever: true, retries: 8, factor: 1.6, minTimeout: 300, maxTimeout: 2000 };

/** Requests on the way in. Any other request, from a page that has not resumed, would cost it its session. */
const ENTERING: ReadonlySet<keyof Requests> = new Set([
	'ping',
	'getRouterRtpCapabilities',
	'createWebRtcTransport',
	'join',
	'resume',
]);

/** A server that has not answered by then will not answer. */
const SILENCE_MS = 4000;

type RequestHandlers = { [M in keyof ServerRequests]: (data: ServerRequests[M]) => Promise<object | void> };

export interface ConnectionEvents {
	/** The WebSocket is open, for the first time or again. */
	open(): void;
	/** The WebSocket broke; the connection is being made again. */
	lost(): void;
	/** The server has fallen silent, though the WebSocket is open … */
	stalled(): void;
	/** … and now it responds again. */
	recovered(): void;
	/** An attempt to connect failed; there will be another. */
	failed(): void;
	/** The server closed the session for good. */
	closed(): void;
	requests: RequestHandlers;
	notifications: NotificationHandlers;
}

/** The WebSocket broke before the answer arrived: it is unknown whether the server carried out the request. */
class ConnectionLost extends Error {}

/** One protoo connection to the room. It reconnects by itself; its owner decides what that means for the room. */
export class Connection {
	readonly #peer: Peer;
	#closed = false;
	/** On this WebSocket. */
	#entered = false;
	/** Rejects pending requests of a WebSocket that broke; protoo-client would let them time out. */
	#abort = new AbortController();
	/** Requests that continue once the server has admitted us again. */
	#waiting: { proceed: () => void; fail: (error: Error) => void }[] = [];

	readonly #heartbeat: Heartbeat;

	constructor(url: string, events: ConnectionEvents) {
		this.#peer = new Peer(new WebSocketTransport(url, { retry: RETRY }));
		this.#heartbeat = new Heartbeat({
			ask: () => this.request('ping', {}),
			stalled: events.stalled,
			recovered: events.recovered,
			dead: () => latest?.abandon(),
		});
		this.#peer.on('open', () => events.open());
		this.#peer.on('disconnected', () => {
			this.#entered = false;
			this.#heartbeat.stop();
			this.#abort.abort();
			this.#abort = new AbortController();
			events.lost();
		});
		this.#peer.on('failed', () => events.failed());
		this.#peer.on('close', () => {
			this.#heartbeat.stop();
			this.#abort.abort();
			if (!this.#closed) events.closed();
		});
		this.#peer.on('notification', ({ method, data }) => {
			this.#heartbeat.hear();
			// Earlier requests are held until the admission is decided.
			if (method === 'admitted' || method === 'waiting') this.#heartbeat.start();
			// The page ignores notifications that it does not know (versions, scores).
			const handlers = events.notifications as Record<string, ((data: unknown) => void) | undefined>;
			if (Object.hasOwn(handlers, method)) handlers[method]?.(data ?? {});
		});
		this.#peer.on('request', ({ method, data }, accept, reject) => {
			this.#heartbeat.hear();
			const handlers = events.requests as Record<string, ((data: unknown) => Promise<object | void>) | undefined>;
			const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined;
			if (!handler) {
				reject(404, `unknown method: ${method}`);
				return;
			}
			handler(data ?? {}).then(
				(answer) => accept(answer ?? undefined),
				(error) => reject(500, String(error)),
			);
		});
	}

	/** Whether the server has admitted us and the WebSocket is still open. */
	get connected(): boolean {
		return this.#peer.connected && this.#entered;
	}

	async request<M extends keyof Requests>(method: M, data: Requests[M][0]): Promise<Requests[M][1]> {
		const { signal } = this.#abort;
		if (!this.#peer.connected || !(this.#entered || ENTERING.has(method))) throw new ConnectionLost('not connected');
		return new Promise((resolve, reject) => {
			const lost = () => reject(new ConnectionLost('connection lost'));
			signal.addEventListener('abort', lost, { once: true });
			this.#peer
				.request(method, data)
				.then((answer) => resolve(answer as Requests[M][1]), reject)
				.finally(() => signal.removeEventListener('abort', lost));
		});
	}

	/** For requests that are answered at once: silence means that the network is gone, and the WebSocket with it. */
	async ask<M extends keyof Requests>(method: M, data: Requests[M][0]): Promise<Requests[M][1]> {
		const socket = latest;
		const timer = setTimeout(() => socket === latest && socket?.abandon(), SILENCE_MS);
		try {
			return await this.request(method, data);
		} finally {
			clearTimeout(timer);
		}
	}

	/** A request that waits for a resume, and for another one each time the WebSocket breaks before the answer. */
	async insist<M extends keyof Requests>(method: M, data: Requests[M][0]): Promise<Requests[M][1]> {
		for (;;) {
			try {
				return await this.request(method, data);
			} catch (error) {
				if (!(error instanceof ConnectionLost)) throw error;
				await new Promise<void>((proceed, fail) => this.#waiting.push({ proceed, fail }));
			}
		}
	}

	/** Call it once the server has answered a join or a resume. */
	enter() {
		this.#entered = true;
	}

	/** After a resume: sends the requests that wait for one. */
	proceed() {
		for (const { proceed } of this.#waiting.splice(0)) proceed();
	}

	/** Before a complete join: the server has lost the objects of the waiting requests. */
	forget() {
		for (const { fail } of this.#waiting.splice(0)) fail(new ConnectionLost('the session is over'));
	}

	/** Leaves: the WebSocket is closed with code 1000. */
	close() {
		this.#closed = true;
		this.#peer.close();
	}
}
