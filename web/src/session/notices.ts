import { announce } from '../base/announcements';
import { toast, untoast } from '../base/toasts';
import { moment, t } from '../i18n';
import { chime } from '../media/chime';
import type { RecordingTrouble } from '../signaling/recording';
import { view } from './view';

/** Something that happened, to be told to this participant once. */
export type Notice =
	| { what: 'muted-audio' | 'muted-video' | 'muted-share'; by: string }
	| { what: 'promoted' | 'demoted' | 'hand-lowered' }
	/** To moderators: people can join before the event begins. */
	| { what: 'early'; startTime: number }
	/** live: it begins now; otherwise this participant has come later. */
	| { what: 'recording-on'; live: boolean }
	| { what: 'recording-paused' | 'recording-resumed' | 'recording-off' }
	/** To moderators who may record: it ended as they wished. */
	| { what: 'recording-kept' }
	/** To moderators. began: it was on; saved: what it has is usable. */
	| { what: 'recording-failed'; began: boolean; saved: boolean; why: RecordingTrouble | null }
	/** For moderators. */
	| { what: 'hand-raised' | 'waiting'; peerId: string; name: string }
	/** For screen readers. */
	| { what: 'came' | 'left' | 'share-on' | 'share-off'; name: string };

/** Lets a moderator admit people. */
interface Door {
	moderatePeer(action: 'admitPeer', peerId: string): Promise<void>;
}

/** If many come at once, as when a meeting starts, nobody wants to hear each name. */
const AT_ONCE = 3;
const SPAN_MS = 5000;
/** Long: it appears while a moderator is still finding their way around. */
const EARLY_MS = 60_000;
let recent: number[] = [];

function announceArrival(text: string) {
	const now = Date.now();
	recent = [...recent.filter((at) => now - at < SPAN_MS), now];
	if (recent.length <= AT_ONCE) announce(text);
}

/** How a recording failed, and why. */
export function recordingFailedText({
	began,
	saved,
	why,
}: {
	began: boolean;
	saved: boolean;
	why: RecordingTrouble | null;
}): string {
	const parts = [t(began ? 'recording.stopped' : 'recording.notStarted')];
	parts.push(t(why ? `recording.why.${why}` : 'recording.why.other'));
	if (saved) parts.push(t('recording.saved'));
	return parts.join(' ');
}

/** Tells the participant what happened: by a toast if it concerns them; what is visible anyway, only to screen readers. */
export function sayNotice(notice: Notice, door: Door) {
	const guest = t('room.guest');
	switch (notice.what) {
		case 'muted-audio':
		case 'muted-video':
		case 'muted-share':
			toast({ notice: notice.what, text: t(`notice.${notice.what}`, { name: notice.by || t('notice.moderator') }) });
			break;
		case 'promoted':
		case 'demoted':
		case 'hand-lowered':
			toast({ notice: notice.what, text: t(`notice.${notice.what}`) });
			break;
		case 'early':
			toast({ notice: notice.what, text: t('notice.early', { start: moment(notice.startTime) }), ms: EARLY_MS });
			break;
		case 'waiting':
			// The open list shows it already.
			if (view.value.panel === 'people') return;
			toast({
				notice: notice.what,
				text: t('notice.waiting', { name: notice.name || guest }),
				action: {
					label: t('people.letIn'),
					testId: 'toast-admit',
					run: () => void door.moderatePeer('admitPeer', notice.peerId).catch(() => {}),
				},
			});
			break;
		case 'hand-raised':
			if (view.value.panel === 'people') return;
			toast({
				notice: notice.what,
				text: t('notice.hand-raised', { name: notice.name || guest }),
				action: { label: t('notice.show'), run: () => view.update({ panel: 'people' }) },
			});
			break;
		case 'recording-on':
			untoast('recording-kept', 'recording-failed');
			announce(t('notice.recording-on'));
			if (notice.live) chime();
			break;
		case 'recording-paused':
		case 'recording-resumed':
		case 'recording-off':
			announce(t(`notice.${notice.what}`));
			break;
		case 'recording-kept':
			toast({ notice: notice.what, text: t('notice.recording-kept') });
			break;
		case 'recording-failed':
			toast({ notice: notice.what, text: recordingFailedText(notice) });
			break;
		case 'came':
		case 'left':
			announceArrival(t(`notice.${notice.what}`, { name: notice.name || guest }));
			break;
		case 'share-on':
		case 'share-off':
			announce(t(`notice.${notice.what}`, { name: notice.name || guest }));
	}
}
