import { CirclePause, CircleStop, Pause, Play } from 'lucide';
import { toast } from '../base/toasts';
import { t } from '../i18n';
import { recordingFailedText } from '../session/notices';
import { isOn } from '../session/recording';
import type { RecordingAction, Visit } from '../session/visit';
import { refusedFor } from '../signaling/recording';
import { ConfirmDialog } from '../ui/dialog';
import { Menu, MenuItem } from '../ui/menu';
import { useStore } from '../ui/usestore';
import { Record } from './icon';

async function act(visit: Visit, action: RecordingAction) {
	try {
		await visit.moderateRoom(action);
	} catch (error) {
		console.warn('amphi: recording', error);
		const why = refusedFor(error);
		const failed = action === 'startRecording' && why !== null;
		const text = failed
			? recordingFailedText({ began: false, saved: false, why })
			: t(why ? `recording.why.${why}` : 'recording.failed');
		toast({ notice: 'recording-failed', text });
	}
}

/** Whether this participant may record. The server checks it. */
export function useMayRecord(visit: Visit): boolean {
	const { rights } = useStore(visit.state);
	return rights.moderator && rights.canRecord;
}

interface ControlProps {
	visit: Visit;
	/** Asks for confirmation. */
	onStop(): void;
}

/** On the bar: starts at once; later it opens a menu, so that no slip of the hand ends a recording. */
export function RecordingControl({ visit, onStop }: ControlProps) {
	const { recording } = useStore(visit.state);
	const on = isOn(recording);
	const starting = recording?.state === 'starting';
	const paused = recording?.state === 'paused';
	const label = t(paused ? 'recording.paused' : on ? 'recording.on' : 'recording.start');
	return (
		<Menu
			icon={paused ? CirclePause : Record}
			label={starting ? t('recording.starting') : label}
			testId="record-button"
			look="bar"
			class={on ? 'record-button on' : 'record-button'}
			busy={starting}
			instead={on ? undefined : () => !starting && void act(visit, 'startRecording')}
		>
			<Items visit={visit} onStop={onStop} />
		</Menu>
	);
}

/** In a phone's menu. */
export function RecordingItems({ visit, onStop }: ControlProps) {
	const { recording } = useStore(visit.state);
	if (isOn(recording)) return <Items visit={visit} onStop={onStop} />;
	const starting = recording?.state === 'starting';
	return (
		<MenuItem icon={Record} testId="record-start" onClick={() => !starting && void act(visit, 'startRecording')}>
			{t(starting ? 'recording.starting' : 'recording.start')}
		</MenuItem>
	);
}

function Items({ visit, onStop }: ControlProps) {
	const { recording } = useStore(visit.state);
	return (
		<>
			{recording?.state === 'paused' ? (
				<MenuItem icon={Play} testId="record-resume" onClick={() => void act(visit, 'resumeRecording')}>
					{t('recording.resume')}
				</MenuItem>
			) : (
				<MenuItem icon={Pause} testId="record-pause" onClick={() => void act(visit, 'pauseRecording')}>
					{t('recording.pause')}
				</MenuItem>
			)}
			<MenuItem icon={CircleStop} danger testId="record-stop" onClick={onStop}>
				{t('recording.stop')}
			</MenuItem>
		</>
	);
}

export function StopDialog({ visit, onClose }: { visit: Visit; onClose(): void }) {
	const { recording } = useStore(visit.state);
	if (!isOn(recording)) return null;
	return (
		<ConfirmDialog
			title={t('recording.stopTitle')}
			text={t('recording.stopText')}
			action={t('recording.stop')}
			testId="record-dialog"
			onConfirm={() => void act(visit, 'stopRecording')}
			onClose={onClose}
		/>
	);
}
