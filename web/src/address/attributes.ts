import { guid } from '../base/guid';
import { httpsUrl } from '../base/httpsurl';
import { type Language, LANGUAGES } from './language';
import { validName } from './name';
import { tokenClaims } from './token';

export type RoomKind = 'call' | 'webinar';
type VideoCodec = 'vp8' | 'h264' | 'vp9' | 'av1';

/** The attributes of the page's address. */
export interface Attributes {
	kind: RoomKind;
	/** Null: missing or not a room id. */
	roomId: string | null;
	peerId: string;
	displayName: string | null;
	/** Whether this participant may publish, as far as the page can tell: the server decides. */
	speaker: boolean;
	/** Attributes that the server decides on, as written in the address. */
	forServer: Record<string, string>;
	/** How the room is shown at first. */
	view: {
		controlsDisabled: boolean;
		hideIndicators: boolean;
		minimizeTiles: boolean;
		sortPeers: boolean;
	};
	/** No welcome screen: the Client API joins. */
	nameScreenDisabled: boolean;
	/** Full screen at the first gesture. */
	startWithFS: boolean;
	/** An external player for this participant alone, unless the room has one. */
	video: string | null;
	/** Null: the video codec the room prefers. */
	codec: VideoCodec | null;
}

type Warn = (text: string) => void;

/** Includes those that only a token may set: the server says why it ignores them. */
const FOR_SERVER = [
	'token',
	'tokenLifetime',
	'accessToken',
	'itisparticipant',
	'video',
	'pin',
	'handEnabled',
	'disableChat',
	'disbleChat', // the guide this API comes from has both spellings
	'accessUrl',
	'apiEvent',
	'authEvent',
	'authorizationAccess',
	'role',
	'canRecord',
	'waitingRoom',
	'startTime',
	'maxBroadcasters',
	'maxWatchers',
];

const BOOLEANS: Record<string, boolean> = { true: true, '1': true, false: false, '0': false };

/** The value of one attribute. A bad value is ignored with a warning that names the attribute, and never breaks the page. */
function attribute<T>(query: URLSearchParams, name: string, parse: (text: string) => T | undefined, warn: Warn): T | null {
	const text = query.get(name);
	if (text === null) return null;
	const value = parse(text);
	if (value !== undefined) return value;
	warn(`amphi: ignoring the URL attribute ${name}: bad value ${JSON.stringify(text)}`);
	return null;
}

const oneOf =
	<T extends string>(...values: T[]) =>
	(text: string) =>
		values.find((value) => value === text);

/** In code points, as on the server. */
const PEER_ID_MAX = 128;

function peerIdOf(text: string): string | undefined {
	const id = text.trim();
	return id && [...id].length <= PEER_ID_MAX && !/[\0-\x1f\x7f-\x9f\p{Cs}]/u.test(id) ? id : undefined;
}

export function parseLanguage(search: string, warn: Warn): Language | null {
	return attribute(new URLSearchParams(search), 'lang', oneOf(...LANGUAGES), warn);
}

export function parseAttributes(kind: RoomKind, search: string, warn: Warn): Attributes {
	const query = new URLSearchParams(search);
	const get = <T>(name: string, parse: (text: string) => T | undefined) => attribute(query, name, parse, warn);
	const claims = tokenClaims(query.get('token'));
	// A name in the token overrides the one in the address even if it is invalid, as on the server.
	const names = claims.displayName === undefined ? query : new URLSearchParams({ displayName: claims.displayName });
	const boolean = (text: string) => (Object.hasOwn(BOOLEANS, text) ? BOOLEANS[text] : undefined);
	const flag = (name: string) => get(name, boolean) ?? false;
	// A webinar's viewers are never asked for the microphone, so autoplayWithoutAudioTrack changes nothing.
	flag('autoplayWithoutAudioTrack');
	const participant = flag('itisparticipant');
	const forServer: Record<string, string> = {};
	for (const name of FOR_SERVER) {
		const value = query.get(name);
		if (value) forServer[name] = value;
	}
	const roomId = (text: string) => (/^[A-Za-z0-9_-]{1,64}$/.test(text) ? text : undefined);
	return {
		kind,
		roomId: query.has('roomId') ? get('roomId', roomId) : (roomId(claims.roomId ?? '') ?? null),
		// The guide this API comes from spells it both ways.
		peerId: claims.peerId ?? get('peerId', peerIdOf) ?? get('peerID', peerIdOf) ?? guid(),
		displayName: attribute(names, 'displayName', validName, warn),
		speaker: kind === 'call' || (claims.itisparticipant ?? participant),
		forServer,
		view: {
			controlsDisabled: flag('controlsDisabled'),
			hideIndicators: flag('hideIndicators'),
			minimizeTiles: flag('minimizeTiles'),
			sortPeers: flag('sortPeers'),
		},
		nameScreenDisabled: flag('nameScreenDisabled'),
		startWithFS: flag('startWithFS'),
		video: get('video', httpsUrl),
		// Not part of the integration API: a switch for tests, which forces the camera's codec.
		codec: get('codec', oneOf('vp8', 'h264', 'vp9', 'av1')),
	};
}
