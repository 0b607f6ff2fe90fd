import type { types } from 'mediasoup-client';
import type { Sample } from '../media/watch';
import type { ConsumerStat, LimitedBy, TransportStat } from '../signaling/messages';

/** What is measured of one direction; null: nothing yet. */
export interface LinkFigures {
	/** bit/s */
	bitrate: number;
	/** Of packets, from 0 to 1. */
	loss: number;
	/** In ms. */
	roundTrip: number | null;
	/** What the link carries, in bit/s. */
	estimate: number | null;
}

export interface PictureFigures {
	id: string;
	peerId: string;
	name: string;
	share: boolean;
	width: number;
	height: number;
	bitrate: number;
	/** Which of its sizes comes, 0 being the smallest; null: none. */
	layer: number | null;
	/** Why no larger one does. */
	limitedBy: LimitedBy | null;
}

export interface Figures {
	receiving: LinkFigures | null;
	sending: LinkFigures | null;
	pictures: PictureFigures[];
}

interface Owned {
	peerId: string;
	share: boolean;
	consumer: Pick<types.Consumer, 'id'>;
}

/** The server's figures and this browser's as one. */
export function figuresOf(
	transports: TransportStat[],
	consumers: ConsumerStat[],
	samples: Sample[],
	owned: Owned[],
	nameOf: (peerId: string) => string,
): Figures {
	const sent = transports.find(({ sendBitrate }) => sendBitrate !== undefined);
	const received = transports.find(({ recvBitrate }) => recvBitrate !== undefined);
	return {
		receiving: sent ? link(sent, sent.sendBitrate, sent.rtpPacketLossSent) : null,
		sending: received ? link(received, received.recvBitrate, received.rtpPacketLossReceived) : null,
		pictures: consumers.flatMap(({ consumerId, kind, bitrate, spatialLayer, limitedBy }) => {
			const owner = owned.find(({ consumer }) => consumer.id === consumerId);
			if (!owner || kind !== 'video') return [];
			const seen = samples.find((one) => one.consumerId === consumerId);
			const { peerId, share } = owner;
			const [width, height] = [seen?.width ?? 0, seen?.height ?? 0];
			const layer = spatialLayer ?? null;
			return [{ id: consumerId, peerId, name: nameOf(peerId), share, width, height, bitrate, layer, limitedBy: limitedBy ?? null }];
		}),
	};
}

function link(stat: TransportStat, bitrate = 0, loss = 0): LinkFigures {
	const { roundTripTime, availableOutgoingBitrate } = stat;
	return { bitrate, loss, roundTrip: roundTripTime ?? null, estimate: availableOutgoingBitrate ?? null };
}
