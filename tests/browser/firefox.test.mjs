import assert from 'node:assert/strict';
import { test } from 'node:test';
import { READABLE } from '../../bench/quality/watch.mjs';
import { Chatter } from './chatter.mjs';
import { ALLOW, openSite } from './embed.mjs';
import { LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench({ firefox: true });
openSite(bench);

/** Its own fake camera shows a flat colour. */
const fox = () => ({ name: 'Fox', browser: bench.firefox, viewport: { width: 640, height: 480 }, colour: 'orange' });

// proves P02
test('Firefox joins a call, speaks, watches and chats', LIMIT, async (t) => {
	const room = roomId();
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	const ann = await Participant.join(bench, { room, ...fox() });

	await t.test('both see and hear each other', async () => {
		await Promise.all([ann.sees(bob), ann.hears(bob), bob.sees(ann), bob.hears(ann)]);
		await ann.seesNames(bob, ann);
		for (const { srtpCipher, dtlsState } of await ann.page.evaluate(() => probe.transports()))
			assert.deepEqual([srtpCipher, dtlsState], ['SRTP_AEAD_AES_128_GCM', 'connected']);
		assert.equal((await ann.video(bob)).codec, 'video/VP8');
	});

	await t.test('its devices go off and on, as both see', async () => {
		await ann.click('mic-button');
		await bob.seesMuted(ann, true);
		await ann.click('mic-button');
		await bob.seesMuted(ann, false);
		await bob.hears(ann);
		await ann.click('camera-button');
		await bob.tile(ann).locator('video').waitFor({ state: 'hidden' });
		await ann.click('camera-button');
		await bob.sees(ann);
		await bob.click('mic-button');
		await ann.seesMuted(bob, true);
		await bob.click('camera-button');
		await ann.tile(bob).locator('video').waitFor({ state: 'hidden' });
	});

	await t.test('it chats, both ways', async () => {
		const [one, other] = [new Chatter(ann), new Chatter(bob)];
		await one.open();
		await other.open();
		await one.say('Hello from Firefox');
		await other.reads('Fox: Hello from Firefox');
		await other.say('Привет');
		await one.reads('You: Hello from Firefox', 'Bob: Привет');
	});

	await t.test('a participant who takes its place is announced in full', async () => {
		const next = await Participant.join(bench, { room, name: 'Next', peerId: ann.peerId });
		assert.equal(await ann.isRefused(), 'replaced');
		await bob.seesNames(bob, next);
	});
});

// proves P02, M14
test('Firefox shares a page that others can read, and reads theirs', LIMIT, async () => {
	const room = roomId();
	const early = () => probe.sharePage();
	const ann = await Participant.join(bench, { room, name: 'Fox', browser: bench.firefox, early });
	const bob = await Participant.join(bench, { room, name: 'Bob', early });
	for (const [one, other] of [
		[ann, bob],
		[bob, ann],
	]) {
		await one.click('share-button');
		for (const page of [1, 2]) {
			await one.page.evaluate((page) => (probe.page.number = page), page);
			const seen = () => other.page.evaluate(() => probe.pageSeen());
			await until(
				`${other.name} to read page ${page}`,
				async () => {
					const now = await seen();
					return now?.number === page && now.width === 1280 && now.db >= READABLE;
				},
				{ describe: seen },
			);
		}
		await one.click('share-button');
		await other.page.locator('[data-share-of]').waitFor({ state: 'detached' });
	}
});

// proves P03
test('Firefox speaks in a webinar in three sizes, and another watches it', LIMIT, async () => {
	const room = roomId();
	const webinar = { room, kind: 'webinar' };
	const speaker = await Participant.join(bench, { ...webinar, ...fox(), speaker: true });
	const vera = await Participant.join(bench, { ...webinar, ...fox(), name: 'Vera' });
	const carl = await Participant.join(bench, { ...webinar, name: 'Carl' });
	await Promise.all([vera, carl].flatMap((viewer) => [viewer.sees(speaker), viewer.hears(speaker)]));
	for (const viewer of [vera, carl]) await viewer.seesNames(speaker);

	// A busy Firefox sends all sizes smaller.
	const widths = () =>
		speaker.page.evaluate(async () => {
			const reports = await Promise.all(probe.connections.map((connection) => connection.getStats()));
			const sent = reports
				.flatMap((report) => [...report.values()])
				.filter(({ type, rid }) => type === 'outbound-rtp' && rid);
			return sent.sort((a, b) => a.rid.localeCompare(b.rid)).map(({ frameWidth }) => frameWidth);
		});
	for (const layer of [2, 1, 0]) {
		await carl.page.evaluate(([id, layer]) => amphi.setPreferredLayers(id, layer, 2), [speaker.peerId, layer]);
		await until(
			`pictures of layer ${layer}`,
			async () => {
				const sent = await widths();
				const { frameWidth } = await carl.video(speaker);
				return sent[0] < sent[1] && sent[1] < sent[2] && frameWidth === sent[layer];
			},
			{ describe: async () => [await widths(), await carl.video(speaker)] },
		);
		await carl.sees(speaker);
	}
});

// proves P03
test('Firefox shows every codec that it knows, and plays the audio of those who send another', LIMIT, async () => {
	const webinar = { room: roomId(), kind: 'webinar' };
	const speakers = {};
	for (const codec of ['vp9', 'h264'])
		speakers[codec] = await Participant.join(bench, { ...webinar, name: codec, speaker: true, colour: 'teal', codec });
	const vera = await Participant.join(bench, { ...webinar, ...fox(), name: 'Vera' });
	const known = await vera.page.evaluate(() =>
		RTCRtpReceiver.getCapabilities('video').codecs.map(({ mimeType }) => mimeType.toLowerCase()),
	);
	assert.ok(known.includes('video/vp9'));
	// Debian's Firefox has no built-in H.264: it downloads it.
	for (const [codec, speaker] of Object.entries(speakers)) {
		await vera.hears(speaker);
		if (known.includes(`video/${codec}`)) {
			await vera.sees(speaker);
			assert.equal((await vera.video(speaker)).codec.toLowerCase(), `video/${codec}`);
		} else {
			const consumers = await vera.page.evaluate(() =>
				probe.received.filter(({ method }) => method === 'newConsumers').flatMap(({ data }) => data.consumers),
			);
			assert.deepEqual(
				consumers.filter(({ peerId }) => peerId === speaker.peerId).map(({ kind }) => kind),
				['audio'],
			);
		}
	}
});

// proves P04, M01, M04, M10, E01, E11
test('Firefox embeds a room, by script and by module', LIMIT, async () => {
	const room = roomId();
	const bob = await Participant.join(bench, { room, name: 'Bob', colour: 'teal' });
	const src = `${bench.system.url}/call/?roomId=${room}&displayName=Fox&nameScreenDisabled=true&peerId=`;
	const begin = (load, way) =>
		`<iframe id="room" allow="${ALLOW}" src="${(src + way).replaceAll('&', '&amp;')}"></iframe>${load}
		<script type="module">
			const bridge = new window.Bridge({ element: document.getElementById('room'), roomId: '${room}' });
			window.events = [];
			for (const name of ['ready', 'join', 'newPeer', 'switchOnCamera']) bridge.on(name, (data) => events.push([name, data]));
			window.call = (name, data) => bridge.method({ name, data });
			window.joined = call('join', { constraints: { audio: true, video: true } });
		</script>`;
	const url = `${bench.system.url}/meetBridgeApi.js`;
	const ways = {
		script: `<script src="${url}"></script><script>window.Bridge = MeetIframeBridge.default</script>`,
		module: `<script type="module">import Bridge from '${url}'; window.Bridge = Bridge</script>`,
	};
	for (const [way, load] of Object.entries(ways)) {
		const page = await bench.firefox.page(fox());
		await page.goto(bench.site.add(begin(load, way)));
		const joined = await page.evaluate(() => window.joined);
		assert.equal(joined.displayName, 'Fox', JSON.stringify(joined));
		const embedded = { name: 'Fox', peerId: way };
		await Promise.all([bob.sees(embedded), bob.hears(embedded)]);
		await until('the events', async () =>
			(await page.evaluate(() => events)).some(([name, { peerId }]) => name === 'newPeer' && peerId === bob.peerId),
		);
		const names = (await page.evaluate(() => events)).map(([name]) => name);
		assert.deepEqual(names.slice(0, 2), ['ready', 'join']);
		const picture = await until('a screenshot', async () => {
			const answer = await page.evaluate((peerId) => call('getScreenshotByPeerId', peerId), bob.peerId);
			return typeof answer === 'string' && answer;
		});
		const { red, green, blue } = await page.evaluate((picture) => probe.colourOf(picture), picture);
		assert.ok(red < 60 && green > 90 && blue > 90, `Bob is before teal, not ${[red, green, blue]}`);
		assert.equal(await page.evaluate(() => call('disableWebcam')), true);
		await bob.tile(embedded).locator('video').waitFor({ state: 'hidden' });
		await page.goto('about:blank');
		await bob.seesNames(bob);
	}
});

test('Firefox shows why it was refused', LIMIT, async () => {
	const room = roomId();
	await Participant.join(bench, { room, name: 'Bob' });
	const lost = await Participant.open(bench, { room, kind: 'webinar', ...fox() });
	await lost.enter();
	assert.equal(await lost.isRefused(), 'wrong-room-kind');
});
