import { LogOut } from 'lucide';
import { t } from '../i18n';
import type { LocalMedia } from '../media/local';
import { OutsideBadge } from '../recording/outside';
import type { Visit } from '../session/visit';
import { Button } from '../ui/button';
import { CardPage } from '../ui/card';
import { useStore } from '../ui/usestore';
import { Preview } from '../welcome/preview';

/** Shown until a moderator lets this participant in. The devices stay as they are, so that nothing restarts in the room. */
export function WaitingPage({ visit, local, roomId }: { visit: Visit; local: LocalMedia; roomId: string }) {
	const { link } = useStore(visit.state);
	const { mic, camera } = useStore(local.devices);
	const preview = mic.track !== null || camera.track !== null;

	return (
		<CardPage wide={preview}>
			{preview && <Preview local={local} />}
			<div>
				<div class="waiting" data-testid="waiting" role="status">
					<span class="pulse" aria-hidden="true" />
					<h1>{t('waiting.title')}</h1>
					<p class="lead">{t(link === 'connected' ? 'waiting.text' : 'status.reconnecting')}</p>
				</div>
				<div class="waiting-recording">
					<OutsideBadge roomId={roomId} />
				</div>
				<div class="actions">
					<Button icon={LogOut} data-testid="leave-button" onClick={() => visit.leave()}>
						{t('waiting.leave')}
					</Button>
				</div>
			</div>
		</CardPage>
	);
}
