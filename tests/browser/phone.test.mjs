import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAccessible } from './a11y.mjs';
import { LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench({ traits: {} }); // the headless shell has no wake lock

/** An app's WebView: small, and operated by touch. */
const PHONE = {
	viewport: { width: 360, height: 740 },
	hasTouch: true,
	isMobile: true,
	userAgent:
		'Mozilla/5.0 (Linux; Android 14; Pixel 7 Build/UQ1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/156.0.0.0 Mobile Safari/537.36',
};
const FINGER_PX = 44;

/** Everything that can be tapped is entirely in the window, large enough for a finger, and not covered. */
async function assertForFingers(one, selector) {
	const findings = await one.page.evaluate(
		([selector, least]) =>
			[...document.querySelectorAll(selector)].flatMap((element) => {
				const { left, top, right, bottom, width, height } = element.getBoundingClientRect();
				const what = `${element.dataset.testid ?? element.className}: ${width} × ${height} at ${left}, ${top}`;
				if (width === 0) return [];
				const inside = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
				const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
				const reached = element.contains(hit);
				return inside && reached && Math.min(width, height) >= least ? [] : [what];
			}),
		[selector, FINGER_PX],
	);
	assert.deepEqual(findings, []);
	const { content, window } = await one.page.evaluate(() => ({
		content: document.documentElement.scrollWidth,
		window: innerWidth,
	}));
	assert.ok(content <= window, `${content} wide in a window of ${window}`);
}

// proves P06
test('on a phone, everything can be done by touch', LIMIT, async () => {
	const room = roomId();
	const ann = await Participant.open(bench, { room, name: 'Ann', device: PHONE });
	await ann.page.locator('.preview video').waitFor();
	await ann.test('name-input').fill('Ann');
	// The essentials are visible without scrolling; the choice of devices is collapsed.
	await assertForFingers(ann, '.preview button, .welcome-form button');
	assert.equal(await ann.test('camera-select').isVisible(), false);
	await ann.page.locator('summary').tap();
	await ann.test('camera-select').waitFor();
	await assertAccessible(ann.page, 'welcome on a phone');
	await ann.test('join-button').tap();
	await ann.isConnected();

	const bob = await Participant.join(bench, { room, name: 'Bob' });
	await Promise.all([ann.sees(bob), bob.sees(ann)]);
	await assertForFingers(ann, '.controls button');
	await assertAccessible(ann.page, 'a room on a phone');
	// A tap on a tile shows its buttons: before that, they cannot be hit.
	const pin = ann.tile(bob).getByTestId('pin-button');
	const hit = () =>
		pin.evaluate((button) => {
			const { left, top, width, height } = button.getBoundingClientRect();
			return button.contains(document.elementFromPoint(left + width / 2, top + height / 2));
		});
	assert.equal(await hit(), false);
	await ann.tile(bob).tap();
	await until('the buttons', hit);
	await assertForFingers(ann, '.tile[data-local=false] .tile-buttons button');
	await pin.tap();
	await until('Bob to be pinned', async () => (await ann.tile(bob).getAttribute('data-pinned')) === 'true');
	await pin.tap();
	await ann.test('chat-button').tap();
	await ann.test('chat-panel').waitFor();
	await assertForFingers(ann, '.panel button, .panel textarea');
	// The keyboard waits until it is asked for.
	assert.notEqual(await ann.page.evaluate(() => document.activeElement.dataset.testid), 'chat-input');
	await assertAccessible(ann.page, 'the chat on a phone');
	await ann.test('chat-panel-close').tap();
	await ann.test('mic-button').tap();
	await bob.seesMuted(ann, true);
	await ann.test('camera-button').tap();
	await bob.tile(ann).locator('video').waitFor({ state: 'hidden' });
	// In landscape it is still usable.
	await ann.page.setViewportSize({ width: 740, height: 360 });
	await assertForFingers(ann, '.controls button');
	await ann.sees(bob);
});

// proves P06
test('in an app, the page enters by itself, without the welcome screen', LIMIT, async () => {
	const room = roomId();
	const ann = await Participant.open(bench, { room, name: 'Ann', displayName: 'Ann', nameScreenDisabled: true, device: PHONE });
	await ann.isConnected();
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	await ann.sees(bob);
	await ann.test('mic-button').tap();
	await bob.hears(ann);
	await ann.test('leave-button').tap();
	await until('Bob to be alone', async () => (await bob.names()).length === 1);
});

// proves G12
test('the screen stays on as long as the participant is in the room', LIMIT, async () => {
	const ann = await Participant.open(bench, { room: roomId(), name: 'Ann', device: PHONE });
	await ann.page.evaluate(() => {
		window.locks = [];
		const { request } = WakeLock.prototype;
		WakeLock.prototype.request = async function (type) {
			const lock = await request.call(this, type);
			window.locks.push(lock);
			return lock;
		};
	});
	const held = () => ann.page.evaluate(() => window.locks.map(({ released }) => !released));
	await ann.enter();
	await ann.isConnected();
	await until('a lock', async () => (await held()).join() === 'true');
	await ann.test('leave-button').tap();
	await until('no lock', async () => (await held()).join() === 'false');
});
