// A client of mediasoup-demo's vocabulary of 2026, to run in a page that is not ours: it knows only that vocabulary (field
// names, order, controls as notifications, plain text in the chat).
import { Device } from 'mediasoup-client';

let socket;
let nextId = 1;
const pending = new Map();
const consumers = new Map();
const messages = [];
let chat;

const send = (message) => socket.send(JSON.stringify(message));

function request(method, data = {}) {
	const id = nextId++;
	send({ request: true, id, method, data });
	return new Promise((resolve, reject) => pending.set(id, { resolve, reject, method }));
}

const notify = (method, data) => send({ notification: true, method, data });

async function openTransport(device, direction) {
	const { transportId, ...parameters } = await request('createWebRtcTransport', { forceTcp: false, appData: { direction } });
	const options = { id: transportId, ...parameters };
	const transport = direction === 'producer' ? device.createSendTransport(options) : device.createRecvTransport(options);
	transport.on('connect', ({ dtlsParameters }, done, failed) => {
		request('connectWebRtcTransport', { transportId, dtlsParameters }).then(done, failed);
	});
	transport.on('produce', ({ kind, rtpParameters, appData }, done, failed) => {
		request('produce', { transportId, kind, rtpParameters, appData }).then(
			({ producerId }) => done({ id: producerId }),
			failed,
		);
	});
	transport.on('producedata', ({ sctpStreamParameters, label, protocol, appData }, done, failed) => {
		request('produceData', { transportId, sctpStreamParameters, label, protocol, appData }).then(
			({ dataProducerId }) => done({ id: dataProducerId }),
			failed,
		);
	});
	return transport;
}

export async function join({ url, room, peerId, displayName }) {
	const query = new URLSearchParams({ roomId: room, peerId, usePipeTransports: 'false' });
	socket = new WebSocket(`${url.replace(/^http/, 'ws')}/call/?${query}`, 'protoo');
	let receive;
	const handlers = {
		newConsumer: async ({ peerId, consumerId, producerId, kind, rtpParameters, appData }) => {
			const consumer = await receive.consume({
				id: consumerId,
				producerId,
				kind,
				rtpParameters,
				streamId: `${peerId}-${appData.source}`,
			});
			const element = document.body.appendChild(document.createElement(kind));
			element.muted = true;
			element.srcObject = new MediaStream([consumer.track]);
			void element.play();
			consumers.set(consumerId, { peerId, source: appData.source, consumer });
		},
		newDataConsumer: async ({ peerId, dataConsumerId, dataProducerId, sctpStreamParameters, label, protocol }) => {
			const consumer = await receive.consumeData({
				id: dataConsumerId,
				dataProducerId,
				sctpStreamParameters,
				label,
				protocol,
			});
			consumer.on('message', (text) => messages.push({ peerId, label, text }));
		},
	};
	socket.addEventListener('message', async ({ data }) => {
		const message = JSON.parse(data);
		if (message.response) {
			const { resolve, reject, method } = pending.get(message.id);
			if (message.ok) resolve(message.data);
			else reject(new Error(`${method}: ${message.errorCode} ${message.errorReason}`));
		} else if (message.request) {
			await handlers[message.method](message.data);
			send({ response: true, id: message.id, ok: true, data: {} });
		}
	});
	await new Promise((resolve) => socket.addEventListener('open', resolve));

	await request('getRtcStatsUrl');
	const { routerRtpCapabilities } = await request('getRouterRtpCapabilities');
	const device = await Device.factory();
	await device.load({ routerRtpCapabilities });
	const sending = await openTransport(device, 'producer');
	receive = await openTransport(device, 'consumer');
	const { peers } = await request('join', {
		displayName,
		device: { flag: 'chrome', name: 'Chrome', version: '1' },
		rtpCapabilities: device.recvRtpCapabilities,
	});
	const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
	await sending.produce({ track: media.getAudioTracks()[0], appData: { source: 'audio' } });
	await sending.produce({ track: media.getVideoTracks()[0], appData: { source: 'video' } });
	chat = await sending.produceData({ ordered: false, maxRetransmits: 1, label: 'chat', appData: { channel: 'chat' } });
	await sending.produceData({ ordered: false, maxRetransmits: 2, label: 'bot', appData: { channel: 'bot' } });
	return peers.map(({ peerId }) => peerId);
}

export const say = (text) => chat.send(text);
export const heard = () => messages;

/** Decoded frames of this peer's camera. */
export async function frames(peerId) {
	for (const { peerId: owner, source, consumer } of consumers.values()) {
		if (owner !== peerId || source !== 'video') continue;
		for (const stat of (await consumer.getStats()).values()) if (stat.type === 'inbound-rtp') return stat.framesDecoded;
	}
	return 0;
}

/** The server's figures about this peer's camera. */
export async function statistics(peerId) {
	const [id] = [...consumers].find(([, { peerId: owner, source }]) => owner === peerId && source === 'video');
	return (await request('getConsumerStats', { consumerId: id })).stats;
}

export function pause(peerId, paused) {
	for (const [consumerId, { peerId: owner }] of consumers)
		if (owner === peerId) notify(paused ? 'pauseConsumer' : 'resumeConsumer', { consumerId });
}
