// quality.mjs FILE SECONDS LINK…: what a viewer gets over each link, through Amphi and in a direct call of two
// browsers. Prints a table and appends a JSON line for each figure to FILE. A folder next to FILE, with its name, gets each
// call's samples, which show when something happened, and screenshots of the page before each step of the link and at the
// end.
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { System } from '../../tests/browser/system.mjs';
import { Cable, traceText } from './cable.mjs';
import { Download } from './download.mjs';
import { carried, encodingsOf, filling, fitting, goodputRatio, secondsUntilFull, wireBytes } from './goodput.mjs';
import { course } from './links.mjs';
import { Cleaner, Direct, samplesOf, SENT_BPS, ThroughAmphi } from './viewers.mjs';
import { figuresOf, percentile, secondsToRead, secondsUntil, sentOf } from './watch.mjs';

const JOINS = 5; // the time to the first frame is their median
const BUSY = 18; // frames a second of the camera's 20

/** Each figure with its unit and its form in the table. */
const FIGURES = {
	frames_per_s: ['frames/s', 'frames/s', 1],
	height: ['lines', 'height', 0],
	freeze_s: ['s', 'frozen s', 1],
	voice_concealed_percent: ['%', 'voice concealed %', 1],
	nack_per_s: ['NACKs/s', 'NACKs/s', 1],
	queue_p95_ms: ['ms', 'queue p95 ms', 0],
	changes_per_min: ['changes/min', 'changes/min', 1],
	goodput_ratio: ['of what fits', 'goodput', 2],
	full_s: ['s', '90 % s', 1],
	share: ['of the link', 'share', 2],
	down_s: ['s', 'down s', 1],
	up_s: ['s', 'up s', 1],
	text_db: ['dB', 'text dB', 1],
	page_s_p50: ['s', 'next page s', 1],
	first_frame_ms_p50: ['ms', 'first frame ms', 0],
};

const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/**
 * Runs the link's course under a call that has begun: returns when each part began and ended, with the cable's seconds. look:
 * called before each step, and at the end.
 */
async function run(cable, { open_s, measured }, look) {
	await sleep(open_s);
	await look();
	const parts = [];
	const queueFrom = await cable.seconds();
	for (const part of measured) {
		await cable.tell(part.lines);
		const from = Date.now();
		await sleep(part.seconds);
		parts.push({ ...part, from, to: Date.now() });
		await look();
	}
	return { parts, queueFrom, queueTo: await cable.seconds() };
}

/** The worst of the steps in this direction, or undefined if there is none. */
function worst(parts, samples, way, { direct }) {
	const times = parts
		.filter((part) => part[way])
		.map((part) => {
			// A direct call has no layers, so its video may have any height on a slow link.
			const right = direct && way === 'down' ? { ...part.down, height: Infinity } : part[way];
			return secondsUntil(samples, part.from, part.to, right, way === 'up');
		});
	return times.length > 0 ? Math.max(...times) : undefined;
}

/** How much of the link the viewer got, and how soon: for cameras only, since the size of a shared page is given. */
function goodput(plan, { direct }, samples, sender, from) {
	if (plan.screen) return {};
	const encodings = encodingsOf(sender);
	const fits = carried(plan, traceText).map((link) => (direct ? filling(SENT_BPS, link) : fitting(encodings, link)));
	return {
		goodput_ratio: goodputRatio(samples, from, fits),
		full_s: plan.steady && !plan.beside ? secondsUntilFull(samples, fits[0]) : undefined,
	};
}

/** The share of bytes sent to the viewer: of all bytes next to a download, of both viewers' next to another viewer. */
function shareOf(samples, other, queue, from, to) {
	const ours = wireBytes(samples, from, to);
	return ours / (other ? ours + wireBytes(other, from, to) : queue.reduce((sum, { bytes }) => sum + bytes, 0));
}

/** A call's samples, a line each, after lines with the link's steps; times in ms from the first step. */
function keep(prefix, samples, parts) {
	const since = ({ at, ...others }) => ({ at: at - parts[0].from, ...others });
	const steps = parts.map(({ from, lines }) => ({ at: from, lines }));
	writeFileSync(`${prefix}.jsonl`, [...steps, ...samples].map((line) => `${JSON.stringify(since(line))}\n`).join(''));
}

/** Figures of one link under one kind of call. */
async function measure(Call, { name, seconds, system, via, file }) {
	const cleaner = new Cleaner();
	running.push(() => cleaner.clean());
	try {
		const plan = course(name, seconds);
		const cable = await Cable.lay({ via, first: plan.first });
		cleaner.push(() => cable.close());
		const call = await Call.begin({ system, cable, cleaner, screen: plan.screen, joins: name === 'open' ? JOINS : 1 });
		const other = plan.beside === 'viewer' ? await call.another('Vito') : undefined;
		if (plan.beside === 'download') await Download.begin(cable, cleaner);
		const folder = file.replace(/\.jsonl$/, '');
		const prefix = `${folder}/${name}-${call.direct ? 'direct' : 'amphi'}`;
		mkdirSync(folder, { recursive: true });
		let looks = 0;
		const look = () => call.viewer.screenshot({ path: `${prefix}-${looks++}.png` });
		const { parts, queueFrom, queueTo } = await run(cable, plan, look);
		const samples = await samplesOf(call.viewer);
		const otherSamples = other && (await samplesOf(other));
		const [from, to] = [parts[0].from, parts.at(-1).to];
		const sender = await samplesOf(call.sender);
		const sent = sentOf(sender, from, to);
		const turns = await call.sender.evaluate(() => probe.page?.turned ?? []);
		const pages = secondsToRead(turns, samples, from, to);
		const queue = (await cable.close()).filter(({ t }) => t >= queueFrom && t <= queueTo);
		keep(prefix, samples, parts);
		if (other) keep(`${prefix}-other`, otherSamples, parts);
		const figures = {
			...figuresOf(samples, from, to, call),
			...goodput(plan, call, samples, sender, from),
			share: plan.beside && shareOf(samples, otherSamples, queue, from, to),
			queue_p95_ms: percentile(
				queue.map(({ queue_ms }) => queue_ms),
				0.95,
			),
			down_s: worst(parts, samples, 'down', call),
			up_s: worst(parts, samples, 'up', call),
			page_s_p50: pages.length > 0 ? percentile(pages, 0.5) : undefined,
			first_frame_ms_p50: name === 'open' ? percentile(call.firstFrames, 0.5) : undefined,
		};
		// In a direct call, the camera itself adapts to the link.
		if (!call.direct && !plan.screen && sent < BUSY)
			console.error(`bench: ${name}: this machine is busy: the camera gave ${sent.toFixed(1)} frames/s`);
		return figures;
	} finally {
		await cleaner.clean();
	}
}

const cells = (texts) =>
	texts.map((text, i) => (i < 2 ? text.padEnd(11) : text.padStart(Object.values(FIGURES)[i - 2][1].length + 2))).join('');

function row(link, who, figures) {
	const texts = Object.entries(FIGURES).map(([figure, [, , digits]]) => figures[figure]?.toFixed(digits) ?? '');
	console.log(cells([link, who, ...texts]));
}

function record(file, link, figures, baseline) {
	for (const [figure, [unit]] of Object.entries(FIGURES)) {
		const [value, direct] = [figures[figure], baseline?.[figure]].map((number) => number && Number(number.toFixed(2)));
		if (value === undefined) continue;
		appendFileSync(
			file,
			`${JSON.stringify({ figure, link, value, ...(direct === undefined ? {} : { baseline: direct }), unit })}\n`,
		);
	}
}

/** One call after the other, so that each has the machine to itself. A failure is reported, and the rest goes on. */
async function attempt(what, link, file, deed) {
	console.error(`bench: ${link}: ${what}`);
	try {
		return await deed();
	} catch (error) {
		if (stopping) return new Promise(() => {}); // the end is near
		const [reason] = String(error.message).split('\n');
		console.error(`bench: ${link}: ${what} was not measured: ${reason}`);
		appendFileSync(file, `${JSON.stringify({ figure: 'not measured', of: link, port: what, reason })}\n`);
		process.exitCode = 1;
		return undefined;
	}
}

/** What is running, to be ended when this process is told to end. */
const running = [];
let stopping = false;
async function stop(status) {
	if (stopping) return;
	stopping = true;
	let ended = status;
	for (const end of running.reverse()) {
		await Promise.resolve(end()).catch((error) => {
			console.error(`bench: ${error.message}`);
			ended ||= 1;
		});
	}
	process.exit(ended);
}
process.on('SIGINT', () => void stop(130));
process.on('SIGTERM', () => void stop(143));

const [file, seconds, ...links] = process.argv.slice(2);
const system = await System.start().catch(async (error) => {
	console.error(`bench: ${error.message}`);
	await stop(1);
});
running.push(() => system.stop());
console.log(cells(['link', 'call', ...Object.values(FIGURES).map(([, title]) => title)]));
for (const name of links) {
	const options = { name, seconds: Number(seconds), system, file };
	const figures = await attempt('through Amphi', name, file, () =>
		measure(ThroughAmphi, { ...options, via: system.interface }),
	);
	if (figures) row(name, 'Amphi', figures);
	const baseline = await attempt('direct call', name, file, () => measure(Direct, options));
	if (baseline) row(name, 'direct', baseline);
	if (figures) record(file, name, figures, baseline);
}
await stop(process.exitCode ?? 0);
