import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Embedded, openSite } from './embed.mjs';
import { holds, LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench();
openSite(bench);

/** The names of these events in order, without any others. */
const inOrder = async (one, ...names) => (await one.events()).map(({ name }) => name).filter((name) => names.includes(name));

// proves M01, M08, M12, M13, E01, G06
test('calls made before the iframe is there are kept, and carried out in order', LIMIT, async () => {
	const early = `
		call('isCameraEnabled');
		call('changeDisplayName', 'Early Bird');
		call('join', { constraints: { video: true, audio: true } });
		call('nonsense');
		call('isMicroEnabled');
	`;
	const ann = await Embedded.open(bench, { room: roomId(), name: 'Ann', early });
	await ann.isConnected();
	const answers = await until('all answers', async () => {
		const answers = await ann.host.evaluate(() => answers);
		return answers.every(({ callbacks }) => callbacks.length) && answers;
	});
	assert.deepEqual(
		answers.map(({ name, callbacks }) => [name, callbacks.length]),
		[
			['isCameraEnabled', 1],
			['changeDisplayName', 1],
			['join', 1],
			['nonsense', 1],
			['isMicroEnabled', 1],
		],
	);
	assert.equal(answers[0].callbacks[0], false);
	assert.equal(answers[1].callbacks[0], true);
	assert.deepEqual(answers[2].callbacks[0], { peerId: ann.peerId, displayName: 'Early Bird' });
	assert.equal(answers[3].callbacks[0].error.code, 'unknown-method');
	assert.equal(await ann.call('isCameraEnabled'), true);
	assert.equal(await ann.call('isMicroEnabled'), true);

	assert.deepEqual(await inOrder(ann, 'ready', 'readyToJoin', 'join'), ['ready', 'readyToJoin', 'join']);
	assert.deepEqual(await ann.events('join'), [{ peerId: ann.peerId, displayName: 'Early Bird' }]);
	await ann.told('switchOnCamera', { peerId: ann.peerId, isLocal: true });
	// States also reach a late listener.
	assert.equal(
		await ann.host.evaluate(() => new Promise((resolve) => bridge.once('ready', (data) => resolve(data.displayName)))),
		'Ann',
	);
});

test('a call of three: camera, microphone and name, as the others see and hear them', LIMIT, async (t) => {
	const room = roomId();
	const bob = await Participant.join(bench, { room, name: 'Bob', colour: 'red' });
	const cem = await Embedded.join(bench, { room, name: 'Cem', colour: 'lime' });
	const ann = await Embedded.join(bench, { room, name: 'Ann', colour: 'blue', constraints: { audio: false, video: false } });

	// proves M01, E11
	await t.test('joining without devices, and learning who is there already', async () => {
		assert.equal(await ann.call('isCameraEnabled'), false);
		await ann.told('newPeer', { peerId: bob.peerId, displayName: 'Bob' });
		await ann.told('switchOnMic', { peerId: bob.peerId, displayName: 'Bob', isLocal: false });
		await cem.told('newPeer', { peerId: ann.peerId, displayName: 'Ann' });
		await Promise.all([ann.sees(bob), ann.hears(bob), ann.sees(cem), ann.hears(cem)]);
		assert.deepEqual(await ann.events('switchOnCamera').then((all) => all.filter(({ isLocal }) => isLocal)), []);
	});

	// proves M04, M05, M12, E02, E03
	await t.test('camera on and off', async () => {
		assert.equal(await ann.call('enableWebcam'), true);
		assert.equal(await ann.call('isCameraEnabled'), true);
		await bob.sees(ann);
		const data = { peerId: ann.peerId, displayName: 'Ann' };
		await ann.told('switchOnCamera', { ...data, isLocal: true });
		await cem.told('switchOnCamera', { ...data, isLocal: false });
		assert.equal(await ann.call('disableWebcam'), true);
		await bob.tile(ann).locator('video').waitFor({ state: 'hidden' });
		await ann.told('switchOffCamera', { ...data, isLocal: true });
		await cem.told('switchOffCamera', { ...data, isLocal: false });
		assert.equal(await ann.call('isCameraEnabled'), false);
	});

	// proves M02, M03, M13, E05, E06
	await t.test('microphone on and off', async () => {
		assert.equal(await ann.call('enableMic'), true);
		assert.equal(await ann.call('isMicroEnabled'), true);
		await bob.hears(ann);
		await bob.seesMuted(ann, false);
		const data = { peerId: ann.peerId, displayName: 'Ann' };
		await ann.told('switchOnMic', { ...data, isLocal: true });
		await cem.told('switchOnMic', { ...data, isLocal: false });
		assert.equal(await ann.call('disableMic'), true);
		await bob.seesMuted(ann, true);
		await ann.told('switchOffMic', { ...data, isLocal: true });
		await cem.told('switchOffMic', { ...data, isLocal: false });
		assert.equal(await ann.call('isMicroEnabled'), false);
	});

	// proves M08, U06
	await t.test('a name from the address can be changed nevertheless', async () => {
		assert.equal(await ann.call('changeDisplayName', 'Anna'), true);
		ann.name = 'Anna';
		await bob.seesNames(ann, bob, cem);
		assert.equal((await ann.call('changeDisplayName', ' ')).error.code, 'bad-data');
		assert.equal((await ann.call('changeDisplayName', { name: 'x' })).error.code, 'bad-data');
		await ann.call('enableMic');
		await cem.told('switchOnMic', { peerId: ann.peerId, displayName: 'Anna' });
	});

	// proves M10
	await t.test('a screenshot shows this peer, as a PNG', async () => {
		await ann.call('enableWebcam');
		const colours = { red: bob, green: cem, blue: ann };
		for (const [colour, peer] of Object.entries(colours)) {
			if (peer !== ann) await ann.sees(peer);
			const { width, height, ...levels } = await ann.screenshot(peer);
			assert.ok(width >= 320 && height >= 180, `${width} × ${height}`);
			const others = Object.keys(levels).filter((name) => name !== colour);
			assert.ok(levels[colour] > 150 && others.every((name) => levels[name] < 90), `${colour}: ${JSON.stringify(levels)}`);
		}
		assert.equal((await ann.call('getScreenshotByPeerId', 'nobody')).error.code, 'not-found');
		assert.equal((await ann.call('getScreenshotByPeerId', 7)).error.code, 'not-found');
		assert.equal((await ann.call('getScreenshotByPeerId')).error.code, 'bad-data');
		await bob.click('camera-button');
		await ann.told('switchOffCamera', { peerId: bob.peerId });
		assert.equal((await ann.call('getScreenshotByPeerId', bob.peerId)).error.code, 'not-found');
	});

	// proves M09, M17, M18
	await t.test('volume and mute', async () => {
		const loudness = () =>
			ann.page.evaluate(() => [...document.querySelectorAll('audio')].map(({ volume, muted }) => (muted ? 0 : volume)));
		assert.equal(await ann.call('setVolume', 25), true);
		assert.ok(
			(await loudness()).every((volume) => volume === 0.25),
			await loudness(),
		);
		assert.equal(await ann.call('muteAudio'), true);
		assert.ok(
			(await loudness()).every((volume) => volume === 0),
			await loudness(),
		);
		assert.equal(await ann.page.evaluate((id) => probe.plays(id), bob.peerId), false);
		assert.equal(await ann.call('unmuteAudio'), true);
		assert.ok(
			(await loudness()).every((volume) => volume === 0.25),
			await loudness(),
		);
		await ann.hears(bob);
		assert.equal(await ann.call('playAudio'), true);
		for (const bad of [101, -1, 'loud', null, NaN]) assert.equal((await ann.call('setVolume', bad)).error.code, 'bad-data');
		assert.equal(await ann.call('setVolume', '100'), true);
	});

	// proves E12
	await t.test('a participant who leaves is reported once', async () => {
		await bob.click('leave-button');
		await ann.told('peerClosed', { peerId: bob.peerId, displayName: 'Bob' });
		await holds('one event', async () => (await ann.events('peerClosed')).length === 1, { during: 500 });
		assert.equal((await ann.events('newPeer')).filter(({ peerId }) => peerId === bob.peerId).length, 1);
	});
});

test('an unknown method and bad data are each answered once, without delay', LIMIT, async () => {
	const ann = await Embedded.open(bench, { room: roomId(), name: 'Ann' });
	await ann.told('ready');
	const codes = {};
	for (const [name, data] of [
		['toString'],
		['constructor'],
		[''],
		['enableShare'],
		['enablePin', 'x'],
		['setBitrate', 1000],
		['disableAllMics'],
		['setLocale', 'xx'],
		['setControlsVisible', 'yes'],
		['join', { constraints: 5 }],
		['changeDevice', {}],
		['disabledTrackByModerator', null],
	])
		codes[name] = (await ann.call(name, data)).error.code;
	assert.deepEqual(codes, {
		toString: 'unknown-method',
		constructor: 'unknown-method',
		'': 'unknown-method',
		enableShare: 'not-in-room',
		enablePin: 'not-in-room',
		setBitrate: 'not-in-room',
		disableAllMics: 'not-in-room',
		setLocale: 'bad-data',
		setControlsVisible: 'bad-data',
		join: 'bad-data',
		changeDevice: 'bad-data',
		disabledTrackByModerator: 'bad-data',
	});
	const circular = await ann.host.evaluate(() => {
		const data = {};
		data.data = data;
		return bridge.method({ name: 'join', data });
	});
	assert.equal(circular.error.code, 'bad-data');
	const answers = await ann.host.evaluate(() => answers);
	assert.ok(
		answers.every(({ callbacks, ms }) => callbacks.length === 1 && ms < 2000),
		JSON.stringify(answers),
	);
});
