import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const load = vi.fn(async () => {});
vi.mock('mediasoup-client', () => ({ Device: { factory: async () => ({ load, recvRtpCapabilities: {} }) } }));
vi.mock('./capabilities', () => ({ receivingCapabilities: () => ({}) }));
vi.mock('./red', () => ({ mendDescriptions() {}, withRed: (router: object) => router }));

const router = {};
let respond: (answer: Response) => void;
const ask = vi.fn(async () => router);

beforeEach(() => {
	vi.useFakeTimers();
	vi.clearAllMocks();
	vi.stubGlobal('fetch', () => new Promise((resolve) => (respond = resolve)));
});
afterEach(() => void vi.useRealTimers());

const { loadAhead, loadCommon } = await import('./ahead');
const answered = (version: string) => Response.json({ version, routerRtpCapabilities: router });

test('a pending load is waited for, not repeated', async () => {
	loadAhead();
	const common = loadCommon('1', ask);
	respond(answered('1'));
	await common;
	expect(ask).not.toHaveBeenCalled();
	expect(load).toHaveBeenCalledTimes(1);
});

test('another version, a refusal or a slow server causes a new request', async () => {
	loadAhead();
	respond(answered('2'));
	await loadCommon('1', ask);
	expect(ask).toHaveBeenCalledTimes(1);

	loadAhead();
	respond(new Response('', { status: 503 }));
	await loadCommon('1', ask);
	expect(ask).toHaveBeenCalledTimes(2);

	loadAhead();
	const common = loadCommon('1', ask);
	await vi.advanceTimersByTimeAsync(1000);
	await common;
	expect(ask).toHaveBeenCalledTimes(3);
});
