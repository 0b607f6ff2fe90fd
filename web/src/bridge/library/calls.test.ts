import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Calls } from './calls';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
	const calls = new Calls();
	const answers: [name: string, result: unknown][] = [];
	const add = (name: string) => calls.add(name, null, (result) => answers.push([name, result]));
	const sent: { id: number; name: string }[] = [];
	const send = (call: { id: number; name: string }) => void sent.push(call);
	return { calls, answers, add, sent, send };
}

test('calls made before the page is there reach it in order later', () => {
	const { calls, answers, add, sent, send } = setUp();
	for (const name of ['a', 'b', 'c']) add(name);
	calls.connected(send);
	add('d');
	expect(sent.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
	calls.settle(sent[1]!.id, 'B');
	expect(answers).toEqual([['b', 'B']]);
});

test('each call is answered once, and within 10 s', () => {
	const { calls, answers, add, sent, send } = setUp();
	calls.connected(send);
	add('a');
	vi.advanceTimersByTime(10_000);
	expect(answers).toMatchObject([['a', { error: { code: 'timeout' } }]]);
	calls.settle(sent[0]!.id, 'late');
	calls.settle(sent[0]!.id, 'twice');
	calls.disconnected({ code: 'interrupted', message: '' });
	expect(answers).toHaveLength(1);
});

test('a call that has waited too long for the page is answered, but not lost', () => {
	const { calls, answers, add, sent, send } = setUp();
	add('join');
	vi.advanceTimersByTime(10_000);
	expect(answers).toMatchObject([['join', { error: { code: 'timeout' } }]]);
	calls.connected(send);
	expect(sent).toMatchObject([{ name: 'join' }]);
	calls.settle(sent[0]!.id, {});
	expect(answers).toHaveLength(1);
});

test('when the page goes, its calls are answered, and later ones wait for the next page', () => {
	const { calls, answers, add, sent, send } = setUp();
	calls.connected(send);
	add('given');
	calls.disconnected({ code: 'interrupted', message: '' });
	expect(answers).toMatchObject([['given', { error: { code: 'interrupted' } }]]);
	add('next');
	expect(sent).toHaveLength(1);
	calls.connected(send);
	expect(sent.map(({ name }) => name)).toEqual(['given', 'next']);
	expect(answers).toHaveLength(1);
});

test('if no page will ever answer, every call fails', () => {
	const { calls, answers, add, sent, send } = setUp();
	add('a');
	calls.abandon({ code: 'wrong-room', message: '' });
	expect(answers).toMatchObject([['a', { error: { code: 'wrong-room' } }]]);
	calls.connected(send);
	expect(sent).toEqual([]);
});
