/** A device as enumerateDevices() names it. Ids differ from site to site: where one is unknown, label and kind count. */
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

export type ErrorCode =
	/** The method has no such name. */
	| 'unknown-method'
	/** The data is not what the method takes. */
	| 'bad-data'
	/** Not possible now: before joining, or after leaving. */
	| 'not-in-room'
	/** The server refuses: the message begins with its reason. */
	| 'refused'
	/** The participant has not tapped into the room's page, which asks for it. It may still happen: events tell. */
	| 'user-activation-required'
	/** Turned down by the participant or by the browser. */
	| 'denied'
	/** There is no such device, peer or picture. */
	| 'not-found'
	/** Another program is using the device. */
	| 'busy'
	/** The iframe's allow does not grant it. */
	| 'policy'
	/** This browser, or this participant's role, cannot do it. */
	| 'unsupported'
	/** The iframe shows another room. */
	| 'wrong-room'
	/** The iframe's src redirects to another origin: the message says to which. */
	| 'wrong-origin'
	/** The iframe was loaded anew before it answered. */
	| 'interrupted'
	/** No answer in time. A call that waits for the iframe is delivered all the same when it comes. */
	| 'timeout'
	/** destroy() was called, or the iframe's next load made another bridge in this one's place. */
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
	/** The participant has to tap into the room's page first, which asks for it. */
	enableShare: [undefined, true];
	disableShare: [undefined, true];
	changeDisplayName: [string, true];
	/** 0 to 100. */
	setVolume: [number, true];
	/** A peerId; the result is a data:image/png;base64, URL of what this peer's camera shows. */
	getScreenshotByPeerId: [string, string];
	setControlsVisible: [boolean, true];
	setHideIndicators: [boolean, true];
	isCameraEnabled: [undefined, boolean];
	isMicroEnabled: [undefined, boolean];
	isShareEnabled: [undefined, boolean];
	/** One device a call. */
	changeDevice: [{ constraints: Constraints }, true];
	playAudio: [undefined, true];
	muteAudio: [undefined, true];
	unmuteAudio: [undefined, true];
	/**
	 * Of each picture at most: from 10 000 on in bit/s, 10 to 9999 in kbit/s, since nobody means 300 bit/s. 0 takes the limit
	 * away. A moderator's holds for the room, anyone else's for himself.
	 */
	setBitrate: [number, true];
	isFullscreenEnabled: [undefined, boolean];
	/** As enableShare: needs a tap into the room's page. */
	enableFullscreen: [undefined, true];
	disableFullscreen: [undefined, true];
	/** A peerId. */
	enablePin: [string, true];
	disablePin: [undefined, true];
	setLocale: ['en' | 'ru', true];
	/** Moderators only, as the two below. */
	disabledTrackByModerator: [
		{ userPeerId: string; kind: 'audio' | 'video' } | { peerId: string; kind: 'audio' | 'video' },
		true,
	];
	disableAllMics: [undefined, true];
	disableAllCameras: [undefined, true];
}

type SwitchData = PeerData & { isLocal: boolean };
type DeviceErrorData = PeerData & { name: string; message: string };

/** The events, with their data. */
export interface Events {
	/** The bridge is connected: for the first time, or again after the iframe was loaded anew. */
	ready: PeerData;
	/** join may be called. Both of these also reach handlers that come later. */
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
	/** An attempt to reach the server came to nothing; there will be another. */
	connectionFailed: { peerId: string };
	/** The connection broke, or the server stands still; it is being made again. */
	disconnected: { peerId: string };
	/** All is well again after connectionFailed, disconnected, or a connectionError that did not end the visit. */
	reconnected: { peerId: string };
	/** The participant has left, or was turned away: reason says which. */
	connectionClosed: { peerId: string; reason: string };
	/** Sound and pictures are interrupted (media-down, media-lost, media-blocked), or why the visit ends: error begins with the reason. */
	connectionError: { peerId: string; error: string };
	switchOnPin: { peerId: string };
	switchOffPin: { peerId: string };
	errorGetPin: { peerId: string };
	/** The browser plays no sound, or no pictures, before the participant taps into the room's page. */
	playingAudioPrevent: { peerId: string };
}

export type Handler<E extends keyof Events> = (data: Events[E]) => void;

type DataOf<M extends keyof Methods> = undefined extends Methods[M][0]
	? { data?: Methods[M][0] }
	: { data: Methods[M][0] };

export type Call<M extends keyof Methods> = {
	name: M;
	/** Called once, within 10 seconds. */
	callback?: (result: Methods[M][1] | Failure) => unknown;
} & DataOf<M>;

export interface Options {
	/** The iframe; or, inside of an app's web view that shows the room itself, its window. */
	element: HTMLIFrameElement | Window;
	/** The room that the iframe shows; without it, the one in the iframe's address. */
	roomId?: string;
}

/** Talks with a room in an iframe. It need not be loaded yet: calls wait for it. */
export declare class MeetIframeBridge {
	constructor(options: Options);
	/** Resolves to what the callback gets, errors too: it never rejects. */
	method<M extends keyof Methods>(call: Call<M>): Promise<Methods[M][1] | Failure>;
	on<E extends keyof Events>(name: E, handler: Handler<E>): this;
	once<E extends keyof Events>(name: E, handler: Handler<E>): this;
	/** Without a handler: all of them. */
	off<E extends keyof Events>(name: E, handler?: Handler<E>): this;
	/** Lets go of the iframe. Calls that wait are answered with an error. */
	destroy(): void;
}

export default MeetIframeBridge;

declare global {
	interface Window {
		/** What the script tag defines. */
		MeetIframeBridge: { default: typeof MeetIframeBridge };
	}
}
