import type { types } from 'mediasoup-client';
import type { Requests } from '../signaling/messages';

/** How large a video is shown, in CSS pixels. */
export interface Shown {
	width: number;
	height: number;
}

interface Layers {
	spatialLayer: number;
	temporalLayer: number;
}

interface Rank {
	pinned: boolean;
	/** Its owner is the leading speaker. */
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
	/** Whether the server was ever told a rank. */
	ranked: boolean;
	/** Whether the server certainly knows all of it. */
	sure: boolean;
}

/** After this time, refused requests are repeated. */
const AGAIN_MS = 3000;
/** While a list is scrolled or a window resized, nothing is requested. */
const SETTLE_MS = 250;

/** A camera sends widths of 320, 640 and 1280 pixels; video may be stretched by a quarter before the next size is worth it. */
const WIDTHS = [320, 640];
const STRETCH = 1.25;
/** Larger than any camera's video. */
const WHOLE: Shown = { width: 1920, height: 1080 };
/** Priorities: the server's default for a video, of the leading speaker, and of a pinned tile. A shared screen has 255. */
const ORDINARY = 100;
const LEADING = 150;
const PINNED = 200;
/** A tile that takes this share of the page ranks like the leader's. */
const MUCH = 1 / 3;
/**
 * A new leader counts after this time at the earliest, and after twice this time at the latest: all pages of a webinar
 * learn of it at the same moment, and in a quick exchange the leader changes with every word.
 */
const LEAD_MS = 1500;
/** In tiles smaller than this, nobody misses every second frame. */
const SMALL = 200;

/** The layers to request, for 16:9 video that fills this area on a screen of this density. */
export function layersFor({ width, height }: Shown, density: number): Layers {
	// Beyond a density of two, nobody sees a difference.
	const pixels = Math.max(width, (height * 16) / 9) * Math.min(density, 2);
	const spatial = WIDTHS.findIndex((sent) => pixels <= sent * STRETCH);
	return { spatialLayer: spatial < 0 ? WIDTHS.length : spatial, temporalLayer: width < SMALL ? 1 : 2 };
}

/** Which video has priority if the link does not carry all of them. A shared screen has it anyway. */
function priorityFor({ width, height }: Shown, { pinned, leads }: Rank): number {
	if (pinned) return PINNED;
	return leads || width * height > innerWidth * innerHeight * MUCH ? LEADING : ORDINARY;
}

/**
 * Tells the server which video is visible, how large, and which has priority. Any other video is paused, and small tiles get
 * small layers. Audio is never touched.
 */
export class Sight {
	readonly #request: Request;
	readonly #consumers: () => Owned[];
	/** By tile; null: not visible. A tile that is missing here is not drawn yet: its video comes as it is. */
	readonly #shown = new Map<string, Shown | null>();
	/** Tiles whose video is wanted even if they are not visible, and by how many callers. */
	readonly #wanted = new Map<string, number>();
	readonly #told = new Map<string, Told>();
	#timer: ReturnType<typeof setTimeout> | undefined;
	#pinned: string | null = null;
	/** The leader that counts, and the current one. */
	#leader: string | null = null;
	#next: string | null = null;
	#leadTimer: ReturnType<typeof setTimeout> | undefined;
	#againTimer: ReturnType<typeof setTimeout> | undefined;
	#closed = false;

	constructor(request: Request, consumers: () => Owned[]) {
		this.#request = request;
		this.#consumers = consumers;
	}

	/** How large a tile is visible now; undefined: the tile is gone. */
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

	/** Somebody becomes the leading speaker, and stays it until somebody else does. */
	lead(peerId: string) {
		this.#next = peerId;
		if (this.#next === this.#leader || this.#leadTimer !== undefined) return;
		this.#leadTimer = setTimeout(
			() => {
				this.#leadTimer = undefined;
				this.#leader = this.#next;
				this.sync();
			},
			LEAD_MS * (1 + Math.random()),
		);
	}

	#settle() {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.sync(), SETTLE_MS);
	}

	/** Requests a tile's video in full, visible or not, until the returned function is called. */
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

	/** Requests what differs from the last requests. */
	sync() {
		const consumers = this.#consumers().filter(({ consumer }) => consumer.kind === 'video');
		const ids = new Set(consumers.map(({ consumer }) => consumer.id));
		for (const id of this.#told.keys()) if (!ids.has(id)) this.#told.delete(id);
		for (const { peerId, share, consumer } of consumers) {
			const tile = tileKey(peerId, share);
			const shown = this.#wanted.has(tile) ? WHOLE : this.#shown.get(tile);
			// A single video needs no priority.
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
		clearTimeout(this.#againTimer);
		this.#closed = true;
	}

	/** The server has refused a request, as one that is busy does. Video that has ended meanwhile is not requested again. */
	#again() {
		if (this.#closed || this.#againTimer !== undefined) return;
		this.#againTimer = setTimeout(() => {
			this.#againTimer = undefined;
			this.sync();
		}, AGAIN_MS);
	}

	/** rank: null if the server knows it anyway. */
	#tell(id: string, shown: Shown | null, rank: Rank | null) {
		const last = this.#told.get(id) ?? { paused: false, layers: null, priority: ORDINARY, ranked: false, sure: true };
		const paused = shown === null;
		// The size of paused video does not matter.
		const layers = shown ? layersFor(shown, devicePixelRatio) : last.layers;
		const priority = shown && rank ? priorityFor(shown, rank) : last.priority;
		const other = layers?.spatialLayer !== last.layers?.spatialLayer || layers?.temporalLayer !== last.layers?.temporalLayer;
		const ranked = last.ranked || priority !== last.priority;
		const told: Told = { paused, layers, priority, ranked, sure: true };
		this.#told.set(id, told);
		const ask = (asked: Promise<unknown>) =>
			void asked.catch(() => {
				told.sure = false;
				this.#again();
			});
		// First the size: video resumes in it after a pause.
		if (layers && !paused && (other || !last.sure))
			ask(this.#request('setConsumerPreferredLayers', { consumerId: id, ...layers }));
		if (priority !== last.priority || (!last.sure && ranked))
			ask(this.#request('setConsumerPriority', { consumerId: id, priority }));
		if (paused !== last.paused || !last.sure)
			ask(this.#request(paused ? 'pauseConsumer' : 'resumeConsumer', { consumerId: id }));
	}
}
