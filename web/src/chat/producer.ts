import type { types } from 'mediasoup-client';
import { openTransport, requestTransport } from '../media/transport';
import type { Connection } from '../signaling/connection';

const OPEN_MS = 10_000;

/** Sends what this participant writes, on a separate transport: it goes on when the participant becomes a speaker or a viewer. */
export async function openProducer(connection: Connection, device: types.Device): Promise<types.DataProducer> {
	// The transports of media report the state of the network.
	const transport = openTransport(connection, device, 'send', await requestTransport(connection, 'send', true), () => {}, true);
	try {
		const producer = await transport.produceData({ label: 'chat', ordered: true });
		await opened(producer);
		producer.observer.on('close', () => transport.close());
		return producer;
	} catch (error) {
		transport.close();
		throw error;
	}
}

function opened(producer: types.DataProducer): Promise<void> {
	if (producer.readyState === 'open') return Promise.resolve();
	return new Promise((resolve, reject) => {
		const timer = setTimeout(() => reject(new Error('the data channel does not open')), OPEN_MS);
		producer.on('open', () => {
			clearTimeout(timer);
			resolve();
		});
		producer.observer.on('close', () => {
			clearTimeout(timer);
			reject(new Error('the data channel was closed'));
		});
	});
}
