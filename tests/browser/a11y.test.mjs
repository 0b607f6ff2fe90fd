import { test } from 'node:test';
import { assertAccessible } from './a11y.mjs';
import { Embedded, openSite } from './embed.mjs';
import { Chromium, holds, LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench({
	integrator: true,
	prepare: (system) => system.amphictl('account', 'set', 'default', '--enforce-start-time', 'on'),
});

openSite(bench);

/** Runs in the page before its own code, which would otherwise wait 3 s for a bridge and then enter by itself. */
function waitForBridge() {
	const { setTimeout } = window;
	window.setTimeout = (act, ms, ...args) => (ms === 3000 ? 0 : setTimeout(act, ms, ...args));
}

/** Every screen that people can reach, in both languages and both colour schemes. */
const SCREENS = {
	'/new': async ({ lang }) => {
		const page = await bench.chromium.page({ locale: lang });
		await page.goto(`${bench.system.url}/new`);
		await page.getByTestId('create-button').waitFor();
		await assertAccessible(page, '/new');
		await page.getByTestId('create-button').click();
		await page.getByTestId('room-url').waitFor();
		await assertAccessible(page, '/new, with a room');
	},
	'/bridge-demo': async ({ lang }) => {
		const page = await bench.chromium.page({ locale: lang, viewport: { width: 360, height: 740 } });
		await page.goto(`${bench.system.url}/bridge-demo`);
		await page.locator('[data-testid=event-readyToJoin][data-count="1"]').waitFor();
		await page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
		for (const [method, answer] of [
			['enablePin', 'pre.failed'],
			['join', 'pre.answer'],
			['getScreenshotByPeerId', 'img'],
		]) {
			await page.getByTestId(`call-${method}`).click();
			await page.getByTestId(`method-${method}`).locator(answer).waitFor();
		}
		await assertAccessible(page, 'the bridge, on a phone');
		await page.setViewportSize({ width: 1920, height: 1080 });
		await assertAccessible(page, 'the bridge, on a wall');
	},
	welcome: async ({ room, lang }) => {
		const ann = await Participant.open(bench, { room, name: 'Ann', locale: lang });
		await ann.page.locator('.preview video').waitFor();
		await assertAccessible(ann.page, 'welcome');
		await ann.test('name-input').fill('Ann');
		await ann.click('camera-button');
		await assertAccessible(ann.page, 'welcome, with a name and without a camera');
		const vera = await Participant.open(bench, { room, kind: 'webinar', name: 'Vera', displayName: 'Vera', locale: lang });
		await assertAccessible(vera.page, 'welcome of a viewer whose name is fixed');
	},
	'welcome without devices': async ({ room, lang, t }) => {
		const chromium = await Chromium.launch({ permission: 'deny' });
		t.after(() => chromium.close());
		const ann = await Participant.open({ ...bench, chromium }, { room, name: 'Ann', locale: lang });
		await ann.test('device-problem').waitFor();
		await assertAccessible(ann.page, 'welcome, with devices denied');
	},
	'on the way in': async ({ room, lang }) => {
		const host = await Participant.join(bench, { room, name: 'Host', claims: { role: 'moderator', waitingRoom: true } });
		const ann = await Participant.open(bench, { room, name: 'Ann', lang });
		await ann.enter();
		await ann.isWaiting();
		await assertAccessible(ann.page, 'the waiting room');
		await host.page.close();
		const address = { displayName: 'Bob', lang, nameScreenDisabled: true };
		const bob = await Participant.open(bench, { room: roomId(), name: 'Bob', ...address, early: waitForBridge });
		await bob.test('awaiting').waitFor();
		await assertAccessible(bob.page, 'without a welcome screen');
	},
	'the room': async ({ room, lang }) => {
		const ann = await Participant.join(bench, { room, name: 'Ann', lang });
		await assertAccessible(ann.page, 'a room, alone');
		const bob = await Participant.join(bench, { room, name: 'Bob', lang });
		await ann.sees(bob);
		await bob.click('mic-button');
		await bob.click('camera-button');
		await ann.seesMuted(bob, true);
		await assertAccessible(ann.page, 'a room, with somebody who is muted');
		await ann.click('layout-button');
		await assertAccessible(ann.page, 'a room, the other way');
		await bob.click('chat-button');
		await assertAccessible(bob.page, 'the empty chat');
		await bob.test('chat-input').fill('Look at https://example.org/ and say');
		await bob.test('chat-input').press('Enter');
		await bob.test('chat-line').waitFor();
		await ann.page.locator('[data-testid=chat-button] .badge').waitFor();
		await assertAccessible(ann.page, 'an unread mark');
		await ann.click('chat-button');
		await ann.test('chat-line').waitFor();
		await assertAccessible(ann.page, 'the chat');
		await bob.click('leave-button');
		await bob.test('left').waitFor();
		await assertAccessible(bob.page, 'after leaving');
	},
	'a webinar': async ({ room, lang }) => {
		const vera = await Participant.join(bench, { room, kind: 'webinar', name: 'Vera', lang });
		await assertAccessible(vera.page, 'a webinar without speakers');
	},
	'a moderator’s room': async ({ room, lang }) => {
		const host = await Participant.join(bench, {
			room,
			name: 'Host',
			lang,
			claims: { role: 'moderator', waitingRoom: true },
		});
		const ann = await Participant.open(bench, { room, name: 'Ann' });
		await ann.enter();
		await ann.isWaiting();
		await host.click('people-button');
		await host.person(ann, 'waiting-peer').waitFor();
		await assertAccessible(host.page, 'the list of people');
		await host.person(ann, 'waiting-peer').getByTestId('admit').click();
		await ann.isConnected();
		await host.tile(ann).hover();
		await assertAccessible(host.page, 'a moderator’s tiles');
		for (const dialog of ['settings', 'connection', 'shortcuts', 'player']) {
			await host.click('more-button');
			await assertAccessible(host.page, 'the menu');
			await host.click(`${dialog}-button`);
			await host.page.locator('dialog[open]').waitFor();
			await assertAccessible(host.page, `the dialog ${dialog}`);
			await host.page.keyboard.press('Escape');
			await host.page.locator('dialog').waitFor({ state: 'detached' });
		}
	},
	'what asks for a tap': async ({ room, lang }) => {
		const ann = await Embedded.join(bench, { room, name: 'Ann', lang });
		await holds('no gesture counts any more', () => true, { during: 5500 });
		const answer = ann.call('enableFullscreen');
		await ann.shows('gesture-overlay');
		const focused = () => ann.page.evaluate(() => document.activeElement.dataset.testid);
		await until('the focus on the button', async () => (await focused()) === 'gesture-button', { describe: focused });
		await assertAccessible(ann.page, 'the overlay');
		await ann.click('gesture-dismiss');
		await answer;
	},
	'turned away': async ({ room, lang }) => {
		const refused = async (what, options) => {
			const one = await Participant.open(bench, { room, name: 'Ann', lang, ...options });
			if ((await one.test('refused').count()) === 0) await one.enter();
			await one.isRefused();
			await assertAccessible(one.page, what);
		};
		await refused('no room', { room: 'a b' });
		await refused('not started', { claims: { startTime: '2099-06-21T10:00:00.0Z' } });
		await refused('an invalid token', { token: 'a.b.c' });
		const pinned = `${room}p`;
		await Participant.join(bench, { room: pinned, name: 'Host', claims: { role: 'moderator', pin: '1234' } });
		await refused('a PIN is asked for', { room: pinned });
	},
	trouble: async ({ room, lang }) => {
		const ann = await Participant.join(bench, { room, name: 'Ann', lang });
		await Promise.all([
			ann.seesBanner('media-down').then(() => assertAccessible(ann.page, 'media are down')),
			bench.system.kill('dataplane'),
		]);
	},
};

for (const [screen, visit] of Object.entries(SCREENS))
	for (const lang of ['en', 'ru'])
		test(`${screen} is accessible, in ${lang}`, LIMIT, (t) => visit({ room: roomId(), lang, t }));
