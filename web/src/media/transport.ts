import type { types } from 'mediasoup-client';
import type { Connection } from '../signaling/connection';

/** How long a path may be silent before ICE looks for another, and how long that search may take. */
const PATIENCE_MS = 2000;
const RESTART_MS = 5000;

/** Whether media gets through: no longer, never so far, or yes. */
export type Path = 'open' | 'lost' | 'blocked';

/** The SCTP streams that this page accepts; the server has fewer. */
export const SCTP = { numStreams: { OS: 1024, MIS: 1024 } };

/** Transports that are open on both sides, by id. */
const open = new Map<string, types.Transport>();

/** The server has ended it. */
export function endTransport(transportId: string) {
	const transport = open.get(transportId);
	open.delete(transportId);
	transport?.close();
}

/** Before a complete join: the server no longer has any of them, and may reuse their ids. */
export function forgetTransports() {
	open.clear();
}

/** Closes a transport on the server. It does not matter whether the server still has it. */
function closeAtServer(connection: Connection, transportId: string) {
	connection.request('closeTransport', { transportId }).catch(() => {});
}

/** After a resume: closes transports that the server has lost, and those on the server that are not open here. */
export function reconcileTransports(connection: Connection, alive: string[]) {
	for (const id of open.keys()) if (!alive.includes(id)) endTransport(id);
	for (const id of alive) if (!open.has(id)) closeAtServer(connection, id);
}

type Direction = 'send' | 'recv';

/** Requests a transport. data: for data channels, on which viewers may send too. */
export function requestTransport(connection: Connection, direction: Direction, data = false): Promise<types.TransportOptions> {
	return connection.request('createWebRtcTransport', {
		forceTcp: false,
		producing: direction === 'send',
		consuming: direction === 'recv',
		...(data && { sctpCapabilities: SCTP }),
	});
}

/**
 * After the first video, mediasoup-client negotiates a separate stream for mediasoup's probes, which delays what follows.
 * Amphi sends probes on the retransmission stream of a video.
 */
function leaveOutProbator(transport: types.Transport) {
	(transport as unknown as { _probatorConsumerCreated: boolean })._probatorConsumerCreated = true;
}

/** Creates the PeerConnection for a transport that the server has created. */
export function openTransport(
	connection: Connection,
	device: types.Device,
	direction: Direction,
	options: types.TransportOptions,
	onPath: (path: Path) => void,
	data = false,
): types.Transport {
	const transport = direction === 'send' ? device.createSendTransport(options) : device.createRecvTransport(options);
	if (direction === 'recv') leaveOutProbator(transport);
	open.set(transport.id, transport);
	transport.observer.on('close', () => {
		// A transport that the server has ended is no longer in the list.
		if (open.get(transport.id) !== transport) return;
		open.delete(transport.id);
		closeAtServer(connection, transport.id);
	});

	// ICE need not wait for the answer. A transport that the server refuses cannot be used again: there will be another.
	transport.on('connect', ({ dtlsParameters }, done) => {
		connection.insist('connectWebRtcTransport', { transportId: transport.id, dtlsParameters }).catch((error: Error) => {
			if (transport.closed || error.message.startsWith('already:')) return;
			console.error('amphi: connecting a transport failed', error);
			transport.close();
		});
		done();
	});
	// After a failed produce mediasoup-client undoes its SDP while it begins the next one's: the two collide.
	if (direction === 'send')
		transport.on('produce', ({ kind, rtpParameters, appData }, done, fail) => {
			connection
				.insist('produce', { transportId: transport.id, kind, rtpParameters, appData })
				.then(({ id }) => done({ id }), fail);
		});
	if (data)
		transport.on('producedata', ({ sctpStreamParameters, label = '', protocol = '', appData }, done, fail) => {
			connection
				.insist('produceData', { transportId: transport.id, sctpStreamParameters, label, protocol, appData })
				.then(({ id }) => done({ id }), fail);
		});
	keepAlive(connection, transport, onPath);
	return transport;
}

/** On phones, Chromium tells Wi-Fi from cellular; its other events are estimates. */
interface NetworkInformation extends EventTarget {
	type?: string;
}

/** Calls the listener when this device is on another network than before; returns how to stop that. */
function onNetworkChange(listener: () => void): () => void {
	const { connection } = navigator as { connection?: NetworkInformation };
	let type = connection?.type;
	const changed = () => {
		if (connection?.type === type) return;
		type = connection?.type;
		listener();
	};
	addEventListener('online', listener);
	connection?.addEventListener('change', changed);
	return () => {
		removeEventListener('online', listener);
		connection?.removeEventListener('change', changed);
	};
}

/** Restarts ICE whenever the transport's path is gone, or may be, until it has one again. */
function keepAlive(connection: Connection, transport: types.Transport, onPath: (path: Path) => void) {
	let timer: ReturnType<typeof setTimeout> | undefined;
	let restarting = false;
	let wasOpen = false;

	const restart = async () => {
		// Without signaling there is nobody to ask; it may be back by the next turn.
		if (restarting || transport.closed || !connection.connected) return;
		restarting = true;
		try {
			const iceParameters = await connection.ask('restartIce', { transportId: transport.id });
			if (!transport.closed) await transport.restartIce({ iceParameters });
		} catch (error) {
			console.warn('amphi: ICE restart failed', error);
		}
		restarting = false;
	};
	const search = () => {
		clearTimeout(timer);
		timer = setTimeout(search, RESTART_MS);
		onPath(wasOpen ? 'lost' : 'blocked');
		void restart();
	};

	transport.on('connectionstatechange', (state) => {
		if (state === 'connecting') return;
		clearTimeout(timer);
		if (state === 'failed') search();
		if (state === 'disconnected') timer = setTimeout(search, PATIENCE_MS);
		if (state !== 'connected') return;
		wasOpen = true;
		onPath('open');
	});
	// If the old path still works, asking for another costs nothing.
	const stop = onNetworkChange(() => wasOpen && void restart());
	transport.observer.on('close', () => {
		clearTimeout(timer);
		stop();
	});
}
