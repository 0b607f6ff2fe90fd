// Stands in for the package "websocket" that protoo-client loads (see vite.config.ts).
// protoo-client closes without a code, which a server reads as 1005; a page that leaves means 1000.
export class w3cwebsocket extends WebSocket {
	override close(code = 1000, reason?: string) {
		super.close(code, reason);
	}
}
