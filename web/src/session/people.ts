import type { Store } from '../base/store';
import type { PeerMedia } from '../media/subscriber';
import type { Path } from '../media/transport';
import type { PeerInfo } from '../signaling/messages';
import type { Notice } from './notices';
import type { RemotePeer, VisitState } from './state';

/** The source of sound and pictures. */
interface Media {
	readonly path: Path;
	mediaOf(peerId: string): PeerMedia;
}

/** Everybody, with the media they send. */
function withMedia(infos: Iterable<PeerInfo>, media: Media): RemotePeer[] {
	return [...infos].map(({ id, displayName, speaker, moderator }) => ({
		id,
		displayName,
		speaker,
		moderator,
		...media.mediaOf(id),
	}));
}

/** Notices about screens that are new in all, and about those that are gone; before: the peers that had a tile. */
function sharesBetween(before: RemotePeer[], all: RemotePeer[]): Notice[] {
	const shared = (peers: RemotePeer[], id: string) => Boolean(peers.find((peer) => peer.id === id)?.share);
	const started = all.filter(({ id, share }) => share && !shared(before, id));
	const ended = before.filter(({ id, share }) => share && !shared(all, id));
	return [
		...started.map(({ displayName: name }) => ({ what: 'share-on' as const, name })),
		...ended.map(({ displayName: name }) => ({ what: 'share-off' as const, name })),
	];
}

/** The others in the room: what the server says of them, joined with the media that arrives. */
export class People {
	readonly #state: Store<VisitState>;
	readonly #media: Media;
	readonly #notify: (notice: Notice) => void;
	/** In order of joining. */
	readonly #infos = new Map<string, PeerInfo>();

	constructor(state: Store<VisitState>, media: Media, notify: (notice: Notice) => void) {
		this.#state = state;
		this.#media = media;
		this.#notify = notify;
	}

	get(id: string): PeerInfo | undefined {
		return this.#infos.get(id);
	}

	/** Replaces the whole list. */
	replace(infos: PeerInfo[]) {
		this.#infos.clear();
		for (const info of infos) this.#infos.set(info.id, info);
		this.refresh();
	}

	set(info: PeerInfo) {
		this.#infos.set(info.id, info);
		this.refresh();
	}

	rename(id: string, displayName: string) {
		const info = this.#infos.get(id);
		if (info) this.set({ ...info, displayName });
	}

	/** Forgets somebody; their tile stays until the next refresh. */
	forget(id: string) {
		this.#infos.delete(id);
	}

	/** Brings the state up to date, and announces the screens that came and went. */
	refresh() {
		const all = withMedia(this.#infos.values(), this.#media);
		const shares = sharesBetween(this.#state.value.peers, all);
		this.#state.update({
			path: this.#media.path,
			peers: all.filter(({ speaker }) => speaker),
			viewers: all.filter(({ speaker }) => !speaker),
		});
		for (const notice of shares) this.#notify(notice);
	}
}
