interface Reconciliation {
	/** Consumers the page has and the server has not. */
	closeConsumers: string[];
	/** Own producers the server has lost: to be closed here and created again. */
	remakeProducers: string[];
	/** Producers the server still has and the page has not: to be closed there. */
	closeProducers: string[];
}

/** What must change after a resume, given the ids both sides hold. */
export function reconcile(
	page: { consumerIds: string[]; producerIds: string[] },
	server: { consumerIds: string[]; producerIds: string[] },
): Reconciliation {
	const without = (ids: string[], others: string[]) => ids.filter((id) => !others.includes(id));
	return {
		closeConsumers: without(page.consumerIds, server.consumerIds),
		remakeProducers: without(page.producerIds, server.producerIds),
		closeProducers: without(server.producerIds, page.producerIds),
	};
}
