// What recordings contain. Clients in C play the clip of tests/marks, whose pictures and beeps say when they
// are, and the files are read back with ffmpeg.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ROOT, System } from './system.mjs';
import { until } from './wait.mjs';

const execute = promisify(execFile);
const FRAME_S = 1 / 25;
const LOOP_FRAMES = 500; // of tests/marks
const KEY_FRAMES = 25; // from one key frame to the next
const SKEW_MS = 40;
const BLANK_S = 1.15; // the longest time between two pictures: a card comes each second
const STALE_S = 2.1; // … when the pictures of somebody end without a word
const KILLS = 12;

let system;
let folder;
const senders = [];
let rooms = 0;

before(async () => {
	await execute(`${ROOT}/scripts/build`, ['release', 'amphi-demo', 'marks'], { maxBuffer: 1 << 26 });
	folder = await mkdtemp(join(tmpdir(), 'amphi-recorded-'));
	system = await System.start();
});
after(async () => {
	await system?.stop();
	if (folder) await rm(folder, { recursive: true });
});
afterEach(() => {
	for (const sender of senders.splice(0)) sender.kill();
});

/** A webinar of its own for each test. */
function newRoom() {
	return `marks${++rooms}`;
}

/** Begins to speak; ends with the test. */
async function speak(room, mark) {
	const sender = spawn(
		`${ROOT}/build/release/bench/load/amphi-demo`,
		[system.url, `${ROOT}/build/release/tests/marks/${mark}`, room, `mark${mark}`],
		{ stdio: 'ignore' },
	);
	senders.push(sender);
	await until(`mark${mark} to speak`, async () => {
		const { body } = await system.rest(`/rooms/${room}/existingPeer/mark${mark}`);
		return JSON.stringify(body).includes('true');
	});
	return sender;
}

async function leave(sender) {
	const ended = once(sender, 'exit');
	sender.kill();
	await ended;
}

async function command(room, verb) {
	const { status, body } = await system.rest(`/rooms/${room}/recording/${verb}`, { method: 'POST' });
	assert.equal(status, 200, `${verb}: ${JSON.stringify(body)}`);
	return body.recording;
}

async function start(room) {
	await until('the recorder to be there', async () => {
		const { status } = await system.rest(`/rooms/${room}/recording/start`, { method: 'POST' });
		return status === 200;
	});
	return until('the recording to begin', async () => {
		const { body } = await system.rest(`/rooms/${room}/recording`);
		return body.recording?.state === 'recording' && body.recording;
	});
}

/** Stops it, and resolves to the finished recording, with the time that took as `readyAfter` in seconds. */
async function stop(room, id) {
	const at = performance.now();
	await command(room, 'stop');
	return { ...(await ready(id)), readyAfter: (performance.now() - at) / 1000 };
}

async function ready(id) {
	return until('the recording to be ready', async () => {
		const { status, body } = await system.rest(`/api/recordings/${id}`);
		return status === 200 && body.state === 'ready' && body;
	});
}

async function download(recording, name) {
	const response = await fetch(`${system.url}/api/recordings/${recording.id}/files/${name}`);
	assert.equal(response.status, 200);
	const path = join(folder, `${recording.id}-${name.replaceAll('/', '-')}`);
	await writeFile(path, Buffer.from(await response.arrayBuffer()));
	return path;
}

/** What marks.py reads from the file. */
async function read(path) {
	const { stdout } = await execute('python3', [`${ROOT}/tests/marks/marks.py`, path], { maxBuffer: 1 << 26 });
	return JSON.parse(stdout);
}

function programmeOf(recording) {
	return recording.files.find((file) => file.kind === 'programme');
}

/** Nothing is torn, decoded with errors, blank or frozen; sound and picture are together. */
function assertWhole(marks, blank = BLANK_S) {
	assert.deepEqual(marks.errors, []);
	let last = 0;
	for (const [time] of marks.pictures) {
		assert.ok(time - last <= blank, `no picture from ${last} to ${time} s`);
		last = time;
	}
	assert.ok(marks.sound - last <= blank, `no picture from ${last} s to the end at ${marks.sound} s`);
	for (const skew of marks.skews) assert.ok(Math.abs(skew) * 1000 <= SKEW_MS, `sound and picture are ${skew} s apart`);
}

/**
 * All of a sender's frames were shown from one time to another. Asked for a key frame, the clip's player goes ahead to the
 * next one and then plays at half speed: so numbers may jump to a key frame, and some of the time has fewer frames.
 */
function assertAllShown(marks, sender, from, to) {
	const shown = marks.pictures
		.filter(([time, mark]) => mark?.[1] === sender && time >= from && time <= to)
		.map(([, mark]) => mark[0]);
	for (let i = 1; i < shown.length; i++) {
		const step = (shown[i] - shown[i - 1] + LOOP_FRAMES) % LOOP_FRAMES;
		const jump = step < KEY_FRAMES && shown[i] % KEY_FRAMES === 0;
		assert.ok(step === 1 || jump, `frame ${shown[i]} follows ${shown[i - 1]}`);
	}
	const share = (shown.length * FRAME_S) / (to - from);
	assert.ok(share > 0.85, `${share} of the frames are there`);
}

describe('a recording', () => {
	it('has what was shown and heard, and is ready at once', async () => {
		const room = newRoom();
		await speak(room, 1);
		const { id } = await start(room);
		await sleep(15_000);
		const recording = await stop(room, id);
		assert.ok(recording.readyAfter <= 5, `ready after ${recording.readyAfter} s`);
		assert.equal(recording.reason, 'api');
		const marks = await read(await download(recording, programmeOf(recording).name));
		assertWhole(marks);
		assert.ok(recording.duration >= 14.5 && recording.duration <= 17, `${recording.duration} s long`);
		assert.ok(Math.abs(marks.sound - recording.duration) <= 0.1, `${marks.sound} s of sound in ${recording.duration} s`);
		assertAllShown(marks, 1, 2, recording.duration - 1);
		assert.ok(marks.skews.length >= 11, `${marks.skews.length} beeps`);
	});

	it('has a file for each track, as long as the track', async () => {
		const room = newRoom();
		await speak(room, 1);
		const { id } = await start(room);
		await sleep(4000);
		await speak(room, 2);
		await sleep(6000);
		const recording = await stop(room, id);
		for (const mark of [1, 2]) {
			const files = recording.files.filter((file) => file.peerId === `mark${mark}`);
			assert.deepEqual(files.map((file) => file.kind).sort(), ['audio', 'video']);
			for (const file of files) {
				assert.ok(Math.abs(file.offset + file.duration - recording.duration) < 0.7, JSON.stringify(file));
				const marks = await read(await download(recording, file.name));
				assert.deepEqual(marks.errors, []);
				if (file.kind === 'audio')
					assert.ok(marks.beeps.length >= Math.floor(file.duration) - 1, `${marks.beeps.length} beeps`);
				else assertAllShown(marks, mark, 0, file.duration - 0.5);
			}
		}
	});

	it('ends the files of people who leave', async () => {
		const room = newRoom();
		await speak(room, 1);
		const sender = await speak(room, 2);
		const { id } = await start(room);
		await sleep(4000);
		sender.kill('SIGKILL'); // else it would come back
		const json = {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify({ peerId: 'mark2' }),
		};
		assert.equal((await system.rest(`/rooms/${room}/closePeer`, json)).status, 200);
		await sleep(5000);
		const recording = await stop(room, id);
		for (const file of recording.files.filter(({ peerId }) => peerId === 'mark2'))
			assert.ok(
				file.offset + file.duration < recording.duration - 4,
				`${file.name} goes on to ${file.offset + file.duration} s`,
			);
	});

	it('leaves out its pauses', async () => {
		const room = newRoom();
		await speak(room, 1);
		const { id } = await start(room);
		await sleep(4000);
		await command(room, 'pause');
		await sleep(4000);
		await command(room, 'resume');
		await sleep(4000);
		const recording = await stop(room, id);
		assert.ok(recording.duration > 7 && recording.duration < 10, `${recording.duration} s long`);
		const marks = await read(await download(recording, programmeOf(recording).name));
		assertWhole(marks);
		assert.ok(Math.abs(marks.sound - recording.duration) <= 0.1);
	});

	it('shows a card while nobody has a camera on, and after the last one has left', async () => {
		const room = newRoom();
		const sender = await speak(room, 1);
		const { id } = await start(room);
		await sleep(4000);
		await leave(sender);
		await sleep(6000);
		const recording = await stop(room, id);
		const marks = await read(await download(recording, programmeOf(recording).name));
		assertWhole(marks, STALE_S);
		const tail = marks.pictures.filter(([time]) => time > recording.duration - 2);
		assert.ok(tail.length > 0 && tail.every(([, mark]) => mark === null), 'the last picture stayed');
	});
});

describe('a crash', () => {
	/** The programme as it lies on the disk, copied, with how long the recording should be by now. */
	async function snapshot(recording, startedAt) {
		const root = `${ROOT}/build/recordings-${process.env.AMPHI_TEST_INSTANCE ?? '231'}`;
		const found = (await readdir(root, { recursive: true })).find(
			(path) => path.includes(recording.id) && path.endsWith('programme.webm'),
		);
		assert.ok(found, 'there is no programme');
		const elapsed = (performance.now() - startedAt) / 1000;
		const copy = join(folder, `copy-${recording.id}.webm`);
		await copyFile(join(root, found), copy);
		assert.ok((await stat(copy)).size > 0);
		return { copy, elapsed };
	}

	for (const name of ['recorder', 'controlplane', 'dataplane']) {
		it(`of the ${name} costs at most a second, and the file plays as it lies`, async (t) => {
			const room = newRoom();
			await speak(room, 1);
			const recording = await start(room);
			const startedAt = performance.now() - recording.duration * 1000;
			let worst = 0;
			for (let kill = 0; kill < KILLS / 3; kill++) {
				await sleep(2000 + Math.random() * 1000);
				await system.kill(name);
				const { copy, elapsed } = await snapshot(recording, startedAt);
				const marks = await read(copy);
				assert.deepEqual(marks.errors, []);
				worst = Math.max(worst, elapsed - marks.sound);
			}
			t.diagnostic(`at most ${worst.toFixed(2)} s were not in the file`);
			// Without the recorder's death nothing is lost, only on its way.
			const limit = name === 'recorder' ? 1 : 2;
			assert.ok(worst <= limit, `${worst} s are not in the file`);
			await sleep(3000);
			const finished = await stop(room, recording.id);
			const marks = await read(await download(finished, programmeOf(finished).name));
			assertWhole(marks, STALE_S);
			assert.ok(finished.duration >= (performance.now() - startedAt) / 1000 - 10, `${finished.duration} s long`);
		});
	}
});
