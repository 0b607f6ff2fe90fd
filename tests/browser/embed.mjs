import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before } from 'node:test';
import { Participant } from './participant.mjs';
import { ROOT } from './system.mjs';
import { until } from './wait.mjs';

export const ALLOW = 'camera; microphone; fullscreen; display-capture; autoplay; screen-wake-lock';

/** Starts a site next to the bench. */
export function openSite(bench) {
	before(async () => void (bench.site = await Site.start()));
	after(() => bench.site?.close());
}

/** The site of an integrator who embeds rooms: another origin than the system's. */
class Site {
	#server;
	#pages = new Map();
	#port;

	static async start() {
		const site = new Site();
		site.#server = createServer(async (request, response) => {
			const { pathname } = new URL(request.url, 'http://localhost');
			// The npm package, as a bundler would find it.
			const file = pathname === '/package.js' && (await readFile(`${ROOT}/web/src/bridge/package/dist/index.js`));
			const body = file || site.#pages.get(pathname);
			response.writeHead(body ? 200 : 404, { 'content-type': file ? 'text/javascript' : 'text/html; charset=utf-8' });
			response.end(body);
		});
		site.#server.listen(0);
		await once(site.#server, 'listening');
		site.#port = site.#server.address().port;
		return site;
	}

	/** Serves a page; returns its address. */
	add(html, { host = 'localhost' } = {}) {
		const path = `/page-${this.#pages.size}.html`;
		this.#pages.set(path, `<!doctype html><meta charset="utf-8"><title>Site</title>${html}`);
		return `http://${host}:${this.#port}${path}`;
	}

	close() {
		this.#server.close();
		this.#server.closeAllConnections();
	}
}

/** Runs in the embedding page before its iframe can have loaded: records everything that the bridge reports. */
const RECORD = `
	const NAMES = ${JSON.stringify(
		'ready readyToJoin join newPeer peerClosed switchOnCamera switchOffCamera errorGetCamera switchOnMic switchOffMic errorGetMic switchOnShare switchOffShare errorGetShare connectionFailed disconnected reconnected connectionClosed connectionError switchOnPin switchOffPin errorGetPin playingAudioPrevent recordingStarted recordingPaused recordingResumed recordingStopped recordingFailed'.split(
			' ',
		),
	)};
	window.events = [];
	window.answers = [];
	window.record = (bridge) => {
		window.bridge = bridge;
		for (const name of NAMES) bridge.on(name, (data) => events.push({ name, data }));
		return bridge;
	};
	/** Resolves to the answer, and counts callbacks. */
	window.call = async (name, data) => {
		const entry = { name, callbacks: [] };
		answers.push(entry);
		const began = performance.now();
		const promised = await bridge.method({ name, data, callback: (result) => { entry.callbacks.push(result); throw undefined; } });
		entry.ms = performance.now() - began;
		if (JSON.stringify(promised) !== JSON.stringify(entry.callbacks[0])) throw new Error('callback and Promise differ');
		return promised;
	};
	addEventListener('error', (event) => event.error === undefined && event.preventDefault());
`;

/** Somebody whose room is in an iframe of a site. `page` is the room's frame, `host` the page around it. */
export class Embedded extends Participant {
	host;
	room;

	/** early: code of the embedding page that runs before the iframe can have loaded. */
	static async open(
		bench,
		{ room, kind = 'call', name, allow = ALLOW, early = '', url: through, claims, locale, viewport, colour, ...address },
	) {
		const self = new Embedded();
		self.name = name;
		self.room = room;
		self.peerId = address.peerId ?? `${name.toLowerCase().replaceAll(/\W+/g, '-')}-${Math.random().toString(36).slice(2, 8)}`;
		const query = new URLSearchParams({
			roomId: room,
			displayName: name,
			nameScreenDisabled: true,
			...address,
			peerId: self.peerId,
		});
		if (claims) query.set('token', bench.integrator.token(claims));
		const server = through ?? bench.system.url;
		const src = `${server}/${kind}/?${query}`;
		const url = bench.site.add(`
			<style>html, body, iframe { margin: 0; border: 0; width: 100%; height: 100%; display: block }</style>
			<iframe id="room" allow="${allow}" src="${src.replaceAll('&', '&amp;')}"></iframe>
			<script src="${bench.system.url}/meetBridgeApi.js"></script>
			<script>${RECORD}
				record(new MeetIframeBridge.default({ element: document.getElementById('room'), roomId: ${JSON.stringify(room)} }));
				${early}
			</script>`);
		self.host = await bench.chromium.page({ viewport, locale, colour });
		await self.host.goto(url, { waitUntil: 'commit' });
		// After the iframe, which does not wait for it, comes the bridge.
		await self.host.waitForFunction(() => typeof call === 'function');
		self.page = await until('the iframe', () => self.host.frames().find((frame) => frame.url().startsWith(server)));
		return self;
	}

	/** Opens a room and joins by the Client API. */
	static async join(bench, { constraints = { audio: true, video: true }, ...options }) {
		const self = await Embedded.open(bench, options);
		const answer = await self.call('join', { constraints });
		// On a busy machine the join may take longer than the answer, but goes on.
		if (answer.error && answer.error.code !== 'timeout') throw new Error(JSON.stringify(answer));
		await self.isConnected();
		return self;
	}

	/** Waits for an element of the room without evaluating a script, which Chromium would take for a gesture. */
	async shows(testId) {
		const devtools = await this.host.context().newCDPSession(this.host);
		await until(`the room of ${this.name} to show ${testId}`, async () => {
			const { root } = await devtools.send('DOM.getDocument', { depth: -1, pierce: true });
			return JSON.stringify(root).includes(`"data-testid","${testId}"`);
		});
		await devtools.detach();
	}

	/** Calls a method from the embedding page. */
	async call(name, data) {
		return this.host.evaluate(([name, data]) => call(name, data ?? undefined), [name, data]);
	}

	/** A peer's screenshot from the Client API: its colour and size, once the peer sends more than the smallest size. */
	async screenshot(peer) {
		return until(`${this.name} to get a picture of ${peer.name}`, async () => {
			const url = await this.call('getScreenshotByPeerId', peer.peerId);
			assert.match(url, /^data:image\/png;base64,iVBORw0KGgo/);
			const picture = await this.host.evaluate((url) => probe.colourOf(url), url);
			return picture.width > 160 && picture;
		});
	}

	async events(name) {
		const all = await this.host.evaluate(() => events);
		return name ? all.filter((event) => event.name === name).map(({ data }) => data) : all;
	}

	/** Waits until the newest event of this name has data with these fields. */
	async told(name, fields = {}) {
		return until(
			`the site of ${this.name} to be told ${name} ${JSON.stringify(fields)}`,
			async () => {
				const all = await this.events(name);
				return all.findLast((data) => Object.entries(fields).every(([key, value]) => data[key] === value));
			},
			{ describe: () => this.events() },
		);
	}
}
