/** The length of a name, in code points. */
export const NAME_MAX = 64;

// The server's rules (controlplane/base/text.c, shared/am_text.c), range for range: both accept the same names.
const CONTROLS = /[\0-\x1f\x7f-\x9f\u2028\u2029\p{Cs}]/u;
const BLANKS = /[ \xa0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000]+/gu;
const UNSEEN =
	/[\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e001f}\u{e0080}-\u{e00ff}\u{e01f0}-\u{e0fff}]/gu;
const JOINERS_WITHOUT = /(^| )[\u180b-\u180d\u180f\u200c\u200d\ufe00-\ufe0f\u{e0020}-\u{e007f}\u{e0100}-\u{e01ef}]+/gu;

/**
 * A name in the form that everybody sees: single spaces between words, nothing invisible, no bidirectional controls.
 * Empty if nothing visible is left; null: control characters (including line breaks), or more than NAME_MAX characters.
 */
export function cleanName(text: string): string | null {
	const trimmed = text.replace(/^[\t-\r ]+|[\t-\r ]+$/g, '');
	if (CONTROLS.test(trimmed)) return null;
	const clean = trimmed
		.replace(UNSEEN, '')
		.replace(BLANKS, ' ')
		.replace(JOINERS_WITHOUT, '$1')
		.replace(/ {2,}/g, ' ')
		.replace(/^ | $/g, '')
		.replace(/[\u200c\u200d]+$/, '');
	return [...clean].length <= NAME_MAX ? clean : null;
}

/** The same for an optional name: undefined if there is none. */
export const validName = (text: string): string | undefined => cleanName(text) || undefined;
