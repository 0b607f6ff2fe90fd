import { guid } from './guid';

export type RoomKind = 'call' | 'webinar';
export type Language = 'en' | 'ru';
export type VideoCodec = 'vp8' | 'h264' | 'vp9' | 'av1';

/** What the page's address says. */
export interface Attributes {
	kind: RoomKind;
	/** Null: missing or not a room id. */
	roomId: string | null;
	peerId: string;
	displayName: string | null;
	/** Whether this participant may publish: everyone in a call, itisparticipant=true in a webinar. */
	speaker: boolean;
	/** Null: the video codec the room prefers. */
	codec: VideoCodec | null;
}

type Warn = (text: string) => void;

const BOOLEANS: Record<string, boolean> = { true: true, '1': true, false: false, '0': false };

/** The value of one attribute; a bad one is ignored with a warning that names it, and never breaks the page. */
function attribute<T>(
	query: URLSearchParams,
	name: string,
	parse: (text: string) => T | undefined,
	warn: Warn,
): T | null {
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

const nonEmpty = (text: string) => text.trim() || undefined;

export function parseLanguage(search: string, warn: Warn): Language | null {
	return attribute(new URLSearchParams(search), 'lang', oneOf('en', 'ru'), warn);
}

export function parseAttributes(kind: RoomKind, search: string, warn: Warn): Attributes {
	const query = new URLSearchParams(search);
	const get = <T>(name: string, parse: (text: string) => T | undefined) => attribute(query, name, parse, warn);
	const boolean = (text: string) => (Object.hasOwn(BOOLEANS, text) ? BOOLEANS[text] : undefined);
	const participant = get('itisparticipant', boolean) ?? false;
	return {
		kind,
		roomId: get('roomId', (text) => (/^[A-Za-z0-9_-]{1,64}$/.test(text) ? text : undefined)),
		// The guide this API comes from spells it both ways.
		peerId: get('peerId', nonEmpty) ?? get('peerID', nonEmpty) ?? guid(),
		displayName: get('displayName', nonEmpty),
		speaker: kind === 'call' || participant,
		// Not part of the integration API: a switch for tests, which forces the camera's codec.
		codec: get('codec', oneOf('vp8', 'h264', 'vp9', 'av1')),
	};
}
