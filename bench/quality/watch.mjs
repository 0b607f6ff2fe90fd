// What a viewer gets, from the browser's own statistics: samples taken in the page, and figures computed from them.

/** Runs in the page: from now on four samples a second, in window.quality. All times are Date.now(). */
export function watchInPage() {
	const counters = [
		'framesDecoded',
		'totalFreezesDuration',
		'nackCount',
		'concealedSamples',
		'silentConcealedSamples',
		'totalSamplesReceived',
	];
	const take = async () => {
		const sample = { at: Date.now(), height: 0, layers: 0, sent: 0, encoded: 0, media: 0, wire: 0, encodings: {} };
		for (const counter of counters) sample[counter] = 0;
		for (const connection of probe.connections) {
			if (connection.connectionState === 'closed') continue;
			for (const entry of (await connection.getStats()).values()) {
				if (entry.type === 'outbound-rtp' && entry.frameHeight === 720) sample.sent += entry.framesEncoded;
				if (entry.type === 'outbound-rtp') sample.encoded = Math.max(sample.encoded, entry.framesEncoded ?? 0);
				if (entry.type === 'outbound-rtp' && entry.kind === 'video') {
					sample.encodings[entry.rid ?? ''] = {
						bytes: entry.bytesSent,
						headers: entry.headerBytesSent,
						packets: entry.packetsSent,
					};
				}
				if (entry.type === 'transport') sample.wire += entry.bytesReceived + 28 * entry.packetsReceived; // IPv4 and UDP
				if (entry.type !== 'inbound-rtp') continue;
				if (entry.kind === 'video') sample.media += entry.bytesReceived - (entry.retransmittedBytesReceived ?? 0);
				for (const counter of counters) sample[counter] += entry[counter] ?? 0;
				if (entry.frameHeight) sample.height = entry.frameHeight;
			}
		}
		const told = probe.received.filter(({ method }) => method === 'consumerLayersChanged').map(({ data }) => data);
		const seen = probe.pageSeen();
		sample.text = seen?.db;
		sample.page = seen?.number;
		sample.layers = told.length;
		sample.told = told.at(-1);
		return sample;
	};
	window.quality = [];
	setInterval(async () => window.quality.push(await take()), 250);
}

const last = (samples, until) => samples.findLast(({ at }) => at <= until) ?? samples[0];

/** The height in which most frames arrived. */
function heightOf(samples) {
	const frames = {};
	for (const [i, sample] of samples.entries()) {
		if (i > 0) frames[sample.height] = (frames[sample.height] ?? 0) + sample.framesDecoded - samples[i - 1].framesDecoded;
	}
	const [height, most] = Object.entries(frames).sort(([, a], [, b]) => b - a)[0] ?? [0, 0];
	return most > 0 ? Number(height) : 0;
}

/**
 * The sum of all times of more than a second without a frame. Chromium counts a freeze only when it ends, and not always
 * then: a video that was paused for half a minute did not count.
 */
function still(samples, to) {
	let sum = 0;
	let moved = samples[0];
	for (const sample of [...samples.slice(1), { at: to }]) {
		if (sample.framesDecoded === moved.framesDecoded) continue;
		if (sample.at - moved.at > 1000) sum += sample.at - moved.at;
		moved = sample;
	}
	return sum / 1000;
}

/** Figures from one time to another. A direct call has no messages about layers, so changes of height count. */
export function figuresOf(samples, from, to, { direct }) {
	const begin = last(samples, from);
	const inside = samples.filter(({ at }) => at >= begin.at && at <= to);
	const end = inside.at(-1);
	const grown = (counter) => end[counter] - begin[counter];
	const seconds = (end.at - begin.at) / 1000;
	const changes = direct ? inside.filter(({ height }, i) => i > 0 && height !== inside[i - 1].height).length : grown('layers');
	return {
		frames_per_s: grown('framesDecoded') / seconds,
		height: heightOf(inside),
		freeze_s: Math.min(seconds, Math.max(grown('totalFreezesDuration'), still(inside, to))),
		voice_concealed_percent:
			(100 * (grown('concealedSamples') - grown('silentConcealedSamples'))) / Math.max(1, grown('totalSamplesReceived')),
		nack_per_s: grown('nackCount') / seconds,
		changes_per_min: (changes * 60) / seconds,
		text_db: inside.some(({ text }) => text)
			? percentile(
					inside.map(({ text = 0 }) => text),
					0.5,
				)
			: undefined,
	};
}

/** The quality from which text is easy to read, in dB. */
export const READABLE = 24;

/** Seconds from each turn of a page until it can be read; if it never can, until the next turn or the end. */
export function secondsToRead(turns, samples, from, to) {
	const inside = turns.filter(({ at }) => at >= from && at <= to);
	return inside.map(({ number, at }, i) => {
		const end = inside[i + 1]?.at ?? to;
		const read = samples.find(
			(sample) => sample.at >= at && sample.at < end && sample.page === number && sample.text >= READABLE,
		);
		return ((read?.at ?? end) - at) / 1000;
	});
}

/** Frames per second of the camera, fewer on a busy machine: of the size with most frames, since unwatched sizes are off. */
export function sentOf(samples, from, to) {
	const [begin, end] = [last(samples, from), last(samples, to)];
	return ((end.encoded - begin.encoded) * 1000) / Math.max(1, end.at - begin.at);
}

/**
 * Seconds from one time until a second begins with this many frames, none of them higher (or, going up, all of them as
 * high); the whole time if there is none.
 */
export function secondsUntil(samples, from, to, { height, frames }, up = false) {
	for (const begin of samples.filter(({ at }) => at >= from && at + 1000 <= to)) {
		const second = samples.filter(({ at }) => at >= begin.at && at <= begin.at + 1100);
		const right = second.every((sample) => (up ? sample.height >= height : sample.height <= height));
		if (right && second.at(-1).framesDecoded - begin.framesDecoded >= frames) return (begin.at - from) / 1000;
	}
	return (to - from) / 1000;
}

/** Of a sorted copy. */
export function percentile(values, share) {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted.length > 0 ? sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] : 0;
}
