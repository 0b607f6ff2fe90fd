import type { Path } from '../media/transport';

/** How the page is connected with the server. */
export type Link = 'connecting' | 'connected' | 'reconnecting' | 'media-down';

/** What the participant has to know of the way to the server; null: all is well. */
export type Trouble = Exclude<Link, 'connected'> | 'media-lost' | 'media-blocked' | null;

/** What the banner says. That something is missing is less than trouble: what there is goes on. */
export type Banner = Exclude<Trouble, 'media-lost'> | 'missing';

export function bannerOf(state: { link: Link; path: Path; missing: boolean }): Banner {
	const trouble = troubleOf(state);
	// People need not tell a WebSocket from what it is for.
	if (trouble === 'media-lost') return 'reconnecting';
	return trouble ?? (state.missing ? 'missing' : null);
}

export function troubleOf({ link, path }: { link: Link; path: Path }): Trouble {
	if (link !== 'connected') return link;
	return { open: null, lost: 'media-lost' as const, blocked: 'media-blocked' as const }[path];
}
