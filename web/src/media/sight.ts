import type { types } from 'mediasoup-client';
import type { Requests } from '../signaling/messages';

/** How large a picture is shown, in pixels of the page. */
export interface Shown {
	width: number;
	height: number;
}

export interface Layers {
	spatialLayer: number;
	temporalLayer: number;
}

interface Rank {
	pinned: boolean;
	/** Its owner leads the talk. */
	leads: boolean;
}

/** A tile's name: of a participant, or of the screen that one shares. */
export const tileKey = (peerId: string, share: boolean) => (share ? `${peerId}/share` : peerId);

interface Owned {
	peerId: string;
	share: boolean;
	consumer: Pick<types.Consumer, 'id' | 'kind'>;
}

type Request = <M extends 'pauseConsumer' | 'resumeConsumer' | 'setConsumerPreferredLayers' | 'setConsumerPriority'>(
	method: M,
	data: Requests[M][0],
) => Promise<unknown>;

interface Told {
	paused: boolean;
	layers: Layers | null;
	priority: number;
	/** Whether the server was ever told of one. */
	ranked: boolean;
	/** Whether the server has it all for certain. */
	sure: boolean;
}

/** While a list is scrolled or a window resized, nothing is asked. */
const SETTLE_MS = 250;

/** A camera sends 320, 640 and 1280 pixels; a picture may be stretched by a quarter before the next size is worth it. */
const WIDTHS = [320, 640];
const STRETCH = 1.25;
/** Larger than any camera's picture. */
const WHOLE: Shown = { width: 1920, height: 1080 };
/** What the server takes for an ordinary picture's priority; that of who leads the talk, and of what is pinned. A shared screen has 255. */
const ORDINARY = 100;
const LEADING = 150;
const PINNED = 200;
/** A picture that takes so much of the page is looked at as the leader's is. */
const MUCH = 1 / 3;
/**
 * Who leads the talk counts after this time at the earliest, and after twice of it at the latest: all pages of a webinar
 * hear of it in the same moment, and in a quick exchange each word has another leader.
 */
const LEAD_MS = 1500;
/** In pictures smaller than this nobody misses every second frame. */
const SMALL = 200;

/** The layers to ask for, of a 16:9 picture that fills this place on a screen of this density. */
export function layersFor({ width, height }: Shown, density: number): Layers {
	// Beyond two, eyes see no difference.
	const pixels = Math.max(width, (height * 16) / 9) * Math.min(density, 2);
	const spatial = WIDTHS.findIndex((sent) => pixels <= sent * STRETCH);
	return { spatialLayer: spatial < 0 ? WIDTHS.length : spatial, temporalLayer: width < SMALL ? 1 : 2 };
}

/** Which pictures go first where the way does not carry all. A shared screen does so by itself. */
function priorityFor({ width, height }: Shown, { pinned, leads }: Rank): number {
	if (pinned) return PINNED;
	return leads || width * height > innerWidth * innerHeight * MUCH ? LEADING : ORDINARY;
}

/**
 * Tells the server which pictures are seen, how large, and which go first: others are paused, small ones come in small
 * layers. Sound is never touched.
 */
export class Sight {
	readonly #request: Request;
	readonly #consumers: () => Owned[];
	/** By tile; null: not seen. A tile that is not in here is not drawn yet: its pictures come as they are. */
	readonly #shown = new Map<string, Shown | null>();
	/** Tiles whose picture is wanted whatever is seen of them, and by how many. */
	readonly #wanted = new Map<string, number>();
	readonly #told = new Map<string, Told>();
	#timer: ReturnType<typeof setTimeout> | undefined;
	#pinned: string | null = null;
	/** Who leads the talk, as far as that counts yet, and who does now. */
	#leader: string | null = null;
	#next: string | null = null;
	#leadTimer: ReturnType<typeof setTimeout> | undefined;

	constructor(request: Request, consumers: () => Owned[]) {
		this.#request = request;
		this.#consumers = consumers;
	}

	/** What is seen of a tile now; undefined: there is no such tile any more. */
	set(tile: string, shown: Shown | null | undefined) {
		if (shown === undefined) this.#shown.delete(tile);
		else this.#shown.set(tile, shown);
		this.#settle();
	}

	/** The tile that the participant has pinned; null: none. */
	pin(tile: string | null) {
		if (tile === this.#pinned) return;
		this.#pinned = tile;
		this.#settle();
	}

	/** Somebody takes the lead in the talk, and has it until somebody else does. */
	lead(peerId: string) {
		this.#next = peerId;
		if (this.#next === this.#leader || this.#leadTimer !== undefined) return;
		this.#leadTimer = setTimeout(() => {
			this.#leadTimer = undefined;
			this.#leader = this.#next;
			this.sync();
		}, LEAD_MS * (1 + Math.random()));
	}

	#settle() {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.sync(), SETTLE_MS);
	}

	/** Wants a tile's picture as it is sent, seen or not, until the function that it returns is called. */
	want(tile: string): () => void {
		const count = (change: number) => {
			const wanted = (this.#wanted.get(tile) ?? 0) + change;
			if (wanted) this.#wanted.set(tile, wanted);
			else this.#wanted.delete(tile);
			this.sync();
		};
		count(1);
		return () => count(-1);
	}

	/** Asks for what differs from what was asked last. */
	sync() {
		const consumers = this.#consumers().filter(({ consumer }) => consumer.kind === 'video');
		const ids = new Set(consumers.map(({ consumer }) => consumer.id));
		for (const id of this.#told.keys()) if (!ids.has(id)) this.#told.delete(id);
		for (const { peerId, share, consumer } of consumers) {
			const tile = tileKey(peerId, share);
			const shown = this.#wanted.has(tile) ? WHOLE : this.#shown.get(tile);
			// One alone goes before nothing.
			const ranked = !share && consumers.length > 1;
			const rank = ranked ? { pinned: tile === this.#pinned, leads: tile === this.#leader } : null;
			if (shown !== undefined) this.#tell(consumer.id, shown, rank);
		}
	}

	/** The connection was lost meanwhile: the server may not know what it was told last. */
	resumed() {
		for (const told of this.#told.values()) told.sure = false;
		this.sync();
	}

	close() {
		clearTimeout(this.#timer);
		clearTimeout(this.#leadTimer);
	}

	/** rank: null where the server knows it by itself. */
	#tell(id: string, shown: Shown | null, rank: Rank | null) {
		const last = this.#told.get(id) ?? { paused: false, layers: null, priority: ORDINARY, ranked: false, sure: true };
		const paused = shown === null;
		// Of a paused picture the size does not matter.
		const layers = shown ? layersFor(shown, devicePixelRatio) : last.layers;
		const priority = shown && rank ? priorityFor(shown, rank) : last.priority;
		const other =
			layers?.spatialLayer !== last.layers?.spatialLayer || layers?.temporalLayer !== last.layers?.temporalLayer;
		const ranked = last.ranked || priority !== last.priority;
		const told: Told = { paused, layers, priority, ranked, sure: true };
		this.#told.set(id, told);
		const ask = (asked: Promise<unknown>) =>
			void asked.catch(() => {
				// The consumer is gone, or the connection, which resumed() makes up for.
				told.sure = false;
			});
		// First the size: what comes after a pause comes in it.
		if (layers && !paused && (other || !last.sure))
			ask(this.#request('setConsumerPreferredLayers', { consumerId: id, ...layers }));
		if (priority !== last.priority || (!last.sure && ranked))
			ask(this.#request('setConsumerPriority', { consumerId: id, priority }));
		if (paused !== last.paused || !last.sure)
			ask(this.#request(paused ? 'pauseConsumer' : 'resumeConsumer', { consumerId: id }));
	}
}
