// The two ways to watch a speaker over a link: through Amphi, and in a direct call of two browsers.
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Chromium } from '../../tests/browser/chromium.mjs';
import { Firefox } from '../../tests/browser/firefox.mjs';
import { Participant, roomId } from '../../tests/browser/participant.mjs';
import { until } from '../../tests/browser/wait.mjs';
import { relay } from './relay.mjs';
import { watchInPage } from './watch.mjs';

const CAMERA = { devices: 'fps=20', shell: true };
export const SENT_BPS = 1_500_000;
const SCREEN_BPS = 2_500_000;
/** How long a direct call may take to reach 720p, since an encoder starts lower; Amphi's speaker is there before the viewer. */
const DIRECT_GROWS_MS = 20_000;

/** A pause before a click, right after a page was opened and another closed: nobody clicks that early. */
const PAUSE_MS = 2000;

/** Cleanup actions, the newest first, each run once. */
export class Cleaner {
	#undo = [];

	push(undo) {
		this.#undo.push(undo);
	}

	async clean() {
		while (this.#undo.length > 0) {
			await Promise.resolve(this.#undo.pop()()).catch((error) => console.error(`bench: ${error.message}`));
		}
	}
}

/** Runs in the page before its own code: records when a video first shows a frame, after the click that requested it. */
function noteFirstFrame() {
	const noted = new WeakSet();
	document.addEventListener(
		'click',
		({ target }) => {
			if (target.closest('[data-testid=join-button]')) probe.clickedAt = performance.now();
		},
		true,
	);
	new MutationObserver(() => {
		for (const video of document.querySelectorAll('video')) {
			if (noted.has(video)) continue;
			noted.add(video);
			video.requestVideoFrameCallback((now) => {
				if (probe.clickedAt) probe.firstFrameMs ??= now - probe.clickedAt;
			});
		}
	}).observe(document, { childList: true, subtree: true });
}

/** A Chromium at the viewer's end, with a page of `url` loaded around the link. */
export async function browserBehind(cable, cleaner, url) {
	const chromium = await Chromium.launch({ ...CAMERA, namespace: cable.client });
	cleaner.push(() => chromium.close());
	if (url) await carryPages(cable, cleaner, url);
	return chromium;
}

/** A Firefox there. */
export async function firefoxBehind(cable, cleaner, url) {
	await carryPages(cable, cleaner, url);
	// The browser is driven over TCP, and must be addressed by its port in that namespace.
	const path = `/tmp/${cable.client}-bidi.sock`;
	const { port } = (await relayHere(cleaner, { port: 0, host: '127.0.0.1' }, { path })).address();
	cleaner.push(() => rm(path, { force: true }));
	await relayThere(cable, cleaner, path, port);
	const firefox = await Firefox.launch({ namespace: cable.client, port });
	cleaner.push(() => firefox.close());
	return firefox;
}

async function carryPages(cable, cleaner, url) {
	const { port } = new URL(url);
	const path = `/tmp/${cable.client}.sock`;
	await relayHere(cleaner, { path }, { port, host: '127.0.0.1' });
	await relayThere(cable, cleaner, port, path);
}

async function relayHere(cleaner, from, to) {
	const server = await relay(from, to);
	cleaner.push(() => server.close()); // also removes a socket's file
	return server;
}

async function relayThere(cable, cleaner, from, to) {
	const inside = spawn(
		'ip',
		['netns', 'exec', cable.client, process.execPath, new URL('relay.mjs', import.meta.url).pathname, from, to],
		{
			stdio: ['ignore', 'pipe', 'inherit'],
		},
	);
	cleaner.push(() => inside.kill());
	await new Promise((resolve, reject) => {
		createInterface({ input: inside.stdout }).once('line', resolve);
		inside.once('exit', () => reject(new Error('the relay into the namespace ended')));
	});
}

/** Samples of a page so far. */
export const samplesOf = (page) => page.evaluate(() => window.quality);

/** A webinar's speaker on the open link, and one viewer behind the cable. */
export class ThroughAmphi {
	direct = false;
	firstFrames = [];
	#bench;
	#room = roomId();
	#slow;

	static async begin({ system, cable, cleaner, screen, joins }) {
		const self = new ThroughAmphi();
		const chromium = await Chromium.launch(CAMERA);
		cleaner.push(() => chromium.close());
		self.#bench = { system, chromium };
		self.#slow = await browserBehind(cable, cleaner, system.url);
		const early = screen && (() => probe.sharePage());
		const speaker = await Participant.join(self.#bench, {
			room: self.#room,
			kind: 'webinar',
			name: 'Ada',
			speaker: true,
			early,
		});
		self.sender = speaker.page;
		if (screen) {
			await speaker.click('camera-button');
			await speaker.click('share-button');
			await animate(self.sender, screen);
		}
		await self.sender.evaluate(watchInPage);
		await sends720(self.sender);
		for (let i = 0; i < joins; i++) await self.#view();
		return self;
	}

	async #view() {
		await this.viewer?.context().close();
		this.viewer = await this.another('Vera');
		this.firstFrames.push(await firstFrame(this.viewer));
	}

	/** Another viewer behind the same cable. Returns its page. */
	async another(name) {
		const viewer = await Participant.open(this.#bench, {
			room: this.#room,
			kind: 'webinar',
			name,
			browser: this.#slow,
			early: noteFirstFrame,
		});
		await sleep(PAUSE_MS);
		await viewer.enter();
		await viewer.isConnected();
		await viewer.page.evaluate(watchInPage);
		return viewer.page;
	}
}

/** The same camera in one encoding from browser to browser, signaled by this process. */
export class Direct {
	direct = true;
	firstFrames = [];
	#near;
	#options;

	static async begin(options) {
		const { cable, cleaner, screen, joins } = options;
		const self = new Direct();
		self.#options = options;
		const far = await Chromium.launch({ ...CAMERA, namespace: cable.server });
		cleaner.push(() => far.close());
		self.#near = await browserBehind(cable, cleaner);
		self.sender = await blank(far);
		await self.sender.evaluate(prepareSender, screen ? { maxBitrate: SCREEN_BPS, screen } : { maxBitrate: SENT_BPS });
		if (screen) await animate(self.sender, screen);
		for (let i = 0; i < joins; i++) await self.#view();
		await self.sender.evaluate(watchInPage);
		await sends720(self.sender, DIRECT_GROWS_MS).catch(() => {}); // if the link can carry it
		return self;
	}

	/** Another call behind the same cable. Returns its viewer's page. */
	async another() {
		return (await Direct.begin({ ...this.#options, joins: 1 })).viewer;
	}

	async #view() {
		await this.viewer?.context().close();
		this.viewer = await blank(this.#near);
		const { sender, viewer } = this;
		await viewer.exposeFunction('tell', (message) => sender.evaluate((message) => call.take(message), message));
		if (this.firstFrames.length === 0)
			await sender.exposeFunction('tell', (message) => this.viewer.evaluate((message) => call.take(message), message));
		await viewer.evaluate(noteFirstFrame);
		await sleep(PAUSE_MS);
		await viewer.evaluate(callSender);
		await viewer.evaluate(watchInPage);
		this.firstFrames.push(await firstFrame(viewer));
	}
}

/** A page without a server that may still use devices. */
async function blank(chromium) {
	const page = await chromium.page();
	// Pages that may use the microphone reveal their addresses.
	await page.context().grantPermissions(['camera', 'microphone']);
	await page.route('http://localhost/', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
	await page.goto('http://localhost/');
	return page;
}

const TURN_MS = 5000;

/** Sets what a sharing page shows, as links.mjs names it. */
function animate(page, screen) {
	return page.evaluate(
		([screen, every]) => {
			probe.page.moves = screen === 'moves';
			if (screen === 'turns') setInterval(() => probe.page.number++, every);
		},
		[screen, TURN_MS],
	);
}

async function prepareSender({ maxBitrate, screen }) {
	const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: !screen && { width: 1280, height: 720 } });
	if (screen) {
		probe.sharePage();
		const [track] = (await MediaDevices.prototype.getDisplayMedia()).getVideoTracks();
		track.contentHint = 'detail';
		stream.addTrack(track);
	}
	window.call = {
		async take({ offer, candidate }) {
			if (candidate) return void (await call.connection.addIceCandidate(candidate));
			call.connection?.close();
			const connection = (call.connection = new RTCPeerConnection());
			connection.onicecandidate = ({ candidate }) => candidate && tell({ candidate: candidate.toJSON() });
			await connection.setRemoteDescription(offer);
			for (const transceiver of connection.getTransceivers()) {
				const { sender, receiver } = transceiver;
				transceiver.direction = 'sendonly';
				await sender.replaceTrack(stream.getTracks().find(({ kind }) => kind === receiver.track.kind));
			}
			const answer = await connection.createAnswer();
			await connection.setLocalDescription(answer);
			const { sender } = connection.getTransceivers().find(({ receiver }) => receiver.track.kind === 'video');
			const parameters = sender.getParameters();
			parameters.encodings[0].maxBitrate = maxBitrate;
			await sender.setParameters(parameters);
			await tell({ answer });
		},
	};
}

async function callSender() {
	const video = Object.assign(document.createElement('video'), { autoplay: true, muted: true });
	const audio = Object.assign(document.createElement('audio'), { autoplay: true });
	const tile = document.createElement('div');
	tile.dataset.shareOf = ''; // if it is a screen
	tile.append(video, audio);
	document.body.append(tile);
	probe.clickedAt = performance.now();
	const connection = new RTCPeerConnection();
	const early = [];
	window.call = {
		async take({ answer, candidate }) {
			if (answer) {
				await connection.setRemoteDescription(answer);
				for (const candidate of early.splice(0)) await connection.addIceCandidate(candidate);
			} else if (connection.remoteDescription) await connection.addIceCandidate(candidate);
			else early.push(candidate);
		},
	};
	connection.ontrack = ({ track }) => ((track.kind === 'video' ? video : audio).srcObject = new MediaStream([track]));
	connection.addTransceiver('audio', { direction: 'recvonly' });
	connection.addTransceiver('video', { direction: 'recvonly' });
	await connection.setLocalDescription();
	const told = tell({ offer: connection.localDescription.toJSON() });
	connection.onicecandidate = ({ candidate }) => candidate && told.then(() => tell({ candidate: candidate.toJSON() }));
}

const firstFrame = (page) => until('the first frame', () => page.evaluate(() => probe.firstFrameMs));

/** The sender starts small, and grows with its own estimate. */
function sends720(page, timeout) {
	return until(
		'720p to be sent',
		async () => {
			const samples = await samplesOf(page);
			return samples.length > 8 && samples.at(-1).sent - samples.at(-5).sent >= 12;
		},
		{ timeout },
	);
}
