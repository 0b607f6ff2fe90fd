import { expect, test } from 'vitest';
import { reconcile } from './resume';

test('equal sides need no change', () => {
	const ids = { consumerIds: ['c1', 'c2'], producerIds: ['p1'] };
	expect(reconcile(ids, ids)).toEqual({ closeConsumers: [], remakeProducers: [], closeProducers: [] });
});

test('each side drops what the other no longer has', () => {
	expect(
		reconcile(
			{ consumerIds: ['c1', 'c2'], producerIds: ['mic', 'camera'] },
			{ consumerIds: ['c2', 'c3'], producerIds: ['mic', 'closed while offline'] },
		),
	).toEqual({
		closeConsumers: ['c1'],
		remakeProducers: ['camera'],
		closeProducers: ['closed while offline'],
	});
});
