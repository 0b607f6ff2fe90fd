import { beforeEach, expect, test, vi } from 'vitest';
import { layersFor, Sight } from './sight';

test('the layer is the smallest that is not stretched much', () => {
	expect(layersFor({ width: 150, height: 84 }, 1)).toEqual({ spatialLayer: 0, temporalLayer: 1 });
	expect(layersFor({ width: 400, height: 225 }, 1)).toEqual({ spatialLayer: 0, temporalLayer: 2 });
	expect(layersFor({ width: 632, height: 356 }, 1).spatialLayer).toBe(1);
	expect(layersFor({ width: 801, height: 450 }, 1).spatialLayer).toBe(2);
	// On a dense screen, and where an upright tile cuts the picture's sides off.
	expect(layersFor({ width: 400, height: 225 }, 2).spatialLayer).toBe(1);
	expect(layersFor({ width: 400, height: 225 }, 3).spatialLayer).toBe(1);
	expect(layersFor({ width: 344, height: 640 }, 1).spatialLayer).toBe(2);
});

const video = (peerId: string, share = false) => ({ peerId, share, consumer: { id: `c-${peerId}`, kind: 'video' as const } });
const consumers = [video('a'), video('b'), { ...video('s', true) }, { peerId: 'a', share: false, consumer: { id: 'sound', kind: 'audio' as const } }];
const large = { width: 1000, height: 562 };
const small = { width: 150, height: 84 };

let asked: string[];
let fail = false;
let sight: Sight;

beforeEach(() => {
	vi.useFakeTimers();
	vi.stubGlobal('devicePixelRatio', 1);
	vi.stubGlobal('innerWidth', 4000);
	vi.stubGlobal('innerHeight', 2000);
	asked = [];
	fail = false;
	sight = new Sight(async (method, data) => {
		const { consumerId, spatialLayer } = data as { consumerId: string; spatialLayer?: number };
		asked.push([method.replace('Consumer', ' '), consumerId, spatialLayer].filter((part) => part !== undefined).join(' '));
		if (fail) throw new Error('connection lost');
	}, () => consumers);
});

test('pictures that are not seen are paused, sound never', async () => {
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

test('what fills much of the page goes first, but for a shared screen', async () => {
	vi.stubGlobal('innerWidth', 1200);
	vi.stubGlobal('innerHeight', 800);
	sight.set('a', large);
	sight.set('b', small);
	sight.set('s/share', large);
	await vi.runAllTimersAsync();
	expect(asked.filter((line) => line.includes('Priority'))).toEqual(['set Priority c-a']);

	asked.length = 0;
	sight.set('a', small);
	sight.set('b', large);
	await vi.runAllTimersAsync();
	expect(asked.filter((line) => line.includes('Priority'))).toEqual(['set Priority c-a', 'set Priority c-b']);
});

test('the same is not asked twice, and what passes by not at all', async () => {
	sight.set('a', large);
	await vi.runAllTimersAsync();
	asked.length = 0;
	sight.set('a', null);
	sight.set('a', small);
	sight.set('a', { width: 999, height: 561 });
	await vi.runAllTimersAsync();
	expect(asked).toEqual([]);
});

test('a tile that is not drawn yet says nothing', async () => {
	sight.set('s', null);
	await vi.runAllTimersAsync();
	expect(asked).toEqual([]);
	sight.set('s/share', null);
	await vi.runAllTimersAsync();
	expect(asked).toEqual(['pause  c-s']);
});

test('after a broken connection everything is said again', async () => {
	sight.set('a', large);
	sight.set('b', null);
	fail = true;
	await vi.runAllTimersAsync();
	fail = false;
	asked.length = 0;
	sight.set('b', large);
	sight.resumed();
	expect(asked).toEqual([
		'set PreferredLayers c-a 2',
		'resume  c-a',
		'set PreferredLayers c-b 2',
		'resume  c-b',
	]);
});
