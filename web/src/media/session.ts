import { Device, type types } from 'mediasoup-client';
import type { Connection } from '../signaling/connection';
import type { LocalMedia } from './local';
import { Publisher } from './publisher';
import type { ScreenShare } from './screen';
import { Subscriber } from './subscriber';
import { openTransport } from './transport';

/** Everything between one join and the next complete join: the PeerConnections and what flows over them. */
export interface MediaSession {
	device: types.Device;
	recvTransport: types.Transport;
	/** Null for a webinar's viewers. */
	readonly publisher: Publisher | null;
	subscriber: Subscriber;
	/** Makes the publisher, on a transport of its own: what is received goes on. */
	openPublisher(): Promise<void>;
	closePublisher(): void;
	close(): void;
}

export async function openMediaSession(
	connection: Connection,
	options: {
		local: LocalMedia;
		screen: ScreenShare;
		speaker: boolean;
		codec: string | null;
		changed: () => void;
	},
): Promise<MediaSession> {
	const device = await Device.factory();
	await device.load({ routerRtpCapabilities: await connection.request('getRouterRtpCapabilities', {}) });

	let sendTransport: types.Transport | null = null;
	let publisher: Publisher | null = null;
	const openPublisher = async () => {
		sendTransport = await openTransport(connection, device, 'send');
		publisher = new Publisher(connection, device, sendTransport, options);
	};
	const closePublisher = () => {
		publisher?.close();
		sendTransport?.close();
		publisher = null;
	};

	if (options.speaker) await openPublisher();
	let recvTransport: types.Transport;
	try {
		recvTransport = await openTransport(connection, device, 'recv');
	} catch (error) {
		closePublisher();
		throw error;
	}
	return {
		device,
		recvTransport,
		get publisher() {
			return publisher;
		},
		subscriber: new Subscriber(recvTransport, options.changed),
		openPublisher,
		closePublisher,
		close() {
			closePublisher();
			recvTransport.close();
		},
	};
}
