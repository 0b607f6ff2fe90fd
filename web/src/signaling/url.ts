import type { RoomKind } from '../address/attributes';

export interface RoomAddress {
	kind: RoomKind;
	roomId: string;
	peerId: string;
	displayName: string;
	/** Created once per visit: the same session may resume; another one with the same peerId replaces it. */
	session: string;
	/** Attributes that the server decides on. */
	forServer: Record<string, string>;
}

export function roomQuery({ roomId, peerId, displayName, session, forServer }: RoomAddress): string {
	const query = new URLSearchParams({ roomId, peerId, session, displayName, ...forServer });
	// Not every server reads a plus as a space.
	return query.toString().replaceAll('+', '%20');
}

export function roomUrl(host: { protocol: string; host: string }, address: RoomAddress): string {
	const scheme = host.protocol === 'https:' ? 'wss' : 'ws';
	return `${scheme}://${host.host}/${address.kind}/?${roomQuery(address)}`;
}
