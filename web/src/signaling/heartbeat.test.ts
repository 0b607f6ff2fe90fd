import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DEAD_MS, Heartbeat, QUIET_MS, STALLED_MS } from './heartbeat';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
	const answers: ((error?: Error) => void)[] = [];
	const owner = {
		ask: vi.fn(() => new Promise<void>((resolve, reject) => answers.push((error) => (error ? reject(error) : resolve())))),
		stalled: vi.fn(),
		recovered: vi.fn(),
		dead: vi.fn(),
	};
	const heartbeat = new Heartbeat(owner);
	heartbeat.start();
	const calls = () => [owner.stalled, owner.recovered, owner.dead].map((call) => call.mock.calls.length);
	return { answers, owner, heartbeat, calls };
}

test('a server that sends something is not asked, a silent one is', async () => {
	const { answers, owner, heartbeat, calls } = setUp();
	for (let i = 0; i < 10; i++) {
		await vi.advanceTimersByTimeAsync(QUIET_MS - 1000);
		heartbeat.hear();
	}
	expect(owner.ask).not.toHaveBeenCalled();
	await vi.advanceTimersByTimeAsync(QUIET_MS);
	expect(owner.ask).toHaveBeenCalledOnce();
	// A refusal is an answer.
	answers[0]!(new Error('waiting: not yet'));
	await vi.advanceTimersByTimeAsync(STALLED_MS);
	expect(calls()).toEqual([0, 0, 0]);
	await vi.advanceTimersByTimeAsync(QUIET_MS);
	expect(owner.ask).toHaveBeenCalledTimes(2);
});

test('a stalled server is reported, and reported again when it continues', async () => {
	const { answers, calls } = setUp();
	await vi.advanceTimersByTimeAsync(QUIET_MS + STALLED_MS - 1);
	expect(calls()).toEqual([0, 0, 0]);
	await vi.advanceTimersByTimeAsync(1);
	expect(calls()).toEqual([1, 0, 0]);
	answers[0]!();
	await vi.advanceTimersByTimeAsync(0);
	expect(calls()).toEqual([1, 1, 0]);
	await vi.advanceTimersByTimeAsync(DEAD_MS - STALLED_MS);
	expect(calls()).toEqual([1, 1, 0]);
});

test('a server that stays stalled is given up', async () => {
	const { answers, owner, heartbeat, calls } = setUp();
	await vi.advanceTimersByTimeAsync(QUIET_MS + DEAD_MS);
	expect(calls()).toEqual([1, 0, 1]);
	heartbeat.stop();
	answers[0]!(new Error('connection lost'));
	await vi.advanceTimersByTimeAsync(60_000);
	expect(calls()).toEqual([1, 0, 1]);
	expect(owner.ask).toHaveBeenCalledOnce();
	// The next WebSocket.
	heartbeat.start();
	await vi.advanceTimersByTimeAsync(QUIET_MS);
	expect(owner.ask).toHaveBeenCalledTimes(2);
});

test('a late answer to an earlier WebSocket changes nothing', async () => {
	const { answers, owner, heartbeat, calls } = setUp();
	await vi.advanceTimersByTimeAsync(QUIET_MS + STALLED_MS);
	heartbeat.stop();
	heartbeat.start();
	answers[0]!();
	await vi.advanceTimersByTimeAsync(QUIET_MS);
	expect(owner.ask).toHaveBeenCalledTimes(2);
	expect(calls()).toEqual([1, 0, 0]);
});
