import {
	type CallError,
	isMarked,
	MARK,
	type FromLibrary,
	type FromPage,
	type Hello,
	type Here,
	type LibraryMessage,
} from '../protocol';
import { HANDLER_MS } from './succession';

/** Fast while a page loads, slower if there is none. */
const RETRY_FIRST_MS = 200;
const RETRY_MAX_MS = 3000;
/** A page that does not answer a ping within this time was replaced. */
const PING_MS = 2000;
/** An embedding page that creates a bridge at each load has created the next one by then; otherwise this one goes on. */
const LOAD_MS = 5000;
/** Ports of one handshake that may still be answered. */
const PORTS = 4;

interface Listeners {
	connected(send: (message: LibraryMessage) => void): void;
	message(message: FromPage): void;
	lost(): void;
}

/** Finds the room's page in an iframe and holds a port to it; finds it again whenever it is reloaded. */
export class Handshake {
	readonly #element: HTMLIFrameElement | Window;
	readonly #roomId: string | undefined;
	/** Created at a load of the iframe: at the next load, the embedding page may replace it. */
	readonly #atLoad: boolean;
	readonly #listeners: Listeners;
	readonly #aborted = new AbortController();
	#id = '';
	#offered: MessagePort[] = [];
	#port: MessagePort | null = null;
	/** The room that the port belongs to. */
	#room = '';
	#timer: ReturnType<typeof setTimeout> | undefined;
	/** Gives the embedding page time to replace this bridge. */
	#waits = false;
	#ping: ReturnType<typeof setTimeout> | undefined;
	/** The room's page has another origin than the iframe's address. */
	#astray: { src: string; error: CallError } | null = null;

	constructor(element: HTMLIFrameElement | Window, roomId: string | undefined, atLoad: boolean, listeners: Listeners) {
		this.#element = element;
		this.#roomId = roomId;
		this.#atLoad = atLoad;
		this.#listeners = listeners;
		const { signal } = this.#aborted;
		addEventListener('message', (event) => this.#onWindowMessage(event), { signal });
		// The first document may have loaded long ago, and a page that dies sends nothing: this is one hint among others.
		if (!isWindow(element)) element.addEventListener('load', () => this.#onLoad(), { signal });
		this.#begin();
	}

	close() {
		this.#aborted.abort();
		this.#drop();
		clearTimeout(this.#timer);
	}

	#begin() {
		this.#waits = false;
		this.#drop();
		this.#id = Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join('');
		this.#knock(RETRY_FIRST_MS);
	}

	#knock(delay: number) {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.#knock(Math.min(delay * 1.3, RETRY_MAX_MS)), delay);
		const target = targetOf(this.#element);
		if (!target) return;
		if (this.#astray?.src === target.url.href) {
			this.#listeners.message({ type: 'refused', error: this.#astray.error, roomId: this.#room });
			return;
		}
		const { port1, port2 } = new MessageChannel();
		this.#offered.push(port1);
		if (this.#offered.length > PORTS) this.#offered.shift()!.close();
		port1.onmessage = ({ data }: MessageEvent<FromPage>) => this.#onPortMessage(port1, data);
		this.#room = this.#roomId ?? roomOf(target.url);
		const hello: Hello = { mark: MARK, type: 'hello', id: this.#id, roomId: this.#room };
		target.window.postMessage(hello, target.url.origin, [port2]);
	}

	#onPortMessage(port: MessagePort, message: FromPage) {
		if (message?.roomId !== this.#room) return;
		if (port === this.#port) {
			clearTimeout(this.#ping);
			if (message.type === 'bye') this.#lost();
			else if (message.type !== 'pong') this.#listeners.message(message);
			return;
		}
		if (message.type === 'refused') {
			this.#listeners.message(message);
			return;
		}
		if (message.type !== 'welcome' || !this.#offered.includes(port)) return;
		clearTimeout(this.#timer);
		this.#astray = null;
		for (const other of this.#offered) if (other !== port) other.close();
		this.#offered = [];
		this.#port = port;
		this.#listeners.connected((message) => this.#post(port, message));
	}

	#onWindowMessage({ data, origin, source }: MessageEvent) {
		const target = targetOf(this.#element);
		if (!target || source !== target.window || !isMarked<Here>(data, 'here')) return;
		if (origin !== target.url.origin) {
			this.#redirected(target.url, origin);
			return;
		}
		this.#astray = null;
		// A page that has just been loaded, whatever there was before it.
		this.#comeIn();
	}

	/** The iframe shows another page than the one that this handshake is connected to. */
	#comeIn() {
		if (this.#port) this.#lost();
		else if (!this.#waits) this.#knock(RETRY_FIRST_MS);
	}

	/** An origin that the embedding page has not named gets no message; the caller only learns that it is another one. */
	#redirected({ href, origin: expected }: URL, origin: string) {
		const message = `The iframe's src leads to ${expected}, but ${origin} answers: give src the address that it redirects to.`;
		if (this.#astray?.src !== href) console.error(`MeetIframeBridge: ${message}`);
		this.#astray = { src: href, error: { code: 'wrong-origin', message } };
		this.#comeIn();
	}

	#onLoad() {
		const port = this.#port;
		if (!port) {
			if (!this.#atLoad) this.#knock(RETRY_FIRST_MS);
			else this.#waitForHeir(HANDLER_MS);
			return;
		}
		// Either the connected page has finished loading, or there is another page.
		this.#post(port, { type: 'ping' });
		clearTimeout(this.#ping);
		this.#ping = setTimeout(() => this.#port === port && this.#lost(), PING_MS);
	}

	#lost() {
		this.#listeners.lost();
		if (!this.#atLoad) {
			this.#begin();
			return;
		}
		this.#drop();
		this.#waitForHeir(LOAD_MS);
	}

	/** A bridge that replaces this one ends it before then. */
	#waitForHeir(delay: number) {
		clearTimeout(this.#timer);
		this.#waits = true;
		this.#timer = setTimeout(() => this.#begin(), delay);
	}

	#post(port: MessagePort, message: LibraryMessage) {
		port.postMessage({ ...message, roomId: this.#room } satisfies FromLibrary);
	}

	#drop() {
		clearTimeout(this.#ping);
		if (this.#port) this.#post(this.#port, { type: 'bye' });
		this.#port?.close();
		this.#port = null;
		for (const port of this.#offered) port.close();
		this.#offered = [];
	}
}

function isWindow(element: HTMLIFrameElement | Window): element is Window {
	return 'postMessage' in element;
}

/** The window of the room's page, and its address. Null: none yet. */
function targetOf(element: HTMLIFrameElement | Window): { window: Window; url: URL } | null {
	if (isWindow(element)) return { window: element, url: new URL(element.location.href) };
	const window = element.contentWindow;
	if (!window || !element.src) return null;
	const url = new URL(element.src, document.baseURI);
	if (!/^https?:$/.test(url.protocol)) return null;
	try {
		// Readable means that the iframe is still empty or has our own origin.
		if (window.location.href === 'about:blank') return null;
	} catch {
		// A page of another origin: this is it.
	}
	return { window, url };
}

/** "/call/?roomId=x" and "/call/x" are the same. */
function roomOf(url: URL): string {
	return /^\/(?:call|webinar)\/([\w-]+)$/.exec(url.pathname)?.[1] ?? url.searchParams.get('roomId') ?? '';
}
