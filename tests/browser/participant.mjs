import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { until } from './wait.mjs';

/** The fake microphone beeps once a second: a few beeps add up to this energy, silence never does. */
const SOUND = 0.002;

export const roomId = () => `serv1${randomUUID().slice(0, 9).replace('-', '0')}`;

/** A person with a browser: what they do, and what they see and hear. */
export class Participant {
	page;
	name;
	peerId;

	/**
	 * Opens a room's page, up to the welcome screen. claims: of a token. device: Playwright's options for the page. early:
	 * runs in the page before its own code. address: other attributes of the URL.
	 */
	static async open(bench, options) {
		const {
			room,
			kind = 'call',
			name,
			peerId,
			speaker,
			claims,
			url,
			browser,
			viewport,
			locale,
			colour,
			device,
			early,
			...address
		} = options;
		const self = new Participant();
		self.name = name;
		self.peerId = peerId ?? `${name.toLowerCase().replaceAll(/\W+/g, '-')}-${randomUUID().slice(0, 8)}`;
		self.page = await (browser ?? bench.chromium).page({ viewport, locale, colour, ...device });
		if (early) await self.page.addInitScript(early);
		const query = new URLSearchParams({ roomId: room, peerId: self.peerId, ...address });
		if (speaker !== undefined) query.set('itisparticipant', speaker);
		if (claims) query.set('token', bench.integrator.token(claims));
		await self.page.goto(`${url ?? bench.system.url}/${kind}/?${query}`);
		return self;
	}

	/** Opens a room's page and joins. */
	static async join(bench, options) {
		const self = await Participant.open(bench, options);
		await self.enter();
		await self.isConnected();
		return self;
	}

	/** Fills in the welcome screen. */
	async enter() {
		await this.test('name-input').fill(this.name);
		await this.test('join-button').click();
	}

	/** The element with this data-testid. */
	test(id) {
		return this.page.getByTestId(id);
	}

	async click(id) {
		await this.test(id).click();
	}

	// The room, as the page shows it.

	async isConnected({ timeout } = {}) {
		await until(
			`${this.name} to be in the room`,
			async () => {
				const { phase, link } = await this.state();
				return phase === 'open' && link === 'connected';
			},
			{ timeout, describe: () => this.state() },
		);
		await until(`${this.name} to see no banner`, async () => (await this.test('status-banner').count()) === 0, { timeout });
	}

	/** Waits for the banner with this data-state. */
	async seesBanner(state) {
		await this.page.locator(`[data-testid=status-banner][data-state=${state}]`).waitFor();
	}

	/** Waits for the waiting room's page. */
	async isWaiting() {
		await this.test('waiting').waitFor();
	}

	/** The line about a peer in the moderator's list: 'person', or 'waiting-peer'. */
	person(peer, list = 'person') {
		return this.page.locator(`[data-testid=${list}][data-peer-id="${peer.peerId}"]`);
	}

	/** A moderator's action from the menu of a peer in the open list. */
	async moderate(peer, deed) {
		await this.person(peer).getByTestId('person-menu').click();
		await this.person(peer).getByTestId(deed).click();
	}

	/** Waits for the refusal page, and returns its reason. */
	async isRefused() {
		await this.test('refused').waitFor();
		return this.test('refused').getAttribute('data-reason');
	}

	tile(peer) {
		return this.page.locator(`[data-testid=tile][data-peer-id="${peer.peerId}"]`);
	}

	/** Names on the tiles, including the own one, in alphabetical order. */
	async names() {
		return (await this.test('tile-name').allTextContents()).sort();
	}

	async seesNames(...people) {
		const wanted = people.map((person) => person.name ?? person).sort();
		await until(
			`${this.name} to see the tiles of ${wanted.join(', ')}`,
			async () => JSON.stringify(await this.names()) === JSON.stringify(wanted),
			{ describe: () => this.names() },
		);
	}

	async seesMuted(peer, muted) {
		const mark = this.tile(peer).getByTestId('mic-off');
		await mark.waitFor({ state: muted ? 'visible' : 'detached' });
	}

	/** Waits until a peer's video arrives, is shown, and moves. */
	async sees(peer, { timeout } = {}) {
		await this.#receives('video', peer, timeout);
		await this.decodes(peer, 5, { timeout });

		let before;
		await until(
			`${this.name} to see ${peer.name} move`,
			async () => {
				const now = await this.picture(peer);
				const moved = before && now && before.hash !== now.hash;
				before ??= now;
				return moved;
			},
			{ timeout, describe: () => before },
		);
		const { mean, deviation } = await this.picture(peer);
		assert.ok(mean > 20 && deviation > 5, `the picture is black or flat: ${mean} ± ${deviation}`);
	}

	/** Waits until a peer's audio arrives, is not silent, and is played. */
	async hears(peer, { timeout } = {}) {
		const first = await this.#receives('audio', peer, timeout);
		await until(
			`${this.name} to hear ${peer.name}`,
			async () => {
				const { totalAudioEnergy } = await this.audio(peer);
				return (
					totalAudioEnergy - first.totalAudioEnergy > SOUND && this.page.evaluate((id) => probe.plays(id), peer.peerId)
				);
			},
			{ timeout, describe: () => this.stats() },
		);
	}

	/** Waits for this many more frames. */
	async decodes(peer, frames, { timeout } = {}) {
		const { framesDecoded } = await this.#receives('video', peer, timeout);
		await until(
			`${this.name} to decode frames of ${peer.name}`,
			async () => (await this.video(peer)).framesDecoded >= framesDecoded + frames,
			{ timeout, describe: () => this.stats() },
		);
	}

	async picture(peer) {
		return this.page.evaluate((id) => probe.picture(id), peer.peerId);
	}

	// The browser's own view of the room.

	async stats() {
		return this.page.evaluate(() => window.amphi.stats());
	}

	async video(peer) {
		return (await this.stats()).video.find(({ peerId }) => peerId === peer.peerId);
	}

	async audio(peer) {
		return (await this.stats()).audio.find(({ peerId }) => peerId === peer.peerId);
	}

	/** Widths in which this browser sends its camera now, the smallest first. A busy one sends smaller, and fewer. */
	async sentWidths() {
		return this.page.evaluate(() => probe.sentWidths());
	}

	/** For each encoding of the camera, the smallest first: whether the page wants to send it. */
	async activeEncodings() {
		return this.page.evaluate(() => {
			const senders = probe.connections.flatMap((connection) => connection.getSenders());
			const { encodings } = senders.find(({ track }) => track?.kind === 'video').getParameters();
			return encodings.map(({ active }) => active);
		});
	}

	/** The sums of these counters over all its streams of a type ('inbound-rtp', 'outbound-rtp') and kind. */
	async counts(type, kind, names) {
		return this.page.evaluate(
			async ([type, kind, names]) => {
				const reports = await Promise.all(probe.connections.map((connection) => connection.getStats()));
				const streams = reports
					.flatMap((report) => [...report.values()])
					.filter((entry) => entry.type === type && entry.kind === kind);
				return Object.fromEntries(
					names.map((name) => [name, streams.reduce((sum, stream) => sum + (stream[name] ?? 0), 0)]),
				);
			},
			[type, kind, names],
		);
	}

	async state() {
		return this.page.evaluate(() => window.amphi?.state);
	}

	/** Watches a peer's video come in, until stopWatching() returns what was seen. */
	async watch(peer) {
		await this.page.evaluate((id) => probe.watch(id), peer.peerId);
	}

	async stopWatching() {
		return this.page.evaluate(() => probe.stop());
	}

	/** Changes the name that the others see: the page has no control for that yet. */
	async rename(displayName) {
		const answer = await this.request('changeDisplayName', { displayName });
		assert.equal(answer.ok, true, JSON.stringify(answer));
	}

	/** A request over the page's own WebSocket; the server's whole answer. */
	async request(method, data) {
		return this.page.evaluate(([method, data]) => probe.request(method, data), [method, data]);
	}

	async #receives(kind, peer, timeout) {
		return until(`${this.name} to get ${kind} of ${peer.name}`, () => this[kind](peer), {
			timeout,
			describe: () => this.stats(),
		});
	}
}
