import type { Path } from '../media/transport';

/** How the page is connected with the server. */
export type Link = 'connecting' | 'connected' | 'reconnecting' | 'media-down';

/** What the participant has to know of the way to the server; null: all is well. */
export type Trouble = Exclude<Link, 'connected'> | 'media-blocked' | null;

/** What the banner says. That something is missing is less than trouble: what there is goes on. */
export type Banner = Trouble | 'missing';

export function bannerOf(state: { link: Link; path: Path; missing: boolean }): Banner {
	return troubleOf(state) ?? (state.missing ? 'missing' : null);
}

export function troubleOf({ link, path }: { link: Link; path: Path }): Trouble {
	if (link !== 'connected') return link;
	return { open: null, lost: 'reconnecting' as const, blocked: 'media-blocked' as const }[path];
}
