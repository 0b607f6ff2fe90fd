/** On a dead network an attempt would hang far longer than the server keeps the session for a resume. */
const CONNECT_TIMEOUT_MS = 5000;

/** Any code that does not mean that the page leaves. */
const ABANDONED = 4001;

/** The page's WebSocket, for code that needs more than protoo-client exposes. */
export let latest: w3cwebsocket | null = null;

/** Stands in for the package "websocket" that protoo-client loads (see vite.config.ts). */
export class w3cwebsocket extends WebSocket {
	constructor(url: string, protocol: string) {
		super(url, protocol);
		latest = this;
		const timer = setTimeout(() => this.abandon(), CONNECT_TIMEOUT_MS);
		for (const event of ['open', 'close']) this.addEventListener(event, () => clearTimeout(timer));
	}

	/** protoo-client passes no code, which a server reads as 1005; a page that leaves means 1000. */
	override close(code = 1000, reason?: string) {
		super.close(code, reason);
	}

	/** Ends at once on this side: on a dead network the close handshake would never finish. */
	abandon() {
		const { onclose } = this;
		this.onopen = this.onmessage = this.onerror = this.onclose = null;
		this.close(ABANDONED);
		onclose?.call(this, new CloseEvent('close', { code: ABANDONED }));
	}
}
