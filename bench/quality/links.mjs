// The links that are measured, by what amphi-link is told about the way to the viewer.

/**
 * What is told at first, before anybody comes, and what after so many seconds; all in amphi-link's words, without the
 * way. A trace's file is made for the run. parts: steps with their shares of the time, and with each what is right there:
 * no picture higher, and so many frames in a second, from which down_s and up_s are read.
 */
export const LINKS = {
	open: {},
	'600k': { open_s: 20, then: ['rate 600k'] },
	'250k': { open_s: 20, then: ['rate 250k'] },
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
	bucket6k: { open_s: 20, then: ['rate 600k', 'depth 6000'] },
	bucket1600: { open_s: 20, then: ['rate 600k', 'depth 1600'] },
	// Told again when the figures begin, so that every call has the same part of it.
	lte: { first: ['trace lte'], then: ['trace lte'] },
	wifi: { first: ['trace wifi'], then: ['trace wifi'] },
};

/** How long a viewer has been there before the figures begin, where nothing else is said. */
export const SETTLED_S = 5;

/** The link's course: first, then steps with their seconds and lines, the first of which only lets the viewer settle. */
export function course(name, seconds) {
	const { first = [], open_s = SETTLED_S, then = [], parts } = LINKS[name];
	const measured = parts?.map((part) => ({ ...part, seconds: seconds * part.share })) ?? [{ lines: then, seconds }];
	return { first, open_s, measured };
}
