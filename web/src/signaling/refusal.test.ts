import { expect, test } from 'vitest';
import { refusal, refusalFromError } from './refusal';

test('an error answer is split into code and text', () => {
	expect(refusalFromError(new Error('room-full: 50 participants: no more'))).toEqual({
		reason: 'room-full',
		message: '50 participants: no more',
	});
});

test('an unknown reason is a server error that keeps its text', () => {
	expect(refusalFromError(new Error('timeout: nobody home'))).toEqual({
		reason: 'server-error',
		message: 'timeout: nobody home',
	});
	expect(refusal('new-reason', 'text')).toEqual({ reason: 'server-error', message: 'text' });
});
