// The messages of the room's protoo connection: the mediasoup-demo vocabulary and Amphi's own messages.
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
	/** False for viewers of a webinar, whom only moderators are told about. */
	speaker: boolean;
	moderator: boolean;
}

/** What a participant may do; the server checks it at every request. */
export interface Rights {
	speaker: boolean;
	moderator: boolean;
	canRecord: boolean;
	chat: boolean;
	/** May raise the hand. */
	hand: boolean;
}

export interface RoomInfo {
	waitingRoom: boolean;
	/** An external player for everyone in the room. */
	video?: string;
	/** When the event begins, in milliseconds, if somebody was admitted before that. */
	startTime?: number;
	/** The moderator's limit for each video in the room, in bit/s. */
	bitrate?: number;
}

/** Somebody who waits for a moderator. */
export interface WaitingPeer {
	id: string;
	displayName: string;
}

/** A raised hand. Lists of them are in the order of raising. */
export interface Hand {
	id: string;
	displayName: string;
}

/** Why a recording has ended. */
export type RecordingReason =
	| 'moderator'
	| 'api'
	| 'empty'
	| 'limit'
	| 'disk-full'
	| 'disk-slow'
	| 'disk-error'
	| 'recorder-lost'
	| 'shutdown';

/** The room's recording. Between two messages, the page counts the seconds itself. */
export interface RecordingInfo {
	/** starting: nothing is recorded yet. */
	state: 'starting' | 'recording' | 'paused' | 'stopped' | 'failed';
	/** Seconds recorded, without the pauses. */
	elapsed: number;
	reason: RecordingReason | null;
	/** Who started it; null: an application of the organiser. Left out for people outside the room. */
	by?: { peerId: string; displayName: string } | null;
	/** ask: speakers are recorded once they have agreed. */
	consent: 'notice' | 'ask';
}

/** Quality of a participant's connection: 1 is bad, 2 is fair, 3 is good. */
export type Quality = 1 | 2 | 3;

export type MuteKind = 'audio' | 'video' | 'share';

type TransportAnswer = Pick<
	types.TransportOptions,
	'id' | 'iceParameters' | 'iceCandidates' | 'dtlsParameters' | 'sctpParameters'
>;

type ResumeAnswer =
	| { resumed: false }
	| {
			resumed: true;
			peers: PeerInfo[];
			consumerIds: string[];
			/** Those of them whose producers are paused now. */
			pausedConsumerIds: string[];
			producerIds: string[];
			transportIds: string[];
	  };

/** Figures of one direction: what the server sends, or receives. */
export interface TransportStat {
	sendBitrate?: number;
	recvBitrate?: number;
	/** From 0 to 1. */
	rtpPacketLossSent?: number;
	rtpPacketLossReceived?: number;
	/** In ms. */
	roundTripTime?: number;
	/** The estimated capacity of the link, in bit/s. */
	availableOutgoingBitrate?: number;
}

/** Why a video is not sent in full. */
export type LimitedBy = 'bandwidth' | 'asked' | 'speaker' | 'overload';

export interface ConsumerStat {
	consumerId: string;
	kind: types.MediaKind;
	bitrate: number;
	/** Sent so far, and how many of them were retransmissions. */
	packetCount: number;
	packetsRetransmitted: number;
	/** Of 256 packets, and in units of the timestamp: as the browser reports them (RFC 3550 6.4.1). */
	fractionLost: number;
	jitter: number;
	/** Absent: nothing is sent. */
	spatialLayer?: number;
	limitedBy?: LimitedBy;
}

/** Requests the page sends: [data, answer]. */
export interface Requests {
	getRouterRtpCapabilities: [object, types.RtpCapabilities];
	createWebRtcTransport: [
		{ forceTcp: boolean; producing: boolean; consuming: boolean; sctpCapabilities?: object },
		TransportAnswer,
	];
	connectWebRtcTransport: [{ transportId: string; dtlsParameters: types.DtlsParameters }, object];
	restartIce: [{ transportId: string }, types.IceParameters];
	closeTransport: [{ transportId: string }, object];
	join: [
		{
			displayName: string;
			device: DeviceInfo;
			rtpCapabilities: types.RtpCapabilities;
			/** Given by clients that use the chat. */
			sctpCapabilities?: object;
			/** All senders on one channel, in envelopes that name them; other clients get plain text, each sender on its own. */
			chat?: 'envelope';
			/** This page supports the notification of that name. */
			encodingsWanted: boolean;
			/** … and accepts the request of that name in place of many newConsumer. */
			newConsumers: boolean;
		},
		{ peers: PeerInfo[] },
	];
	resume: [{ session: string; consumerIds: string[]; producerIds: string[] }, ResumeAnswer];
	/** The codec to share a screen in: the best that everybody in the room decodes. */
	getScreenCodec: [object, { mimeType: string }];
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
	produceData: [
		{
			transportId: string;
			sctpStreamParameters: types.SctpStreamParameters;
			label: string;
			protocol: string;
			appData: types.AppData;
		},
		{ id: string },
	];
	pauseProducer: [{ producerId: string }, object];
	resumeProducer: [{ producerId: string }, object];
	changeDisplayName: [{ displayName: string }, object];
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
	/** For moderators who may record. Everybody is told by `recording`. */
	startRecording: [object, object];
	stopRecording: [object, object];
	pauseRecording: [object, object];
	resumeRecording: [object, object];
	/** A speaker's answer where consent is asked for; the last one counts. */
	consentToRecording: [{ consent: boolean }, object];
	/** Requests nothing but an answer. */
	ping: [object, object];
	/** For the participant's own hand; lowerHand is for moderators. */
	raiseHand: [{ raised: boolean }, object];
	lowerHand: [{ peerId: string }, object];
	/** For moderators: null removes it. Everybody is told by roomChanged. */
	setRoomVideo: [{ url: string | null }, object];
	setRoomBitrate: [{ bitrate: number | null }, object];
	/** At the viewer's own request; both may be repeated. */
	pauseConsumer: [{ consumerId: string }, object];
	resumeConsumer: [{ consumerId: string }, object];
	setConsumerPriority: [{ consumerId: string; priority: number }, object];
	/** For all transports of this page, if no id is given. */
	getTransportStats: [object, TransportStat[]];
	getConsumerStats: [object, ConsumerStat[]];
	/** What was bad recently: frozen in ms, concealed in ‰. Every 5 s at most. */
	reportQuality: [{ span: number; consumers: { consumerId: string; frozen?: number; concealed?: number }[] }, object];
	setConsumerPreferredLayers: [{ consumerId: string; spatialLayer: number; temporalLayer: number }, object];
}

/** Requests the server sends. */
export interface ServerRequests {
	newConsumer: {
		peerId: string;
		producerId: string;
		id: string;
		kind: types.MediaKind;
		rtpParameters: types.RtpParameters;
		type: 'simple' | 'simulcast' | 'svc';
		/** What the producer gave: `share` is true for the sound and the picture of a screen. */
		appData: types.AppData & { share?: boolean };
		producerPaused: boolean;
	};
	newConsumers: { consumers: NewConsumer[] };
	newDataConsumer: {
		/** Null: it comes from all senders. */
		peerId: string | null;
		dataProducerId: string;
		id: string;
		sctpStreamParameters: types.SctpStreamParameters;
		label: string;
		protocol: string;
	};
}

export type NewDataConsumer = ServerRequests['newDataConsumer'];
export type NewConsumer = ServerRequests['newConsumer'];

export interface Notifications {
	/**
	 * The admission is over: requests are answered from now on. capabilities: the version of the answer to
	 * getRouterRtpCapabilities, for clients that have it from GET /api/routerRtpCapabilities.
	 */
	admitted: Rights & {
		peerId: string;
		displayName?: string;
		nameIsFixed: boolean;
		room: RoomInfo;
		capabilities?: string;
		/** Null or absent: nothing is recorded. */
		recording?: RecordingInfo | null;
	};
	waiting: { peerId: string };
	attributesIgnored: { attributes: { name: string; reason: string }[] };
	waitingPeers: { peers: WaitingPeer[] };
	waitingPeer: WaitingPeer;
	waitingPeerGone: { id: string };
	rightsChanged: Rights;
	roomChanged: RoomInfo;
	/** stopped and failed come once, when it ends. */
	recording: RecordingInfo;
	/** This speaker is recorded only after agreeing, and has not answered yet. */
	recordingConsentAsked: object;
	/** By whom: the moderator's peerId and displayName; empty if no longer known. */
	mutedByModerator: { kind: MuteKind; peerId: string; displayName: string };
	peerChanged: PeerInfo;
	newPeer: PeerInfo;
	peerClosed: { peerId: string };
	peerDisplayNameChanged: { peerId: string; displayName: string };
	/** Which encodings of this page's video viewers request, the smallest first; after a resume, for each video. */
	encodingsWanted: { producerId: string; active: boolean[] };
	/** About this page's screen: somebody in the room cannot decode it. */
	producerUnfit: { producerId: string };
	/** To the publisher: a moderator made a viewer of it, or the server gave the track up. */
	producerClosed: { producerId: string };
	consumerClosed: { consumerId: string };
	/** The server has no room for somebody's video or audio, and keeps trying; or nothing is missing any more. */
	consumersMissing: { missing: boolean };
	dataConsumerClosed: { dataConsumerId: string };
	consumerPaused: { consumerId: string };
	consumerResumed: { consumerId: string };
	/** The layers of a consumer that the server sends now; null: nothing. bandwidth: since this viewer's link cannot carry them. */
	consumerLayersChanged: {
		consumerId: string;
		spatialLayer: number | null;
		temporalLayer: number | null;
		reason?: 'bandwidth' | 'overload';
	};
	/** The leading speaker, who may be this participant; null: silence. The volume is in dBov, -127 to 0. */
	activeSpeaker: { peerId: string | null; volume?: number };
	/** Everybody who is speaking now, this participant included, the loudest first. */
	speakingPeers: { peerVolumes: { peerId: string; volume: number }[] };
	/** The quality of speakers, this participant included. Anybody never named has a good link. */
	peerQuality: { peerId: string; quality: Quality };
	/** Participants of a call are all speakers. */
	roomCounts: { speakers: number; viewers: number };
	/** All raised hands, after join and resume; then the changes. A webinar's are told to speakers, moderators and their owner. */
	raisedHands: { peers: Hand[] };
	handRaised: Hand;
	handLowered: { peerId: string };
	/** The server has ended a transport, with what it carried. */
	transportClosed: { transportId: string; reason: 'dtls-failed' | 'dtls-closed' | 'replaced' };
	mediaDown: object;
	sessionClosed: { reason: string; message?: string; detail?: string; startTime?: number };
}

/** A page handles those that it uses. */
export type NotificationHandlers = { [M in keyof Notifications]?: (data: Notifications[M]) => void };
