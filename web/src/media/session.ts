import type { types } from 'mediasoup-client';
import type { Connection } from '../signaling/connection';
import type { LocalMedia } from './local';
import { Publisher } from './publisher';
import type { ScreenShare } from './screen';
import { Subscriber } from './subscriber';
import { openTransport, type Path, requestTransport } from './transport';

/** Everything between one join and the next complete join: the PeerConnections and their streams. */
export interface MediaSession {
	device: types.Device;
	readonly recvTransport: types.Transport;
	/** Null for a webinar's viewers. */
	readonly publisher: Publisher | null;
	readonly subscriber: Subscriber;
	/** The worse state of both directions. */
	readonly path: Path;
	/** Creates the publisher, on a separate transport: receiving goes on. */
	openPublisher(): Promise<void>;
	closePublisher(): void;
	/** Creates another transport to receive on; the server offers its consumers again. */
	reopenSubscriber(): Promise<void>;
	close(): void;
}

/** Requests the transports before it returns, so that later requests are sent together with them. */
export async function openMediaSession(
	connection: Connection,
	device: types.Device,
	options: {
		local: LocalMedia;
		screen: ScreenShare;
		speaker: boolean;
		codec: string | null;
		changed: () => void;
		/** A transport is connected. */
		connected: () => void;
		/** The server has ended a transport; the path is lost until there is another. connected: it was connected before. */
		ended: (direction: 'send' | 'recv', connected: boolean) => void;
	},
): Promise<MediaSession> {
	const [sendOptions, recvOptions] = await Promise.all([
		options.speaker ? requestTransport(connection, 'send') : null,
		requestTransport(connection, 'recv'),
	]);

	const paths: Record<'send' | 'recv', Path> = { send: 'open', recv: 'open' };
	let sendTransport: types.Transport | null = null;
	let recvTransport: types.Transport | null = null;
	let publisher: Publisher | null = null;
	const open = (direction: 'send' | 'recv', described: types.TransportOptions) => {
		let connected = false;
		const transport = openTransport(connection, device, direction, described, (path) => setPath(direction, path));
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
	const publish = (described: types.TransportOptions) => {
		sendTransport = open('send', described);
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
	const subscribe = (described: types.TransportOptions) => {
		const transport = open('recv', described);
		recvTransport = transport;
		return { transport, subscriber: new Subscriber(transport, options.changed) };
	};

	if (sendOptions) publish(sendOptions);
	let receiving = subscribe(recvOptions);
	return {
		device,
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
		async openPublisher() {
			publish(await requestTransport(connection, 'send'));
		},
		closePublisher,
		async reopenSubscriber() {
			const described = await requestTransport(connection, 'recv');
			receiving.subscriber.close();
			receiving = subscribe(described);
			receiving.subscriber.expectOffers();
		},
		close() {
			closePublisher();
			recvTransport = null;
			receiving.subscriber.close();
			receiving.transport.close();
		},
	};
}
