import type { types } from 'mediasoup-client';
import type { Connection } from '../signaling/connection';

/** How long a path may be silent before ICE looks for another, and how long that search may take. */
const PATIENCE_MS = 2000;
const RESTART_MS = 5000;

/** How media gets through: not at all any more, or never yet, or as it should. */
export type Path = 'open' | 'lost' | 'blocked';

/** What this page takes of SCTP's streams; the server has fewer. */
export const SCTP = { numStreams: { OS: 1024, MIS: 1024 } };

/** Those that are open on both sides, by id. */
const open = new Map<string, types.Transport>();

/** The server has ended it. */
export function endTransport(transportId: string) {
	const transport = open.get(transportId);
	open.delete(transportId);
	transport?.close();
}

/** Before a complete join: the server has none of them any more, and may give their ids again. */
export function forgetTransports() {
	open.clear();
}

/** Gives a transport's place at the server free. It does not matter whether the server still has it. */
function closeAtServer(connection: Connection, transportId: string) {
	connection.request('closeTransport', { transportId }).catch(() => {});
}

/** After a resume: ends what the server has lost meanwhile, and closes there what is not open here. */
export function reconcileTransports(connection: Connection, alive: string[]) {
	for (const id of open.keys()) if (!alive.includes(id)) endTransport(id);
	for (const id of alive) if (!open.has(id)) closeAtServer(connection, id);
}

type Direction = 'send' | 'recv';

/** Asks the server for a transport. data: for data channels, which viewers may send too. */
export function requestTransport(connection: Connection, direction: Direction, data = false): Promise<types.TransportOptions> {
	return connection.request('createWebRtcTransport', {
		forceTcp: false,
		producing: direction === 'send',
		consuming: direction === 'recv',
		...(data && { sctpCapabilities: SCTP }),
	});
}

/**
 * After the first picture mediasoup-client negotiates a stream of its own for mediasoup's probes, and what comes behind waits
 * for that. Amphi's probes are on a picture's stream of retransmissions.
 */
function leaveOutProbator(transport: types.Transport) {
	(transport as unknown as { _probatorConsumerCreated: boolean })._probatorConsumerCreated = true;
}

/** Makes the PeerConnection of a transport that the server has made. */
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
		// What the server has ended is not in the list any more.
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

/** Chromium tells of telephones whether they are on Wi-Fi or cellular; its other news are estimates. */
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
		// Without signaling there is nobody to ask; the next turn may have it back.
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
	// Where the old path still works nothing is lost by asking for another.
	const stop = onNetworkChange(() => wasOpen && void restart());
	transport.observer.on('close', () => {
		clearTimeout(timer);
		stop();
	});
}
