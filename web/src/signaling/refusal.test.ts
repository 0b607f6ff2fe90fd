import { expect, test } from 'vitest';
import header from '../../../controlplane/terms/refusal.h?raw';
import { refusal, refusalFromError } from './refusal';

test('the page knows each reason of the server', () => {
	const codes = [...header.matchAll(/X\([A-Z_]+,\s*"([a-z-]+)"/g)].map(([, code]) => code!).filter((code) => code !== 'none');
	expect(codes.length).toBeGreaterThan(20);
	for (const code of codes) expect(refusal(code).reason).toBe(code);
});

test('an error answer is split into code and text', () => {
	expect(refusalFromError(new Error('room-full: 50 participants: no more'))).toEqual({
		reason: 'room-full',
		message: '50 participants: no more',
	});
});

test('the data of a reason is kept', () => {
	expect(refusal('locked', 'The room is locked.', { detail: 'Call Ann.' })).toEqual({
		reason: 'locked',
		message: 'The room is locked.',
		detail: 'Call Ann.',
	});
	expect(refusal('not-started', '', { startTime: 1 })).toMatchObject({ startTime: 1 });
});

test('an unknown reason is a server error that keeps its text', () => {
	expect(refusalFromError(new Error('timeout: nobody home'))).toEqual({
		reason: 'server-error',
		message: 'timeout: nobody home',
	});
	expect(refusal('new-reason', 'text')).toEqual({ reason: 'server-error', message: 'text' });
});
