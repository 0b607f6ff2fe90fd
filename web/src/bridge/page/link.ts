import { MARK, isMarked, type FromLibrary, type FromPage, type Hello, type Here, type PageMessage } from '../protocol';

/** An embedding page may create several bridges. More than this are a mistake, and the oldest is dropped. */
const LINKS = 8;

export interface Link {
	send(message: PageMessage): void;
}

interface Owner {
	opened(link: Link): void;
	closed(link: Link): void;
	call(link: Link, id: number, name: string, data: unknown): void;
}

/** Waits for bridges of the embedding page, and holds a port to each. */
export class Links {
	readonly #roomId: string;
	readonly #owner: Owner;
	readonly #links = new Map<string, { port: MessagePort; link: Link }>();

	constructor(roomId: string, owner: Owner) {
		this.#roomId = roomId;
		this.#owner = owner;
		addEventListener('message', (event) => this.#onWindowMessage(event));
		// unload is not fired everywhere, and would keep this page out of the back/forward cache.
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
		// The direct parent, which frame-ancestors has admitted; in an app's web view, this page itself.
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
		// A repeated knock: the answer is already on its way.
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

/** The origin of the embedding page. Browsers redact it to "null" under the iframe's referrerpolicy="no-referrer". */
function ancestor(): string | null {
	const origin = location.ancestorOrigins?.[0] ?? 'null';
	return origin === 'null' ? null : origin;
}

/** The same, from any source that the browser offers. */
function embedder(): string | null {
	const origin = ancestor();
	if (origin !== null) return origin;
	try {
		return new URL(document.referrer).origin;
	} catch {
		return null;
	}
}
