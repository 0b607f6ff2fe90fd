import type { RoomKind } from '../page/attributes';

export interface RoomAddress {
	kind: RoomKind;
	roomId: string;
	peerId: string;
	/** Made once per page load: the same session may resume, another one with the same peerId replaces it. */
	session: string;
	speaker: boolean;
}

export function roomUrl(host: { protocol: string; host: string }, address: RoomAddress): string {
	const query = new URLSearchParams({
		roomId: address.roomId,
		peerId: address.peerId,
		session: address.session,
	});
	if (address.kind === 'webinar' && address.speaker) query.set('itisparticipant', 'true');
	const scheme = host.protocol === 'https:' ? 'wss' : 'ws';
	// Not every server reads a plus as a blank.
	return `${scheme}://${host.host}/${address.kind}/?${query.toString().replaceAll('+', '%20')}`;
}
