import { MonitorUp } from 'lucide';
import { toast } from '../base/toasts';
import { t } from '../i18n';
import type { ScreenShare } from '../media/screen';
import { Button } from '../ui/button';
import { Icon } from '../ui/icon';

export async function toggleShare(screen: ScreenShare) {
	if (screen.state.value.video) return screen.stop();
	if (await screen.start()) return;
	// After a refusal in the browser's own dialog, the participant knows.
	const { problem } = screen.state.value;
	if (problem && problem !== 'denied') toast({ notice: `share-${problem}`, text: t(`problem.share.${problem}`) });
	screen.dismissProblem();
}

/** Instead of the participant's own screen: a picture of this page inside this page would repeat forever. */
export function SharingBanner({ screen }: { screen: ScreenShare }) {
	return (
		<div class="sharing" role="status" data-testid="sharing-banner">
			<Icon of={MonitorUp} />
			<span>{t('share.on')}</span>
			<Button small data-testid="share-stop" onClick={() => screen.stop()}>
				{t('share.stop')}
			</Button>
		</div>
	);
}
