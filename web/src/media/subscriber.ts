import { parseScalabilityMode, type types } from 'mediasoup-client';
import type { NewConsumer, Notifications } from '../signaling/messages';

interface Subscription {
	peerId: string;
	kind: types.MediaKind;
	/** Of the peer's screen, not of camera or microphone. */
	share: boolean;
	/** Paused by its producer: nothing arrives, and the tile says so. */
	paused: boolean;
	closed: boolean;
	/** Which of its sizes the server sends now; null: none. */
	layer: number | null;
	/** The server sends nothing, because this viewer's link cannot carry it, or because the server is overloaded. */
	starved: boolean;
	overloaded: boolean;
	/** False: paused by this page, because the video is not visible. */
	wanted: boolean;
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
	/** The video exists and is wanted, but this viewer's link cannot carry it now, or the server is overloaded. */
	starved: boolean;
	overloaded: boolean;
	audio: MediaStreamTrack | null;
	/** Which devices the peer has on, according to the server; their media may still have to arrive. Null: not known yet. */
	mic: boolean | null;
	camera: boolean | null;
	/** The peer's screen, and its sound. */
	share: MediaStreamTrack | null;
	shareStarved: boolean;
	shareAudio: MediaStreamTrack | null;
}

export const NO_MEDIA: PeerMedia = {
	video: null,
	starved: false,
	overloaded: false,
	audio: null,
	mic: false,
	camera: false,
	share: null,
	shareStarved: false,
	shareAudio: null,
};

/** This long after a join, the server has offered everything that there is to receive. */
const OFFERS_MS = 2000;

/** How long nothing else is negotiated while a connection is being made, and then until there is video. */
const CONNECTS_MS = 1000;
const PICTURE_MS = 100;

type LayersReason = Notifications['consumerLayersChanged']['reason'];

/** The consumers: what the server sends of the other participants. */
export class Subscriber {
	readonly #transport: types.Transport;
	readonly #changed: () => void;
	readonly #subscriptions = new Map<string, Subscription>();
	/** Runs while the server still offers what there is to receive. */
	#offers: ReturnType<typeof setTimeout> | undefined;

	constructor(transport: types.Transport, changed: () => void) {
		this.#transport = transport;
		this.#changed = changed;
	}

	/** The server is about to offer everything that there is to receive: until then, nobody is shown with devices off. */
	expectOffers() {
		clearTimeout(this.#offers);
		this.#offers = setTimeout(() => {
			this.#offers = undefined;
			this.#changed();
		}, OFFERS_MS);
	}

	/** Closed with its transport: nothing changes any more. */
	close() {
		clearTimeout(this.#offers);
	}

	/** Resolves when something else may be negotiated without delaying video whose connection is being made. */
	async quiet(): Promise<void> {
		const transport = this.#transport;
		if (this.#subscriptions.size === 0 || transport.connectionState === 'connected') return;
		await new Promise<void>((resolve) => {
			setTimeout(resolve, CONNECTS_MS);
			transport.on('connectionstatechange', (state) => {
				if (state !== 'connecting') setTimeout(resolve, PICTURE_MS);
			});
		});
	}

	/** Only consumers that the browser really has: the server offers any others again after a resume. */
	get consumerIds(): string[] {
		return [...this.#subscriptions].filter(([, { consumer }]) => consumer).map(([id]) => id);
	}

	/** Resolves when the browser can receive it; the server sends nothing before that. */
	async add({ id, peerId, producerId, kind, rtpParameters, producerPaused, appData }: NewConsumer) {
		const known = this.#subscriptions.get(id);
		if (known) {
			// A repeated offer, after a broken connection.
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
			starved: false,
			overloaded: false,
			wanted: true,
			consumer: null,
			ready: Promise.resolve(),
		};
		this.#subscriptions.set(id, subscription);
		this.#changed();
		subscription.ready = this.#transport
			// One stream for a peer's audio and video keeps them in sync; the screen has another.
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
			this.#changed();
			throw error;
		}
	}

	setPaused(id: string, paused: boolean) {
		const subscription = this.#subscriptions.get(id);
		if (!subscription) return;
		subscription.paused = paused;
		this.#changed();
	}

	/** What the server sends now; null: nothing, and why. */
	setLayer(id: string, layer: number | null, reason?: LayersReason) {
		const subscription = this.#subscriptions.get(id);
		if (!subscription) return;
		subscription.layer = layer;
		this.#setStarved(
			subscription,
			layer === null && (reason === 'bandwidth' || reason === 'overload'),
			reason === 'overload',
		);
	}

	/** Whether this page wants it sent. Media that it does not want is not starved. */
	setWanted(id: string, wanted: boolean) {
		const subscription = this.#subscriptions.get(id);
		if (!subscription || subscription.wanted === wanted) return;
		subscription.wanted = wanted;
		if (subscription.starved) this.#changed();
	}

	/** For a new connection, on which the server says it again. */
	forgetStarved() {
		for (const subscription of this.#subscriptions.values()) this.#setStarved(subscription, false);
	}

	#setStarved(subscription: Subscription, starved: boolean, overloaded = false) {
		if (subscription.starved === starved && subscription.overloaded === overloaded) return;
		subscription.starved = starved;
		subscription.overloaded = overloaded;
		this.#changed();
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
		const media: PeerMedia = { ...NO_MEDIA };
		if (this.#offers !== undefined) media.mic = media.camera = null;
		for (const {
			peerId: owner,
			kind,
			share,
			paused,
			starved,
			overloaded,
			wanted,
			consumer,
		} of this.#subscriptions.values()) {
			if (owner !== peerId) continue;
			if (!share) media[kind === 'audio' ? 'mic' : 'camera'] = !paused;
			if (!consumer) continue;
			if (kind === 'audio' && !share) {
				media.audio = consumer.track;
			} else if (paused) {
				continue;
			} else if (kind === 'audio') {
				media.shareAudio = consumer.track;
			} else if (share) {
				media.share = consumer.track;
				media.shareStarved = starved && wanted;
			} else {
				media.video = consumer.track;
				media.starved = starved && wanted;
				media.overloaded = overloaded && wanted;
			}
		}
		return media;
	}

	/** The size in which a camera's video arrives now. */
	sizeOf(peerId: string): Size {
		for (const { peerId: owner, kind, share, layer, consumer } of this.#subscriptions.values()) {
			if (owner !== peerId || kind !== 'video' || share || !consumer) continue;
			const { scalabilityMode } = consumer.rtpParameters.encodings?.[0] ?? {};
			return { now: layer ?? -1, largest: parseScalabilityMode(scalabilityMode).spatialLayers - 1 };
		}
		return { now: -1, largest: 0 };
	}

	/** The live consumers with their peers. flows: media is expected from it. */
	consumers(): { peerId: string; share: boolean; flows: boolean; consumer: types.Consumer }[] {
		return [...this.#subscriptions.values()].flatMap(({ peerId, share, paused, starved, wanted, consumer }) =>
			consumer ? [{ peerId, share, flows: wanted && !paused && !starved, consumer }] : [],
		);
	}
}
