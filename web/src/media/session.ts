import { Device, type types } from 'mediasoup-client';
import type { Connection } from '../signaling/connection';
import { receivingCapabilities } from './capabilities';
import type { LocalMedia } from './local';
import { Publisher } from './publisher';
import type { ScreenShare } from './screen';
import { Subscriber } from './subscriber';
import { openTransport, type Path } from './transport';

/** Everything between one join and the next complete join: the PeerConnections and what flows over them. */
export interface MediaSession {
	device: types.Device;
	/** What this browser receives of what the server sends. */
	readonly rtpCapabilities: types.RtpCapabilities;
	readonly recvTransport: types.Transport;
	/** Null for a webinar's viewers. */
	readonly publisher: Publisher | null;
	readonly subscriber: Subscriber;
	/** The worse of both directions. */
	readonly path: Path;
	/** Makes the publisher, on a transport of its own: what is received goes on. */
	openPublisher(): Promise<void>;
	closePublisher(): void;
	/** Makes another transport to receive on; what it brings, the server offers anew. */
	reopenSubscriber(): Promise<void>;
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
		/** A transport works. */
		connected: () => void;
		/** The server has ended a transport, and the path is lost until there is another. connected: it had worked before. */
		ended: (direction: 'send' | 'recv', connected: boolean) => void;
	},
): Promise<MediaSession> {
	const device = await Device.factory();
	const router = await connection.request('getRouterRtpCapabilities', {});
	await device.load({ routerRtpCapabilities: router });
	const rtpCapabilities = receivingCapabilities(device.recvRtpCapabilities, router);

	const paths: Record<'send' | 'recv', Path> = { send: 'open', recv: 'open' };
	let sendTransport: types.Transport | null = null;
	let recvTransport: types.Transport | null = null;
	let publisher: Publisher | null = null;
	const open = async (direction: 'send' | 'recv') => {
		let connected = false;
		const transport = await openTransport(connection, device, direction, (path) => setPath(direction, path));
		transport.on('connectionstatechange', (state) => {
			if (state !== 'connected') return;
			connected = true;
			options.connected();
		});
		transport.observer.on('close', () => {
			if (transport !== sendTransport && transport !== recvTransport) return;
			if (direction === 'send') dropPublisher();
			setPath(direction, 'lost');
			options.ended(direction, connected);
		});
		setPath(direction, 'open');
		return transport;
	};
	const setPath = (direction: 'send' | 'recv', path: Path) => {
		paths[direction] = path;
		options.changed();
	};
	const openPublisher = async () => {
		sendTransport = await open('send');
		publisher = new Publisher(connection, device, sendTransport, options);
	};
	const dropPublisher = () => {
		publisher?.close();
		publisher = null;
		const transport = sendTransport;
		sendTransport = null;
		transport?.close();
	};
	const closePublisher = () => {
		dropPublisher();
		setPath('send', 'open');
	};
	const openSubscriber = async () => {
		const transport = await open('recv');
		recvTransport = transport;
		return { transport, subscriber: new Subscriber(transport, options.changed) };
	};

	if (options.speaker) await openPublisher();
	let receiving: Awaited<ReturnType<typeof openSubscriber>>;
	try {
		receiving = await openSubscriber();
	} catch (error) {
		closePublisher();
		throw error;
	}
	return {
		device,
		rtpCapabilities,
		get recvTransport() {
			return receiving.transport;
		},
		get publisher() {
			return publisher;
		},
		get path() {
			return paths.recv === 'open' ? paths.send : paths.recv;
		},
		get subscriber() {
			return receiving.subscriber;
		},
		openPublisher,
		closePublisher,
		async reopenSubscriber() {
			receiving = await openSubscriber();
		},
		close() {
			closePublisher();
			recvTransport = null;
			receiving.transport.close();
		},
	};
}
