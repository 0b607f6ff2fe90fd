import { expect, test } from 'vitest';
import { isOn, type Recording, secondsOf } from './recording';

const tape = (state: Recording['state']): Recording => ({ state, elapsed: 12.5, at: 1000, reason: null, consent: 'notice' });

test('seconds count while it records, and stand still otherwise', () => {
	expect(secondsOf(tape('recording'), 1000)).toBe(12.5);
	expect(secondsOf(tape('recording'), 4500)).toBe(16);
	// The clock of performance.now() may be coarse.
	expect(secondsOf(tape('recording'), 999)).toBe(12.5);
	for (const state of ['starting', 'paused', 'stopped', 'failed'] as const) expect(secondsOf(tape(state), 9000)).toBe(12.5);
});

test('a recording is on while it records or pauses, not while it starts', () => {
	const on = (['starting', 'recording', 'paused', 'stopped', 'failed'] as const).filter((state) => isOn(tape(state)));
	expect(on).toEqual(['recording', 'paused']);
	expect(isOn(null)).toBe(false);
});
