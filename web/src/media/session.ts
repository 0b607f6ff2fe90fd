import { Device, type types } from 'mediasoup-client';
import type { Connection } from '../signaling/connection';
import type { LocalMedia } from './local';
import { Publisher } from './publisher';
import type { ScreenShare } from './screen';
import { Subscriber } from './subscriber';
import { openTransport, type Path } from './transport';

/** Everything between one join and the next complete join: the PeerConnections and what flows over them. */
export interface MediaSession {
	device: types.Device;
	recvTransport: types.Transport;
	/** Null for a webinar's viewers. */
	readonly publisher: Publisher | null;
	subscriber: Subscriber;
	/** The worse of both directions. */
	readonly path: Path;
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

	const paths: Record<'send' | 'recv', Path> = { send: 'open', recv: 'open' };
	const open = (direction: 'send' | 'recv') =>
		openTransport(connection, device, direction, (path) => {
			paths[direction] = path;
			options.changed();
		});
	let sendTransport: types.Transport | null = null;
	let publisher: Publisher | null = null;
	const openPublisher = async () => {
		sendTransport = await open('send');
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
		recvTransport = await open('recv');
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
		get path() {
			return paths.recv === 'open' ? paths.send : paths.recv;
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
