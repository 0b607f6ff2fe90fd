import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { Chromium, LIMIT, look, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench();

/** Another browser, with other devices or another user, for one test; its bench. */
async function other(t, traits) {
	const chromium = await Chromium.launch(traits);
	t.after(() => chromium.close());
	return { ...bench, chromium };
}

/** A meter's bar, from 0 to 1, at most within a second: the fake microphone beeps that often. */
const level = (one, index = 0) =>
	one.page.evaluate(async (index) => {
		let loudest = 0;
		for (let i = 0; i < 25; i++) {
			const bar = document.querySelectorAll('[data-testid=level]')[index]?.firstElementChild;
			if (bar) loudest = Math.max(loudest, new DOMMatrix(getComputedStyle(bar).transform).a);
			await new Promise((done) => setTimeout(done, 50));
		}
		return loudest;
	}, index);

/** The preview: a hash of its picture, and which camera it is of. */
const preview = (one) =>
	one.page.evaluate(() => {
		const video = document.querySelector('.preview video');
		if (!video || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
		const canvas = new OffscreenCanvas(64, 36);
		const context = canvas.getContext('2d');
		context.drawImage(video, 0, 0, 64, 36);
		const { data } = context.getImageData(0, 0, 64, 36);
		return {
			hash: data.reduce((hash, byte) => (Math.imul(hash, 31) + byte) | 0),
			camera: video.srcObject.getVideoTracks()[0].label,
		};
	});

async function previewMoves(one) {
	const before = await until('a preview', () => preview(one));
	await until('the preview to move', async () => (await preview(one)).hash !== before.hash);
}

// proves P02
test('the welcome screen says what it leads to, shows the camera and hears the microphone', LIMIT, async () => {
	const room = roomId();
	const ann = await Participant.open(bench, { room, name: 'Ann' });
	assert.equal(await ann.page.locator('h1').innerText(), 'Join the meeting');
	assert.ok(await ann.page.getByText(`Room ${room}`).isVisible());
	await previewMoves(ann);
	await until('the meter to move', async () => (await level(ann)) > 0.2);

	await ann.click('mic-button');
	assert.equal(await level(ann), 0);
	await ann.click('camera-button');
	await ann.page.getByText('Your camera is off').waitFor();
	assert.equal(await ann.test('join-button').isDisabled(), true);
	await ann.enter();
	await ann.isConnected();
	// A device that was off there is off here.
	assert.equal(await ann.test('mic-button').getAttribute('aria-pressed'), 'false');
	assert.equal(await ann.test('camera-button').getAttribute('aria-pressed'), 'false');
});

test('name, language, devices and their state are remembered', LIMIT, async (t) => {
	const ann = await Participant.open(await other(t, { devices: 'device-count=2,fps=15' }), { room: roomId(), name: 'Ann' });
	await previewMoves(ann);
	const first = (await preview(ann)).camera;
	const names = await ann.test('camera-select').locator('option').allInnerTexts();
	assert.equal(names.length, 2, names.join());
	const second = names.find((name) => name !== first);

	await ann.test('camera-select').selectOption({ label: second });
	await until('the other camera', async () => (await preview(ann)).camera === second);
	await previewMoves(ann);
	await ann.click('language-ru');
	assert.equal(await ann.page.locator('h1').innerText(), 'Вход на встречу');
	await ann.click('mic-button');
	await ann.enter();
	await ann.isConnected();

	await ann.page.reload();
	await until('the chosen camera', async () => (await preview(ann))?.camera === second);
	assert.equal(await ann.test('name-input').inputValue(), 'Ann');
	assert.equal(await ann.page.locator('h1').innerText(), 'Вход на встречу');
	assert.equal(await ann.test('mic-button').getAttribute('aria-pressed'), 'false');
	assert.equal(await ann.test('camera-button').getAttribute('aria-pressed'), 'true');
});

test('a new microphone is heard, a new camera is seen, and neither causes a new connection', LIMIT, async (t) => {
	const room = roomId();
	const ann = await Participant.open(await other(t, { devices: 'device-count=2,fps=15' }), { room, name: 'Ann' });
	await previewMoves(ann);
	const labels = await ann.test('mic-select').locator('option').allInnerTexts();
	await ann.test('mic-select').selectOption({ label: labels.at(-1) });
	await until('the other microphone', async () => (await level(ann)) > 0.2);
	const chosen = await ann.test('mic-select').locator('option:checked').innerText();
	assert.equal(chosen, labels.at(-1));
	await ann.enter();
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	await Promise.all([bob.sees(ann), bob.hears(ann)]);
});

test('the speaker is tested and chosen', LIMIT, async () => {
	const ann = await Participant.open(bench, { room: roomId(), name: 'Ann' });
	await previewMoves(ann);
	const select = ann.test('speaker-select');
	await until('speakers to choose from', async () => (await select.locator('option').count()) > 1);
	const value = await select.locator('option').last().getAttribute('value');
	await select.selectOption(value);
	// The sound is over within two seconds: its visible effects are recorded from before the click until then.
	await ann.page.evaluate(() => {
		const button = document.querySelector('[data-testid=speaker-test]');
		const sound = document.querySelector('[data-testid=speaker-test-sound]');
		window.seen = { texts: [button.innerText], sinks: [], level: 0 };
		setInterval(() => {
			if (button.innerText !== seen.texts.at(-1)) seen.texts.push(button.innerText);
			if (sound.currentTime > 0 && !sound.paused && !seen.sinks.includes(sound.sinkId)) seen.sinks.push(sound.sinkId);
			const bar = document.querySelectorAll('[data-testid=level]')[1]?.firstElementChild;
			if (bar) seen.level = Math.max(seen.level, new DOMMatrix(getComputedStyle(bar).transform).a);
		}, 20);
	});
	await ann.click('speaker-test');
	const seen = await until('the test to end', () => ann.page.evaluate(() => seen.texts.length > 2 && seen));
	assert.deepEqual(seen.texts, ['Test the speaker', 'You should hear three notes', 'Test the speaker']);
	assert.equal(seen.sinks.at(-1), value);
	assert.ok(seen.level > 0.2, seen.level);
});

// Nobody is kept out for lack of a device, and each problem has its own text.
const WANTS = {
	denied: { traits: { permission: 'deny' }, text: /is blocking the camera and the microphone/ },
	missing: { traits: { devices: null }, text: /No camera and no microphone were found/ },
	insecure: {
		// Headless and without HTTPS, Chromium would be an unknown browser.
		traits: { args: ['--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36'] },
		url: ({ port }) => `http://plain.test:${port}`,
		text: /only on pages opened with HTTPS/,
	},
};

for (const [want, { traits, url, text }] of Object.entries(WANTS))
	test(`unusable devices: ${want}`, LIMIT, async (t) => {
		const room = roomId();
		const address = url?.(new URL(bench.system.url));
		const ann = await Participant.open(await other(t, traits), { room, name: 'Ann', url: address });
		await ann.test('device-problem').waitFor();
		assert.match(await ann.test('device-problem').innerText(), text);
		await look(ann, `welcome-${want}`);
		assert.equal(await ann.test('join-button').innerText(), 'Join without camera and microphone');
		await ann.enter();
		await ann.isConnected();

		const bob = await Participant.join(bench, { room, name: 'Bob' });
		await Promise.all([ann.sees(bob), ann.hears(bob)]);
		await bob.seesMuted(ann, true);
	});

test('unusable devices: a camera that another program has', LIMIT, async () => {
	// Chromium's fake camera is never busy: this error is simulated.
	const page = await bench.chromium.page();
	await page.addInitScript(() => {
		const { getUserMedia } = MediaDevices.prototype;
		MediaDevices.prototype.getUserMedia = function (constraints) {
			if (window.cameraIsFree || !constraints.video) return getUserMedia.call(this, constraints);
			return Promise.reject(new DOMException('Could not start video source', 'NotReadableError'));
		};
	});
	await page.goto(`${bench.system.url}/call/?roomId=${roomId()}`);
	await page.getByTestId('device-problem').waitFor();
	assert.match(await page.getByTestId('device-problem').innerText(), /The camera could not be started. Another program/);
	const ann = { page };
	await until('the microphone to work all the same', async () => (await level(ann)) > 0.2);
	await page.evaluate(() => void (window.cameraIsFree = true));
	await page.getByTestId('device-retry').click();
	await previewMoves(ann);
	assert.equal(await page.getByTestId('device-problem').count(), 0);
});

// proves P05
test('devices that the embedding page does not allow', LIMIT, async (t) => {
	const room = roomId();
	const server = createServer((request, response) => {
		response.setHeader('Content-Type', 'text/html');
		const allow = request.url === '/all' ? 'camera; microphone' : '';
		response.end(
			`<iframe allow="${allow}" width="900" height="640" src="${bench.system.url}/call/?roomId=${room}"></iframe>`,
		);
	}).listen(0, 'localhost');
	await once(server, 'listening');
	t.after(() => server.close());
	const page = await bench.chromium.page();
	const frame = page.frameLocator('iframe');

	await page.goto(`http://localhost:${server.address().port}/`);
	await frame.getByTestId('device-problem').waitFor();
	assert.match(
		await frame.getByTestId('device-problem').innerText(),
		/page that shows this meeting does not allow the camera and the microphone/,
	);
	await page.goto(`http://localhost:${server.address().port}/all`);
	await frame.locator('.preview video').waitFor();
	assert.equal(await frame.getByTestId('device-problem').count(), 0);
});

// proves P03, U02
test('viewers of a webinar are never asked for devices', LIMIT, async () => {
	const room = roomId();
	const speaker = await Participant.join(bench, { room, kind: 'webinar', name: 'Ada', speaker: true });
	for (const autoplayWithoutAudioTrack of ['false', 'true']) {
		const name = `Vera ${autoplayWithoutAudioTrack}`;
		const viewer = await Participant.open(bench, { room, kind: 'webinar', name, autoplayWithoutAudioTrack });
		assert.equal(await viewer.page.locator('h1').innerText(), 'Join the webinar');
		assert.ok(await viewer.page.getByText('You are joining as a viewer').isVisible());
		assert.ok(await viewer.test('speaker-test').isVisible());
		assert.equal(await viewer.test('camera-button').count(), 0);
		await viewer.enter();
		await Promise.all([viewer.sees(speaker), viewer.hears(speaker)]);
		assert.equal(await viewer.page.evaluate(() => probe.userMediaCalls), 0);
	}
});

// proves U02, U10, E18
test('if the browser plays no sound before a gesture, one tap is enough', LIMIT, async (t) => {
	const room = roomId();
	const speaker = await Participant.join(bench, { room, kind: 'webinar', name: 'Ada', speaker: true });
	const viewer = await Participant.open(await other(t, { autoplay: false }), {
		...{ room, kind: 'webinar', name: 'Vera', displayName: 'Vera' },
		...{ autoplayWithoutAudioTrack: true, nameScreenDisabled: true },
	});
	// Any other access to the page counts as a gesture.
	const devtools = await viewer.page.context().newCDPSession(viewer.page);
	const evaluate = async (expression) =>
		(await devtools.send('Runtime.evaluate', { expression, userGesture: false, returnByValue: true })).result.value;
	const listening = () => evaluate(`probe.plays(${JSON.stringify(speaker.peerId)})`);
	await until('the button', () => evaluate('document.querySelector("[data-testid=listen-button]") !== null'));
	assert.equal(await listening(), false);
	assert.equal(await evaluate('navigator.userActivation.hasBeenActive'), false);
	await viewer.click('listen-button');
	await viewer.hears(speaker);
	assert.equal(await viewer.test('listen-button').count(), 0);
});

// proves U10
test('without the welcome screen and without a bridge, the page enters by itself, with devices off', LIMIT, async () => {
	const room = roomId();
	/** Records which pages are shown: each for as long as a slow machine leaves of three seconds. */
	const early = () => {
		window.shown = new Set();
		new MutationObserver(() => {
			for (const { dataset } of document.querySelectorAll('[data-testid]')) shown.add(dataset.testid);
		}).observe(document, { childList: true, subtree: true });
	};
	const ann = await Participant.open(bench, { room, name: 'Ann', displayName: 'Ann', nameScreenDisabled: true, early });
	await ann.isConnected();
	const { shown, waited } = await ann.page.evaluate(() => ({ shown: [...window.shown], waited: probe.sockets[0].madeAt }));
	assert.ok(shown.includes('awaiting') && !shown.includes('name-input'), shown.join());
	assert.ok(waited >= 3000, `Ann waited ${waited} ms for a bridge`);
	assert.equal(await ann.page.evaluate(() => probe.userMediaCalls), 0);
	assert.equal(await ann.test('mic-button').getAttribute('aria-pressed'), 'false');

	const bob = await Participant.join(bench, { room, name: 'Bob' });
	await bob.seesNames('Ann', 'Bob');
	await ann.click('mic-button');
	await bob.hears(ann);
});

// proves U06
test('a name from the address is used, and cannot be changed', LIMIT, async () => {
	const room = roomId();
	const ann = await Participant.open(bench, { room, name: 'Ann', displayName: 'Анна <b>' });
	assert.equal(await ann.test('name-input').inputValue(), 'Анна <b>');
	assert.equal(await ann.test('name-input').isDisabled(), true);
	assert.ok(await ann.page.getByText('The organiser has set your name').isVisible());
	await ann.click('join-button');
	await ann.isConnected();
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	await bob.seesNames('Анна <b>', 'Bob');
	// It does not become anybody's own name either.
	await ann.page.goto(`${bench.system.url}/call/?roomId=${room}`);
	assert.equal(await ann.test('name-input').inputValue(), '');
});

// proves U08
test('a click changes the language, unless the address has fixed it', LIMIT, async () => {
	const ann = await Participant.open(bench, { room: roomId(), name: 'Ann' });
	await ann.test('name-input').fill('Ann');
	await ann.click('language-ru');
	assert.equal(await ann.test('join-button').innerText(), 'Войти');
	assert.equal(await ann.page.evaluate(() => document.documentElement.lang), 'ru');
	assert.equal(await ann.test('name-input').inputValue(), 'Ann');
	await ann.click('language-en');
	assert.equal(await ann.test('join-button').innerText(), 'Join');

	const fixed = await Participant.open(bench, { room: roomId(), name: 'Ann', lang: 'ru' });
	assert.equal(await fixed.test('join-button').innerText(), 'Войти');
	assert.equal(await fixed.test('language-en').count(), 0);
});

// proves G01
test('the room may be named in the path', LIMIT, async () => {
	const room = roomId();
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	const page = await bench.chromium.page();
	await page.goto(`${bench.system.url}/call/${room}?displayName=Bob&roomId=another`);
	await page.getByTestId('join-button').click();
	await ann.seesNames('Ann', 'Bob');
});

test('if the browser stores nothing for the page, people can still enter', LIMIT, async () => {
	const page = await bench.chromium.page();
	await page.addInitScript(() =>
		Object.defineProperty(window, 'localStorage', {
			get: () => {
				throw new DOMException('blocked', 'SecurityError');
			},
		}),
	);
	const room = roomId();
	await page.goto(`${bench.system.url}/call/?roomId=${room}`);
	await page.getByTestId('name-input').fill('Ann');
	await page.getByTestId('language-ru').click();
	await page.getByTestId('join-button').click();
	await page.getByTestId('leave-button').waitFor();
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	await bob.seesNames('Ann', 'Bob');
});

test('the page says if the room cannot be loaded, and another click tries again', LIMIT, async () => {
	const page = await bench.chromium.page();
	const away = (route) => route.abort('connectionfailed');
	await page.route(/\/assets\/inside-.*\.js/, away);
	const room = roomId();
	await page.goto(`${bench.system.url}/call/?roomId=${room}&displayName=Ann`);
	await page.getByTestId('join-button').click();
	await page.getByText('The room could not be loaded').waitFor();
	await page.unroute(/\/assets\/inside-.*\.js/, away);
	await page.getByTestId('join-button').click();
	await page.getByTestId('leave-button').waitFor();
});
