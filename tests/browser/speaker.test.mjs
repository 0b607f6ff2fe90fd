import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT, openBench, Participant, Proxy, roomId, until } from './harness.mjs';

const bench = openBench({ integrator: true });

/** Speaks with a voice of its own instead of the fake microphone's beeps; 0 is silence. */
const say = (one, volume) =>
	one.page.evaluate(async (volume) => {
		if (!window.voice) {
			const context = new AudioContext();
			const oscillator = new OscillatorNode(context, { frequency: 220 });
			const gain = new GainNode(context, { gain: 0 });
			const out = new MediaStreamAudioDestinationNode(context);
			oscillator.connect(gain).connect(out);
			oscillator.start();
			const sender = probe.connections.flatMap((c) => c.getSenders()).find(({ track }) => track?.kind === 'audio');
			await sender.replaceTrack(out.stream.getAudioTracks()[0]);
			window.voice = gain;
		}
		window.voice.gain.value = volume;
	}, volume);

/** The newest notification of this name that a participant's page has received. */
const told = (one, method) =>
	one.page.evaluate((method) => probe.received.findLast((m) => m.notification && m.method === method)?.data, method);

const leads = (speaker, ...people) =>
	Promise.all(
		people.map((one) =>
			until(
				`${one.name} to hear that ${speaker?.name ?? 'nobody'} leads`,
				async () => (await told(one, 'activeSpeaker'))?.peerId === (speaker?.peerId ?? null),
				{ describe: () => told(one, 'activeSpeaker') },
			),
		),
	);

/** Waits until the tiles of these people, and no others, are marked as speaking, and one of them is outlined. */
async function marks(one, { speaking, leads }) {
	const seen = () =>
		one.page.getByTestId('tile').evaluateAll((tiles) => ({
			speaking: tiles
				.filter((tile) => tile.querySelector('[data-testid=speaking]'))
				.map((tile) => tile.dataset.peerId)
				.sort(),
			outlined: tiles
				.filter((tile) => !/(, |\/ )0\)$/.test(getComputedStyle(tile, '::after').borderColor))
				.map((tile) => tile.dataset.peerId),
		}));
	const wanted = { speaking: speaking.map(({ peerId }) => peerId).sort(), outlined: leads ? [leads.peerId] : [] };
	await until(`${one.name} to see who speaks`, async () => JSON.stringify(await seen()) === JSON.stringify(wanted), {
		describe: seen,
	});
}

test('the loudest speaker leads, and everyone is told', LIMIT, async (t) => {
	const room = roomId();
	const kind = 'webinar';
	const ada = await Participant.join(bench, { room, kind, name: 'Ada', speaker: true });
	const ben = await Participant.join(bench, { room, kind, name: 'Ben', speaker: true });
	const viewer = await Participant.join(bench, { room, kind, name: 'Vera' });
	await Promise.all([viewer.hears(ada), viewer.hears(ben)]);

	await t.test('silence: nobody leads', async () => {
		await Promise.all([say(ada, 0), say(ben, 0)]);
		await leads(null, ada, ben, viewer);
	});
	await t.test('one speaks, then the other', async () => {
		await say(ada, 0.5);
		await leads(ada, ada, ben, viewer);
		const { volume } = await told(viewer, 'activeSpeaker');
		assert.ok(volume > -50 && volume <= 0, `a volume of ${volume}`);
		await say(ada, 0);
		await say(ben, 0.5);
		await leads(ben, ada, ben, viewer);
	});
	await t.test('the louder of two takes the lead', async () => {
		await say(ben, 0.02);
		await say(ada, 0.8);
		await leads(ada, viewer);
		const both = async () => (await told(viewer, 'speakingPeers'))?.peerVolumes.map(({ peerId }) => peerId).join();
		await until('both to speak', async () => (await both()) === [ada.peerId, ben.peerId].join(), { describe: both });
	});
	await t.test('speakers have a mark, the leader an outline', async () => {
		await marks(viewer, { speaking: [ada, ben], leads: ada });
		await marks(ben, { speaking: [ada, ben], leads: ada });
	});
	await t.test('a muted participant does not lead', async () => {
		await ada.click('mic-button');
		await leads(ben, viewer);
		await marks(viewer, { speaking: [ben], leads: ben });
		await ben.click('mic-button');
		await leads(null, viewer);
		await marks(viewer, { speaking: [], leads: null });
	});
});

// proves G02, M19, M26, U17
test('counts, hands, the room’s video and bitrate, and who turned a microphone off', LIMIT, async () => {
	const room = roomId();
	const kind = 'webinar';
	const host = await Participant.join(bench, { room, kind, name: 'Hanna Host', claims: { role: 'moderator' } });
	const ada = await Participant.join(bench, { room, kind, name: 'Ada', speaker: true });
	const viewer = await Participant.join(bench, { room, kind, name: 'Vera' });
	const is = (one, method, wanted) =>
		until(
			`${one.name} to be told ${method}`,
			async () => {
				const data = await told(one, method);
				return data && Object.entries(wanted).every(([key, value]) => data[key] === value);
			},
			{ describe: () => told(one, method) },
		);
	const asks = async (one, method, data, code) => {
		const answer = await one.request(method, data);
		assert.equal(answer.ok ? 200 : answer.errorCode, code ?? 200, JSON.stringify(answer));
	};

	for (const one of [host, ada, viewer]) await is(one, 'roomCounts', { speakers: 1, viewers: 2 });
	await asks(viewer, 'raiseHand', { raised: true });
	for (const one of [host, ada, viewer]) await is(one, 'handRaised', { id: viewer.peerId, displayName: 'Vera' });
	await asks(host, 'promotePeer', { peerId: viewer.peerId });
	await is(ada, 'handLowered', { peerId: viewer.peerId });

	await asks(viewer, 'setRoomBitrate', { bitrate: 300_000 }, 403);
	await asks(host, 'setRoomBitrate', { bitrate: 300_000 });
	const video = 'https://player.example/embed/1';
	await asks(host, 'setRoomVideo', { url: video });
	for (const one of [host, ada, viewer]) await is(one, 'roomChanged', { bitrate: 300_000, video });
	const late = await Participant.join(bench, { room, kind, name: 'Late' });
	const { room: info } = await told(late, 'admitted');
	assert.deepEqual(info, { waitingRoom: false, video, bitrate: 300_000 });

	await asks(host, 'mutePeer', { userPeerId: ada.peerId, kind: 'audio' });
	await is(ada, 'mutedByModerator', { kind: 'audio', peerId: host.peerId, displayName: 'Hanna Host' });
	await late.seesMuted(ada, true);
});

// proves B07
test('a speaker who was demoted and promoted while disconnected speaks again', LIMIT, async (t) => {
	const proxy = await Proxy.start(bench.system.url);
	t.after(() => proxy.close());
	const room = roomId();
	const kind = 'webinar';
	const host = await Participant.join(bench, { room, kind, name: 'Hanna Host', claims: { role: 'moderator' } });
	const ada = await Participant.join(bench, { room, kind, name: 'Ada', speaker: true, url: proxy.url });
	await Promise.all([host.sees(ada), host.hears(ada)]);
	proxy.cut({ down: true });
	await ada.seesBanner('reconnecting');
	for (const method of ['demotePeer', 'promotePeer']) {
		const answer = await host.request(method, { peerId: ada.peerId });
		assert.equal(answer.ok, true, JSON.stringify(answer));
	}
	proxy.up();
	await ada.isConnected();
	await Promise.all([host.sees(ada), host.hears(ada)]);
});
