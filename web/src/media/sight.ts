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
	/** Whether the server has it for certain. */
	sure: boolean;
}

/** While a list is scrolled or a window resized, nothing is asked. */
const SETTLE_MS = 250;

/** A camera sends 320, 640 and 1280 pixels; a picture may be stretched by a quarter before the next size is worth it. */
const WIDTHS = [320, 640];
const STRETCH = 1.25;
/** Larger than any camera's picture. */
const WHOLE: Shown = { width: 1920, height: 1080 };
/** What the server takes for an ordinary picture's priority, and that of one which fills much of the page. */
const ORDINARY = 100;
const IMPORTANT = 200;
/** Of the page. */
const MUCH = 1 / 3;
/** In pictures smaller than this nobody misses every second frame. */
const SMALL = 200;

/** The layers to ask for, of a 16:9 picture that fills this place on a screen of this density. */
export function layersFor({ width, height }: Shown, density: number): Layers {
	// Beyond two, eyes see no difference.
	const pixels = Math.max(width, (height * 16) / 9) * Math.min(density, 2);
	const spatial = WIDTHS.findIndex((sent) => pixels <= sent * STRETCH);
	return { spatialLayer: spatial < 0 ? WIDTHS.length : spatial, temporalLayer: width < SMALL ? 1 : 2 };
}

/** Where the way does not carry all, what is shown large goes first. A shared screen does so by itself. */
export function priorityFor({ width, height }: Shown): number {
	return width * height > innerWidth * innerHeight * MUCH ? IMPORTANT : ORDINARY;
}

/**
 * Tells the server which pictures are seen, and how large: others are paused, small ones come in small layers. Sound is
 * never touched.
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

	constructor(request: Request, consumers: () => Owned[]) {
		this.#request = request;
		this.#consumers = consumers;
	}

	/** What is seen of a tile now; undefined: there is no such tile any more. */
	set(tile: string, shown: Shown | null | undefined) {
		if (shown === undefined) this.#shown.delete(tile);
		else this.#shown.set(tile, shown);
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
			const tile = share ? `${peerId}/share` : peerId;
			const shown = this.#wanted.has(tile) ? WHOLE : this.#shown.get(tile);
			if (shown !== undefined) this.#tell(consumer.id, shown, share);
		}
	}

	/** The connection was lost meanwhile: the server may not know what it was told last. */
	resumed() {
		for (const told of this.#told.values()) told.sure = false;
		this.sync();
	}

	close() {
		clearTimeout(this.#timer);
	}

	#tell(id: string, shown: Shown | null, share: boolean) {
		const last = this.#told.get(id) ?? { paused: false, layers: null, priority: ORDINARY, sure: true };
		const paused = shown === null;
		// Of a paused picture the size does not matter.
		const layers = shown ? layersFor(shown, devicePixelRatio) : last.layers;
		const priority = shown && !share ? priorityFor(shown) : last.priority;
		const other =
			layers?.spatialLayer !== last.layers?.spatialLayer || layers?.temporalLayer !== last.layers?.temporalLayer;
		const told: Told = { paused, layers, priority, sure: true };
		this.#told.set(id, told);
		const ask = (asked: Promise<unknown>) =>
			void asked.catch(() => {
				// The consumer is gone, or the connection, which resumed() makes up for.
				told.sure = false;
			});
		// First the size: what comes after a pause comes in it.
		if (layers && !paused && (other || !last.sure))
			ask(this.#request('setConsumerPreferredLayers', { consumerId: id, ...layers }));
		if (priority !== last.priority || (!last.sure && priority !== ORDINARY))
			ask(this.#request('setConsumerPriority', { consumerId: id, priority }));
		if (paused !== last.paused || !last.sure)
			ask(this.#request(paused ? 'pauseConsumer' : 'resumeConsumer', { consumerId: id }));
	}
}
