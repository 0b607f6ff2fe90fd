import { EllipsisVertical, Hand, MicOff, MonitorX, Pin, PinOff, Speech, UserMinus, UserX, VideoOff } from 'lucide';
import { useState } from 'preact/hooks';
import type { RoomKind } from '../address/attributes';
import { toast } from '../base/toasts';
import { t } from '../i18n';
import type { RemotePeer } from '../session/state';
import { view } from '../session/view';
import type { PeerAction, Visit } from '../session/visit';
import { ConfirmDialog } from '../ui/dialog';
import { Menu, MenuItem, MenuSeparator } from '../ui/menu';
import { useStore } from '../ui/usestore';

/** Runs a moderator's action; says so if it fails, since the person may have left at that moment. */
export function run(work: Promise<void>) {
	work.catch(() => toast({ notice: 'failed', text: t('people.failed') }));
}

export const nameOf = ({ displayName }: { displayName: string }) => displayName || t('room.guest');

interface PersonMenuProps {
	peer: RemotePeer;
	visit: Visit;
	kind: RoomKind;
}

/** Actions on one participant: for everybody, and for moderators. The server checks them. */
export function PersonMenu({ peer, visit, kind }: PersonMenuProps) {
	const { id, speaker } = peer;
	const name = nameOf(peer);
	const { rights, hands } = useStore(visit.state);
	const { pinned } = useStore(view);
	const [removing, setRemoving] = useState(false);
	const isPinned = pinned?.peerId === id && !pinned.share;
	const act = (action: PeerAction) => () => run(visit.moderatePeer(action, id));

	return (
		<>
			<Menu icon={EllipsisVertical} label={t('people.actions', { name })} testId="person-menu">
				{speaker && (
					<MenuItem
						icon={isPinned ? PinOff : Pin}
						testId="menu-pin"
						onClick={() => (isPinned ? visit.unpin() : visit.pin(id))}
					>
						{t(isPinned ? 'people.unpin' : 'people.pin')}
					</MenuItem>
				)}
				{rights.moderator && (
					<>
						{peer.mic && (
							<MenuItem icon={MicOff} testId="menu-mute" onClick={() => run(visit.mutePeer(id, 'audio'))}>
								{t('people.muteThis')}
							</MenuItem>
						)}
						{peer.camera && (
							<MenuItem icon={VideoOff} testId="menu-camera-off" onClick={() => run(visit.mutePeer(id, 'video'))}>
								{t('people.cameraOffThis')}
							</MenuItem>
						)}
						{peer.share && (
							<MenuItem icon={MonitorX} testId="menu-share-off" onClick={() => run(visit.mutePeer(id, 'share'))}>
								{t('people.shareOffThis')}
							</MenuItem>
						)}
						{hands.some((hand) => hand.id === id) && (
							<MenuItem icon={Hand} testId="menu-lower-hand" onClick={act('lowerHand')}>
								{t('people.lowerHand')}
							</MenuItem>
						)}
						{kind === 'webinar' && (
							<MenuItem
								icon={speaker ? UserMinus : Speech}
								testId={speaker ? 'demote' : 'promote'}
								onClick={act(speaker ? 'demotePeer' : 'promotePeer')}
							>
								{t(speaker ? 'people.demoteThis' : 'people.promoteThis')}
							</MenuItem>
						)}
						<MenuSeparator />
						<MenuItem icon={UserX} testId="remove" danger onClick={() => setRemoving(true)}>
							{t('people.removeThis')}
						</MenuItem>
					</>
				)}
			</Menu>
			{removing && (
				<ConfirmDialog
					title={t('people.remove', { name })}
					text={t('people.removeText')}
					action={t('people.removeThis')}
					testId="remove-dialog"
					onConfirm={act('removePeer')}
					onClose={() => setRemoving(false)}
				/>
			)}
		</>
	);
}
