import { parseScalabilityMode, type types } from 'mediasoup-client';
import type { NewConsumer } from '../signaling/messages';

interface Subscription {
	peerId: string;
	kind: types.MediaKind;
	/** Of the peer's screen, not of camera or microphone. */
	share: boolean;
	/** Paused by its producer: nothing comes, and the tile says so. */
	paused: boolean;
	closed: boolean;
	/** Which of its sizes the server sends now; null: none. */
	layer: number | null;
	/** Null until the browser has it. */
	consumer: types.Consumer | null;
	ready: Promise<void>;
}

/** 0 is the smallest, -1 none. */
export interface Size {
	now: number;
	largest: number;
}

export interface PeerMedia {
	video: MediaStreamTrack | null;
	audio: MediaStreamTrack | null;
	/** The microphone is there but paused. */
	audioPaused: boolean;
	/** The peer's screen, and its sound. */
	share: MediaStreamTrack | null;
	shareAudio: MediaStreamTrack | null;
}

export const NO_MEDIA: PeerMedia = { video: null, audio: null, audioPaused: false, share: null, shareAudio: null };

/** The consumers: what the server sends of the other participants. */
export class Subscriber {
	readonly #transport: types.Transport;
	readonly #changed: () => void;
	readonly #subscriptions = new Map<string, Subscription>();

	constructor(transport: types.Transport, changed: () => void) {
		this.#transport = transport;
		this.#changed = changed;
	}

	/** Only what the browser really has: the server offers anything else again after a resume. */
	get consumerIds(): string[] {
		return [...this.#subscriptions].filter(([, { consumer }]) => consumer).map(([id]) => id);
	}

	/** Resolves when the browser can receive it; the server sends nothing before that. */
	async add({ id, peerId, producerId, kind, rtpParameters, producerPaused, appData }: NewConsumer) {
		const known = this.#subscriptions.get(id);
		if (known) {
			// Offered again after a broken connection.
			known.paused = producerPaused;
			await known.ready;
			this.#changed();
			return;
		}
		const share = appData.share === true;
		const subscription: Subscription = {
			peerId,
			kind,
			share,
			paused: producerPaused,
			closed: false,
			layer: null,
			consumer: null,
			ready: Promise.resolve(),
		};
		this.#subscriptions.set(id, subscription);
		subscription.ready = this.#transport
			// One stream for a peer's sound and picture keeps them in step; its screen has another.
			.consume({ id, producerId, kind, rtpParameters, streamId: share ? `${peerId}-share` : peerId })
			.then((consumer) => {
				if (subscription.closed) consumer.close();
				else subscription.consumer = consumer;
				this.#changed();
			});
		try {
			await subscription.ready;
		} catch (error) {
			this.#subscriptions.delete(id);
			throw error;
		}
	}

	setPaused(id: string, paused: boolean) {
		const subscription = this.#subscriptions.get(id);
		if (!subscription) return;
		subscription.paused = paused;
		this.#changed();
	}

	setLayer(id: string, layer: number | null) {
		const subscription = this.#subscriptions.get(id);
		if (subscription) subscription.layer = layer;
	}

	remove(id: string) {
		const subscription = this.#subscriptions.get(id);
		if (!subscription) return;
		this.#subscriptions.delete(id);
		subscription.closed = true;
		subscription.consumer?.close();
		this.#changed();
	}

	removePeer(peerId: string) {
		for (const [id, subscription] of this.#subscriptions) if (subscription.peerId === peerId) this.remove(id);
	}

	mediaOf(peerId: string): PeerMedia {
		const media = { ...NO_MEDIA };
		for (const { peerId: owner, kind, share, paused, consumer } of this.#subscriptions.values()) {
			if (owner !== peerId || !consumer) continue;
			if (share) {
				if (paused) continue;
				media[kind === 'audio' ? 'shareAudio' : 'share'] = consumer.track;
			} else if (kind === 'audio') {
				media.audio = consumer.track;
				media.audioPaused = paused;
			} else if (!paused) {
				media.video = consumer.track;
			}
		}
		return media;
	}

	/** In which of its sizes a camera's picture comes now. */
	sizeOf(peerId: string): Size {
		for (const { peerId: owner, kind, share, layer, consumer } of this.#subscriptions.values()) {
			if (owner !== peerId || kind !== 'video' || share || !consumer) continue;
			const { scalabilityMode } = consumer.rtpParameters.encodings?.[0] ?? {};
			return { now: layer ?? -1, largest: parseScalabilityMode(scalabilityMode).spatialLayers - 1 };
		}
		return { now: -1, largest: 0 };
	}

	/** For diagnostics: the live consumers with their peers. */
	consumers(): { peerId: string; share: boolean; consumer: types.Consumer }[] {
		return [...this.#subscriptions.values()].flatMap(({ peerId, share, consumer }) =>
			consumer ? [{ peerId, share, consumer }] : [],
		);
	}
}
