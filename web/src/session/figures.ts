import type { types } from 'mediasoup-client';
import type { Sample } from '../media/watch';
import type { ConsumerStat, LimitedBy, TransportStat } from '../signaling/messages';

/** Measurements of one direction; null: none yet. */
export interface LinkFigures {
	/** bit/s */
	bitrate: number;
	/** The share of packets lost, from 0 to 1. */
	loss: number;
	/** In ms. */
	roundTrip: number | null;
	/** The estimated capacity of the link, in bit/s. */
	estimate: number | null;
	/** The largest of all tracks, in ms. */
	jitter: number | null;
	/** The share of retransmissions among the packets since the last look, from 0 to 1. */
	repeated: number | null;
}

interface TrackFigures {
	id: string;
	peerId: string;
	name: string;
	share: boolean;
	bitrate: number;
	loss: number;
}

export interface PictureFigures extends TrackFigures {
	width: number;
	height: number;
	/** How many seconds it has been frozen so far. */
	frozen: number;
	/** Which of its sizes the server sends, 0 being the smallest; null: none. */
	layer: number | null;
	/** Why it sends no larger one. */
	limitedBy: LimitedBy | null;
}

export interface SoundFigures extends TrackFigures {
	/** The share of it that was concealed so far, from 0 to 1. */
	concealed: number;
}

export interface Figures {
	receiving: LinkFigures | null;
	sending: LinkFigures | null;
	pictures: PictureFigures[];
	/** Only those that arrive: the server sends the loudest. */
	sounds: SoundFigures[];
}

interface Owned {
	peerId: string;
	share: boolean;
	consumer: Pick<types.Consumer, 'id'>;
}

/** RTP timestamp units per millisecond, for Opus and for all video. */
const TICKS: Record<types.MediaKind, number> = { audio: 48, video: 90 };

/** Combines the server's figures with this browser's. before: the consumers at the last look. */
export function figuresOf(
	transports: TransportStat[],
	consumers: ConsumerStat[],
	samples: Sample[],
	owned: Owned[],
	nameOf: (peerId: string) => string,
	before: ConsumerStat[] = [],
): Figures {
	const sent = transports.find(({ sendBitrate }) => sendBitrate !== undefined);
	const received = transports.find(({ recvBitrate }) => recvBitrate !== undefined);
	const named = consumers.flatMap((stat) => {
		const owner = owned.find(({ consumer }) => consumer.id === stat.consumerId);
		if (!owner) return [];
		const { consumerId: id, bitrate, fractionLost } = stat;
		const { peerId, share } = owner;
		const track: TrackFigures = { id, peerId, name: nameOf(peerId), share, bitrate, loss: fractionLost / 256 };
		return [{ stat, track, seen: samples.find(({ consumerId }) => consumerId === id) }];
	});
	return {
		receiving: sent
			? {
					...link(sent, sent.sendBitrate, sent.rtpPacketLossSent),
					jitter: jitterOf(consumers),
					repeated: repeatedOf(consumers, before),
				}
			: null,
		sending: received ? link(received, received.recvBitrate, received.rtpPacketLossReceived) : null,
		pictures: named
			.filter(({ stat }) => stat.kind === 'video')
			.map(({ stat, track, seen }) => ({
				...track,
				width: seen?.width ?? 0,
				height: seen?.height ?? 0,
				// A screen may stay still for any time.
				frozen: track.share ? 0 : (seen?.frozenSeconds ?? 0),
				layer: stat.spatialLayer ?? null,
				limitedBy: stat.limitedBy ?? null,
			})),
		sounds: named
			.filter(({ stat }) => stat.kind === 'audio' && stat.bitrate > 0)
			.map(({ track, seen }) => ({ ...track, concealed: seen?.samples ? seen.concealed / seen.samples : 0 })),
	};
}

function jitterOf(consumers: ConsumerStat[]): number | null {
	const coming = consumers.filter(({ bitrate }) => bitrate > 0);
	return coming.length > 0 ? Math.round(Math.max(...coming.map(({ kind, jitter }) => jitter / TICKS[kind]))) : null;
}

function repeatedOf(consumers: ConsumerStat[], before: ConsumerStat[]): number {
	const was = new Map(before.map((stat) => [stat.consumerId, stat]));
	const since = (count: 'packetCount' | 'packetsRetransmitted') =>
		consumers.reduce((sum, stat) => sum + Math.max(0, stat[count] - (was.get(stat.consumerId)?.[count] ?? 0)), 0);
	const [once, again] = [since('packetCount'), since('packetsRetransmitted')];
	return again > 0 ? again / (once + again) : 0;
}

function link(stat: TransportStat, bitrate = 0, loss = 0): LinkFigures {
	const { roundTripTime, availableOutgoingBitrate } = stat;
	const estimate = availableOutgoingBitrate ?? null;
	return { bitrate, loss, roundTrip: roundTripTime ?? null, estimate, jitter: null, repeated: null };
}
