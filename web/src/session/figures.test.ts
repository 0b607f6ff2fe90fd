import { expect, test } from 'vitest';
import { figuresOf } from './figures';

const owned = [
	{ peerId: 'ada', share: false, consumer: { id: 'camera' } },
	{ peerId: 'ada', share: true, consumer: { id: 'screen' } },
	{ peerId: 'ada', share: false, consumer: { id: 'sound' } },
];
const nameOf = (id: string) => (id === 'ada' ? 'Ada' : '');

const counted = { bitrate: 0, packetCount: 0, packetsRetransmitted: 0, fractionLost: 0, jitter: 0 };

test('the server’s counters tell the two directions apart', () => {
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
	expect(receiving).toEqual({ bitrate: 2_000_000, loss: 0.1, roundTrip: 40, estimate: 3_000_000, jitter: null, repeated: 0 });
	expect(sending).toEqual({ bitrate: 800_000, loss: 0.02, roundTrip: null, estimate: null, jitter: null, repeated: null });
	expect(figuresOf([], [], [], owned, nameOf)).toEqual({ receiving: null, sending: null, pictures: [], sounds: [] });
});

test('jitter is the largest of all tracks that arrive', () => {
	const { receiving } = figuresOf(
		[{ sendBitrate: 1 }],
		[
			{ ...counted, consumerId: 'sound', kind: 'audio', bitrate: 32_000, jitter: 12 * 48 },
			{ ...counted, consumerId: 'camera', kind: 'video', bitrate: 150_000, jitter: 7 * 90 },
			{ ...counted, consumerId: 'screen', kind: 'video', jitter: 100 * 90 },
		],
		[],
		owned,
		nameOf,
	);
	expect(receiving?.jitter).toBe(12);
});

test('retransmissions are counted since the last look', () => {
	const look = (sound: [number, number], camera: [number, number]) =>
		(['sound', 'camera'] as const).map((consumerId, i) => {
			const [packetCount, packetsRetransmitted] = i ? camera : sound;
			return {
				...counted,
				consumerId,
				kind: i ? ('video' as const) : ('audio' as const),
				packetCount,
				packetsRetransmitted,
			};
		});
	const repeated = (now: ReturnType<typeof look>, before?: ReturnType<typeof look>) =>
		figuresOf([{ sendBitrate: 1 }], now, [], owned, nameOf, before).receiving?.repeated;
	expect(repeated(look([90, 10], [810, 90]))).toBe(0.1);
	expect(repeated(look([190, 10], [890, 110]), look([90, 10], [810, 90]))).toBe(0.1);
	// The server has restarted its counters.
	expect(repeated(look([80, 0], [0, 20]), look([1000, 1000], [1000, 0]))).toBe(1);
});

test('videos have names, a size, why they are no larger, and what is wrong with them', () => {
	const { pictures } = figuresOf(
		[],
		[
			{ ...counted, consumerId: 'sound', kind: 'audio', bitrate: 32_000 },
			{
				...counted,
				consumerId: 'camera',
				kind: 'video',
				bitrate: 150_000,
				spatialLayer: 0,
				limitedBy: 'bandwidth',
				fractionLost: 64,
			},
			{ ...counted, consumerId: 'screen', kind: 'video' },
			{ ...counted, consumerId: 'gone', kind: 'video', bitrate: 1 },
		],
		[
			{ consumerId: 'camera', width: 320, height: 180, frozenSeconds: 1.5 } as never,
			{ consumerId: 'screen', width: 0, height: 0, frozenSeconds: 9 } as never,
		],
		owned,
		nameOf,
	);
	const ada = { peerId: 'ada', name: 'Ada' };
	const camera = {
		id: 'camera',
		width: 320,
		height: 180,
		bitrate: 150_000,
		layer: 0,
		limitedBy: 'bandwidth',
		loss: 0.25,
		frozen: 1.5,
	};
	const screen = { id: 'screen', width: 0, height: 0, bitrate: 0, layer: null, limitedBy: null, loss: 0, frozen: 0 };
	expect(pictures).toEqual([
		{ ...ada, share: false, ...camera },
		{ ...ada, share: true, ...screen },
	]);
});

test('sounds are listed if they arrive, with the share that was concealed', () => {
	const { sounds } = figuresOf(
		[],
		[
			{ ...counted, consumerId: 'sound', kind: 'audio', bitrate: 32_000, fractionLost: 128 },
			{ ...counted, consumerId: 'withheld', kind: 'audio' },
		],
		[{ consumerId: 'sound', concealed: 960, samples: 48_000 } as never],
		[...owned, { peerId: 'bob', share: false, consumer: { id: 'withheld' } }],
		nameOf,
	);
	expect(sounds).toEqual([
		{ id: 'sound', peerId: 'ada', name: 'Ada', share: false, bitrate: 32_000, loss: 0.5, concealed: 0.02 },
	]);
});
