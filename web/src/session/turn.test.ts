import { expect, test } from 'vitest';
import { Turn } from './turn';

test('a turn lasts until the next, and none is left after the end', () => {
	const turn = new Turn();
	const first = turn.next();
	const same = turn.now();
	expect([first(), same()]).toEqual([true, true]);
	const second = turn.next();
	expect([first(), same(), second()]).toEqual([false, false, true]);
	turn.end();
	expect([second(), turn.now()(), turn.next()()]).toEqual([false, false, false]);
});
