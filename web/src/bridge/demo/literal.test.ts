import { expect, test } from 'vitest';
import { literal } from './literal';

test('values look as people write them', () => {
	expect(literal(undefined)).toBe('undefined');
	expect(literal(true)).toBe('true');
	expect(literal({})).toBe('{}');
	expect(literal({ constraints: { audio: true, video: { label: 'a "b" \'c\'\n' } } })).toBe(
		"{ constraints: { audio: true, video: { label: 'a \"b\" \\'c\\'\\n' } } }",
	);
	expect(literal('x'.repeat(1000))).toHaveLength(63);
});
