// The measured links, as settings of amphi-link for the direction to the viewer.

/**
 * The settings at first, before anybody joins, and those after some seconds, all in amphi-link's notation without the
 * direction. The file of a trace is made for the run. parts: steps with their shares of the time, each with the right result:
 * no video higher, and this many frames in a second, from which down_s and up_s are read. screen: instead of a camera, a
 * page of text is shared, which is turned every five seconds, or next to which something moves. beside: who else is behind
 * the link with an equal claim to it: a TCP download that takes all it can, or another viewer of the same webinar.
 */
export const LINKS = {
	open: {},
	'600k': { open_s: 20, then: ['rate 600k'] },
	'250k': { open_s: 20, then: ['rate 250k'] },
	// Too narrow for video beside the voice, and for sending the voice twice.
	'95k': { open_s: 20, then: ['rate 95k'] },
	steps: {
		first: ['rate 3m'],
		open_s: 20,
		parts: [
			{ share: 0.25, lines: ['rate 600k'], down: { height: 360, frames: 8 } },
			{ share: 0.25, lines: ['rate 150k'], down: { height: 180, frames: 3 } },
			{ share: 0.5, lines: ['rate 3m'], up: { height: 720, frames: 15 } },
		],
	},
	'2m': { first: ['rate 2m'] },
	loss5: { first: ['rate 2m', 'loss 5%'] },
	loss10: { first: ['rate 2m', 'loss 10%'] },
	loss20: { first: ['rate 2m', 'loss 20%'] },
	bucket6k: { open_s: 20, then: ['rate 600k', 'depth 6000'] },
	bucket1600: { open_s: 20, then: ['rate 600k', 'depth 1600'] },
	// The trace is set again when the figures begin, so that every call gets the same part of it.
	lte: { first: ['trace lte'], then: ['trace lte'] },
	wifi: { first: ['trace wifi'], then: ['trace wifi'] },
	// Half of 1 Mbit/s carries 360p. At 2 Mbit/s, no size of the camera is near half: 360p is a fifth, 720p four fifths.
	tcp: { beside: 'download', first: ['rate 1m'], open_s: 20 },
	pair: { beside: 'viewer', first: ['rate 1m'], open_s: 20 },
	share500k: { screen: 'turns', first: ['rate 500k'] },
	share3m: { screen: 'moves', first: ['rate 3m'] },
};

/** How long a viewer is there before the figures begin, by default. */
const SETTLED_S = 5;

/** The link's course: `first`, then steps with their seconds and lines; during the first step the viewer only settles. steady: it never changes. */
export function course(name, seconds) {
	const { screen, beside, first = [], open_s = SETTLED_S, then = [], parts } = LINKS[name];
	const measured = parts?.map((part) => ({ ...part, seconds: seconds * part.share })) ?? [{ lines: then, seconds }];
	const steady = !parts && then.length === 0 && !first.some((line) => line.startsWith('trace'));
	return { screen, beside, share: beside ? 0.5 : 1, first, open_s, measured, steady };
}
