import type { types } from 'mediasoup-client';
import type { Requests } from '../signaling/messages';
import type { Subscriber } from './subscriber';

/** How often received media is checked: the server gets reports no more often. */
export const WATCH_MS = 10_000;

/** From here on, people notice it: share of the time, and of the audio. In ‰, as the server counts them. */
const FROZEN = 20;
const CONCEALED = 20;
const CONSUMERS_MAX = 64;

/** The totals of one consumer, from getStats(). */
export interface Sample {
	consumerId: string;
	kind: types.MediaKind;
	share: boolean;
	/** False: no media is expected, since somebody has paused it or the link cannot carry it. */
	flows: boolean;
	framesDecoded: number;
	frozenSeconds: number;
	width: number;
	height: number;
	concealed: number;
	samples: number;
}

export type Report = Requests['reportQuality'][0];
type Trouble = Report['consumers'][number];

type Receiving = { recvTransport: Pick<types.Transport, 'getStats'>; subscriber: Pick<Subscriber, 'consumers'> };

export async function sample({ recvTransport, subscriber }: Receiving): Promise<Sample[]> {
	const owners = new Map(subscriber.consumers().map((owned) => [owned.consumer.track.id, owned]));
	const samples: Sample[] = [];
	(await recvTransport.getStats()).forEach((entry) => {
		const owner = entry.type === 'inbound-rtp' ? owners.get(entry.trackIdentifier) : undefined;
		if (!owner) return;
		samples.push({
			consumerId: owner.consumer.id,
			kind: owner.consumer.kind,
			share: owner.share,
			flows: owner.flows,
			framesDecoded: entry.framesDecoded ?? 0,
			frozenSeconds: entry.totalFreezesDuration ?? 0,
			width: entry.frameWidth ?? 0,
			height: entry.frameHeight ?? 0,
			concealed: (entry.concealedSamples ?? 0) - (entry.silentConcealedSamples ?? 0),
			samples: entry.totalSamplesReceived ?? 0,
		});
	});
	return samples;
}

/** What people noticed of one consumer between two checks; null: nothing. */
export function troubleOf(before: Sample, after: Sample, span: number): Trouble | null {
	const { consumerId } = after;
	if (after.kind === 'audio') {
		const samples = after.samples - before.samples;
		const concealed = samples > 0 ? Math.round(((after.concealed - before.concealed) * 1000) / samples) : 0;
		return concealed >= CONCEALED ? { consumerId, concealed: Math.min(concealed, 1000) } : null;
	}
	// A screen may stay still for any time.
	if (after.share || !before.flows || !after.flows) return null;
	const stands = after.framesDecoded === before.framesDecoded;
	const frozen = stands ? span : Math.round((after.frozenSeconds - before.frozenSeconds) * 1000);
	return frozen * 1000 >= FROZEN * span ? { consumerId, frozen: Math.min(frozen, span) } : null;
}

/** Reports to the server what its participant sees and hears while it is bad, and once when it is good again. */
export class Watch {
	readonly #media: () => Receiving | null;
	readonly #report: (report: Report) => Promise<unknown>;
	#timer: ReturnType<typeof setTimeout>;
	#before = new Map<string, Sample>();
	#at = 0;
	#bad = false;

	/** phase: within WATCH_MS, 0 to 1, so that not all pages of a webinar report at the same moment. */
	constructor(media: () => Receiving | null, report: (report: Report) => Promise<unknown>, phase = Math.random()) {
		this.#media = media;
		this.#report = report;
		this.#timer = setTimeout(() => void this.#look(), phase * WATCH_MS);
	}

	close() {
		clearTimeout(this.#timer);
	}

	async #look() {
		this.#timer = setTimeout(() => void this.#look(), WATCH_MS);
		const media = this.#media();
		// Browsers slow down a page that is out of sight.
		const samples = media && !document.hidden ? await sample(media).catch(() => []) : [];
		const span = Math.round(performance.now() - this.#at);
		const troubles = samples.flatMap((after) => {
			const before = this.#before.get(after.consumerId);
			const trouble = before && troubleOf(before, after, span);
			return trouble ? [trouble] : [];
		});
		this.#before = new Map(samples.map((one) => [one.consumerId, one]));
		this.#at = performance.now();
		this.#tell(span, troubles);
	}

	#tell(span: number, troubles: Trouble[]) {
		const bad = troubles.length > 0;
		if (!bad && !this.#bad) return;
		this.#bad = bad;
		const weight = ({ frozen = 0, concealed = 0 }: Trouble) => Math.max(frozen / span, concealed / 1000);
		const consumers = troubles.sort((a, b) => weight(b) - weight(a)).slice(0, CONSUMERS_MAX);
		// The server already knows of a page that is not connected now.
		this.#report({ span: Math.min(Math.max(span, 1000), 60_000), consumers }).catch(() => {});
	}
}
