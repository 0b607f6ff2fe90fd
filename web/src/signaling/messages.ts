// The messages of the room's protoo connection: the mediasoup-demo vocabulary, and Amphi's own beside it.
import type { types } from 'mediasoup-client';

export interface DeviceInfo {
	flag: string;
	name: string;
	version: string;
}

export interface PeerInfo {
	id: string;
	displayName: string;
	device: DeviceInfo;
	/** False for a webinar's viewers; a server that does not say means a speaker. */
	speaker?: boolean;
}

type TransportAnswer = Pick<
	types.TransportOptions,
	'id' | 'iceParameters' | 'iceCandidates' | 'dtlsParameters' | 'sctpParameters'
>;

export type ResumeAnswer =
	| { resumed: false }
	| { resumed: true; peers: PeerInfo[]; consumerIds: string[]; producerIds: string[] };

/** Requests the page sends: [data, answer]. */
export interface Requests {
	getRouterRtpCapabilities: [object, types.RtpCapabilities];
	createWebRtcTransport: [{ forceTcp: boolean; producing: boolean; consuming: boolean }, TransportAnswer];
	connectWebRtcTransport: [{ transportId: string; dtlsParameters: types.DtlsParameters }, object];
	restartIce: [{ transportId: string }, types.IceParameters];
	join: [
		{ displayName: string; device: DeviceInfo; rtpCapabilities: types.RtpCapabilities },
		{ peers: PeerInfo[] },
	];
	resume: [{ session: string; consumerIds: string[]; producerIds: string[] }, ResumeAnswer];
	produce: [
		{
			transportId: string;
			kind: types.MediaKind;
			rtpParameters: types.RtpParameters;
			appData: types.AppData;
		},
		{ id: string },
	];
	closeProducer: [{ producerId: string }, object];
	pauseProducer: [{ producerId: string }, object];
	resumeProducer: [{ producerId: string }, object];
	setConsumerPreferredLayers: [
		{ consumerId: string; spatialLayer: number; temporalLayer: number },
		object,
	];
}

/** Requests the server sends. */
export interface ServerRequests {
	newConsumer: {
		peerId: string;
		producerId: string;
		id: string;
		kind: types.MediaKind;
		rtpParameters: types.RtpParameters;
		producerPaused: boolean;
	};
}

export type NewConsumer = ServerRequests['newConsumer'];

export interface Notifications {
	newPeer: PeerInfo;
	peerClosed: { peerId: string };
	peerDisplayNameChanged: { peerId: string; displayName: string };
	consumerClosed: { consumerId: string };
	consumerPaused: { consumerId: string };
	consumerResumed: { consumerId: string };
	mediaDown: object;
	sessionClosed: { reason: string; message?: string };
}
