import { answerGesture, gesture } from '../base/gesture';
import { t } from '../i18n';
import { Button } from './button';
import { Dialog } from './dialog';
import { useStore } from './usestore';

/** Covers everything, and asks for the click that the browser requires. */
export function GestureOverlay() {
	const { wanted } = useStore(gesture);
	if (!wanted) return null;
	return (
		<Dialog
			key={wanted.kind}
			title={t(`gesture.${wanted.kind}`)}
			testId="gesture-overlay"
			onClose={() => answerGesture(false)}
		>
			<p class="lead">{t('gesture.text')}</p>
			<div class="actions">
				<Button look="primary" autofocus data-testid="gesture-button" onClick={() => answerGesture(true)}>
					{t(`gesture.${wanted.kind}.button`)}
				</Button>
				<Button data-testid="gesture-dismiss" onClick={() => answerGesture(false)}>
					{t('gesture.dismiss')}
				</Button>
			</div>
		</Dialog>
	);
}
