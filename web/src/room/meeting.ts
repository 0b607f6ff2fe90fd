import { LocalMedia } from '../media/local';
import { ScreenShare } from '../media/screen';
import type { Attributes } from '../page/attributes';
import { guid } from '../page/guid';
import { Store } from '../ui/store';
import { Room } from './room';

export type Joinable = Attributes & { roomId: string };

interface MeetingState {
	/** The visit that is going on, or the last one; null on the welcome screen. */
	room: Room | null;
	/** The name to join with, as far as it is known. */
	name: string;
}

/** What one page does for its participant, from the welcome screen to the end, whoever asks: a button or the embedding page. */
export class Meeting {
	readonly attributes: Joinable;
	readonly local = new LocalMedia();
	readonly screen = new ScreenShare();
	readonly state: Store<MeetingState>;
	/** Made once per page load: the same session may resume, another one with the same peerId replaces it. */
	readonly #session = guid();

	constructor(attributes: Joinable) {
		this.attributes = attributes;
		this.state = new Store<MeetingState>({ room: null, name: attributes.displayName ?? '' });
	}

	/** Begins a visit, unless there is one. The devices stay as they are. */
	join(name: string, pin?: string): Room {
		const { room } = this.state.value;
		if (room?.state.value.phase === 'open') return room;
		const { kind, roomId, peerId, codec, forServer } = this.attributes;
		const next = new Room({
			kind,
			roomId,
			peerId,
			session: this.#session,
			displayName: name,
			forServer: pin ? { ...forServer, pin } : forServer,
			codec,
			local: this.local,
			screen: this.screen,
		});
		this.state.update({ room: next, name });
		return next;
	}

	leave() {
		this.state.value.room?.leave();
	}
}
