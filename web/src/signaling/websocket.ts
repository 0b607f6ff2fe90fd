/** On a dead network an attempt would hang far longer than the server keeps the session for a resume. */
const CONNECT_TIMEOUT_MS = 5000;

/** Stands in for the package "websocket" that protoo-client loads (see vite.config.ts). */
export class w3cwebsocket extends WebSocket {
	constructor(url: string, protocol: string) {
		super(url, protocol);
		const timer = setTimeout(() => this.close(), CONNECT_TIMEOUT_MS);
		for (const event of ['open', 'close']) this.addEventListener(event, () => clearTimeout(timer));
	}

	/** protoo-client gives no code, which a server reads as 1005; a page that leaves means 1000. */
	override close(code = 1000, reason?: string) {
		super.close(code, reason);
	}
}
