import type { Store } from '../base/store';
import type { Chat } from '../chat/chat';
import { loadCommon } from '../media/ahead';
import { browserInfo } from '../media/browser';
import type { Sight } from '../media/sight';
import { forgetTransports, reconcileTransports, SCTP } from '../media/transport';
import type { Connection } from '../signaling/connection';
import type { Requests } from '../signaling/messages';
import { reconcile } from '../signaling/resume';
import type { Flow } from './flow';
import type { People } from './people';
import { AGAIN_MS, later, pause } from './persist';
import type { VisitState } from './state';

/** The parts of a visit that a join and a resume work on. */
interface Parts {
	/** The session's id. */
	session: string;
	connection: Connection;
	state: Store<VisitState>;
	people: People;
	flow: Flow;
	chat: Chat;
	sight: Sight;
}

/**
 * A complete join: new transports, everything from the beginning. current: false once there is a newer WebSocket;
 * capabilities: the version of the server's.
 */
export async function join(parts: Parts, current: () => boolean, capabilities: string | undefined) {
	const { connection, state, people, flow, chat } = parts;
	forgetTransports();
	connection.forget();
	chat.reset();
	flow.reset();
	people.refresh();

	const { rights, name: displayName } = state.value;
	const { device, rtpCapabilities } = await loadCommon(capabilities, () => connection.request('getRouterRtpCapabilities', {}));
	if (!current()) return;
	// All requests are sent together; the server offers its consumers after the answers.
	const opening = flow.open(device, rights.speaker, current);
	const joining = askToJoin(connection, current, {
		displayName,
		device: browserInfo(navigator.userAgent),
		rtpCapabilities,
		encodingsWanted: true,
		newConsumers: true,
		...(rights.chat && { sctpCapabilities: SCTP, chat: 'envelope' }),
	}).then(({ peers }) => {
		if (!current()) return;
		connection.enter();
		// At once: from now on, the server announces everybody who comes or goes.
		people.replace(peers);
	});
	const [media] = await Promise.all([opening, joining]);
	if (current()) flow.begin(media);
}

/** If more people come from one network than the server admits at once, the others join a little later. */
async function askToJoin(connection: Connection, current: () => boolean, me: Requests['join'][0]) {
	for (let delay = AGAIN_MS; ; delay = later(delay)) {
		try {
			return await connection.request('join', me);
		} catch (error) {
			if (!(error instanceof Error && error.message.startsWith('too-often:'))) throw error;
			await pause(delay);
			if (!current()) throw error;
		}
	}
}

/** Continues the session on a new WebSocket; media went on meanwhile. False: the page must join again. */
export async function resume(parts: Parts, current: () => boolean): Promise<boolean> {
	const { session, connection, state, people, flow, sight } = parts;
	const media = flow.session!;
	const { subscriber, publisher } = media;
	const ids = { consumerIds: subscriber.consumerIds, producerIds: publisher?.producerIds ?? [] };
	const answer = await connection.request('resume', { session, ...ids });
	if (!answer.resumed || !current()) return false;
	connection.enter();

	const { closeConsumers, remakeProducers, closeProducers } = reconcile(ids, answer);
	for (const id of closeConsumers) subscriber.remove(id);
	for (const id of answer.consumerIds) subscriber.setPaused(id, answer.pausedConsumerIds.includes(id));
	people.replace(answer.peers);
	// The WebSocket broke while the transport was being replaced.
	const deaf = media.recvTransport.closed;
	reconcileTransports(connection, answer.transportIds);
	if (deaf) flow.reopenSubscriber();
	// First the producers whose creation was never answered: they are about to be requested again.
	for (const producerId of closeProducers) await connection.request('closeProducer', { producerId });
	connection.proceed();
	sight.resumed();
	// A participant who was made a viewer meanwhile has nothing to publish again.
	if (state.value.rights.speaker) media.publisher?.resumed(remakeProducers);
	flow.syncPublisher();
	return true;
}
