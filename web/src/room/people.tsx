import { Check, Hand, Mic, MicOff, MonitorUp, Search, Speech, Video, VideoOff, X } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { RoomKind } from '../address/attributes';
import { untoast } from '../base/toasts';
import { t } from '../i18n';
import type { RemotePeer } from '../session/state';
import { view } from '../session/view';
import type { Visit } from '../session/visit';
import type { Hand as RaisedHand, WaitingPeer } from '../signaling/messages';
import { colourOf, initials } from '../tiles/initials';
import { Button, IconButton } from '../ui/button';
import { ConfirmDialog } from '../ui/dialog';
import { Icon } from '../ui/icon';
import { Panel } from '../ui/panel';
import { useStore } from '../ui/usestore';
import { nameOf, PersonMenu, run } from './person';

interface PanelProps {
	visit: Visit;
	kind: RoomKind;
}

/** Lists longer than this can be searched. */
const SEARCHABLE = 12;
/** No more entries than these are drawn. */
const DRAWN = 100;

/** The people in the room. Moderators also see waiting people and viewers, and can act on them; the server checks it all. */
export function PeoplePanel({ visit, kind }: PanelProps) {
	const { peers, viewers, waitingPeers, hands, rights, counts, peerId, name } = useStore(visit.state);
	const [wanted, setWanted] = useState('');
	const matches = (peer: RemotePeer) => peer.displayName.toLocaleLowerCase().includes(wanted.trim().toLocaleLowerCase());
	const { moderator, speaker } = rights;
	const here = peers.length + (speaker ? 1 : 0);
	useEffect(() => untoast('waiting', 'hand-raised'), []);

	return (
		<Panel
			title={t('people.title')}
			closeLabel={t('people.close')}
			testId="people-panel"
			onClose={() => view.update({ panel: null })}
			foot={moderator && <CloseRoom visit={visit} />}
		>
			{moderator && waitingPeers.length > 0 && <Waiting visit={visit} waiting={waitingPeers} />}
			{hands.length > 0 && <Hands visit={visit} kind={kind} hands={hands} />}
			{peers.length + viewers.length > SEARCHABLE && (
				<label class="people-search">
					<Icon of={Search} />
					<input
						class="field"
						type="search"
						data-testid="people-search"
						aria-label={t('people.search')}
						placeholder={t('people.search')}
						value={wanted}
						onInput={(event) => setWanted(event.currentTarget.value)}
					/>
				</label>
			)}
			<Section title={t(kind === 'call' ? 'people.here' : 'people.speakers', { number: here })}>
				{moderator && peers.length > 0 && (
					<div class="people-all">
						<Button small icon={MicOff} data-testid="mute-all" onClick={() => run(visit.muteAll('audio'))}>
							{t('people.muteAll')}
						</Button>
						<Button small icon={VideoOff} data-testid="cameras-off" onClick={() => run(visit.muteAll('video'))}>
							{t('people.camerasOff')}
						</Button>
					</div>
				)}
				<ul>
					{speaker && !wanted && (
						<li class="person">
							<Avatar id={peerId} name={name} />
							<span class="person-name">
								{name}
								<span class="person-role"> ({t('room.you')})</span>
							</span>
						</li>
					)}
					{peers.filter(matches).map((peer) => (
						<Person key={peer.id} peer={peer} visit={visit} kind={kind} />
					))}
				</ul>
				{here === 0 && <p class="hint">{t('room.noSpeakers')}</p>}
			</Section>
			{kind === 'webinar' && moderator && (
				<Viewers visit={visit} kind={kind} viewers={viewers.filter(matches)} number={counts?.viewers ?? viewers.length} />
			)}
			{kind === 'webinar' && !moderator && counts && (
				<p class="hint people-count">{t('people.viewers', { number: counts.viewers })}</p>
			)}
		</Panel>
	);
}

function Section({ title, testId, children }: { title: string; testId?: string; children: ComponentChildren }) {
	return (
		<section class="people-section" data-testid={testId}>
			<h3>{title}</h3>
			{children}
		</section>
	);
}

function Avatar({ id, name }: { id: string; name: string }) {
	return (
		<span class={`initials colour-${colourOf(id)}`} aria-hidden="true">
			{initials(name)}
		</span>
	);
}

function Waiting({ visit, waiting }: { visit: Visit; waiting: WaitingPeer[] }) {
	const [declining, setDeclining] = useState(false);
	return (
		<Section title={t('people.waiting', { number: waiting.length })} testId="waiting-list">
			{waiting.length > 1 && (
				<div class="people-all">
					<Button small look="primary" data-testid="admit-all" onClick={() => run(visit.moderateRoom('admitAll'))}>
						{t('people.admitAll')}
					</Button>
					<Button small data-testid="decline-all" onClick={() => setDeclining(true)}>
						{t('people.declineAll')}
					</Button>
				</div>
			)}
			<ul>
				{waiting.map((peer) => (
					<li key={peer.id} class="person" data-testid="waiting-peer" data-peer-id={peer.id}>
						<Avatar id={peer.id} name={peer.displayName} />
						<span class="person-name">{nameOf(peer)}</span>
						<IconButton
							icon={X}
							label={t('people.decline', { name: nameOf(peer) })}
							data-testid="decline"
							onClick={() => run(visit.moderatePeer('declinePeer', peer.id))}
						/>
						<IconButton
							icon={Check}
							class="yes"
							label={t('people.admit', { name: nameOf(peer) })}
							data-testid="admit"
							onClick={() => run(visit.moderatePeer('admitPeer', peer.id))}
						/>
					</li>
				))}
			</ul>
			{declining && (
				<ConfirmDialog
					title={t('people.declineAll')}
					text={t('people.declineAllText', { number: waiting.length })}
					action={t('people.declineAll')}
					testId="decline-dialog"
					onConfirm={() => run(visit.moderateRoom('declineAll'))}
					onClose={() => setDeclining(false)}
				/>
			)}
		</Section>
	);
}

function Hands({ visit, kind, hands }: PanelProps & { hands: RaisedHand[] }) {
	const { rights, peers, peerId } = useStore(visit.state);
	const isSpeaker = (id: string) => id === peerId || peers.some((peer) => peer.id === id);
	return (
		<Section title={t('people.hands', { number: hands.length })} testId="hands-list">
			<ul>
				{hands.map((hand) => (
					<li key={hand.id} class="person" data-testid="raised-hand" data-peer-id={hand.id}>
						<Avatar id={hand.id} name={hand.displayName} />
						<span class="person-name">{nameOf(hand)}</span>
						{rights.moderator && hand.id !== peerId && (
							<IconButton
								icon={Hand}
								label={t('people.lowerHandOf', { name: nameOf(hand) })}
								data-testid="lower-hand"
								onClick={() => run(visit.moderatePeer('lowerHand', hand.id))}
							/>
						)}
						{rights.moderator && kind === 'webinar' && !isSpeaker(hand.id) && (
							<IconButton
								icon={Speech}
								class="yes"
								label={t('people.promote', { name: nameOf(hand) })}
								data-testid="hand-promote"
								onClick={() => run(visit.moderatePeer('promotePeer', hand.id))}
							/>
						)}
					</li>
				))}
			</ul>
		</Section>
	);
}

function Viewers({ visit, kind, viewers, number }: PanelProps & { viewers: RemotePeer[]; number: number }) {
	return (
		<Section title={t('people.viewers', { number })} testId="viewers-list">
			<ul>
				{viewers.slice(0, DRAWN).map((peer) => (
					<Person key={peer.id} peer={peer} visit={visit} kind={kind} />
				))}
			</ul>
			{viewers.length > DRAWN && <p class="hint">{t('people.more', { number: viewers.length - DRAWN })}</p>}
		</Section>
	);
}

function Person({ peer, visit, kind }: PanelProps & { peer: RemotePeer }) {
	const { id, speaker, moderator, mic, camera, share } = peer;
	const { rights } = useStore(visit.state);
	const name = nameOf(peer);
	return (
		<li class="person" data-testid="person" data-peer-id={id}>
			<Avatar id={id} name={peer.displayName} />
			<span class="person-name">
				{name}
				{moderator && <span class="person-role"> {t('people.moderator')}</span>}
			</span>
			{share && <State of={MonitorUp} label={t('people.shares')} />}
			{speaker && mic !== null && (
				<Device
					on={mic}
					icons={[Mic, MicOff]}
					label={t(mic ? 'people.mute' : 'room.micOff', { name })}
					testId="mute"
					onClick={rights.moderator && mic ? () => run(visit.mutePeer(id, 'audio')) : null}
				/>
			)}
			{speaker && camera !== null && (
				<Device
					on={camera}
					icons={[Video, VideoOff]}
					label={t(camera ? 'people.cameraOff' : 'room.cameraOff', { name })}
					testId="camera-off"
					onClick={rights.moderator && camera ? () => run(visit.mutePeer(id, 'video')) : null}
				/>
			)}
			{(speaker || rights.moderator) && <PersonMenu peer={peer} visit={visit} kind={kind} />}
		</li>
	);
}

interface DeviceProps {
	on: boolean;
	icons: [on: typeof Mic, off: typeof Mic];
	label: string;
	testId: string;
	/** Null: it only shows the state. */
	onClick: (() => void) | null;
}

function Device({ on, icons, label, testId, onClick }: DeviceProps) {
	const icon = icons[on ? 0 : 1];
	if (!onClick) return on ? null : <State of={icon} label={label} />;
	return <IconButton icon={icon} label={label} data-testid={testId} onClick={onClick} />;
}

function State({ of, label }: { of: typeof Mic; label: string }) {
	return (
		<span class="person-state" role="img" aria-label={label} title={label}>
			<Icon of={of} />
		</span>
	);
}

function CloseRoom({ visit }: { visit: Visit }) {
	const [sure, setSure] = useState(false);
	return (
		<>
			<Button look="warn" data-testid="close-room" onClick={() => setSure(true)}>
				{t('people.closeRoom')}
			</Button>
			{sure && (
				<ConfirmDialog
					title={t('people.closeRoom')}
					text={t('people.closeRoomText')}
					action={t('people.closeRoom')}
					testId="close-dialog"
					onConfirm={() => run(visit.moderateRoom('closeRoom'))}
					onClose={() => setSure(false)}
				/>
			)}
		</>
	);
}
