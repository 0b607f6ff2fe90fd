import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds, LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench({ traits: {} }); // in a regular browser

/** Runs in the page before its own code: delays tracks, as on a loaded machine, and notes who is shown as muted. */
function slowTracks() {
	const { setRemoteDescription } = RTCPeerConnection.prototype;
	RTCPeerConnection.prototype.setRemoteDescription = async function (...args) {
		await new Promise((resolve) => setTimeout(resolve, 500));
		return setRemoteDescription.apply(this, args);
	};
	probe.saidMuted = [];
	new MutationObserver(() => {
		const marks = document.querySelectorAll('[data-testid=tile][data-local=false] [data-testid=mic-off]');
		for (const mark of marks) probe.saidMuted.push(mark.closest('[data-testid=tile]').dataset.peerId);
	}).observe(document, { childList: true, subtree: true });
}

test('a newcomer does not see others as muted whose tracks have yet to arrive', LIMIT, async () => {
	const room = roomId();
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	const mute = await Participant.join(bench, { room, name: 'Mute' });
	await mute.click('mic-button');
	await bob.seesMuted(mute, true);
	const ann = await Participant.join(bench, { room, name: 'Ann', early: slowTracks });
	await ann.seesMuted(mute, true);
	assert.equal((await ann.stats()).audio.length, 0, 'the tracks have come too soon for this test');
	await ann.hears(bob);
	assert.deepEqual([...new Set(await ann.page.evaluate(() => probe.saidMuted))], [mute.peerId]);
});

test('a call of three', LIMIT, async (t) => {
	const room = roomId();
	const people = [];
	for (const name of ['Ann Archer', 'Bob Baker', 'Cy Cooper']) people.push(await Participant.join(bench, { room, name }));
	const [ann, bob, cy] = people;

	await t.test('each sees and hears the other two, with names on their tiles', async () => {
		await Promise.all(
			people.flatMap((one) => [
				one.seesNames(...people),
				...people.filter((other) => other !== one).flatMap((other) => [one.sees(other), one.hears(other)]),
			]),
		);
	});

	await t.test('a muted participant is silent, with a mark on the tile, until unmuted', async () => {
		await bob.click('mic-button');
		for (const other of [ann, cy]) await other.seesMuted(bob, true);
		await ann.seesMuted(cy, false);
		await until('Bob to be silent', async () => {
			const before = await ann.audio(bob);
			await ann.page.waitForTimeout(1200); // longer than the time between two beeps
			return (await ann.audio(bob)).totalAudioEnergy === before.totalAudioEnergy;
		});

		await bob.click('mic-button');
		for (const other of [ann, cy]) await other.seesMuted(bob, false);
		await ann.hears(bob);
	});

	await t.test('a camera that is off shows the initials, and comes back', async () => {
		await bob.click('camera-button');
		for (const other of [ann, cy]) {
			await other.tile(bob).locator('video').waitFor({ state: 'hidden' });
			const initials = other.tile(bob).getByText('BB', { exact: true });
			assert.ok(await initials.isVisible());
		}
		await ann.hears(bob);

		await bob.click('camera-button');
		await Promise.all([ann.sees(bob), cy.sees(bob)]);
	});

	await t.test('a participant who leaves disappears for the others, and can come back', async () => {
		await cy.click('leave-button');
		await cy.test('left').waitFor();
		await ann.seesNames(ann, bob);
		await bob.seesNames(ann, bob);

		await cy.click('rejoin-button');
		await cy.isConnected();
		await ann.seesNames(...people);
		await Promise.all([ann.sees(cy), ann.hears(cy), cy.sees(ann), cy.hears(bob)]);
	});
});

// proves U11
test('the newest connection of a peerId replaces the older one for good', LIMIT, async () => {
	const room = roomId();
	const witness = await Participant.join(bench, { room, name: 'Witness' });
	const first = await Participant.join(bench, { room, name: 'Dora' });
	await witness.sees(first);

	const second = await Participant.join(bench, { room, name: 'Dora', peerId: first.peerId });
	assert.equal(await first.isRefused(), 'replaced');
	await witness.seesNames('Dora', 'Witness');
	await Promise.all([witness.sees(second), second.sees(witness)]);

	// Longer than the pauses between two attempts to reconnect.
	const sockets = await first.page.evaluate(() => probe.sockets.length);
	await holds(
		'the first to stay away and the second to stay in',
		async () =>
			(await first.page.evaluate(() => probe.sockets.length)) === sockets &&
			(await first.test('refused').isVisible()) &&
			(await second.state()).link === 'connected',
		{ during: 3000 },
	);
});
