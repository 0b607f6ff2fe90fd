import { Device, type types } from 'mediasoup-client';
import type { Connection } from '../signaling/connection';
import type { LocalMedia } from './local';
import { Publisher } from './publisher';
import { Subscriber } from './subscriber';
import { openTransport } from './transport';

/** Everything between one join and the next complete join: the PeerConnections and what flows over them. */
export interface MediaSession {
	device: types.Device;
	recvTransport: types.Transport;
	/** Null for a webinar's viewers. */
	publisher: Publisher | null;
	subscriber: Subscriber;
	close(): void;
}

export async function openMediaSession(
	connection: Connection,
	options: { local: LocalMedia | null; codec: string | null; changed: () => void },
): Promise<MediaSession> {
	const device = await Device.factory();
	await device.load({ routerRtpCapabilities: await connection.request('getRouterRtpCapabilities', {}) });

	const { local } = options;
	const sendTransport = local && (await openTransport(connection, device, 'send'));
	let recvTransport: types.Transport;
	try {
		recvTransport = await openTransport(connection, device, 'recv');
	} catch (error) {
		sendTransport?.close();
		throw error;
	}
	const publisher = sendTransport && new Publisher(connection, device, sendTransport, local, options.codec);
	return {
		device,
		recvTransport,
		publisher,
		subscriber: new Subscriber(recvTransport, options.changed),
		close() {
			publisher?.close();
			sendTransport?.close();
			recvTransport.close();
		},
	};
}
