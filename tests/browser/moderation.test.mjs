import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds, LIMIT, look, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench({ integrator: true });

const moderator = (more) => ({ role: 'moderator', ...more });

/** The PeerConnection on which a participant receives, to recognise it later. */
const receiving = (one) =>
	one.page.evaluate(
		() =>
			probe.connections.find(
				(c) => c.getReceivers().some(({ track }) => track.kind === 'video') && c.connectionState === 'connected',
			)?.number,
	);

// proves U18, B01
test('the waiting room: one is let in, one is turned away', LIMIT, async (t) => {
	const room = roomId();
	const host = await Participant.join(bench, { room, name: 'Hanna Host', claims: moderator({ waitingRoom: true }) });
	const guest = await Participant.open(bench, { room, name: 'Gus Guest' });
	const other = await Participant.open(bench, { room, name: 'Олег Орлов', lang: 'ru' });

	await t.test('a newcomer sees a waiting page, and gets nothing from the room', async () => {
		for (const one of [guest, other]) {
			await one.enter();
			await one.isWaiting();
			// The ones that queried the browser's capabilities are closed.
			assert.equal(await one.page.evaluate(() => probe.connections.filter((c) => c.signalingState !== 'closed').length), 0);
		}
		assert.match(await guest.test('waiting').innerText(), /Waiting to be let in/);
		assert.match(await other.test('waiting').innerText(), /дождитесь подтверждения/);
		await look(guest, 'waiting-en');
		await look(other, 'waiting-ru');
		await host.seesNames(host);
	});

	await t.test('the moderator sees who waits, and lets one in', async () => {
		await until('the badge to say 2', async () => (await host.page.locator('.badge').textContent()) === '2');
		await host.click('people-button');
		await look(host, 'people-waiting');
		await host.person(guest, 'waiting-peer').getByTestId('admit').click();
		await guest.isConnected();
		await Promise.all([host.sees(guest), guest.sees(host), guest.hears(host)]);
		await host.person(guest, 'waiting-peer').waitFor({ state: 'detached' });
	});

	await t.test('a participant who is turned away is told so', async () => {
		await host.person(other, 'waiting-peer').getByTestId('decline').click();
		assert.equal(await other.isRefused(), 'declined');
		assert.match(await other.test('refused').innerText(), /Вас не впустили/);
		await look(other, 'declined-ru');
		await host.seesNames(host, guest);
	});
});

// proves U18
test('a participant who waits when the control plane dies keeps waiting', LIMIT, async () => {
	const room = roomId();
	const host = await Participant.join(bench, { room, name: 'Hanna', claims: moderator({ waitingRoom: true }) });
	const guest = await Participant.open(bench, { room, name: 'Gus' });
	await guest.enter();
	await guest.isWaiting();
	await until('the store to have it', async () => (await bench.system.metric('amphi_controlplane_store_waiting_writes')) === 0);
	await bench.system.kill('controlplane');
	await host.isConnected();
	await host.click('people-button');
	await host.person(guest, 'waiting-peer').getByTestId('admit').click();
	await guest.isConnected();
	await Promise.all([host.sees(guest), guest.sees(host)]);
});

// proves B07
test('a viewer is promoted and demoted without losing a frame of the others', LIMIT, async (t) => {
	const room = roomId();
	const kind = 'webinar';
	const speaker = await Participant.join(bench, { room, kind, name: 'Ada Lovelace', speaker: true });
	const viewer = await Participant.join(bench, { room, kind, name: 'Vera Viewer' });
	const host = await Participant.join(bench, { room, kind, name: 'Hanna Host', claims: moderator() });
	await Promise.all([viewer.sees(speaker), viewer.hears(speaker), host.sees(speaker)]);
	const connection = await receiving(viewer);
	assert.ok(connection);

	await t.test('promoted, the viewer is seen and heard by all', async () => {
		await viewer.watch(speaker);
		await host.click('people-button');
		await host.moderate(viewer, 'promote');
		await viewer.page.locator('[data-notice=promoted]').waitFor();
		await viewer.click('mic-button');
		await viewer.click('camera-button');
		await Promise.all([speaker.sees(viewer), speaker.hears(viewer), host.sees(viewer), host.hears(viewer)]);
		await look(host, 'people-webinar');
		const seen = await viewer.stopWatching();
		assert.ok(seen.longestGap < 1500 + seen.longestBlind, JSON.stringify(seen));
		assert.equal(await receiving(viewer), connection);
		await speaker.seesNames(speaker, viewer);
		await viewer.seesNames(speaker, viewer);
	});

	await t.test('demoted, the viewer leaves the stage and still sees', async () => {
		await viewer.watch(speaker);
		await host.moderate(viewer, 'demote');
		await viewer.page.locator('[data-notice=demoted]').waitFor();
		for (const one of [speaker, host]) {
			await one.seesNames(speaker);
			await until(`${one.name} to get nothing of the viewer`, async () => {
				const { video, audio } = await one.stats();
				return ![...video, ...audio].some(({ peerId }) => peerId === viewer.peerId);
			});
		}
		await until('the viewer’s devices to be off', async () => {
			const live = await viewer.page.evaluate(() => document.querySelector('[data-local=true]') !== null);
			return !live && (await viewer.test('mic-button').count()) === 0;
		});
		await viewer.decodes(speaker, 20);
		const seen = await viewer.stopWatching();
		assert.ok(seen.longestGap < 1500 + seen.longestBlind, JSON.stringify(seen));
		assert.equal(await receiving(viewer), connection);
	});

	await t.test('the media of a demoted speaker ends for everyone', async () => {
		await host.moderate(speaker, 'demote');
		await viewer.seesNames();
		await viewer.page.getByText('The speakers are not here yet').waitFor();
		await speaker.page.locator('[data-notice=demoted]').waitFor();
		await until(
			'the viewer to get nothing any more',
			async () => {
				const { video, audio } = await viewer.stats();
				return video.length + audio.length === 0;
			},
			{ describe: () => viewer.stats() },
		);
		const again = await speaker.request('createWebRtcTransport', { forceTcp: false, producing: true, consuming: false });
		assert.equal(again.ok ?? false, false, JSON.stringify(again));

		await host.moderate(speaker, 'promote');
		await speaker.page.locator('[data-notice=promoted]').waitFor();
		await speaker.click('camera-button');
		await viewer.sees(speaker);
	});
});

// proves B02–B04, B06, M26–M28
test('a moderator turns off devices, removes, and closes', LIMIT, async (t) => {
	const room = roomId();
	const host = await Participant.join(bench, { room, name: 'Hanna Host', claims: moderator() });
	const ann = await Participant.join(bench, { room, name: 'Ann Archer' });
	const boris = await Participant.join(bench, { room, name: 'Борис Петров', lang: 'ru' });
	await Promise.all([host.sees(ann), host.sees(boris), boris.hears(ann)]);
	await host.click('people-button');

	await t.test('one microphone', async () => {
		await host.person(ann).getByTestId('mute').click();
		for (const other of [host, boris]) await other.seesMuted(ann, true);
		await ann.page.locator('[data-notice=muted-audio]').waitFor();
		await until('the button to say so', async () => (await ann.test('mic-button').getAttribute('aria-pressed')) === 'false');
		await host.seesMuted(boris, false);
		await look(ann, 'muted-en');
		await ann.click('mic-button');
		await boris.hears(ann);
	});

	await t.test('all microphones and cameras but the moderator’s own', async () => {
		await host.click('mute-all');
		await host.click('cameras-off');
		for (const one of [ann, boris]) {
			await host.seesMuted(one, true);
			await host.tile(one).locator('video').waitFor({ state: 'hidden' });
			// The others learn of it before the page does.
			await until(
				'the button to say so',
				async () => (await one.test('camera-button').getAttribute('aria-pressed')) === 'false',
			);
		}
		await ann.sees(host);
		await ann.hears(host);
		await ann.click('camera-button');
		await host.sees(ann);
	});

	await t.test('nobody else has these powers', async () => {
		await ann.click('people-button');
		await ann.person(boris).waitFor();
		for (const power of ['mute', 'mute-all', 'close-room']) assert.equal(await ann.test(power).count(), 0);
		await ann.person(boris).getByTestId('person-menu').click();
		await ann.test('menu-pin').waitFor();
		assert.equal(await ann.test('remove').count(), 0);
		await ann.page.keyboard.press('Escape');
		for (const method of ['muteAll', 'closeRoom', 'admitAll']) {
			const answer = await ann.request(method, { kind: 'audio' });
			assert.equal(answer.errorCode, 403, JSON.stringify(answer));
		}
	});

	await t.test('a participant is removed, after a confirmation', async () => {
		await host.moderate(ann, 'remove');
		await look(host, 'remove-dialog');
		await host.click('remove-dialog-cancel');
		await holds('Ann to stay', async () => (await ann.test('refused').count()) === 0, { during: 500 });
		await look(host, 'people-call');
		await host.moderate(ann, 'remove');
		await host.click('remove-dialog-confirm');
		assert.equal(await ann.isRefused(), 'removed');
		await boris.seesNames(host, boris);
	});

	await t.test('the room is closed for everyone', async () => {
		await host.click('close-room');
		await host.click('close-dialog-confirm');
		assert.equal(await boris.isRefused(), 'room-closed');
		assert.equal(await host.isRefused(), 'room-closed');
	});
});
