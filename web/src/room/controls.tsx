import {
	Ellipsis,
	Gauge,
	Hand,
	Keyboard,
	LayoutGrid,
	LayoutPanelLeft,
	LogOut,
	Maximize,
	Minimize,
	MonitorUp,
	Settings,
	TvMinimalPlay,
	Users,
} from 'lucide';
import { useState } from 'preact/hooks';
import type { RoomKind } from '../address/attributes';
import { enterFullscreen, exitFullscreen, fullscreen } from '../base/fullscreen';
import { DeviceButtons } from '../devices/buttons';
import { t } from '../i18n';
import type { LocalMedia } from '../media/local';
import { ScreenShare } from '../media/screen';
import { PlayerDialog } from '../player/dialog';
import { RecordingControl, RecordingItems, StopDialog, useMayRecord } from '../recording/control';
import { toggleLayout, togglePanel, view } from '../session/view';
import type { Visit } from '../session/visit';
import { Button, IconButton } from '../ui/button';
import { Menu, MenuItem, MenuSeparator } from '../ui/menu';
import { useStore } from '../ui/usestore';
import { useCrowded, useNarrow } from '../ui/width';
import { ConnectionDialog } from './connectiondialog';
import { ChatButton, PeopleButton, useCalls } from './panelbuttons';
import { SettingsDialog } from './settings';
import { toggleShare } from './sharing';
import { shortcuts } from './shortcuts';

interface ControlsProps {
	visit: Visit;
	kind: RoomKind;
	/** Null for viewers. */
	local: LocalMedia | null;
	screen: ScreenShare;
}

/** The bar: the room on the left, what people use all the time in the middle, panels and menus on the right. */
export function Controls({ visit, kind, local, screen }: ControlsProps) {
	const narrow = useNarrow();
	const { rights } = useStore(visit.state);
	const mayRecord = useMayRecord(visit);
	const crowded = useCrowded();
	const [dialog, setDialog] = useState<MoreDialog | null>(null);
	const close = () => setDialog(null);

	return (
		<nav class="controls" aria-label={t('controls.label')}>
			{!narrow && <RoomInfo visit={visit} kind={kind} />}
			<div class="controls-middle">
				{local && <DeviceButtons local={local} />}
				{local && !narrow && ScreenShare.possible && <ShareButton screen={screen} />}
				{rights.hand && <HandButton visit={visit} />}
				{mayRecord && !crowded && <RecordingControl visit={visit} onStop={() => setDialog('stop')} />}
				{narrow && rights.chat && <ChatButton chat={visit.chat} />}
				{narrow && <MoreMenu visit={visit} local={local} screen={screen} narrow onDialog={setDialog} />}
				<LeaveButton visit={visit} narrow={narrow} />
			</div>
			{!narrow && (
				<div class="controls-end">
					<LayoutButton />
					{rights.chat && <ChatButton chat={visit.chat} />}
					<PeopleButton visit={visit} />
					<MoreMenu visit={visit} local={local} screen={screen} onDialog={setDialog} />
				</div>
			)}
			{dialog === 'settings' && <SettingsDialog visit={visit} local={local} onClose={close} />}
			{dialog === 'connection' && <ConnectionDialog visit={visit} onClose={close} />}
			{dialog === 'stop' && <StopDialog visit={visit} onClose={close} />}
			{dialog === 'player' && <PlayerDialog visit={visit} onClose={close} />}
		</nav>
	);
}

function RoomInfo({ visit, kind }: { visit: Visit; kind: RoomKind }) {
	const { peers, rights, counts } = useStore(visit.state);
	const speakers = counts?.speakers ?? peers.length + (rights.speaker ? 1 : 0);
	return (
		<p class="controls-info" data-testid="room-info">
			{t(kind === 'call' ? 'room.participants' : 'room.speakers', { number: speakers })}
			{kind === 'webinar' && counts && (
				<span data-testid="viewer-count">{t('room.viewers', { number: counts.viewers })}</span>
			)}
		</p>
	);
}

function ShareButton({ screen }: { screen: ScreenShare }) {
	const { video, pending } = useStore(screen.state);
	return (
		<IconButton
			look="bar"
			icon={MonitorUp}
			label={t('share.label')}
			title={t(video ? 'share.stop' : 'share.start')}
			pressed={video !== null}
			aria-busy={pending}
			data-testid="share-button"
			onClick={() => void toggleShare(screen)}
		/>
	);
}

function HandButton({ visit }: { visit: Visit }) {
	const { hands, peerId } = useStore(visit.state);
	const raised = hands.some(({ id }) => id === peerId);
	return (
		<IconButton
			look="bar"
			icon={Hand}
			label={t('hand.label')}
			title={t(raised ? 'hand.lower' : 'hand.raise')}
			pressed={raised}
			data-testid="hand-button"
			onClick={() => void visit.raiseHand(!raised).catch(() => {})}
		/>
	);
}

function LayoutButton() {
	const speaker = useStore(view).layout === 'speaker';
	return (
		<IconButton
			look="bar"
			class="quiet"
			icon={speaker ? LayoutGrid : LayoutPanelLeft}
			label={t(speaker ? 'layout.toGrid' : 'layout.toSpeaker')}
			data-testid="layout-button"
			onClick={toggleLayout}
		/>
	);
}

function LeaveButton({ visit, narrow }: { visit: Visit; narrow: boolean }) {
	const leave = () => visit.leave();
	if (narrow)
		return (
			<IconButton
				look="bar"
				class="leave"
				icon={LogOut}
				label={t('controls.leave')}
				data-testid="leave-button"
				onClick={leave}
			/>
		);
	return (
		<Button look="danger" icon={LogOut} data-testid="leave-button" onClick={leave}>
			{t('controls.leave')}
		</Button>
	);
}

type MoreDialog = 'settings' | 'player' | 'connection' | 'stop';

interface MoreProps {
	visit: Visit;
	local: LocalMedia | null;
	screen: ScreenShare;
	/** On a phone, the menu also has what are separate buttons elsewhere. */
	narrow?: boolean;
	onDialog(dialog: MoreDialog): void;
}

function MoreMenu({ visit, local, screen, narrow, onDialog }: MoreProps) {
	const { supported, enabled } = useStore(fullscreen);
	const { rights } = useStore(visit.state);
	const { calls, label } = useCalls(visit);
	const { video: sharing } = useStore(screen.state);
	const { layout } = useStore(view);
	const mayRecord = useMayRecord(visit);
	const crowded = useCrowded();
	return (
		<Menu icon={Ellipsis} label={t('controls.more')} testId="more-button" look="bar" class="quiet" badge={narrow ? calls : 0}>
			{narrow && (
				<>
					<MenuItem icon={Users} testId="people-button" onClick={() => togglePanel('people')}>
						{label}
					</MenuItem>
					{local && ScreenShare.possible && (
						<MenuItem icon={MonitorUp} testId="share-button" onClick={() => void toggleShare(screen)}>
							{t(sharing ? 'share.stop' : 'share.start')}
						</MenuItem>
					)}
					<MenuItem
						icon={layout === 'speaker' ? LayoutGrid : LayoutPanelLeft}
						testId="layout-button"
						onClick={toggleLayout}
					>
						{t(layout === 'speaker' ? 'layout.toGrid' : 'layout.toSpeaker')}
					</MenuItem>
				</>
			)}
			{mayRecord && crowded && <RecordingItems visit={visit} onStop={() => onDialog('stop')} />}
			{(narrow || (mayRecord && crowded)) && <MenuSeparator />}
			{supported && (
				<MenuItem
					icon={enabled ? Minimize : Maximize}
					testId="fullscreen-button"
					hint={narrow ? undefined : 'F'}
					onClick={() => void (enabled ? exitFullscreen() : enterFullscreen())}
				>
					{t(enabled ? 'fullscreen.leave' : 'fullscreen.enter')}
				</MenuItem>
			)}
			{rights.moderator && (
				<MenuItem icon={TvMinimalPlay} testId="player-button" onClick={() => onDialog('player')}>
					{t('player.title')}
				</MenuItem>
			)}
			<MenuItem icon={Settings} testId="settings-button" onClick={() => onDialog('settings')}>
				{t('settings.title')}
			</MenuItem>
			<MenuItem icon={Gauge} testId="connection-button" onClick={() => onDialog('connection')}>
				{t('connection.title')}
			</MenuItem>
			{!narrow && (
				<MenuItem icon={Keyboard} testId="shortcuts-button" hint="?" onClick={() => shortcuts.update({ help: true })}>
					{t('shortcuts.title')}
				</MenuItem>
			)}
		</Menu>
	);
}
