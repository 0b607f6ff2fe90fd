/** A device as enumerateDevices() names it. Ids differ from site to site: if an id is unknown, label and kind identify it. */
export interface Device {
	deviceId?: string;
	label?: string;
	groupId?: string;
	kind?: string;
}

export interface Constraints {
	/** true: the browser's choice; false: off. */
	video?: boolean | Device;
	audio?: boolean | Device;
}

export interface PeerData {
	peerId: string;
	displayName: string;
}

export interface RecordingData {
	/** starting: nothing is recorded yet. */
	state: 'off' | 'starting' | 'recording' | 'paused';
	/** Seconds recorded, without the pauses. */
	elapsed: number;
}

export type ErrorCode =
	/** There is no method of this name. */
	| 'unknown-method'
	/** The method does not accept this data. */
	| 'bad-data'
	/** Not possible now: before joining, or after leaving. */
	| 'not-in-room'
	/** The server refuses: the message begins with its reason. */
	| 'refused'
	/** The participant has not clicked in the room's page, which asks for it. It may still happen: events tell you. */
	| 'user-activation-required'
	/** The participant or the browser refused. */
	| 'denied'
	/** There is no such device, peer or video. */
	| 'not-found'
	/** Another program is using the device. */
	| 'busy'
	/** The iframe's allow attribute does not grant it. */
	| 'policy'
	/** This browser, or this participant's role, cannot do it. */
	| 'unsupported'
	/** The iframe shows another room. */
	| 'wrong-room'
	/** The iframe's src redirects to another origin: the message names it. */
	| 'wrong-origin'
	/** The iframe was reloaded before it answered. */
	| 'interrupted'
	/** There was no answer in time. A call that waits for the iframe is still delivered once the iframe is there. */
	| 'timeout'
	/** destroy() was called, or the iframe's next load replaced this bridge by another. */
	| 'destroyed'
	/** Something else went wrong. */
	| 'failed';

export interface Failure {
	error: { code: ErrorCode; message: string };
}

/** The methods: [data, result]. */
export interface Methods {
	join: [{ constraints?: Constraints; displayName?: string } | undefined, PeerData];
	enableMic: [undefined, true];
	disableMic: [undefined, true];
	enableWebcam: [undefined, true];
	disableWebcam: [undefined, true];
	/** The participant must click in the room's page first; the page asks for it. */
	enableShare: [undefined, true];
	disableShare: [undefined, true];
	changeDisplayName: [string, true];
	/** 0 to 100. */
	setVolume: [number, true];
	/** A peerId; the result is a data: URL (image/png) of what this peer's camera shows. */
	getScreenshotByPeerId: [string, string];
	setControlsVisible: [boolean, true];
	setHideIndicators: [boolean, true];
	isCameraEnabled: [undefined, boolean];
	isMicroEnabled: [undefined, boolean];
	isShareEnabled: [undefined, boolean];
	/** One device per call. */
	changeDevice: [{ constraints: Constraints }, true];
	playAudio: [undefined, true];
	muteAudio: [undefined, true];
	unmuteAudio: [undefined, true];
	/**
	 * The maximum of each video: from 10 000 on in bit/s, 10 to 9999 in kbit/s, since nobody means 300 bit/s. 0 removes the
	 * limit. A moderator's limit applies to the room, anyone else's only to themselves.
	 */
	setBitrate: [number, true];
	isFullscreenEnabled: [undefined, boolean];
	/** Like enableShare, requires a click in the room's page. */
	enableFullscreen: [undefined, true];
	disableFullscreen: [undefined, true];
	/** A peerId. */
	enablePin: [string, true];
	disablePin: [undefined, true];
	setLocale: ['en' | 'ru', true];
	/** Moderators only, like the next two. */
	disabledTrackByModerator: [
		{ userPeerId: string; kind: 'audio' | 'video' } | { peerId: string; kind: 'audio' | 'video' },
		true,
	];
	disableAllMics: [undefined, true];
	disableAllCameras: [undefined, true];
	/** Moderators who may record only (canRecord in their token), like the next three. */
	startRecording: [undefined, true];
	stopRecording: [undefined, true];
	pauseRecording: [undefined, true];
	resumeRecording: [undefined, true];
	/** For everybody in the room. */
	getRecording: [undefined, RecordingData];
}

type SwitchData = PeerData & { isLocal: boolean };
type DeviceErrorData = PeerData & { name: string; message: string };

/** The events, with their data. */
export interface Events {
	/** The bridge is connected: for the first time, or again after the iframe was reloaded. */
	ready: PeerData;
	/** join may be called. Handlers that are added later also receive this event and the one above. */
	readyToJoin: PeerData;
	join: PeerData;
	newPeer: PeerData;
	peerClosed: PeerData;
	switchOnCamera: SwitchData;
	switchOffCamera: SwitchData;
	errorGetCamera: DeviceErrorData;
	switchOnMic: SwitchData;
	switchOffMic: SwitchData;
	errorGetMic: DeviceErrorData;
	switchOnShare: SwitchData;
	switchOffShare: SwitchData;
	errorGetShare: DeviceErrorData;
	/** An attempt to reach the server failed; there will be another. */
	connectionFailed: { peerId: string };
	/** The connection broke or the server stalled; the bridge is reconnecting. */
	disconnected: { peerId: string };
	/** The connection works again after connectionFailed, disconnected, or a connectionError that did not end the visit. */
	reconnected: { peerId: string };
	/** The participant has left or was turned away: reason says which. */
	connectionClosed: { peerId: string; reason: string };
	/** Audio and video are interrupted (media-down, media-lost, media-blocked), or the visit ends: error begins with the reason. */
	connectionError: { peerId: string; error: string };
	switchOnPin: { peerId: string };
	switchOffPin: { peerId: string };
	errorGetPin: { peerId: string };
	/** The browser plays no audio, or no video, until the participant clicks in the room's page. */
	playingAudioPrevent: { peerId: string };
	/** The room is being recorded. by: who started it; null: an application. */
	recordingStarted: { elapsed: number; by: PeerData | null };
	recordingPaused: { elapsed: number };
	recordingResumed: { elapsed: number };
	/** reason: moderator, api, empty, limit, disk-full, disk-slow, disk-error or shutdown; null: not known. */
	recordingStopped: { elapsed: number; reason: string | null };
	/** A recording did not start, or was lost. reason: as above, or recorder-lost. */
	recordingFailed: { reason: string | null };
}

export type Handler<E extends keyof Events> = (data: Events[E]) => void;

type DataOf<M extends keyof Methods> = undefined extends Methods[M][0] ? { data?: Methods[M][0] } : { data: Methods[M][0] };

export type Call<M extends keyof Methods> = {
	name: M;
	/** Called once, within 10 seconds. */
	callback?: (result: Methods[M][1] | Failure) => unknown;
} & DataOf<M>;

export interface Options {
	/** The iframe; or its window, in an app's web view that shows the room itself. */
	element: HTMLIFrameElement | Window;
	/** The room that the iframe shows; by default, the one in the iframe's address. */
	roomId?: string;
}

/** Communicates with a room in an iframe. The iframe need not have loaded yet: calls wait for it. */
export declare class MeetIframeBridge {
	constructor(options: Options);
	/** Resolves to what the callback gets, including errors: it never rejects. */
	method<M extends keyof Methods>(call: Call<M>): Promise<Methods[M][1] | Failure>;
	on<E extends keyof Events>(name: E, handler: Handler<E>): this;
	once<E extends keyof Events>(name: E, handler: Handler<E>): this;
	/** Without a handler, removes all of them. */
	off<E extends keyof Events>(name: E, handler?: Handler<E>): this;
	/** Disconnects from the iframe. Pending calls are answered with an error. */
	destroy(): void;
}

export default MeetIframeBridge;

declare global {
	interface Window {
		/** Defined by the script tag. */
		MeetIframeBridge: { default: typeof MeetIframeBridge };
	}
}
