import { expect, test } from 'vitest';
import source from '../../../shared/am_text.c?raw';
import { cleanName } from './name';

/** The server's ranges of one kind. */
function ranges(name: string): [number, number][] {
	const [, list = ''] = new RegExp(`static const struct range ${name}\\[\\] = \\{([^;]*)\\};`).exec(source) ?? [];
	return [...list.matchAll(/\{(0x[0-9a-f]+), (0x[0-9a-f]+)\}/g)].map(([, first, last]) => [Number(first), Number(last)]);
}

/** What cleaning does to a character in the middle of a name. */
const between = (code: number) => cleanName(`a${String.fromCodePoint(code)}b`);

test.each([
	['controls', () => null],
	['blanks', () => 'a b'],
	['unseen', () => 'ab'],
	['joiners', (character: string) => `a${character}b`],
])('the page and the server agree on %s', (kind, becomes) => {
	const list = ranges(kind);
	expect(list.length).toBeGreaterThan(2);
	for (const [first, last] of list)
		for (let code = first; code <= last; code++)
			expect(between(code), code.toString(16)).toBe(becomes(String.fromCodePoint(code)));
});

test('characters in none of the server’s ranges stay unchanged', () => {
	const special = ['controls', 'blanks', 'unseen', 'joiners'].flatMap(ranges);
	for (let code = 0; code < 0xe1000; code++) {
		if (code >= 0xd800 && code < 0xe000) continue;
		if (special.some(([first, last]) => code >= first && code <= last)) continue;
		if (between(code) !== `a${String.fromCodePoint(code)}b`) expect.fail(code.toString(16));
	}
});

// The rows of text_test.c.
test.each([
	['Ada Lovelace', 'Ada Lovelace'],
	[' \t Ada\r\n', 'Ada'],
	['Ada\u00a0 \u3000Lovelace\u2003', 'Ada Lovelace'],
	['\u202egnihtyna\u202c', 'gnihtyna'],
	['A\u200bd\u00ada\ufeff', 'Ada'],
	['\u200b\u2060', ''],
	['\u2800 \u00a0', ''],
	['\u200d\ufe0f', ''],
	['می\u200cخواهم', 'می\u200cخواهم'],
	['❤\ufe0f 👩\u200d💻', '❤\ufe0f 👩\u200d💻'],
	['Ada\u200d\u200c', 'Ada'],
	['\u200dAda \u200dL', 'Ada L'],
	['Ada\nLovelace', null],
	['Ada\u2028Lovelace', null],
	['Ada\ud800', null],
	['', ''],
	['😀'.repeat(64), '😀'.repeat(64)],
	['x'.repeat(65), null],
])('%j is shown as %j', (given, clean) => expect(cleanName(given)).toBe(clean));
