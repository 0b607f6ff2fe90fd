import type { types } from 'mediasoup-client';
import { beforeEach, expect, test, vi } from 'vitest';
import type { NewConsumer } from '../signaling/messages';
import { NO_MEDIA, Subscriber } from './subscriber';

const changed = vi.fn();
let subscriber: Subscriber;
let transport: { connectionState: string };
/** Reports the transport's state. */
let told: (state: string) => void;

beforeEach(() => {
	const consume = async ({ id, kind, rtpParameters }: types.ConsumerOptions) =>
		({ id, kind, rtpParameters, track: `track of ${id}`, close() {} }) as unknown as types.Consumer;
	transport = {
		consume,
		connectionState: 'new',
		on: (_: string, listener: typeof told) => void (told = listener),
	} as never;
	subscriber = new Subscriber(transport as unknown as types.Transport, changed);
	changed.mockClear();
});

function add(id: string, { kind = 'video' as types.MediaKind, share = false, paused = false } = {}) {
	const rtpParameters = { encodings: [{ scalabilityMode: 'L3T3' }] };
	const offered = {
		id,
		peerId: 'ann',
		producerId: `p-${id}`,
		kind,
		type: 'simulcast',
		producerPaused: paused,
		appData: { share },
	};
	return subscriber.add({ ...offered, rtpParameters } as unknown as NewConsumer);
}

const ann = () => subscriber.mediaOf('ann');

test('a camera that the link cannot carry is starved until its packets flow again', async () => {
	await add('camera');
	expect(ann().starved).toBe(false);
	changed.mockClear();
	subscriber.setLayer('camera', null, 'bandwidth');
	expect(ann()).toEqual({ ...NO_MEDIA, camera: true, video: 'track of camera', starved: true });
	expect(changed).toHaveBeenCalledTimes(1);
	subscriber.setLayer('camera', 0);
	expect(ann()).toEqual({ ...NO_MEDIA, camera: true, video: 'track of camera' });
	expect(changed).toHaveBeenCalledTimes(2);
});

test('video that the overloaded server does not send says so; the link is blamed only for what it cannot carry', async () => {
	await add('camera');
	subscriber.setLayer('camera', null, 'overload');
	expect(ann()).toMatchObject({ starved: true, overloaded: true });
	subscriber.setLayer('camera', null, 'bandwidth');
	expect(ann()).toMatchObject({ starved: true, overloaded: false });
	subscriber.setLayer('camera', null, 'overload');
	subscriber.setLayer('camera', 0);
	expect(ann()).toMatchObject({ starved: false, overloaded: false });
});

test('the camera and the screen are starved independently', async () => {
	await Promise.all([add('camera'), add('screen', { share: true }), add('mic', { kind: 'audio' })]);
	subscriber.setLayer('screen', null, 'bandwidth');
	expect(ann()).toMatchObject({ starved: false, shareStarved: true, share: 'track of screen' });
	subscriber.setLayer('camera', null, 'bandwidth');
	subscriber.setLayer('screen', 2);
	expect(ann()).toMatchObject({ starved: true, shareStarved: false });
	expect(subscriber.mediaOf('bob')).toEqual(NO_MEDIA);
});

test('messages that arrive while the browser creates the consumer are not lost', async () => {
	const adding = add('camera');
	subscriber.setLayer('camera', null, 'bandwidth');
	expect(ann().starved).toBe(false);
	await adding;
	expect(ann().starved).toBe(true);
});

test('a peer shows camera and microphone as on before their tracks have arrived', async () => {
	const adding = Promise.all([add('camera'), add('mic', { kind: 'audio' }), add('screen', { share: true })]);
	expect(changed).toHaveBeenCalledTimes(3);
	expect(ann()).toEqual({ ...NO_MEDIA, camera: true, mic: true });
	subscriber.setPaused('mic', true);
	expect(ann()).toMatchObject({ camera: true, mic: false });
	await adding;
	expect(ann()).toMatchObject({ camera: true, video: 'track of camera', mic: false, audio: 'track of mic' });
	subscriber.remove('camera');
	expect(ann()).toMatchObject({ camera: false, video: null });
});

test('a peer shows no devices as on once the server has offered everything', async () => {
	vi.useFakeTimers();
	subscriber.expectOffers();
	expect(ann()).toEqual({ ...NO_MEDIA, camera: null, mic: null });
	await Promise.all([add('camera', { paused: true }), add('screen', { share: true })]);
	expect(ann()).toMatchObject({ camera: false, mic: null });
	changed.mockClear();
	await vi.advanceTimersByTimeAsync(5000);
	expect(changed).toHaveBeenCalledTimes(1);
	expect(ann()).toMatchObject({ camera: false, mic: false });
	vi.useRealTimers();
});

test('sharing a screen does not count as a camera', async () => {
	await Promise.all([add('screen', { share: true }), add('sound', { kind: 'audio', share: true })]);
	expect(ann()).toMatchObject({ camera: false, mic: false, share: 'track of screen', shareAudio: 'track of sound' });
});

test('video without a layer for another reason, or for none, is not starved', async () => {
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

test('a change of layers alone renders nothing again', async () => {
	await add('camera');
	changed.mockClear();
	subscriber.setLayer('camera', 2);
	subscriber.setLayer('camera', null);
	subscriber.setLayer('nobody', null, 'bandwidth');
	expect(changed).not.toHaveBeenCalled();
});

test('video that its owner turned off is not starved until it is on again', async () => {
	await Promise.all([add('camera'), add('screen', { share: true })]);
	for (const id of ['camera', 'screen']) {
		subscriber.setLayer(id, null, 'bandwidth');
		subscriber.setPaused(id, true);
	}
	expect(ann()).toEqual(NO_MEDIA);
	subscriber.setPaused('camera', false);
	expect(ann().starved).toBe(true);
});

test('video that this page paused is not starved until it is wanted again', async () => {
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

test('a state lost with its connection comes back when the server repeats it', async () => {
	await Promise.all([add('camera'), add('screen', { share: true })]);
	for (const id of ['camera', 'screen']) subscriber.setLayer(id, null, 'bandwidth');
	subscriber.forgetStarved();
	subscriber.setLayer('screen', null, 'bandwidth');
	expect(ann()).toMatchObject({ starved: false, shareStarved: true });
});

test('a starved video has no size', async () => {
	await add('camera');
	subscriber.setLayer('camera', 1);
	expect(subscriber.sizeOf('ann')).toEqual({ now: 1, largest: 2 });
	subscriber.setLayer('camera', null, 'bandwidth');
	expect(subscriber.sizeOf('ann')).toEqual({ now: -1, largest: 2 });
});

test('nothing else is negotiated while the connection for video is being made', async () => {
	vi.useFakeTimers();
	const quiet = async () => {
		const now = vi.fn();
		void subscriber.quiet().then(now);
		await vi.advanceTimersByTimeAsync(0);
		return now;
	};
	expect(await quiet()).toHaveBeenCalled(); // there is no transport
	await add('camera');
	const waiting = await quiet();
	told('connecting');
	await vi.advanceTimersByTimeAsync(500);
	expect(waiting).not.toHaveBeenCalled();
	told('connected');
	await vi.advanceTimersByTimeAsync(100);
	expect(waiting).toHaveBeenCalled();
	const impatient = await quiet();
	await vi.advanceTimersByTimeAsync(1000);
	expect(impatient).toHaveBeenCalled(); // the connection may never be made
	transport.connectionState = 'connected';
	expect(await quiet()).toHaveBeenCalled();
	vi.useRealTimers();
});

test('the wait for all offers ends, unless the session has ended before', async () => {
	vi.useFakeTimers();
	for (const closed of [false, true]) {
		changed.mockClear();
		subscriber.expectOffers();
		expect(ann().mic).toBe(null);
		if (closed) subscriber.close();
		await vi.advanceTimersByTimeAsync(10_000);
		expect(changed).toHaveBeenCalledTimes(closed ? 0 : 1);
	}
	vi.useRealTimers();
});
