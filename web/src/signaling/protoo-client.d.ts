declare module 'protoo-client' {
	export interface Message {
		method: string;
		data?: unknown;
	}

	export class WebSocketTransport {
		constructor(url: string, options?: { retry?: Record<string, unknown> });
	}

	export class Peer {
		constructor(transport: WebSocketTransport);
		readonly connected: boolean;
		on(event: 'open' | 'disconnected' | 'failed' | 'close', listener: () => void): this;
		on(event: 'notification', listener: (notification: Message) => void): this;
		on(
			event: 'request',
			listener: (request: Message, accept: (data?: object) => void, reject: (code: number, reason: string) => void) => void,
		): this;
		request(method: string, data?: object): Promise<unknown>;
		close(): void;
	}
}
