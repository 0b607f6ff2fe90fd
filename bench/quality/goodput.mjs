// How much of a link's capacity a viewer got. All rates are in bit/s, all functions are pure.

/** IP, UDP and the SRTP tag, which Chromium's counters omit. */
const PACKET_OVERHEAD = 20 + 8 + 16;

/** The speaker's audio on the wire. */
const SOUND_BPS = 64_000;
const MTU = 1500;

/** Bytes on the wire for what a counter reports as sent. */
const onWire = ({ bytes, headers, packets }) => bytes + headers + PACKET_OVERHEAD * packets;

/** A rate in amphi-link's notation: 600k is 600 000. */
const SCALE = { '': 1, k: 1e3, m: 1e6, g: 1e9 };
function rateOf(word) {
	const [, number, scale] = /^([\d.]+)([kmg]?)$/.exec(word);
	return Number(number) * SCALE[scale];
}

/** The capacity of each second of a trace in mahimahi's format: a line is a millisecond that carries a packet. It is cyclic. */
export function trace(text) {
	const lines = text.trim().split('\n').map(Number);
	const seconds = Array.from({ length: Math.ceil(lines.at(-1) / 1000) }, () => 0);
	for (const ms of lines) seconds[Math.min(seconds.length - 1, Math.floor(ms / 1000))] += MTU * 8;
	return seconds;
}

/**
 * The capacity of a link in each second of a course's measured parts: `first` and the parts' lines are those of links.mjs.
 * share: the viewer's part of it, if others share the link. traceText: the trace of a kind.
 */
export function carried({ first, measured, share = 1 }, traceText) {
	let link = () => Infinity;
	let kept = 1;
	const take = (line) => {
		const [word, value] = line.split(' ');
		if (word === 'rate') link = () => rateOf(value);
		if (word === 'loss') kept = 1 - parseFloat(value) / 100;
		if (word !== 'trace') return;
		const seconds = trace(traceText(value));
		link = (second) => seconds[second % seconds.length];
	};
	first.forEach(take);
	return measured.flatMap(({ lines, seconds }) => {
		lines.forEach(take);
		return Array.from({ length: Math.round(seconds) }, (_, second) => link(second) * kept * share);
	});
}

/** The bitrate of each encoding while it is sent, from a speaker's samples: the cheapest first. */
export function encodingsOf(samples) {
	const names = new Set(samples.flatMap(({ encodings = {} }) => Object.keys(encodings)));
	const weights = [...names].map((name) => {
		let [media, wire, ms] = [0, 0, 0];
		for (const [i, { at, encodings }] of samples.entries()) {
			const [now, before] = [encodings?.[name], samples[i - 1]?.encodings?.[name]];
			if (!now || !before || now.bytes <= before.bytes) continue;
			media += now.bytes - before.bytes;
			wire += onWire(now) - onWire(before);
			ms += at - samples[i - 1].at;
		}
		return { media: (media * 8000) / Math.max(1, ms), wire: (wire * 8000) / Math.max(1, ms) };
	});
	return weights.filter(({ media }) => media > 0).sort((a, b) => a.wire - b.wire);
}

/**
 * The most media that a link carries next to audio: the whole largest encoding that fits. If not even the smallest fits,
 * fewer of its frames might: then everything that is left.
 */
export function fitting(encodings, link) {
	const left = Math.max(0, link - SOUND_BPS);
	const fits = encodings.findLast(({ wire }) => wire <= left);
	return fits?.media ?? Math.min(left, encodings[0]?.media ?? left);
}

/** The same for an encoder that adapts freely, up to its limit. */
export const filling = (most, link) => Math.min(most, Math.max(0, link - SOUND_BPS));

const lastBefore = (samples, at) => samples.findLast((sample) => sample.at <= at) ?? samples[0];

/**
 * Media that arrived, without repairs and probes, divided by what fitted second by second (`fits`, from `from` on). Over the
 * whole time, so that a second with a burst makes up for one without.
 */
export function goodputRatio(samples, from, fits) {
	const bytes = lastBefore(samples, from + fits.length * 1000).media - lastBefore(samples, from).media;
	const all = fits.reduce((sum, bps) => sum + bps, 0);
	return all > 0 ? (bytes * 8) / all : undefined;
}

/** Seconds from the first sample until a second begins with this share of what fits; undefined if there is none. */
export function secondsUntilFull(samples, fits, share = 0.9) {
	for (const begin of samples) {
		const end = samples.find(({ at }) => at >= begin.at + 1000);
		if (!end) return undefined;
		if (((end.media - begin.media) * 8000) / (end.at - begin.at) >= share * fits) return (begin.at - samples[0].at) / 1000;
	}
	return undefined;
}

/** Bytes on the wire of a call from one time to another, from its transports' counters. */
export function wireBytes(samples, from, to) {
	const [begin, end] = [lastBefore(samples, from), lastBefore(samples, to)];
	return end.wire - begin.wire;
}
