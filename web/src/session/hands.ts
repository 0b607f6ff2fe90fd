import type { Store } from '../base/store';
import type { Hand } from '../signaling/messages';
import type { Notice } from './notices';
import { type RoomState, withHand } from './state';

/** So much later all that belongs to one event has come. */
const AFTERMATH_MS = 300;

/** Raised hands: the others' as the server tells, one's own at once. */
export class Hands {
	readonly #state: Store<RoomState>;
	readonly #request: (raised: boolean) => Promise<unknown>;
	readonly #notify: (notice: Notice) => void;
	/** What was asked last of one's own hand, until it is answered. */
	#asked: { raised: boolean } | null = null;

	constructor(state: Store<RoomState>, request: (raised: boolean) => Promise<unknown>, notify: (notice: Notice) => void) {
		this.#state = state;
		this.#request = request;
		this.#notify = notify;
	}

	/** One's own; rejects with the server's reason. */
	async raise(raised: boolean) {
		const { peerId, name } = this.#state.value;
		// First here: what the server then says of it is no news.
		this.#set(peerId, raised ? name : null);
		const asked = (this.#asked = { raised });
		try {
			await this.#request(raised);
		} catch (error) {
			this.#set(peerId, raised ? null : name);
			throw error;
		} finally {
			if (this.#asked === asked) this.#asked = null;
		}
	}

	/** The server says that it is up. */
	raised({ id, displayName }: Hand) {
		const { peerId, rights } = this.#state.value;
		// It has been put down here since.
		if (id === peerId && this.#asked?.raised === false) return;
		this.#set(id, displayName);
		if (rights.moderator && id !== peerId) this.#notify({ what: 'hand-raised', peerId: id, name: displayName });
	}

	/** The server says that it is down. */
	lowered(id: string) {
		const { hands, peerId, rights } = this.#state.value;
		const raised = hands.some((hand) => hand.id === id);
		this.#set(id, null);
		// Where it was put down here it is down already.
		if (id !== peerId || !raised) return;
		setTimeout(() => {
			// A promotion takes it down as well, and says so itself.
			if (this.#state.value.rights.speaker === rights.speaker) this.#notify({ what: 'hand-lowered' });
		}, AFTERMATH_MS);
	}

	#set(id: string, name: string | null) {
		const { hands } = this.#state.value;
		const next = withHand(hands, id, name);
		if (next !== hands) this.#state.update({ hands: next });
	}
}
