import { expect, test } from 'vitest';
import { figuresOf } from './figures';

const owned = [
	{ peerId: 'ada', share: false, consumer: { id: 'camera' } },
	{ peerId: 'ada', share: true, consumer: { id: 'screen' } },
	{ peerId: 'ada', share: false, consumer: { id: 'sound' } },
];
const nameOf = (id: string) => (id === 'ada' ? 'Ada' : '');

test('both directions are told apart by what the server counts in them', () => {
	const { receiving, sending } = figuresOf(
		[
			{ recvBitrate: 800_000, rtpPacketLossReceived: 0.02 },
			{ sendBitrate: 2_000_000, rtpPacketLossSent: 0.1, roundTripTime: 40, availableOutgoingBitrate: 3_000_000 },
		],
		[],
		[],
		owned,
		nameOf,
	);
	expect(receiving).toEqual({ bitrate: 2_000_000, loss: 0.1, roundTrip: 40, estimate: 3_000_000 });
	expect(sending).toEqual({ bitrate: 800_000, loss: 0.02, roundTrip: null, estimate: null });
	expect(figuresOf([], [], [], owned, nameOf)).toEqual({ receiving: null, sending: null, pictures: [] });
});

test('pictures have names, a size, and why they are no larger', () => {
	const { pictures } = figuresOf(
		[],
		[
			{ consumerId: 'sound', kind: 'audio', bitrate: 32_000 },
			{ consumerId: 'camera', kind: 'video', bitrate: 150_000, spatialLayer: 0, limitedBy: 'bandwidth' },
			{ consumerId: 'screen', kind: 'video', bitrate: 0 },
			{ consumerId: 'gone', kind: 'video', bitrate: 1 },
		],
		[{ consumerId: 'camera', width: 320, height: 180 } as never],
		owned,
		nameOf,
	);
	expect(pictures).toEqual([
		{ id: 'camera', peerId: 'ada', name: 'Ada', share: false, width: 320, height: 180, bitrate: 150_000, layer: 0, limitedBy: 'bandwidth' },
		{ id: 'screen', peerId: 'ada', name: 'Ada', share: true, width: 0, height: 0, bitrate: 0, layer: null, limitedBy: null },
	]);
});
