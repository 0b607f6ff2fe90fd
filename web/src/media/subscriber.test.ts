import type { types } from 'mediasoup-client';
import { beforeEach, expect, test, vi } from 'vitest';
import type { NewConsumer } from '../signaling/messages';
import { NO_MEDIA, Subscriber } from './subscriber';

const changed = vi.fn();
let subscriber: Subscriber;

beforeEach(() => {
	const consume = async ({ id, kind, rtpParameters }: types.ConsumerOptions) =>
		({ id, kind, rtpParameters, track: `track of ${id}`, close() {} }) as unknown as types.Consumer;
	subscriber = new Subscriber({ consume } as unknown as types.Transport, changed);
	changed.mockClear();
});

function add(id: string, { kind = 'video' as types.MediaKind, share = false, paused = false } = {}) {
	const rtpParameters = { encodings: [{ scalabilityMode: 'L3T3' }] };
	const offered = { id, peerId: 'ann', producerId: `p-${id}`, kind, type: 'simulcast', producerPaused: paused, appData: { share } };
	return subscriber.add({ ...offered, rtpParameters } as unknown as NewConsumer);
}

const ann = () => subscriber.mediaOf('ann');

test('a camera that the link does not carry is starved until its packets flow again', async () => {
	await add('camera');
	expect(ann().starved).toBe(false);
	changed.mockClear();
	subscriber.setLayer('camera', null, 'bandwidth');
	expect(ann()).toEqual({ ...NO_MEDIA, video: 'track of camera', starved: true });
	expect(changed).toHaveBeenCalledTimes(1);
	subscriber.setLayer('camera', 0);
	expect(ann()).toEqual({ ...NO_MEDIA, video: 'track of camera' });
	expect(changed).toHaveBeenCalledTimes(2);
});

test('the camera and the screen are starved each on its own', async () => {
	await Promise.all([add('camera'), add('screen', { share: true }), add('mic', { kind: 'audio' })]);
	subscriber.setLayer('screen', null, 'bandwidth');
	expect(ann()).toMatchObject({ starved: false, shareStarved: true, share: 'track of screen' });
	subscriber.setLayer('camera', null, 'bandwidth');
	subscriber.setLayer('screen', 2);
	expect(ann()).toMatchObject({ starved: true, shareStarved: false });
	expect(subscriber.mediaOf('bob')).toEqual(NO_MEDIA);
});

test('what is told while the browser makes the consumer is not lost', async () => {
	const adding = add('camera');
	subscriber.setLayer('camera', null, 'bandwidth');
	expect(ann().starved).toBe(false);
	await adding;
	expect(ann().starved).toBe(true);
});

test('no layer for another reason, or for none, starves nothing', async () => {
	await add('camera');
	subscriber.setLayer('camera', null);
	expect(ann().starved).toBe(false);
	subscriber.setLayer('camera', null, 'bandwidth');
	subscriber.setLayer('camera', null);
	expect(ann().starved).toBe(false);
	subscriber.setLayer('camera', null, 'cpu' as 'bandwidth');
	expect(ann().starved).toBe(false);
	subscriber.setLayer('camera', 1, 'bandwidth');
	expect(ann().starved).toBe(false);
});

test('layers alone draw nothing again', async () => {
	await add('camera');
	changed.mockClear();
	subscriber.setLayer('camera', 2);
	subscriber.setLayer('camera', null);
	subscriber.setLayer('nobody', null, 'bandwidth');
	expect(changed).not.toHaveBeenCalled();
});

test('a picture that its owner turned off is not starved, until it is on again', async () => {
	await Promise.all([add('camera'), add('screen', { share: true })]);
	for (const id of ['camera', 'screen']) {
		subscriber.setLayer(id, null, 'bandwidth');
		subscriber.setPaused(id, true);
	}
	expect(ann()).toEqual(NO_MEDIA);
	subscriber.setPaused('camera', false);
	expect(ann().starved).toBe(true);
});

test('a picture that this page paused is not starved, until it is wanted again', async () => {
	await Promise.all([add('camera'), add('screen', { share: true })]);
	for (const id of ['camera', 'screen']) {
		subscriber.setLayer(id, null, 'bandwidth');
		subscriber.setWanted(id, false);
	}
	expect(ann()).toMatchObject({ starved: false, shareStarved: false, video: 'track of camera' });
	changed.mockClear();
	subscriber.setWanted('camera', true);
	expect(ann()).toMatchObject({ starved: true, shareStarved: false });
	expect(changed).toHaveBeenCalledTimes(1);
});

test('what is forgotten with its connection is starved when it is told once more', async () => {
	await Promise.all([add('camera'), add('screen', { share: true })]);
	for (const id of ['camera', 'screen']) subscriber.setLayer(id, null, 'bandwidth');
	subscriber.forgetStarved();
	subscriber.setLayer('screen', null, 'bandwidth');
	expect(ann()).toMatchObject({ starved: false, shareStarved: true });
});

test('of a starved picture no size comes', async () => {
	await add('camera');
	subscriber.setLayer('camera', 1);
	expect(subscriber.sizeOf('ann')).toEqual({ now: 1, largest: 2 });
	subscriber.setLayer('camera', null, 'bandwidth');
	expect(subscriber.sizeOf('ann')).toEqual({ now: -1, largest: 2 });
});
