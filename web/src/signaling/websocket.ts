/** On a dead network an attempt would hang far longer than the server keeps the session for a resume. */
const CONNECT_TIMEOUT_MS = 5000;

/** Any code that does not say that the page leaves. */
const ABANDONED = 4001;

/** The page's WebSocket, for who has to know more of it than protoo-client tells. */
export let latest: w3cwebsocket | null = null;

/** Stands in for the package "websocket" that protoo-client loads (see vite.config.ts). */
export class w3cwebsocket extends WebSocket {
	constructor(url: string, protocol: string) {
		super(url, protocol);
		latest = this;
		const timer = setTimeout(() => this.abandon(), CONNECT_TIMEOUT_MS);
		for (const event of ['open', 'close']) this.addEventListener(event, () => clearTimeout(timer));
	}

	/** protoo-client gives no code, which a server reads as 1005; a page that leaves means 1000. */
	override close(code = 1000, reason?: string) {
		super.close(code, reason);
	}

	/** Is over at once, as seen from here: a dead network would not let the close handshake come to an end. */
	abandon() {
		const { onclose } = this;
		this.onopen = this.onmessage = this.onerror = this.onclose = null;
		this.close(ABANDONED);
		onclose?.call(this, new CloseEvent('close', { code: ABANDONED }));
	}
}
