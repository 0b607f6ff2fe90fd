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
	/** False for a webinar's viewers, of whom only moderators are told. */
	speaker: boolean;
	moderator: boolean;
}

/** What a participant may do; the server checks it at every request. */
export interface Rights {
	speaker: boolean;
	moderator: boolean;
	canRecord: boolean;
	chat: boolean;
}

export interface RoomInfo {
	waitingRoom: boolean;
	/** An external player for everyone in the room. */
	video?: string;
}

/** Somebody who waits for a moderator. */
export interface WaitingPeer {
	id: string;
	displayName: string;
}

export type MuteKind = 'audio' | 'video' | 'share';

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
	admitPeer: [{ peerId: string }, object];
	admitAll: [object, object];
	declinePeer: [{ peerId: string }, object];
	declineAll: [object, object];
	mutePeer: [{ peerId: string; kind: MuteKind }, object];
	muteAll: [{ kind: MuteKind }, object];
	removePeer: [{ peerId: string }, object];
	promotePeer: [{ peerId: string }, object];
	demotePeer: [{ peerId: string }, object];
	closeRoom: [object, object];
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
	/** The admission is over: requests are answered from now on. */
	admitted: Rights & { peerId: string; displayName?: string; nameIsFixed: boolean; room: RoomInfo };
	waiting: { peerId: string };
	attributesIgnored: { attributes: { name: string; reason: string }[] };
	waitingPeers: { peers: WaitingPeer[] };
	waitingPeer: WaitingPeer;
	waitingPeerGone: { id: string };
	rightsChanged: Rights;
	roomChanged: RoomInfo;
	mutedByModerator: { kind: MuteKind };
	peerChanged: PeerInfo;
	newPeer: PeerInfo;
	peerClosed: { peerId: string };
	peerDisplayNameChanged: { peerId: string; displayName: string };
	consumerClosed: { consumerId: string };
	consumerPaused: { consumerId: string };
	consumerResumed: { consumerId: string };
	mediaDown: object;
	sessionClosed: { reason: string; message?: string; detail?: string; startTime?: number };
}
