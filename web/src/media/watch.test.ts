import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Report, type Sample, troubleOf, WATCH_MS, Watch } from './watch';

const picture: Sample = {
	consumerId: 'p',
	kind: 'video',
	share: false,
	flows: true,
	framesDecoded: 100,
	frozenSeconds: 1,
	width: 640,
	height: 360,
	concealed: 0,
	samples: 0,
};
const sound: Sample = { ...picture, consumerId: 's', kind: 'audio', framesDecoded: 0, concealed: 50, samples: 1000 };

test('video that was frozen for a hundredth of the time is not reported', () => {
	const moved = { ...picture, framesDecoded: 300 };
	expect(troubleOf(picture, { ...moved, frozenSeconds: 1.1 }, 10_000)).toBeNull();
	expect(troubleOf(picture, { ...moved, frozenSeconds: 1.2 }, 10_000)).toEqual({ consumerId: 'p', frozen: 200 });
	expect(troubleOf(picture, { ...moved, frozenSeconds: 99 }, 10_000)).toEqual({ consumerId: 'p', frozen: 10_000 });
});

test('without a frame, video was frozen all the time, unless none was expected', () => {
	expect(troubleOf(picture, picture, 10_000)).toEqual({ consumerId: 'p', frozen: 10_000 });
	expect(troubleOf(picture, { ...picture, flows: false }, 10_000)).toBeNull();
	expect(troubleOf({ ...picture, flows: false }, picture, 10_000)).toBeNull();
	expect(troubleOf({ ...picture, share: true }, { ...picture, share: true }, 10_000)).toBeNull();
});

test('concealed audio is reported in thousandths', () => {
	const later = { ...sound, samples: 11_000 };
	expect(troubleOf(sound, { ...later, concealed: 50 + 190 }, 10_000)).toBeNull();
	expect(troubleOf(sound, { ...later, concealed: 50 + 2500 }, 10_000)).toEqual({ consumerId: 's', concealed: 250 });
	expect(troubleOf(sound, sound, 10_000)).toBeNull();
});

let reports: Report[];
let frames: number;
let watch: Watch;

beforeEach(() => {
	vi.useFakeTimers();
	vi.stubGlobal('document', { hidden: false });
	reports = [];
	frames = 0;
	const stats = () => [{ type: 'inbound-rtp', trackIdentifier: 't', framesDecoded: frames, totalFreezesDuration: 0 }];
	const consumer = { id: 'c', kind: 'video', track: { id: 't' } };
	const media = {
		recvTransport: { getStats: async () => stats() },
		subscriber: { consumers: () => [{ peerId: 'p', share: false, flows: true, consumer }] },
	};
	watch = new Watch(
		() => media as never,
		async (report) => void reports.push(report),
		0.5,
	);
});

afterEach(() => {
	watch.close();
	vi.useRealTimers();
	vi.unstubAllGlobals();
});

async function looks(times: number, moves: boolean) {
	for (let i = 0; i < times; i++) {
		if (moves) frames += 100;
		await vi.advanceTimersByTimeAsync(WATCH_MS);
	}
}

test('as long as all is well, the server gets no report', async () => {
	await looks(20, true);
	expect(reports).toEqual([]);
});

test('the server gets a report about each bad time, and one when it is over', async () => {
	await looks(2, true);
	await looks(2, false);
	expect(reports.map(({ consumers }) => consumers[0]?.frozen)).toEqual([WATCH_MS, WATCH_MS]);
	await looks(5, true);
	expect(reports.slice(2)).toEqual([{ span: WATCH_MS, consumers: [] }]);
});

test('nothing is reported that nobody sees', async () => {
	await looks(2, true);
	vi.stubGlobal('document', { hidden: true });
	await looks(3, false);
	vi.stubGlobal('document', { hidden: false });
	await looks(3, true);
	expect(reports).toEqual([]);
});
