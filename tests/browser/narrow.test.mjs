// What a viewer of a webinar receives over a link that carries less than is sent, and what that costs the others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cable } from '../../bench/quality/cable.mjs';
import { browserBehind, Cleaner, firefoxBehind, samplesOf } from '../../bench/quality/viewers.mjs';
import { figuresOf, sentOf, watchInPage } from '../../bench/quality/watch.mjs';
import { LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench();

const OPEN = ['rate 10m'];
const CONCEALED_MAX = 2; // %
const WINDOW_MS = 4000;

/** Share of the camera's frames. With half of them, an upper temporal layer is missing. */
const SHARE = 0.4;

/** The right heights at each rate: everything is sent smaller if the speaker's machine is busy. */
const middle = (height, [low, , high]) => height > low && height < high;
const small = (height, [low]) => height <= low;
const whole = (height, [, middle]) => height > middle;

const BROWSERS = {
	Chromium: { behind: browserBehind, lang: 'en', paused: /^Video paused:\s+your connection is slow$/ },
	Firefox: { behind: firefoxBehind, lang: 'ru', paused: /^Видео приостановлено:\s+у вас медленное соединение$/ },
};

/** The heights that a participant sends, the smallest first. */
const heightsOf = (one) =>
	one.page.evaluate(async () => {
		const reports = await Promise.all(probe.connections.map((connection) => connection.getStats()));
		const sent = reports
			.flatMap((report) => [...report.values()])
			.filter(({ type, framesPerSecond }) => type === 'outbound-rtp' && framesPerSecond > 0);
		return sent.map(({ frameHeight }) => frameHeight).sort((a, b) => a - b);
	});

/** What a viewer got from one time to another, and which share of the speaker's frames. */
async function figures(viewer, speaker, from, to) {
	const { frames_per_s, height, voice_concealed_percent, freeze_s } = figuresOf(await samplesOf(viewer.page), from, to, {
		direct: false,
	});
	return {
		frames_per_s,
		share: frames_per_s / Math.max(1, sentOf(await samplesOf(speaker.page), from, to)),
		height,
		voice_concealed_percent,
		freeze_s,
	};
}

const text = (figures) =>
	JSON.stringify(figures, (_, value) => (typeof value === 'number' ? Math.round(value * 100) / 100 : value));

/** Waits until what a viewer gets has been right for a while. */
async function gets(t, viewer, speaker, right) {
	const began = Date.now();
	let last;
	await until(
		'the right picture',
		async () => {
			const now = Date.now();
			if (now < began + WINDOW_MS) return false;
			last = await figures(viewer, speaker, now - WINDOW_MS, now);
			// Sizes that nobody requests are off; a busy encoder may make all of them smaller for a while, or larger again.
			const sent = await heightsOf(speaker);
			if (sent.length === 3) speaker.heights.push(sent);
			return (
				speaker.heights.some((heights) => right(last.height, heights)) &&
				last.share >= SHARE &&
				last.voice_concealed_percent <= CONCEALED_MAX
			);
		},
		{ timeout: 60_000, every: 250, describe: () => last },
	);
	t.diagnostic(`after ${Date.now() - WINDOW_MS - began} ms: ${text(last)}`);
	await viewer.sees(speaker);
}

for (const [name, { behind, lang, paused }] of Object.entries(BROWSERS))
	test(`${name} gets what a link carries: less, still less, nothing, and everything again`, LIMIT, async (t) => {
		const cleaner = new Cleaner();
		t.after(() => cleaner.clean());
		const cable = await Cable.lay({ via: bench.system.interface, first: OPEN });
		cleaner.push(() => cable.close());
		const browser = await behind(cable, cleaner, bench.system.url);
		const room = roomId();
		const speaker = await Participant.join(bench, { room, kind: 'webinar', name: 'Ada', speaker: true });
		const viewer = await Participant.join(bench, { room, kind: 'webinar', name: 'Vera', browser, lang });
		for (const one of [speaker, viewer]) await one.page.evaluate(watchInPage);
		speaker.heights = [];
		await until(
			'three sizes to be sent',
			async () => {
				const sent = await heightsOf(speaker);
				return sent.length === 3 && speaker.heights.push(sent);
			},
			{ describe: () => heightsOf(speaker) },
		);

		await t.test('on the open link, everything', (t) => gets(t, viewer, speaker, whole));
		for (const [rate, right] of [
			['600k', middle],
			['250k', small],
		])
			await t.test(`at ${rate}`, async (t) => {
				await cable.tell([`rate ${rate}`]);
				await gets(t, viewer, speaker, right);
			});
		const note = viewer.tile(speaker).getByTestId('starved');
		await t.test('if nothing fits, the tile says why', async () => {
			await cable.tell(['rate 60k']);
			await note.waitFor();
			assert.match(await note.textContent(), paused);
			assert.ok((await viewer.tile(speaker).getAttribute('aria-label')).includes(await note.getAttribute('title')));
		});
		await t.test('on the link that is open again', async (t) => {
			await cable.tell(OPEN);
			await note.waitFor({ state: 'detached' });
			await gets(t, viewer, speaker, whole);
		});
	});

test('the others are not affected by a viewer on a bad link', LIMIT, async (t) => {
	const cleaner = new Cleaner();
	t.after(() => cleaner.clean());
	const cable = await Cable.lay({ via: bench.system.interface, first: ['rate 250k', 'loss 5%'] });
	cleaner.push(() => cable.close());
	const browser = await browserBehind(cable, cleaner, bench.system.url);
	const webinar = { room: roomId(), kind: 'webinar', viewport: { width: 640, height: 360 } };
	const speaker = await Participant.join(bench, { ...webinar, name: 'Ada', speaker: true });
	const viewers = [];
	for (let n = 1; n <= 4; n++) viewers.push(await Participant.join(bench, { ...webinar, name: `Vera ${n}` }));
	for (const one of [speaker, ...viewers]) await one.page.evaluate(watchInPage);
	await Promise.all(viewers.map((viewer) => viewer.sees(speaker)));
	const [low] = await heightsOf(speaker);
	const recent = () => Promise.all(viewers.map((viewer) => figures(viewer, speaker, Date.now() - 3000, Date.now())));
	await until('the middle size', async () => (await recent()).every(({ height, share }) => height > low && share > 0.8), {
		describe: recent,
	});
	const counts = async () => ({
		plis: await bench.system.metric('amphi_dataplane_plis_sent_packets_total'),
		keys: await Promise.all(
			viewers.map(async (viewer) => (await viewer.counts('inbound-rtp', 'video', ['keyFramesDecoded'])).keyFramesDecoded),
		),
	});
	const look = async (seconds, act) => {
		const [from, before] = [Date.now(), await counts()];
		await act?.();
		await speaker.page.waitForTimeout(from + seconds * 1000 - Date.now());
		const [to, after] = [Date.now(), await counts()];
		const got = {
			viewers: await Promise.all(viewers.map((viewer) => figures(viewer, speaker, from, to))),
			plis: after.plis - before.plis,
			keys: Math.max(...after.keys.map((now, i) => now - before.keys[i])),
		};
		t.diagnostic(text(got));
		return got;
	};
	const before = await look(8);
	let bad, watched;
	const beside = await look(16, async () => {
		bad = await Participant.join(bench, { ...webinar, name: 'Bad', browser });
		await bad.page.evaluate(watchInPage);
		watched = Date.now();
	});
	await bad.page.waitForTimeout(Math.max(0, watched + 12_000 - Date.now()));
	const own = await figures(bad, speaker, Date.now() - 8000, Date.now());
	t.diagnostic(`the bad one: ${text(own)}`);
	assert.ok(own.height <= low && own.share > 0.2, text(own));

	for (const [i, now] of beside.viewers.entries()) {
		const then = before.viewers[i];
		assert.ok(now.height > low, text(now));
		assert.ok(now.share >= then.share - 0.2 && now.freeze_s <= then.freeze_s + 2, text([then, now]));
		assert.ok(now.voice_concealed_percent <= CONCEALED_MAX, text([then, now]));
	}
	// A newcomer causes one, and now and then a loss causes one.
	assert.ok(beside.plis <= before.plis + 4, `${beside.plis} key frames were asked for`);
	assert.ok(beside.keys <= before.keys + 4, `${beside.keys} key frames came`);
});
