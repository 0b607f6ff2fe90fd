import type { Store } from '../base/store';
import type { Hand } from '../signaling/messages';
import type { Notice } from './notices';
import { type VisitState, withHand } from './state';

/** By then, every message about one event has arrived. */
const AFTERMATH_MS = 300;

/** Raised hands: the others' when the server reports them, one's own at once. */
export class Hands {
	readonly #state: Store<VisitState>;
	readonly #request: (raised: boolean) => Promise<unknown>;
	readonly #notify: (notice: Notice) => void;
	/** The last request about the participant's own hand, until it is answered. */
	#asked: { raised: boolean } | null = null;

	constructor(state: Store<VisitState>, request: (raised: boolean) => Promise<unknown>, notify: (notice: Notice) => void) {
		this.#state = state;
		this.#request = request;
		this.#notify = notify;
	}

	/** Raises or lowers one's own hand; rejects with the server's reason. */
	async raise(raised: boolean) {
		const { peerId, name } = this.#state.value;
		// Shown at once, so that the server's message about it is no news.
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

	/** The server reports a raised hand. */
	raised({ id, displayName }: Hand) {
		const { peerId, rights } = this.#state.value;
		// It has been lowered here since.
		if (id === peerId && this.#asked?.raised === false) return;
		this.#set(id, displayName);
		if (rights.moderator && id !== peerId) this.#notify({ what: 'hand-raised', peerId: id, name: displayName });
	}

	/** The server reports a lowered hand. */
	lowered(id: string) {
		const { hands, peerId, rights } = this.#state.value;
		const raised = hands.some((hand) => hand.id === id);
		this.#set(id, null);
		// If the participant lowered it, it is down already.
		if (id !== peerId || !raised) return;
		setTimeout(() => {
			// A promotion lowers it as well, and has a notice of its own.
			if (this.#state.value.rights.speaker === rights.speaker) this.#notify({ what: 'hand-lowered' });
		}, AFTERMATH_MS);
	}

	#set(id: string, name: string | null) {
		const { hands } = this.#state.value;
		const next = withHand(hands, id, name);
		if (next !== hands) this.#state.update({ hands: next });
	}
}
