import { MARK, isMarked, type FromLibrary, type FromPage, type Hello, type Here, type PageMessage } from '../protocol';

/** An embedding page may make a bridge more than once; more than these are a mistake, and the oldest goes. */
const LINKS = 8;

export interface Link {
	send(message: PageMessage): void;
}

interface Owner {
	opened(link: Link): void;
	closed(link: Link): void;
	call(link: Link, id: number, name: string, data: unknown): void;
}

/** Waits for bridges of the page around this one, and holds a port to each. */
export class Links {
	readonly #roomId: string;
	readonly #owner: Owner;
	readonly #links = new Map<string, { port: MessagePort; link: Link }>();

	constructor(roomId: string, owner: Owner) {
		this.#roomId = roomId;
		this.#owner = owner;
		addEventListener('message', (event) => this.#onWindowMessage(event));
		// unload is not fired everywhere, and would keep this page from coming back by the browser's back button.
		addEventListener('pagehide', () => this.#closeAll());
		addEventListener('pageshow', ({ persisted }) => persisted && this.#announce());
		this.#announce();
	}

	#announce() {
		const origin = embedder();
		const here: Here = { mark: MARK, type: 'here', roomId: this.#roomId };
		if (window.parent !== window && origin) window.parent.postMessage(here, origin);
	}

	#onWindowMessage({ data, origin, source, ports }: MessageEvent) {
		const [port] = ports;
		// The page right around this one, which frame-ancestors has let in; in an app's web view, this one itself.
		if (source !== window.parent || !isMarked<Hello>(data, 'hello') || !port || typeof data.id !== 'string') return;
		if (window.parent === window && origin !== location.origin) return;
		const known = ancestor();
		if (known !== null && known !== origin) return;

		const post = (message: PageMessage) => port.postMessage({ ...message, roomId: String(data.roomId) } as FromPage);
		if (data.roomId !== this.#roomId) {
			post({ type: 'refused', error: { code: 'wrong-room', message: `This is the room ${this.#roomId}.` } });
			port.close();
			return;
		}
		// Knocks again: what it was answered is on its way.
		if (this.#links.has(data.id)) return;
		this.#open(data.id, port, { send: post });
	}

	#open(id: string, port: MessagePort, link: Link) {
		const [oldest] = this.#links.keys();
		if (this.#links.size >= LINKS) this.#close(oldest!);
		this.#links.set(id, { port, link });
		port.onmessage = ({ data }: MessageEvent<FromLibrary>) => {
			if (data?.roomId !== this.#roomId) return;
			if (data.type === 'ping') link.send({ type: 'pong' });
			if (data.type === 'bye') this.#forget(id);
			if (data.type === 'call') this.#owner.call(link, data.id, data.name, data.data);
		};
		link.send({ type: 'welcome' });
		this.#owner.opened(link);
	}

	#closeAll() {
		for (const id of [...this.#links.keys()]) this.#close(id);
	}

	#close(id: string) {
		this.#links.get(id)?.link.send({ type: 'bye' });
		this.#forget(id);
	}

	#forget(id: string) {
		const entry = this.#links.get(id);
		if (!entry) return;
		this.#links.delete(id);
		entry.port.close();
		this.#owner.closed(entry.link);
	}
}

/** The origin of the page around this one. Browsers redact it to "null" under the iframe's referrerpolicy="no-referrer". */
function ancestor(): string | null {
	const origin = location.ancestorOrigins?.[0] ?? 'null';
	return origin === 'null' ? null : origin;
}

/** The same, where the browser tells it in whatever way. */
function embedder(): string | null {
	const origin = ancestor();
	if (origin !== null) return origin;
	try {
		return new URL(document.referrer).origin;
	} catch {
		return null;
	}
}
