import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT, look, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench();

/** The methods of the integration API, in its order. */
const METHODS =
	'join enableMic disableMic enableWebcam disableWebcam enableShare disableShare changeDisplayName setVolume getScreenshotByPeerId setControlsVisible isCameraEnabled isMicroEnabled isShareEnabled changeDevice playAudio muteAudio unmuteAudio setBitrate isFullscreenEnabled enableFullscreen disableFullscreen enablePin disablePin setLocale disabledTrackByModerator disableAllMics disableAllCameras'.split(
		' ',
	);
/** Its events. */
const EVENTS =
	'join switchOnCamera switchOffCamera errorGetCamera switchOnMic switchOffMic errorGetMic switchOnShare switchOffShare errorGetShare newPeer peerClosed connectionFailed disconnected connectionClosed connectionError switchOnPin playingAudioPrevent switchOffPin errorGetPin'.split(
		' ',
	);
const NO_GESTURE = ['enableShare', 'enableFullscreen'];

/** /bridge-demo, as a user operates it. */
class Demo {
	page;
	/** The room in the iframe. */
	frame;

	static async open({ room, ...options } = {}) {
		const self = new Demo();
		self.page = await bench.chromium.page(options);
		await self.page.goto(`${bench.system.url}/bridge-demo${room ? `?roomId=${room}` : ''}`);
		self.frame = self.page.frameLocator('.demo-frame');
		await self.count('readyToJoin', 1);
		await self.page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
		return self;
	}

	method(name) {
		return this.page.getByTestId(`method-${name}`);
	}

	answer(name) {
		return this.method(name).getByTestId('answer');
	}

	/** Presses a method's button; resolves to the answer that is shown. */
	async call(name) {
		const lines = this.page.locator(`[data-kind=answer][data-name="${name}"]`);
		const before = await lines.count();
		await this.page.getByTestId(`call-${name}`).click();
		await until(`${name} to be answered`, async () => (await lines.count()) > before);
		await this.page.getByTestId(`call-${name}`).and(this.page.locator(':enabled')).waitFor();
		const answer = this.answer(name);
		return (await answer.getAttribute('src')) ?? answer.innerText();
	}

	/** Waits until an event has arrived this many times; it is in the log, too. */
	async count(name, times) {
		await this.page.locator(`[data-testid="event-${name}"][data-count="${times}"]`).waitFor();
		await this.page.locator(`[data-kind=event][data-name="${name}"]`).first().waitFor();
	}
}

// proves M01–M28
test('each method is listed, and its button gets an answer', LIMIT, async () => {
	const room = roomId();
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	const demo = await Demo.open({ room });
	assert.match(await demo.call('isCameraEnabled'), /^false$/);
	// Before join, methods that are not possible say so.
	assert.match(await demo.call('enablePin'), /^{ error: { code: 'not-in-room'/);
	assert.match(await demo.call('join'), /^{ peerId: '\w+', displayName: 'Ada' }$/);
	await demo.count('newPeer', 1);
	await bob.seesNames('Ada', bob);

	const answers = {};
	for (const name of METHODS.filter((name) => !NO_GESTURE.includes(name))) {
		assert.equal(await demo.method(name).count(), 1, name);
		answers[name] = await demo.call(name);
	}
	// Methods that require a click in the room ask for it there.
	for (const name of NO_GESTURE) {
		await demo.page.getByTestId(`call-${name}`).click();
		await until(`${name} to be answered`, async () => {
			const tap = demo.frame.getByTestId('gesture-button');
			if (await tap.count()) await tap.click({ timeout: 1000 });
			return (await demo.answer(name).innerText({ timeout: 1000 })) === 'true';
		});
		answers[name] = await demo.answer(name).innerText();
	}

	const { join, getScreenshotByPeerId, disabledTrackByModerator, changeDevice, disableAllMics, disableAllCameras, ...others } =
		answers;
	assert.match(join, /^{ peerId: /);
	assert.match(getScreenshotByPeerId, /^data:image\/png;base64,/);
	// No label is chosen, and nobody here is a moderator.
	assert.match(changeDevice, /code: 'not-found'/);
	for (const answer of [disabledTrackByModerator, disableAllMics, disableAllCameras]) assert.match(answer, /code: 'refused'/);
	for (const [name, answer] of Object.entries(others)) assert.equal(answer, name.startsWith('is') ? 'false' : 'true', name);
	assert.equal(await bob.test('tile-name').filter({ hasText: 'Tom' }).count(), 1);
});

// proves E01–E20
test('each event is listed, and those that arrive are logged and counted', LIMIT, async () => {
	const room = roomId();
	const demo = await Demo.open({ room });
	for (const name of EVENTS) assert.equal(await demo.page.getByTestId(`event-${name}`).count(), 1, name);
	await demo.count('ready', 1);
	await demo.call('join');
	for (const name of ['join', 'switchOnCamera', 'switchOnMic']) await demo.count(name, 1);
	await demo.call('disableMic');
	await demo.count('switchOffMic', 1);
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	await demo.count('newPeer', 1);
	assert.match(
		await demo.page.locator('[data-kind=event][data-name=newPeer]').innerText(),
		new RegExp(`{ peerId: '${bob.peerId}', displayName: 'Bob' }`),
	);
	// The newest participant is proposed.
	await demo.call('enablePin');
	await demo.count('switchOnPin', 1);
	await bob.page.close();
	for (const name of ['peerClosed', 'switchOffPin']) await demo.count(name, 1);

	await demo.page.getByTestId('clear-log').click();
	assert.equal(await demo.page.locator('.log-line').count(), 0);
	// After a reload, everything starts from scratch.
	await demo.page.getByTestId('load-button').click();
	await demo.count('readyToJoin', 1);
	assert.equal(await demo.page.getByTestId('event-join').getAttribute('data-count'), '0');
});

test('the demo fits phones and large screens, in both languages, light and dark', LIMIT, async () => {
	for (const [locale, colorScheme, title] of [
		['en-GB', 'light', 'The bridge, live'],
		['ru-RU', 'dark', 'Мост вживую'],
	]) {
		const demo = await Demo.open({ locale, colorScheme });
		assert.equal(await demo.page.locator('h1').innerText(), title);
		await demo.call('join');
		await demo.call('getScreenshotByPeerId');
		await demo.call('disableAllMics');
		await look(demo, `bridge-demo-${locale}`);
		await demo.page.close();
	}
	// The room in it has the permissions that it needs, and the shown code can be copied.
	const demo = await Demo.open();
	const granted = await demo.page.locator('.demo-frame').getAttribute('allow');
	for (const feature of ['autoplay', 'screen-wake-lock']) assert.ok(granted.includes(feature));
	assert.ok((await demo.page.getByTestId('embed').innerText()).includes(`allow="${granted}"`));
});
