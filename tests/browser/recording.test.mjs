// The recording as people see it and control it. What is in the files is tested elsewhere.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAccessible } from './a11y.mjs';
import { Embedded, openSite } from './embed.mjs';
import { holds, LIMIT, look, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench({ integrator: true });

openSite(bench);

const RECORDS = { role: 'moderator', canRecord: true };
const LIST = ['start', 'stop', 'pause', 'resume'];

const badge = (one) => one.test('recording-badge');

/** Waits for the badge in this state; null: for its absence. */
async function seesRecording(one, state) {
	if (state) await one.page.locator(`[data-testid=recording-badge][data-state=${state}]`).waitFor();
	else await badge(one).waitFor({ state: 'detached' });
}

/** The seconds on the badge. */
async function seconds(one) {
	const time = await one.test('recording-time').innerText();
	return time.split(':').reduce((sum, part) => 60 * sum + Number(part), 0);
}

/** Collects what screen readers are told from now on. */
async function listen(one) {
	await one.page.evaluate(() => {
		window.heard = [];
		const region = document.querySelector('[data-testid=announcements]');
		new MutationObserver(() => heard.push(region.textContent)).observe(region, {
			childList: true,
			characterData: true,
			subtree: true,
		});
	});
}

/** What they were told about the recording. */
const heard = (one) => one.page.evaluate(() => heard.filter((text) => /record|запис/i.test(text)));

/** Chooses from the menu of the record button. */
async function choose(host, item) {
	await host.click('record-button');
	await host.click(`record-${item}`);
}

async function stop(host) {
	await choose(host, 'stop');
	await host.click('record-dialog-confirm');
}

// proves U03, X01, X02, B05
test('a moderator records; everybody sees it, whenever they come', LIMIT, async (t) => {
	const room = roomId();
	const host = await Participant.join(bench, { room, name: 'Hanna Host', claims: RECORDS });
	const ann = await Participant.join(bench, { room, name: 'Ann Archer' });
	const boris = await Participant.join(bench, { room, name: 'Борис Петров', lang: 'ru' });
	for (const one of [host, ann, boris]) await listen(one);

	await t.test('only moderators with canRecord have the button, and its power', async () => {
		const others = [
			ann,
			await Participant.join(bench, { room, name: 'Mo', claims: { role: 'moderator' } }),
			await Participant.join(bench, { room, name: 'Cara', claims: { canRecord: true } }),
			// In an address it means nothing.
			await Participant.join(bench, { room, name: 'Eve', role: 'moderator', canRecord: true }),
		];
		for (const one of others) {
			assert.equal(await one.test('record-button').count(), 0, one.name);
			for (const deed of LIST) assert.equal((await one.request(`${deed}Recording`, {})).errorCode, 403, one.name);
		}
		await seesRecording(host, null);
		for (const one of others.slice(1)) await one.page.close();
	});

	await t.test('it starts at a click, and everybody is told once', async () => {
		assert.equal(await host.test('record-button').getAttribute('aria-haspopup'), null);
		await host.test('record-button').focus();
		await host.page.keyboard.press('Enter');
		for (const one of [host, ann, boris]) await seesRecording(one, 'recording');
		assert.match(await badge(ann).innerText(), /^Recording\s*\d+:\d\d$/);
		assert.match(await badge(boris).innerText(), /^Запись\s*\d+:\d\d$/);
		assert.equal(await host.page.evaluate(() => document.activeElement.dataset.testid), 'record-button');
		await until('the time to go on', async () => (await seconds(ann)) >= 2);
		assert.deepEqual(await heard(ann), ['This meeting is being recorded']);
		assert.deepEqual(await heard(boris), ['Встреча записывается']);
		await assertAccessible(ann.page, 'a recorded room');
		await look(host, 'recording-en');
		await look(boris, 'recording-ru');
	});

	await t.test('people who come later know it before they join, and after', async () => {
		const late = await Participant.open(bench, { room, name: 'Late Lara' });
		await seesRecording(late, 'recording');
		await assertAccessible(late.page, 'welcome to a recorded room');
		await look(late, 'recording-welcome-en');
		await late.enter();
		await late.isConnected();
		await seesRecording(late, 'recording');
		assert.ok(Math.abs((await seconds(late)) - (await seconds(host))) <= 2);
		await late.page.close();
	});

	await t.test('no attribute hides it', async () => {
		const bare = await Participant.join(bench, { room, name: 'Bare', controlsDisabled: true, hideIndicators: true });
		await seesRecording(bare, 'recording');
		await bare.page.close();
	});

	await t.test('a pause stops the time, and looks different', async () => {
		await choose(host, 'pause');
		for (const one of [host, ann, boris]) await seesRecording(one, 'paused');
		assert.match(await badge(boris).innerText(), /^Запись на паузе/);
		const paused = await seconds(ann);
		await holds('the time to stand still', async () => (await seconds(ann)) === paused, { during: 2500 });
		await assertAccessible(host.page, 'a paused recording');
		await look(host, 'recording-paused-en');
		await choose(host, 'resume');
		for (const one of [host, ann]) await seesRecording(one, 'recording');
		assert.ok((await seconds(ann)) - paused <= 2);
	});

	await t.test('it survives the control plane, and is not announced again', async () => {
		const before = await heard(ann);
		const was = await seconds(ann);
		await bench.system.kill('controlplane');
		for (const one of [host, ann, boris]) await one.isConnected();
		await seesRecording(ann, 'recording');
		await until('the time to go on', async () => (await seconds(ann)) > was + 2);
		assert.deepEqual(await heard(ann), before);
	});

	await t.test('it stops after a confirmation', async () => {
		await choose(host, 'stop');
		await assertAccessible(host.page, 'the question whether to stop');
		await look(host, 'recording-stop-en');
		await host.page.keyboard.press('Escape');
		await host.test('record-dialog').waitFor({ state: 'detached' });
		await holds('it to go on', async () => (await badge(host).count()) === 1, { during: 500 });
		await stop(host);
		for (const one of [host, ann, boris]) await seesRecording(one, null);
		await host.page.locator('[data-notice=recording-kept]').waitFor();
		assert.deepEqual(await heard(ann), [
			'This meeting is being recorded',
			'Recording is paused',
			'Recording continues',
			'Recording stopped',
		]);
		assert.equal((await heard(boris)).at(-1), 'Запись остановлена');
		const late = await Participant.open(bench, { room, name: 'Late Lara' });
		await holds('no badge', async () => (await badge(late).count()) === 0, { during: 1000 });
	});
});

// proves X02
test('a webinar’s viewers and people who wait see it; the chat says that it is recorded, too', LIMIT, async () => {
	const room = roomId();
	const kind = 'webinar';
	const claims = { ...RECORDS, waitingRoom: true, itisparticipant: true };
	const host = await Participant.join(bench, { room, kind, name: 'Hanna Host', claims });
	const vera = await Participant.open(bench, { room, kind, name: 'Vera', lang: 'ru' });
	await vera.enter();
	await vera.isWaiting();
	await host.click('people-button');
	await host.person(vera, 'waiting-peer').getByTestId('admit').click();
	await vera.isConnected();
	await vera.click('chat-button');
	await vera.test('chat-panel').waitFor();
	assert.equal(await vera.test('chat-recorded').count(), 0);
	await host.click('record-button');
	await seesRecording(vera, 'recording');
	await vera.test('chat-recorded').waitFor();
	await assertAccessible(vera.page, 'the chat of a recorded webinar');
	await look(vera, 'recording-chat-ru');
	const wanda = await Participant.open(bench, { room, kind, name: 'Wanda' });
	await wanda.enter();
	await wanda.isWaiting();
	await seesRecording(wanda, 'recording');
	await assertAccessible(wanda.page, 'the waiting room of a recorded webinar');
	await stop(host);
	await vera.test('chat-recorded').waitFor({ state: 'detached' });
});

// proves X01, B05
test('on a phone, the menu records', LIMIT, async () => {
	const room = roomId();
	const viewport = { width: 360, height: 740 };
	const host = await Participant.join(bench, { room, name: 'Hanna', claims: RECORDS, viewport, lang: 'ru' });
	assert.equal(await host.test('record-button').count(), 0);
	await host.click('more-button');
	await host.click('record-start');
	await seesRecording(host, 'recording');
	await host.click('chat-button');
	// The panel fills the screen, but for the badge.
	await host.test('chat-panel').waitFor();
	const seen = await badge(host).evaluate((element) => {
		const { left, top, width, height } = element.getBoundingClientRect();
		return element.contains(document.elementFromPoint(left + width / 2, top + height / 2));
	});
	assert.equal(seen, true);
	await host.click('chat-panel-close');
	await host.click('more-button');
	await assertAccessible(host.page, 'the menu on a phone');
	await host.click('record-stop');
	await host.click('record-dialog-confirm');
	await seesRecording(host, null);
});

// proves X02
test('where the account asks for consent, speakers decide', LIMIT, async (t) => {
	const set = (value) => bench.system.amphictl('account', 'set', 'default', '--record-consent', value);
	await set('ask');
	t.after(() => set('notice'));
	const room = roomId();
	const kind = 'webinar';
	const host = await Participant.join(bench, { room, kind, name: 'Hanna', claims: { ...RECORDS, itisparticipant: true } });
	const ann = await Participant.join(bench, { room, kind, name: 'Ann', speaker: true, lang: 'ru' });
	const vera = await Participant.join(bench, { room, kind, name: 'Vera' });
	await host.click('record-button');

	await t.test('a key that was meant for something else answers nothing', async () => {
		await ann.test('consent').waitFor();
		for (const key of ['Enter', 'Space']) await ann.page.keyboard.press(key);
		await holds('the question', async () => (await ann.test('consent').count()) === 1, { during: 500 });
		await assertAccessible(ann.page, 'the question for consent');
		await look(ann, 'recording-consent-ru');
	});

	await t.test('an answer is kept, and can be changed', async () => {
		await ann.click('consent-allow');
		await ann.test('consent').waitFor({ state: 'detached' });
		await bench.system.kill('controlplane');
		await ann.isConnected();
		await seesRecording(ann, 'recording');
		assert.equal(await ann.test('consent').count(), 0);
		await ann.click('more-button');
		await ann.click('settings-button');
		assert.equal(await ann.test('settings-consent').isChecked(), true);
		await ann.test('settings-consent').click();
		assert.equal(await ann.test('settings-consent').isChecked(), false);
		await holds('the answer', async () => !(await ann.test('settings-consent').isChecked()), { during: 1000 });
	});

	await t.test('a viewer is asked once promoted; closed, the question means no', async () => {
		// Who starts a recording agrees.
		assert.equal(await host.test('consent').count(), 0);
		assert.equal(await vera.test('consent').count(), 0);
		await host.click('people-button');
		await host.moderate(vera, 'promote');
		await vera.test('consent').waitFor();
		await vera.page.keyboard.press('Escape');
		await until('the answer', async () =>
			vera.page.evaluate(() =>
				probe.sent.some(({ method, data }) => method === 'consentToRecording' && data.consent === false),
			),
		);
	});

	await t.test('the answers are valid for the next recording, too', async () => {
		await stop(host);
		await seesRecording(ann, null);
		await host.click('record-button');
		await seesRecording(ann, 'recording');
		assert.equal(await ann.test('settings-consent').isChecked(), false);
		for (const one of [host, ann, vera]) assert.equal(await one.test('consent').count(), 0, one.name);
		await stop(host);
	});
});

// proves X01, B05
test('a recorder that does not answer is an error with a text, and nobody sees a badge', LIMIT, async (t) => {
	const room = roomId();
	const host = await Participant.join(bench, { room, name: 'Hanna', claims: RECORDS });
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	const pid = await bench.system.pid('recorder');
	process.kill(pid, 'SIGSTOP');
	t.after(() => process.kill(pid, 'SIGCONT'));
	await host.click('record-button');
	const notice = host.page.locator('[data-notice=recording-failed]');
	await notice.waitFor({ timeout: 15_000 });
	assert.match(await notice.innerText(), /^The recording could not start\. The server’s recorder is not /);
	for (const one of [host, ann]) assert.equal(await badge(one).count(), 0);
	assert.equal(await ann.test('notice').count(), 0);
	await until('the button to be free', async () => (await host.test('record-button').getAttribute('aria-busy')) !== 'true');
});

// proves X01, X02, B05
test('the bridge records for moderators, and tells everybody’s page', LIMIT, async () => {
	const room = roomId();
	const host = await Embedded.join(bench, { room, name: 'Hanna', claims: { ...RECORDS, displayName: 'Hanna' } });
	const ann = await Embedded.join(bench, { room, name: 'Ann' });
	for (const deed of LIST) assert.equal((await ann.call(`${deed}Recording`)).error.code, 'refused');
	assert.deepEqual(await ann.call('getRecording'), { state: 'off', elapsed: 0 });

	assert.equal(await host.call('startRecording'), true);
	for (const one of [host, ann]) {
		const { by } = await one.told('recordingStarted');
		assert.deepEqual(by, { peerId: host.peerId, displayName: 'Hanna' });
	}
	await ann.call('setControlsVisible', false);
	await ann.call('setHideIndicators', true);
	await seesRecording(ann, 'recording');
	await until('a second', async () => (await ann.call('getRecording')).elapsed > 1);
	assert.equal((await ann.call('getRecording')).state, 'recording');

	assert.equal(await host.call('pauseRecording'), true);
	await ann.told('recordingPaused');
	assert.equal((await ann.call('getRecording')).state, 'paused');
	const late = await Embedded.join(bench, { room, name: 'Late' });
	for (const name of ['recordingStarted', 'recordingPaused']) await late.told(name);
	assert.equal(await host.call('resumeRecording'), true);
	await ann.told('recordingResumed');
	assert.equal(await host.call('stopRecording'), true);
	for (const one of [host, ann, late]) await one.told('recordingStopped', { reason: 'moderator' });
	// While its files are being completed, stopping it once more is no error.
	const again = await until('its end', async () => (await host.call('stopRecording')).error);
	assert.match(again.message, /^not-recording/);
	assert.deepEqual(await ann.call('getRecording'), { state: 'off', elapsed: 0 });
	assert.equal((await ann.events()).filter(({ name }) => name === 'recordingStarted').length, 1);
});
