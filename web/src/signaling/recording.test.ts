import { afterEach, expect, test, vi } from 'vitest';
import { askRecording, refusedFor, troubleOf } from './recording';

afterEach(() => void vi.unstubAllGlobals());

test('the reason of a refusal, if there is a text for it', () => {
	expect(refusedFor(new Error('disk-full: 1 GiB left'))).toBe('disk-full');
	expect(refusedFor(new Error('quota'))).toBe('quota');
	expect(refusedFor(new Error('not-allowed: moderators only'))).toBe(null);
	expect(refusedFor('too-many')).toBe(null);
	expect(troubleOf('recorder-lost')).toBe('recorder-lost');
	for (const none of ['moderator', 'api', null, undefined]) expect(troubleOf(none)).toBe(null);
});

test('people outside learn what is recorded, or that the server does not say', async () => {
	const recording = { state: 'recording', elapsed: 3, reason: null, consent: 'notice' };
	const answers = (body: unknown, status = 200) =>
		vi.stubGlobal(
			'fetch',
			vi.fn(async () => new Response(JSON.stringify(body), { status })),
		);
	answers({ recording });
	expect(await askRecording('a b')).toEqual(recording);
	expect(fetch).toHaveBeenCalledWith('/api/recording?roomId=a+b', expect.anything());
	answers({ recording: null });
	expect(await askRecording('r')).toBe(null);
	answers({}, 404);
	await expect(askRecording('r')).rejects.toThrow('404');
});
