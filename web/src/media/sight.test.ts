import { beforeEach, expect, test, vi } from 'vitest';
import { layersFor, Sight } from './sight';

test('the layer is the smallest one that is not stretched much', () => {
	expect(layersFor({ width: 150, height: 84 }, 1)).toEqual({ spatialLayer: 0, temporalLayer: 1 });
	expect(layersFor({ width: 400, height: 225 }, 1)).toEqual({ spatialLayer: 0, temporalLayer: 2 });
	expect(layersFor({ width: 632, height: 356 }, 1).spatialLayer).toBe(1);
	expect(layersFor({ width: 801, height: 450 }, 1).spatialLayer).toBe(2);
	// On a dense screen, and in an upright tile that crops the sides of the video.
	expect(layersFor({ width: 400, height: 225 }, 2).spatialLayer).toBe(1);
	expect(layersFor({ width: 400, height: 225 }, 3).spatialLayer).toBe(1);
	expect(layersFor({ width: 344, height: 640 }, 1).spatialLayer).toBe(2);
});

const video = (peerId: string, share = false) => ({ peerId, share, consumer: { id: `c-${peerId}`, kind: 'video' as const } });
const all = [
	video('a'),
	video('b'),
	video('s', true),
	{ peerId: 'a', share: false, consumer: { id: 'sound', kind: 'audio' as const } },
];
let consumers: typeof all;
const large = { width: 1000, height: 562 };
const small = { width: 150, height: 84 };

let asked: string[];
let fail = false;
let sight: Sight;

const priorities = () => asked.filter((line) => line.includes('Priority'));

beforeEach(() => {
	vi.useFakeTimers();
	vi.stubGlobal('devicePixelRatio', 1);
	vi.stubGlobal('innerWidth', 4000);
	vi.stubGlobal('innerHeight', 2000);
	asked = [];
	consumers = [...all];
	fail = false;
	sight = new Sight(
		async (method, data) => {
			const { consumerId, spatialLayer, priority } = data as {
				consumerId: string;
				spatialLayer?: number;
				priority?: number;
			};
			asked.push(
				[method.replace('Consumer', ' '), consumerId, spatialLayer, priority]
					.filter((part) => part !== undefined)
					.join(' '),
			);
			if (fail) throw new Error('connection lost');
		},
		() => consumers,
	);
});

test('video out of sight is paused, audio never', async () => {
	sight.set('a', large);
	sight.set('b', null);
	expect(asked).toEqual([]);
	await vi.runAllTimersAsync();
	expect(asked).toEqual(['set PreferredLayers c-a 2', 'pause  c-b']);

	asked.length = 0;
	sight.set('b', small);
	await vi.runAllTimersAsync();
	expect(asked).toEqual(['set PreferredLayers c-b 0', 'resume  c-b']);
});

test('a tile that fills much of the page has priority, except over a shared screen', async () => {
	vi.stubGlobal('innerWidth', 1200);
	vi.stubGlobal('innerHeight', 800);
	sight.set('a', large);
	sight.set('b', small);
	sight.set('s/share', large);
	await vi.runAllTimersAsync();
	expect(priorities()).toEqual(['set Priority c-a 150']);

	asked.length = 0;
	sight.set('a', small);
	sight.set('b', large);
	await vi.runAllTimersAsync();
	expect(priorities()).toEqual(['set Priority c-a 100', 'set Priority c-b 150']);
});

test('a pinned tile ranks before the leading speaker, and both before larger tiles', async () => {
	sight.set('a', small);
	sight.set('b', small);
	sight.set('s/share', small);
	sight.lead('a');
	sight.pin('b');
	await vi.runAllTimersAsync();
	expect(priorities()).toEqual(['set Priority c-b 200', 'set Priority c-a 150']);

	// However large it is, and whoever leads. A screen has the highest priority anyway.
	asked.length = 0;
	vi.stubGlobal('innerWidth', 1200);
	vi.stubGlobal('innerHeight', 800);
	sight.set('a', large);
	sight.pin('a');
	await vi.runAllTimersAsync();
	expect(priorities()).toEqual(['set Priority c-a 200', 'set Priority c-b 100']);

	asked.length = 0;
	sight.pin('s/share');
	await vi.runAllTimersAsync();
	expect(priorities()).toEqual(['set Priority c-a 150']);
	asked.length = 0;
	sight.pin(null);
	await vi.runAllTimersAsync();
	expect(priorities()).toEqual([]);
});

test('in a quick exchange the leader changes only now and then', async () => {
	sight.set('a', small);
	sight.set('b', small);
	await vi.runAllTimersAsync();
	for (let second = 0; second < 30; second += 1) {
		sight.lead(second % 2 ? 'a' : 'b');
		await vi.advanceTimersByTimeAsync(600);
	}
	await vi.runAllTimersAsync();
	// In 18 s, each time for two videos.
	expect(priorities().length).toBeGreaterThan(0);
	expect(priorities().length).toBeLessThanOrEqual(2 * 13);

	// The leader at the end of the exchange counts.
	asked.length = 0;
	sight.lead('b');
	await vi.runAllTimersAsync();
	asked.length = 0;
	sight.lead('a');
	await vi.advanceTimersByTimeAsync(1400);
	expect(asked).toEqual([]);
	sight.lead('b');
	await vi.runAllTimersAsync();
	expect(asked).toEqual([]); // back before it counted
	sight.lead('a');
	await vi.runAllTimersAsync();
	expect(priorities()).toEqual(['set Priority c-a 150', 'set Priority c-b 100']);
});

test('a single video needs no priority', async () => {
	consumers = [video('a')];
	sight.set('a', small);
	sight.pin('a');
	await vi.runAllTimersAsync();
	expect(priorities()).toEqual([]);
	consumers.push(video('b'));
	sight.sync();
	expect(priorities()).toEqual(['set Priority c-a 200']);
});

test('after a broken connection, priorities are sent again', async () => {
	sight.set('a', small);
	sight.lead('a');
	await vi.runAllTimersAsync();
	asked.length = 0;
	sight.resumed();
	expect(priorities()).toEqual(['set Priority c-a 150']);
});

test('a priority that was lost while the connection was broken is withdrawn', async () => {
	sight.set('a', small);
	sight.lead('a');
	await vi.runAllTimersAsync();
	fail = true;
	sight.lead('b');
	await vi.advanceTimersByTimeAsync(3001);
	fail = false;
	asked.length = 0;
	sight.resumed();
	expect(priorities()).toContain('set Priority c-a 100');
});

test('nothing is requested twice, and nothing for tiles that only pass by', async () => {
	sight.set('a', large);
	await vi.runAllTimersAsync();
	asked.length = 0;
	sight.set('a', null);
	sight.set('a', small);
	sight.set('a', { width: 999, height: 561 });
	await vi.runAllTimersAsync();
	expect(asked).toEqual([]);
});

test('a tile that is not drawn yet requests nothing', async () => {
	sight.set('s', null);
	await vi.runAllTimersAsync();
	expect(asked).toEqual([]);
	sight.set('s/share', null);
	await vi.runAllTimersAsync();
	expect(asked).toEqual(['pause  c-s']);
});

test('what the server has refused is requested again', async () => {
	sight.set('a', null);
	sight.set('b', null);
	await vi.runAllTimersAsync();
	fail = true;
	sight.set('a', large);
	await vi.advanceTimersByTimeAsync(300);
	fail = false;
	asked.length = 0;
	await vi.runAllTimersAsync();
	expect(asked).toContain('resume  c-a');
	expect(asked.some((line) => line.endsWith('c-b'))).toBe(false);
});

test('after a broken connection, everything is sent again', async () => {
	sight.set('a', large);
	sight.set('b', null);
	fail = true;
	await vi.advanceTimersByTimeAsync(300);
	fail = false;
	asked.length = 0;
	sight.set('b', large);
	sight.resumed();
	expect(asked).toEqual(['set PreferredLayers c-a 2', 'resume  c-a', 'set PreferredLayers c-b 2', 'resume  c-b']);
});
