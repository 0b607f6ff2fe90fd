import type { types } from 'mediasoup-client';
import type { Connection } from '../signaling/connection';

/** How long a path may be silent before ICE looks for another, and how long that search may take. */
const PATIENCE_MS = 2000;
const RESTART_MS = 5000;

/** Creates a transport at the server and its PeerConnection here. */
export async function openTransport(
	connection: Connection,
	device: types.Device,
	direction: 'send' | 'recv',
): Promise<types.Transport> {
	const options = await connection.request('createWebRtcTransport', {
		forceTcp: false,
		producing: direction === 'send',
		consuming: direction === 'recv',
	});
	const transport = direction === 'send' ? device.createSendTransport(options) : device.createRecvTransport(options);

	// A transport whose first connect fails cannot be used again: mediasoup-client has begun with its SDP by then.
	transport.on('connect', ({ dtlsParameters }, done, fail) => {
		connection
			.insist('connectWebRtcTransport', { transportId: transport.id, dtlsParameters })
			.then(done, (error: Error) => (error.message.startsWith('already:') ? done() : fail(error)));
	});
	// After a failed produce mediasoup-client undoes its SDP while it begins the next one's: the two collide.
	if (direction === 'send')
		transport.on('produce', ({ kind, rtpParameters, appData }, done, fail) => {
			connection
				.insist('produce', { transportId: transport.id, kind, rtpParameters, appData })
				.then(({ id }) => done({ id }), fail);
		});
	keepAlive(connection, transport);
	return transport;
}

/** Restarts ICE whenever the transport's path is gone, until it has one again. */
function keepAlive(connection: Connection, transport: types.Transport) {
	let timer: ReturnType<typeof setTimeout> | undefined;
	let restarting = false;

	const restart = async () => {
		clearTimeout(timer);
		timer = setTimeout(restart, RESTART_MS);
		// Without signaling there is nobody to ask; the next turn may have it back.
		if (restarting || !connection.connected) return;
		restarting = true;
		try {
			const iceParameters = await connection.request('restartIce', { transportId: transport.id });
			if (!transport.closed) await transport.restartIce({ iceParameters });
		} catch (error) {
			console.warn('amphi: ICE restart failed', error);
		}
		restarting = false;
	};

	transport.on('connectionstatechange', (state) => {
		if (state === 'connecting') return;
		clearTimeout(timer);
		if (state === 'failed') void restart();
		if (state === 'disconnected') timer = setTimeout(restart, PATIENCE_MS);
	});
	transport.observer.on('close', () => clearTimeout(timer));
}
