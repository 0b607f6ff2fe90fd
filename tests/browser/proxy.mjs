import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * The network between one browser and the control plane: it forwards its port to the server's, until the network is
 * cut or silent. Media does not pass through it.
 */
export class Proxy {
	#server;
	#sockets = new Set();
	#down = false;
	#silent = false;
	url;

	static async start(target) {
		const proxy = new Proxy();
		const { hostname, port } = new URL(target);
		proxy.#server = createServer((near) => {
			if (proxy.#down) return near.resetAndDestroy();
			const far = connect(Number(port), hostname);
			for (const [from, to] of [
				[near, far],
				[far, near],
			]) {
				proxy.#sockets.add(from);
				from.pipe(to);
				if (proxy.#silent) from.pause();
				from.on('error', () => to.destroy());
				from.on('close', () => {
					proxy.#sockets.delete(from);
					to.destroy();
				});
			}
		});
		proxy.#server.listen(0, 'localhost');
		await once(proxy.#server, 'listening');
		proxy.url = `http://localhost:${proxy.#server.address().port}`;
		return proxy;
	}

	/** Breaks all connections. down: also accepts no new one until up(). */
	cut({ down = false } = {}) {
		this.#down = down;
		for (const socket of this.#sockets) socket.resetAndDestroy();
	}

	up() {
		this.#down = false;
	}

	/** Nothing gets through any more, and nobody is told, as when a phone leaves a Wi-Fi network. */
	silence() {
		this.#silent = true;
		for (const socket of this.#sockets) socket.pause();
	}

	/** Delivers what waited meanwhile. */
	speak() {
		this.#silent = false;
		for (const socket of this.#sockets) socket.resume();
	}

	close() {
		this.cut({ down: true });
		this.#server.close();
	}
}
