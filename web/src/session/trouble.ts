import type { Path } from '../media/transport';

/** The state of the connection to the server. */
export type Link = 'connecting' | 'connected' | 'reconnecting' | 'media-down';

/** What the participant must know about the connection to the server; null: all is well. */
export type Trouble = Exclude<Link, 'connected'> | 'media-lost' | 'media-blocked' | null;

/** What the banner says. Missing media ranks below trouble: everything else goes on. */
export type Banner = Exclude<Trouble, 'media-lost'> | 'missing';

export function bannerOf(state: { link: Link; path: Path; missing: boolean }): Banner {
	const trouble = troubleOf(state);
	// To people, a lost WebSocket and lost media are the same.
	if (trouble === 'media-lost') return 'reconnecting';
	return trouble ?? (state.missing ? 'missing' : null);
}

export function troubleOf({ link, path }: { link: Link; path: Path }): Trouble {
	if (link !== 'connected') return link;
	return { open: null, lost: 'media-lost' as const, blocked: 'media-blocked' as const }[path];
}
