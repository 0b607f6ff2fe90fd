import { expect, test } from 'vitest';
import { clock } from './clock';

test.each([
	[0, '0:00'],
	[7.99, '0:07'],
	[754, '12:34'],
	[3599.9, '59:59'],
	[3723, '1:02:03'],
	[43_200, '12:00:00'],
	[-1, '0:00'],
])('%s seconds are %s', (seconds, text) => expect(clock(seconds)).toBe(text));
