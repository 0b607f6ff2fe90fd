import type { Path } from '../media/transport';

/** The state of the page's connection to the server. */
export type Link = 'connecting' | 'connected' | 'reconnecting' | 'media-down';

/** A problem with the connection that the participant should know of; null: all is well. */
export type Trouble = Exclude<Link, 'connected'> | 'media-lost' | 'media-blocked' | null;

/** What the banner says. "missing" is less than trouble, since everything else goes on. */
export type Banner = Exclude<Trouble, 'media-lost'> | 'missing';

export function bannerOf(state: { link: Link; path: Path; missing: boolean }): Banner {
	const trouble = troubleOf(state);
	// People need not distinguish between media and the WebSocket.
	if (trouble === 'media-lost') return 'reconnecting';
	return trouble ?? (state.missing ? 'missing' : null);
}

export function troubleOf({ link, path }: { link: Link; path: Path }): Trouble {
	if (link !== 'connected') return link;
	return { open: null, lost: 'media-lost' as const, blocked: 'media-blocked' as const }[path];
}
