import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALLOW, Embedded, openSite } from './embed.mjs';
import { Chromium, holds, LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench({ integrator: true });
openSite(bench);

/** Runs with a browser that has other traits. */
async function inBrowser(traits, work) {
	const { chromium: before } = bench;
	bench.chromium = await Chromium.launch(traits);
	try {
		await work();
	} finally {
		await bench.chromium.close();
		bench.chromium = before;
	}
}

/** Calls a method that requires a click in the room, and clicks. If the click is too late for the call, it still takes effect, and the next call says so. */
async function callAndTap(one, name) {
	const first = one.call(name);
	await one.shows('gesture-overlay');
	await one.click('gesture-button');
	const answer = await first;
	return answer.error?.code === 'user-activation-required' ? one.call(name) : answer;
}

/** Waits until no gesture counts any more in the room: for Chromium, scripts that tests evaluate there are gestures. */
const untouched = () => holds('nobody touches the room', () => true, { during: 5500 });

// proves M06, M07, M14, E08, E09, E10
test('the screen is shared after a tap in the room', LIMIT, async () => {
	const room = roomId();
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	const cem = await Embedded.join(bench, { room, name: 'Cem', constraints: {} });
	const ann = await Embedded.join(bench, { room, name: 'Ann' });
	assert.equal(await ann.call('isShareEnabled'), false);
	const data = { peerId: ann.peerId, displayName: 'Ann' };

	await untouched();
	assert.equal(await callAndTap(ann, 'enableShare'), true);
	// What the browser said to the first attempt.
	await ann.told('errorGetShare', { ...data, name: 'InvalidStateError' });
	assert.equal(await ann.call('isShareEnabled'), true);
	await ann.told('switchOnShare', { ...data, isLocal: true });
	await cem.told('switchOnShare', { ...data, isLocal: false });
	for (const one of [bob, cem]) {
		await one.page.locator(`[data-share-of="${ann.peerId}"] video`).waitFor();
		await until(
			`${one.name} to get frames of the screen`,
			async () => (await one.stats()).video.some(({ share, framesDecoded }) => share && framesDecoded > 5),
			{ describe: () => one.stats() },
		);
	}
	assert.equal(await ann.call('disableShare'), true);
	await bob.page.locator(`[data-share-of="${ann.peerId}"]`).waitFor({ state: 'detached' });
	await ann.told('switchOffShare', { ...data, isLocal: true });
	await cem.told('switchOffShare', { ...data, isLocal: false });
	assert.equal(await ann.call('isShareEnabled'), false);

	// Nobody clicks: the call is answered in time, and a later click still takes effect.
	await untouched();
	const late = await ann.call('enableShare');
	assert.equal(late.error.code, 'user-activation-required');
	await ann.click('gesture-button');
	for (const one of [ann, cem]) {
		await until(`${one.name} to be told again`, async () => (await one.events('switchOnShare')).length > 1);
		assert.equal((await one.events('switchOnShare')).length, 2);
	}
});

// proves E10
test('an iframe that may not share says so', LIMIT, async () => {
	const allow = ALLOW.replace('display-capture; ', '');
	const ann = await Embedded.join(bench, { room: roomId(), name: 'Ann', allow });
	assert.equal((await ann.call('enableShare')).error.code, 'policy');
	await ann.told('errorGetShare', { peerId: ann.peerId, displayName: 'Ann', name: 'NotAllowedError' });
});

// proves E04, E07
test('devices that are refused are reported', LIMIT, async () => {
	await inBrowser({ permission: 'deny' }, async () => {
		const ann = await Embedded.join(bench, { room: roomId(), name: 'Ann' });
		const data = { peerId: ann.peerId, displayName: 'Ann' };
		const camera = await ann.told('errorGetCamera', { ...data, name: 'NotAllowedError' });
		assert.ok(camera.message.length > 10);
		await ann.told('errorGetMic', { ...data, name: 'NotAllowedError' });
		assert.equal((await ann.call('enableWebcam')).error.code, 'denied');
		assert.equal((await ann.call('enableMic')).error.code, 'denied');
		assert.equal(await ann.call('isCameraEnabled'), false);
	});
	await inBrowser({ devices: null }, async () => {
		const ann = await Embedded.join(bench, { room: roomId(), name: 'Ann', constraints: {} });
		assert.equal((await ann.call('enableWebcam')).error.code, 'not-found');
		await ann.told('errorGetCamera', { peerId: ann.peerId, name: 'NotFoundError' });
	});
	const ann = await Embedded.join(bench, { room: roomId(), name: 'Ann', allow: 'microphone' });
	assert.equal((await ann.call('enableWebcam')).error.code, 'policy');
	assert.equal(await ann.call('isMicroEnabled'), true);
});

// proves M01, M15
test('devices by id and by label', LIMIT, async () => {
	await inBrowser({ devices: 'fps=15,device-count=3' }, async () => {
		const room = roomId();
		const bob = await Participant.join(bench, { room, name: 'Bob' });
		const wanted = await bob.page.evaluate(async () =>
			(await navigator.mediaDevices.enumerateDevices())
				.filter(({ kind }) => kind === 'videoinput')
				.map(({ label }) => label),
		);
		// The second is a depth camera, whose video nobody can send.
		assert.equal(wanted.length, 3);
		const labels = (one) =>
			one.page.evaluate(() =>
				probe.connections
					.flatMap((c) => c.getSenders())
					.map(({ track }) => track?.label)
					.filter(Boolean),
			);
		const sends = (one, label) =>
			until(`${one.name} to send of ${label}`, async () => (await labels(one)).includes(label), {
				describe: () => labels(one),
			});
		// The embedding page knows labels, and ids of its own origin.
		const video = { deviceId: 'of another site', label: wanted[2], kind: 'video' };
		const ann = await Embedded.join(bench, { room, name: 'Ann', constraints: { video, audio: true } });
		await sends(ann, wanted[2]);
		await bob.sees(ann);
		assert.equal(await ann.call('changeDevice', { constraints: { video: { label: wanted[0] } } }), true);
		await sends(ann, wanted[0]);
		await bob.sees(ann);
		// The room's own ids, as known to an embedding page of the same origin.
		const devices = await ann.page.evaluate(async () =>
			(await navigator.mediaDevices.enumerateDevices()).map(({ kind, deviceId, label }) => ({ kind, deviceId, label })),
		);
		const third = devices.find(({ label }) => label === wanted[2]);
		assert.equal(await ann.call('changeDevice', { constraints: { video: { deviceId: third.deviceId } } }), true);
		await sends(ann, wanted[2]);
		const mic = devices.findLast(({ kind }) => kind === 'audioinput');
		assert.ok(!(await labels(ann)).includes(mic.label), 'another microphone');
		assert.equal(await ann.call('changeDevice', { constraints: { audio: { label: mic.label } } }), true);
		await sends(ann, mic.label);
		await Promise.all([bob.sees(ann), bob.hears(ann)]);
		assert.equal((await ann.call('changeDevice', { constraints: { audio: { label: 'none' } } })).error.code, 'not-found');
		const both = { constraints: { audio: { label: wanted[0] }, video: { label: wanted[0] } } };
		assert.equal((await ann.call('changeDevice', both)).error.code, 'bad-data');
	});
});

test('controls, marks, pin and language', LIMIT, async (t) => {
	const room = roomId();
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	const cem = await Participant.join(bench, { room, name: 'Cem' });
	const ann = await Embedded.join(bench, { room, name: 'Ann' });
	await Promise.all([ann.sees(bob), ann.sees(cem)]);

	// proves M11, U04
	await t.test('controls are hidden and shown', async () => {
		assert.equal(await ann.call('setControlsVisible', false), true);
		await ann.test('leave-button').waitFor({ state: 'detached' });
		assert.equal(await ann.call('enableMic'), true);
		assert.equal(await ann.call('setControlsVisible', true), true);
		await ann.test('leave-button').waitFor();
	});

	// proves G03
	await t.test('names and marks are hidden and shown', async () => {
		assert.equal(await ann.call('setHideIndicators', true), true);
		await ann.tile(bob).getByTestId('tile-name').waitFor({ state: 'hidden' });
		assert.equal(await ann.call('setHideIndicators', false), true);
		await ann.tile(bob).getByTestId('tile-name').waitFor();
	});

	// proves M23, M24, E17, E19, E20
	await t.test('a pinned tile is large', async () => {
		const area = async (peer) => {
			const { width, height } = await ann.tile(peer).boundingBox();
			return width * height;
		};
		assert.equal(await ann.call('enablePin', bob.peerId), true);
		await ann.told('switchOnPin', { peerId: bob.peerId });
		await until('Bob to be large', async () => (await area(bob)) > 3 * (await area(cem)));
		assert.equal(await ann.call('enablePin', cem.peerId), true);
		await ann.told('switchOffPin', { peerId: bob.peerId });
		await ann.told('switchOnPin', { peerId: cem.peerId });
		await until('Cem to be large', async () => (await area(cem)) > 3 * (await area(bob)));
		assert.equal(await ann.call('disablePin'), true);
		await ann.told('switchOffPin', { peerId: cem.peerId });
		await until('all to be equal', async () => Math.abs((await area(cem)) - (await area(bob))) < 100);
		assert.equal((await ann.call('enablePin', 'nobody')).error.code, 'not-found');
		await ann.told('errorGetPin', { peerId: 'nobody' });
	});

	// proves M25
	await t.test('the language changes at once', async () => {
		assert.equal(await ann.call('setLocale', 'ru'), true);
		await ann.page.getByText('Выйти').first().waitFor();
		assert.equal(await ann.page.evaluate(() => document.documentElement.lang), 'ru');
		assert.equal(await ann.call('setLocale', 'en'), true);
		await ann.page.getByText('Leave').first().waitFor();
	});

	// proves M20, M21, M22
	await t.test('full screen after a tap in the room', async () => {
		assert.equal(await ann.call('isFullscreenEnabled'), false);
		await untouched();
		assert.equal(await callAndTap(ann, 'enableFullscreen'), true);
		assert.equal(await ann.call('isFullscreenEnabled'), true);
		assert.equal(await ann.call('disableFullscreen'), true);
		await until('the end of it', async () => !(await ann.call('isFullscreenEnabled')));
	});

	// proves M10
	await t.test('a screenshot works even if the video is out of sight', async () => {
		await ann.host.evaluate(() => (document.getElementById('room').style.display = 'none'));
		await holds('time to settle', () => true, { during: 1000 });
		assert.match(await ann.call('getScreenshotByPeerId', bob.peerId), /^data:image\/png;base64,/);
	});
});

// proves M10
test('a screenshot of video that is shown small is large', LIMIT, async () => {
	const room = roomId();
	const bob = await Participant.join(bench, { room, name: 'Bob', colour: 'red' });
	const ann = await Embedded.join(bench, { room, name: 'Ann', viewport: { width: 240, height: 270 } });
	const shownSmall = () =>
		until(
			'the small picture',
			async () => {
				const [small, ...larger] = await bob.sentWidths();
				return larger.length > 0 && (await ann.video(bob)).frameWidth === small && small;
			},
			{ describe: async () => [await bob.sentWidths(), await ann.stats()] },
		);
	await shownSmall();
	// Ann's request for it takes a moment: small video goes on meanwhile.
	await ann.page.evaluate(() => {
		const socket = probe.sockets.at(-1);
		const { send } = socket;
		socket.send = (data) => void setTimeout(() => send.call(socket, data), 500);
	});
	// A slow page returns what it has after 3 s.
	await until('a large picture', async () => {
		const small = await shownSmall();
		const url = await ann.call('getScreenshotByPeerId', bob.peerId);
		const { width } = await ann.host.evaluate((url) => probe.colourOf(url), url);
		return width >= 2 * small;
	});
	await shownSmall();
});

// proves M21
test('an iframe that may not go full screen says so', LIMIT, async () => {
	const ann = await Embedded.join(bench, { room: roomId(), name: 'Ann', allow: 'camera; microphone' });
	assert.equal((await ann.call('enableFullscreen')).error.code, 'unsupported');
});

// proves M16, E18, U02
test('sound that the browser refuses starts after a tap', LIMIT, async () => {
	await inBrowser({ autoplay: false }, async () => {
		const room = roomId();
		const ada = await Participant.join(bench, { room, kind: 'webinar', name: 'Ada', speaker: true });
		const vera = await Embedded.open(bench, {
			room,
			kind: 'webinar',
			name: 'Vera',
			autoplayWithoutAudioTrack: true,
			allow: 'fullscreen',
		});
		assert.equal((await vera.call('join')).peerId, vera.peerId);
		await vera.told('playingAudioPrevent', { peerId: vera.peerId });
		assert.equal(await callAndTap(vera, 'playAudio'), true);
		await vera.hears(ada);
	});
});

// proves M09
test('if elements have no volume, a gain node sets it', LIMIT, async () => {
	const room = roomId();
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	const ann = await Embedded.open(bench, { room, name: 'Ann' });
	// As on an iPhone: a volume that is set does not stick.
	await ann.page.evaluate(() => Object.defineProperty(HTMLMediaElement.prototype, 'volume', { get: () => 1, set: () => {} }));
	await ann.page.evaluate(() => {
		const { createGain } = BaseAudioContext.prototype;
		BaseAudioContext.prototype.createGain = function () {
			const gain = createGain.call(this);
			const analyser = this.createAnalyser();
			analyser.fftSize = 2048;
			gain.connect(analyser);
			window.loudest = async () => {
				let peak = 0;
				const samples = new Float32Array(analyser.fftSize);
				for (let turn = 0; turn < 75; turn++) {
					analyser.getFloatTimeDomainData(samples);
					peak = Math.max(peak, ...samples.map(Math.abs));
					await new Promise((done) => setTimeout(done, 30));
				}
				return peak;
			};
			return gain;
		};
	});
	await ann.call('join', { constraints: { audio: false, video: false } });
	await ann.told('switchOnMic', { peerId: bob.peerId });
	await until('the sound', async () => (await ann.page.evaluate(() => window.loudest?.())) > 0.05);
	const full = await ann.page.evaluate(() => loudest());
	await ann.call('setVolume', 20);
	const isQuiet = (low) => low > 0.1 * full && low < 0.35 * full;
	await until(`a fifth of ${full}`, async () => isQuiet(await ann.page.evaluate(() => loudest())));
	await ann.call('muteAudio');
	await until('silence', async () => (await ann.page.evaluate(() => loudest())) === 0);
});

// proves M19
test('a limit in bit/s: the participant’s own, and a moderator’s for the room', LIMIT, async () => {
	const room = roomId();
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	const mod = await Embedded.join(bench, {
		room,
		name: 'Mod',
		claims: { role: 'moderator' },
		constraints: { video: true, audio: false },
	});
	const ann = await Embedded.join(bench, { room, name: 'Ann' });
	/** The maximum bitrate of a sender, over the layers that are on. */
	const sent = (one) =>
		one.page.evaluate(() => {
			const encodings = probe.connections
				.flatMap((c) => c.getSenders())
				.filter(({ track }) => track?.kind === 'video')
				.map((sender) => sender.getParameters().encodings)
				.findLast((encodings) => encodings.length);
			return encodings?.filter(({ active }) => active).reduce((sum, { maxBitrate }) => sum + maxBitrate, 0);
		});
	const reaches = (one, bitrate) =>
		until(`${one.name} to send ${bitrate}`, async () => (await sent(one)) === bitrate, { describe: () => sent(one) });
	await Promise.all([reaches(ann, 2_150_000), reaches(bob, 2_150_000)]);
	await bob.sees(ann);

	assert.equal(await ann.call('setBitrate', 150_000), true);
	await reaches(ann, 150_000);
	await reaches(bob, 2_150_000);
	await until('small pictures', async () => (await bob.video(ann)).frameWidth <= 320, { describe: () => bob.video(ann) });
	assert.equal(await mod.call('setBitrate', 100_000), true);
	await Promise.all([mod, ann, bob].map((one) => reaches(one, 100_000)));
	await bob.sees(ann);
	assert.equal(await mod.call('setBitrate', 0), true);
	await reaches(bob, 2_150_000);
	await reaches(ann, 150_000);
	assert.equal(await ann.call('setBitrate', 0), true);
	await reaches(ann, 2_150_000);
	await bob.sees(ann);
});

// proves M26, M27, M28, S07
test('only moderators can turn off the devices of others', LIMIT, async () => {
	const room = roomId();
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	const ann = await Embedded.join(bench, { room, name: 'Ann' });
	const mod = await Embedded.join(bench, { room, name: 'Mod', claims: { role: 'moderator' } });
	await bob.seesMuted(ann, false);
	for (const [name, data] of [
		['disableAllMics'],
		['disableAllCameras'],
		['disabledTrackByModerator', { userPeerId: bob.peerId, kind: 'audio' }],
	])
		assert.equal((await ann.call(name, data)).error.code, 'refused', name);
	await bob.seesMuted(mod, false);

	assert.equal(await mod.call('disabledTrackByModerator', { userPeerId: ann.peerId, kind: 'audio' }), true);
	await bob.seesMuted(ann, true);
	await ann.told('switchOffMic', { peerId: ann.peerId, isLocal: true });
	assert.equal(await ann.call('isMicroEnabled'), false);
	assert.equal(await mod.call('disabledTrackByModerator', { peerId: ann.peerId, kind: 'video' }), true);
	await ann.told('switchOffCamera', { peerId: ann.peerId, isLocal: true });
	assert.equal((await mod.call('disabledTrackByModerator', { userPeerId: 'nobody', kind: 'audio' })).error.code, 'refused');
	assert.equal((await mod.call('disabledTrackByModerator', { userPeerId: ann.peerId, kind: 'smell' })).error.code, 'bad-data');

	// A device that was turned off may be turned on again.
	assert.equal(await ann.call('enableMic'), true);
	assert.equal(await ann.call('enableWebcam'), true);
	await bob.seesMuted(ann, false);
	assert.equal(await mod.call('disableAllMics'), true);
	for (const peer of [ann, bob]) await mod.seesMuted(peer, true);
	assert.equal(await mod.call('disableAllCameras'), true);
	for (const peer of [ann, bob]) await mod.told('switchOffCamera', { peerId: peer.peerId, isLocal: false });
	assert.equal(await mod.call('isMicroEnabled'), true);
});
